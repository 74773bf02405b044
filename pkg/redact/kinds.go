package redact

// kind is what a finding is; labels has the word for it that stands in the mask.
type kind uint8

const (
	none kind = iota
	email
	phone
	card
	ssn

	password
	apiKey
	token
	secret
	credential
	authorization
	bearer
	basic
	cookie
	signature
	urlPassword
	webhook
	privateKey
	jwt
	awsSecret

	age
	anthropic
	atlassian
	aws
	brevo
	contentful
	digitalocean
	docker
	doppler
	figma
	github
	gitlab
	google
	grafana
	groq
	huggingface
	jina
	langfuse
	langsmith
	linear
	mailgun
	netlify
	newrelic
	notion
	npm
	onepassword
	openai
	openrouter
	perplexity
	planetscale
	posthog
	postman
	pulumi
	pypi
	replicate
	rubygems
	sendgrid
	sentry
	shopify
	slack
	square
	stripe
	supabase
	tailscale
	tavily
	telegram
	vault
	xai

	tooLarge // a whole text, see maxSteps
	kinds
)

var labels = [kinds]string{
	email: "email", phone: "phone", card: "card", ssn: "ssn",

	password: "secret:password", apiKey: "secret:api-key", token: "secret:token", secret: "secret:secret",
	credential: "secret:credential", authorization: "secret:authorization", bearer: "secret:bearer", basic: "secret:basic",
	cookie: "secret:cookie", signature: "secret:signature", urlPassword: "secret:url-password", webhook: "secret:webhook",
	privateKey: "secret:private-key", jwt: "secret:jwt", awsSecret: "secret:aws-secret",

	age: "secret:age", anthropic: "secret:anthropic", atlassian: "secret:atlassian", aws: "secret:aws",
	brevo:      "secret:brevo",
	contentful: "secret:contentful", digitalocean: "secret:digitalocean", docker: "secret:docker",
	doppler: "secret:doppler",
	figma:   "secret:figma", github: "secret:github", gitlab: "secret:gitlab", google: "secret:google",
	grafana: "secret:grafana",
	groq:    "secret:groq", huggingface: "secret:huggingface", jina: "secret:jina", langfuse: "secret:langfuse",
	langsmith: "secret:langsmith", linear: "secret:linear", mailgun: "secret:mailgun", netlify: "secret:netlify",
	newrelic: "secret:newrelic", notion: "secret:notion", npm: "secret:npm", onepassword: "secret:1password",
	openai: "secret:openai", openrouter: "secret:openrouter", perplexity: "secret:perplexity",
	planetscale: "secret:planetscale", posthog: "secret:posthog", postman: "secret:postman", pulumi: "secret:pulumi",
	pypi: "secret:pypi", replicate: "secret:replicate", rubygems: "secret:rubygems", sendgrid: "secret:sendgrid",
	sentry: "secret:sentry", shopify: "secret:shopify", slack: "secret:slack", square: "secret:square",
	stripe: "secret:stripe", supabase: "secret:supabase", tailscale: "secret:tailscale", tavily: "secret:tavily",
	telegram: "secret:telegram", vault: "secret:vault", xai: "secret:xai",

	tooLarge: "text-too-large",
}

// builtin holds every label.
var builtin = func() map[string]bool {
	m := make(map[string]bool, kinds)
	for _, label := range labels[1:] {
		m[label] = true
	}
	return m
}()

// labelsBy has every label by labelHash: masks are looked at often, and a map takes longer.
var labelsBy = func() (t [64][]string) {
	for _, label := range labels[1:] {
		t[labelHash(label)] = append(t[labelHash(label)], label)
	}
	return t
}()

// labelHash tells labels apart by their length and their last letters. A label is never empty, but
// what is compared with it may be.
func labelHash(label string) uint8 {
	if len(label) < 2 {
		return 0
	}
	return (uint8(len(label)) + label[len(label)-1]<<1 + label[len(label)-2]<<3) & 63
}

func (k kind) personal() bool { return k <= ssn }
