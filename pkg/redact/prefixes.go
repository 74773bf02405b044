package redact

// prefixRule is a kind of key that can be told by how it begins.
type prefixRule struct {
	prefix string
	kind   kind
	chars  uint8 // the class of what follows
	min    int   // how many of them at least
	check  check
}

// check is what else must hold of the part after the prefix.
type check uint8

const (
	// a digit, an upper case letter, or sixteen letters and digits in a row: more than words with hyphens
	mixed check = iota
	// sixteen letters and digits in a row with a digit among them, or 24 letters, and no '-' or '_' before the prefix
	random
	exact // exactly min bytes
	hex   // exactly min digits of hex
)

// prefixRules are tried in this order. Lengths are below those of whole keys, so that cut keys are
// found too. Public keys (pk_live_, phc_) are no secrets.
var prefixRules = []prefixRule{
	{"sk-ant-", anthropic, urlClass, 16, mixed},
	{"sk-proj-", openai, urlClass, 16, mixed},
	{"sk-svcacct-", openai, urlClass, 16, mixed},
	{"sk-admin-", openai, urlClass, 20, random},
	{"sk-or-", openrouter, urlClass, 20, random},
	{"sk-lf-", langfuse, urlClass, 20, mixed},
	{"sk-", apiKey, urlClass, 20, random},
	{"sk_live_", stripe, alnumClass, 10, mixed},
	{"sk_test_", stripe, alnumClass, 10, mixed},
	{"rk_live_", stripe, alnumClass, 10, mixed},
	{"rk_test_", stripe, alnumClass, 10, mixed},
	{"whsec_", stripe, base64Class, 20, random},
	{"gsk_", groq, alnumClass, 24, mixed},
	{"xai-", xai, alnumClass, 24, mixed},
	{"pplx-", perplexity, alnumClass, 24, mixed},
	{"r8_", replicate, alnumClass, 24, mixed},
	{"hf_", huggingface, alnumClass, 20, mixed},
	{"lsv2_pt_", langsmith, wordClass, 20, mixed},
	{"lsv2_sk_", langsmith, wordClass, 20, mixed},
	{"jina_", jina, wordClass, 32, random},
	{"tvly-", tavily, urlClass, 20, mixed},
	{"ghp_", github, alnumClass, 20, mixed},
	{"gho_", github, alnumClass, 20, mixed},
	{"ghu_", github, alnumClass, 20, mixed},
	{"ghs_", github, alnumClass, 20, mixed},
	{"ghr_", github, alnumClass, 20, mixed},
	{"github_pat_", github, wordClass, 20, mixed},
	{"glpat-", gitlab, dottedClass, 16, mixed},
	{"gldt-", gitlab, dottedClass, 16, mixed},
	{"glrt-", gitlab, dottedClass, 16, mixed},
	{"glptt-", gitlab, dottedClass, 16, mixed},
	{"glcbt-", gitlab, dottedClass, 16, mixed},
	{"glft-", gitlab, dottedClass, 16, mixed},
	{"glimt-", gitlab, dottedClass, 16, mixed},
	{"glsoat-", gitlab, dottedClass, 16, mixed},
	{"glagent-", gitlab, dottedClass, 16, mixed},
	{"xoxa-", slack, urlClass, 10, mixed},
	{"xoxb-", slack, urlClass, 10, mixed},
	{"xoxc-", slack, urlClass, 10, mixed},
	{"xoxd-", slack, urlClass, 10, mixed},
	{"xoxe-", slack, urlClass, 10, mixed},
	{"xoxe.", slack, dottedClass, 20, mixed},
	{"xoxo-", slack, urlClass, 10, mixed},
	{"xoxp-", slack, urlClass, 10, mixed},
	{"xoxr-", slack, urlClass, 10, mixed},
	{"xoxs-", slack, urlClass, 10, mixed},
	{"xapp-", slack, urlClass, 16, mixed},
	{"npm_", npm, alnumClass, 20, mixed},
	{"SG.", sendgrid, dottedClass, 32, mixed},
	{"dop_v1_", digitalocean, alnumClass, 24, mixed},
	{"doo_v1_", digitalocean, alnumClass, 24, mixed},
	{"dor_v1_", digitalocean, alnumClass, 24, mixed},
	{"shpat_", shopify, alnumClass, 20, mixed},
	{"shpca_", shopify, alnumClass, 20, mixed},
	{"shppa_", shopify, alnumClass, 20, mixed},
	{"shpss_", shopify, alnumClass, 20, mixed},
	{"pypi-", pypi, urlClass, 32, random},
	{"key-", mailgun, alnumClass, 32, exact},
	{"ya29.", google, dottedClass, 20, mixed},
	{"GOCSPX-", google, urlClass, 16, mixed},
	{"hvs.", vault, urlClass, 20, mixed},
	{"hvb.", vault, urlClass, 20, mixed},
	{"dp.pt.", doppler, alnumClass, 20, mixed},
	{"dp.st.", doppler, dottedClass, 20, mixed},
	{"tskey-", tailscale, urlClass, 16, mixed},
	{"pul-", pulumi, alnumClass, 40, exact},
	{"NRAK-", newrelic, alnumClass, 20, mixed},
	{"PMAK-", postman, urlClass, 20, mixed},
	{"xkeysib-", brevo, urlClass, 32, mixed},
	{"sq0atp-", square, urlClass, 16, mixed},
	{"sq0csp-", square, urlClass, 16, mixed},
	{"CFPAT-", contentful, urlClass, 24, mixed},
	{"dckr_pat_", docker, urlClass, 20, mixed},
	{"dckr_oat_", docker, urlClass, 20, mixed},
	{"lin_api_", linear, alnumClass, 20, mixed},
	{"figd_", figma, urlClass, 20, mixed},
	{"sntrys_", sentry, base64Class, 20, mixed},
	{"sntryu_", sentry, base64Class, 20, mixed},
	{"glsa_", grafana, wordClass, 24, random},
	{"glc_", grafana, base64Class, 24, random},
	{"sbp_", supabase, alnumClass, 24, mixed},
	{"sb_secret_", supabase, urlClass, 20, mixed},
	{"phx_", posthog, alnumClass, 24, mixed},
	{"nfp_", netlify, alnumClass, 24, mixed},
	{"ntn_", notion, alnumClass, 32, mixed},
	{"secret_", notion, alnumClass, 40, mixed},
	{"rubygems_", rubygems, alnumClass, 32, mixed},
	{"pscale_tkn_", planetscale, urlClass, 20, mixed},
	{"pscale_pw_", planetscale, urlClass, 20, mixed},
	{"pscale_oauth_", planetscale, urlClass, 20, mixed},
	{"ops_", onepassword, base64Class, 60, random},

	// Services whose keys have no label of their own.
	{"fw_", apiKey, alnumClass, 20, random},
	{"nvapi-", apiKey, urlClass, 32, mixed},
	{"csk-", apiKey, alnumClass, 32, random},
	{"HRKU-", apiKey, urlClass, 32, mixed},
	{"duffel_live_", apiKey, urlClass, 32, mixed},
	{"duffel_test_", apiKey, urlClass, 32, mixed},
	{"rdme_", apiKey, alnumClass, 40, random},
	{"FLWSECK-", apiKey, urlClass, 20, mixed},
	{"FLWSECK_TEST-", apiKey, urlClass, 20, mixed},
	{"pat-na1-", apiKey, urlClass, 32, mixed},
	{"pat-eu1-", apiKey, urlClass, 32, mixed},
	{"apify_api_", apiKey, alnumClass, 24, mixed},
	{"fio-u-", apiKey, urlClass, 32, mixed},
	{"dnkey-", apiKey, urlClass, 40, mixed},
	{"pnu_", apiKey, alnumClass, 24, random},
	{"shippo_live_", apiKey, alnumClass, 24, mixed},
	{"shippo_test_", apiKey, alnumClass, 24, mixed},
	{"tfp_", apiKey, urlClass, 40, random},
	{"lin_oauth_", apiKey, alnumClass, 32, mixed},
	{"dp.sa.", apiKey, alnumClass, 24, mixed},
	{"dp.ct.", apiKey, alnumClass, 24, mixed},
	{"dp.audit.", apiKey, alnumClass, 24, mixed},
	{"dp.scim.", apiKey, alnumClass, 24, mixed},
	{"hvr.", apiKey, urlClass, 20, random},
	{"sgp_", apiKey, wordClass, 32, random},
	{"squ_", apiKey, alnumClass, 32, random},
	{"sqp_", apiKey, alnumClass, 32, random},
	{"sqa_", apiKey, alnumClass, 32, random},
	{"waka_", apiKey, urlClass, 32, random},
	{"re_", apiKey, wordClass, 24, random},
	{"rpa_", apiKey, alnumClass, 32, random},
	{"api_org_", apiKey, alnumClass, 24, mixed},
	{"nfc_", apiKey, alnumClass, 24, random},
	{"nfu_", apiKey, alnumClass, 24, random},
	{"vcp_", apiKey, alnumClass, 24, random},
	{"vci_", apiKey, alnumClass, 24, random},
	{"vck_", apiKey, alnumClass, 24, random},
	{"bkua_", apiKey, alnumClass, 32, random},
	{"CCIPAT_", apiKey, wordClass, 32, mixed},
	{"CCIPRJ_", apiKey, wordClass, 32, mixed},
	{"mdb_sa_sk_", apiKey, urlClass, 24, mixed},
	{"sk.eyJ", apiKey, dottedClass, 40, mixed},
	{"rnd_", apiKey, alnumClass, 24, random},
	{"fm2_", token, base64Class, 24, random},
	{"fm1r_", token, base64Class, 24, random},
	{"fm1a_", token, base64Class, 24, random},
	{"fo1_", token, urlClass, 32, random},
	{"ico-", apiKey, alnumClass, 32, random},
	{"tr_dev_", apiKey, alnumClass, 20, mixed},
	{"tr_prod_", apiKey, alnumClass, 20, mixed},
	{"SWMTKN-1-", apiKey, urlClass, 40, mixed},
	{"zpka_", apiKey, wordClass, 32, random},
	{"e2b_", apiKey, alnumClass, 32, random},
	{"fc-", apiKey, alnumClass, 32, random},
	{"pcsk_", apiKey, wordClass, 32, random},
	{"pa-", apiKey, urlClass, 40, random},
	{"esecret_", apiKey, alnumClass, 24, mixed},
	{"tgp_v1_", apiKey, urlClass, 32, mixed},
	{"bb_live_", apiKey, urlClass, 20, mixed},
	{"pdl_live_apikey_", apiKey, wordClass, 24, mixed},
	{"pdl_sdbx_apikey_", apiKey, wordClass, 24, mixed},
	{"cal_live_", apiKey, alnumClass, 24, mixed},
	{"NRII-", apiKey, urlClass, 24, random},
	{"NRAA-", apiKey, alnumClass, 24, random},
	{"NRRA-", apiKey, alnumClass, 24, random},
	{"sntryi_", apiKey, alnumClass, 24, mixed},
	{"access-sandbox-", apiKey, urlClass, 32, mixed},
	{"access-production-", apiKey, urlClass, 32, mixed},
	{"access-development-", apiKey, urlClass, 32, mixed},
	{"live_", apiKey, alnumClass, 28, random},
	{"test_", apiKey, alnumClass, 28, random},
	{"APP_USR-", apiKey, urlClass, 32, mixed},
	{"CLOJARS_", apiKey, alnumClass, 50, mixed},
	{"sm_pat_", apiKey, alnumClass, 16, mixed},
	{"y0_", apiKey, urlClass, 40, random},
	{"t1.", apiKey, dottedClass, 60, random},
	{"gloas-", apiKey, alnumClass, 32, mixed},
	{"glffct-", apiKey, urlClass, 16, mixed},
	{"glrtr-", apiKey, urlClass, 16, mixed},
	{"hf_oauth_", apiKey, dottedClass, 24, mixed},
	{"sk_", apiKey, alnumClass, 40, random},
	{"sl.", apiKey, urlClass, 60, random},
	{"v1.0-", apiKey, urlClass, 100, random},
	{"ctx7sk-", apiKey, urlClass, 24, mixed},
	{"cfut_", apiKey, alnumClass, 30, random},
	{"cfat_", apiKey, alnumClass, 30, random},
	{"dt0c01.", apiKey, dottedClass, 60, random}, // Dynatrace
	{"dt0s01.", apiKey, dottedClass, 60, random},
	{"PMAT-", apiKey, alnumClass, 24, mixed},   // a collection of Postman
	{"aio_", apiKey, alnumClass, 28, random},   // Adafruit
	{"BBDC-", apiKey, base64Class, 40, random}, // Bitbucket Data Center
	{"shpua_", shopify, alnumClass, 20, mixed},
	{"AGE-SECRET-KEY-1", age, alnumClass, 30, mixed},
}

// runRules are kinds of keys that begin with a few letters and no separator, so that what follows must
// be as long as the key.
var runRules = []prefixRule{
	{"LTAI", apiKey, alnumClass, 16, mixed}, // Alibaba
	{"AKID", apiKey, alnumClass, 28, mixed}, // Tencent
	{"GOOG1E", google, alnumClass, 50, mixed},
	{"EAA", token, alnumClass, 40, mixed},   // Meta, Square
	{"EZAK", apiKey, alnumClass, 50, mixed}, // EasyPost
	{"EZTK", apiKey, alnumClass, 50, mixed},
	{"ABSK", aws, base64Class, 60, mixed},
	{"AKCp", apiKey, alnumClass, 50, mixed}, // JFrog
	{"AQVN", apiKey, urlClass, 32, mixed},   // Yandex
	{"SK", apiKey, alnumClass, 32, hex},     // Twilio
	{"dapi", apiKey, alnumClass, 32, hex},   // Databricks
	{"1//0", google, urlClass, 30, mixed},   // a refresh token
	{"oy2", apiKey, alnumClass, 40, mixed},  // NuGet
	{"IGQV", token, alnumClass, 60, mixed},  // Instagram
	{"cio", apiKey, alnumClass, 32, exact},  // crates.io
}

// runsBy has the rules of runRules by their first letter.
var runsBy = func() (t [128][]*prefixRule) {
	for i := range runRules {
		c := runRules[i].prefix[0]
		t[c] = append(t[c], &runRules[i])
	}
	return t
}()
