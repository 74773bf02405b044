package redact

import "strings"

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
	mixed  check = iota // a digit, an upper case letter, or sixteen letters and digits in a row: more than words with hyphens
	random              // sixteen letters and digits in a row with a digit among them, or 24 letters, and no '-' or '_' before the prefix
	exact               // exactly min bytes
)

// prefixRules are tried in this order. Lengths are below those of whole keys, so that cut keys are found too. Public keys
// (pk_live_, phc_) are no secrets.
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
	{"AGE-SECRET-KEY-1", age, alnumClass, 30, mixed},
}

// byLast has the prefix rules by the byte before the first '-', '_' or '.' of the prefix: where the scanner stops. ends has
// a bit for each pair of bytes before it, so that most words are passed by without a look at the rules.
var byLast, ends = func() (t [256][]indexed, pairs [256]uint64) {
	for i := range prefixRules {
		rule := &prefixRules[i]
		at := strings.IndexAny(rule.prefix, "-_.")
		last := rule.prefix[at-1]
		t[last] = append(t[last], indexed{rule, at})
		pairs[rule.prefix[at-2]] |= 1 << (last & 63)
	}
	return t, pairs
}()

// indexed is a rule and where the first separator of its prefix stands.
type indexed struct {
	*prefixRule
	at int
}

// prefixed finds a key whose prefix has its first separator at i.
func (sc *scanner) prefixed(i int) match {
	s := sc.s
	if i < sc.floor+2 || ends[s[i-2]]&(1<<(s[i-1]&63)) == 0 {
		return match{}
	}
	for _, rule := range byLast[s[i-1]] {
		start := i - rule.at
		if start < sc.floor || s[start] != rule.prefix[0] || !strings.HasPrefix(s[start:], rule.prefix) {
			continue
		}
		if end := sc.body(start, rule.prefixRule); end > 0 {
			return match{start, end, rule.kind}
		}
	}
	return match{}
}

// body returns the end of the key of rule that begins at start, 0 if it is none.
func (sc *scanner) body(start int, rule *prefixRule) int {
	s := sc.s
	if start > sc.floor && isAlnum(s[start-1]) && !sc.escapedBefore(start) {
		return 0
	}
	if rule.check == random && start > sc.floor && (s[start-1] == '-' || s[start-1] == '_') {
		return 0
	}
	if start < sc.wordsEnd && rule.chars == sc.wordsChars {
		return 0
	}
	from := start + len(rule.prefix)
	end := span(s, from, rule.chars)
	for end > from && !isAlnum(s[end-1]) && s[end-1] != '=' {
		end--
	}
	body := s[from:end]
	if len(body) < rule.min || !rule.holds(body) {
		sc.wordsEnd, sc.wordsChars = end, rule.chars
		return 0
	}
	if rule.chars == alnumClass && end < len(s) && s[end] == '_' {
		return 0 // an identifier that goes on: hf_hub_download, npm_config_registry
	}
	return end
}

func (rule *prefixRule) holds(body string) bool {
	f := featuresOf(body)
	if f.filler {
		return false
	}
	switch rule.check {
	case exact:
		return len(body) == rule.min && f.digits > 0
	case random:
		return f.run >= 16 && (f.runDigits > 0 || f.run >= 24)
	}
	return (f.digits > 0 || f.uppers > 0 || f.run >= 16) && !containsFold(body, "your")
}

// features are what tells a random text from words.
type features struct {
	digits, uppers, lowers int
	others                 int // neither letters nor digits
	run                    int // the longest run of letters and digits
	runDigits              int // the digits in it
	filler                 bool
}

func featuresOf(s string) features {
	var f features
	run, runDigits, runStart, best := 0, 0, 0, 0
	for i := range len(s) {
		c := s[i]
		switch {
		case isDigit(c):
			f.digits++
			runDigits++
		case isUpper(c):
			f.uppers++
		case isLetter(c):
			f.lowers++
		default:
			f.others++
			run, runDigits, runStart = 0, 0, i+1
			continue
		}
		run++
		if run > f.run {
			f.run, f.runDigits, best = run, runDigits, runStart
		}
	}
	f.filler = f.run == 0 || f.run >= 3 && isFill(s[best:best+f.run])
	return f
}

// isFill reports whether s is one 'x' after the other.
func isFill(s string) bool {
	for i := range len(s) {
		if lower(s[i]) != 'x' {
			return false
		}
	}
	return true
}

// containsFold reports whether s contains word, whatever the case.
func containsFold(s, word string) bool {
	for i := 0; i+len(word) <= len(s); i++ {
		if foldAt(s, i, word) {
			return true
		}
	}
	return false
}

// prefixedA finds the keys that begin with an A and have no separator.
func (sc *scanner) prefixedA(i int) match {
	s := sc.s
	if len(s)-i < 20 {
		return match{}
	}
	switch s[i : i+4] {
	case "AKIA", "ASIA", "ABIA", "ACCA":
		digits := 0
		end := i + 4
		for end < len(s) && (isUpper(s[end]) || isDigit(s[end])) {
			if isDigit(s[end]) {
				digits++
			}
			end++
		}
		if end-i != 20 || end < len(s) && isWord(s[end]) || digits == 0 && s[1+i] != 'K' {
			return match{}
		}
		if featuresOf(s[i+4 : end]).filler {
			return match{}
		}
		return match{i, end, aws}
	case "AIza":
		if end := span(s, i, urlClass); end-i >= 32 && !featuresOf(s[i+4:end]).filler {
			return match{i, end, google}
		}
	case "ATAT", "ATCT", "ATBB":
		end := span(s, i, base64Class)
		if f := featuresOf(s[i:end]); end-i >= 32 && f.digits > 0 && f.lowers > 0 && f.run >= 16 {
			return match{i, end, atlassian}
		}
	}
	return match{}
}

// jsonWebToken finds a JSON web token that begins at i: base64url parts with dots between them. Its end may be cut.
func (sc *scanner) jsonWebToken(i int) match {
	s := sc.s
	if sc.wordBefore(i) || i > sc.floor && s[i-1] == '-' {
		return match{}
	}
	end := span(s, i, urlClass)
	if end-i < 12 || end == len(s) || s[end] != '.' {
		return match{}
	}
	parts := 1
	last := end
	for parts < 5 && last < len(s) && s[last] == '.' {
		end := span(s, last+1, urlClass)
		if end == last+1 && parts != 1 {
			break // encrypted tokens may have an empty second part
		}
		if parts == 1 && end-last < 8 && end > last+1 && end < len(s) {
			break
		}
		last = end
		parts++
	}
	if parts < 2 || last-i < 30 || strings.HasSuffix(s[i:last], "..") {
		return match{}
	}
	return match{i, last, jwt}
}

// maxKeyText bounds a private key: an RSA key of 16,384 bits has 13 kB.
const maxKeyText = 64 << 10

// pem finds a private key whose "-----BEGIN " begins at i. Its end may be missing, and line breaks may be written as \n.
func (sc *scanner) pem(i int) match {
	s := sc.s
	label := i + len("-----BEGIN ")
	end := label
	for end < len(s) && end-label < 64 && (isUpper(s[end]) || isDigit(s[end]) || s[end] == ' ') {
		end++
	}
	if !strings.HasPrefix(s[end:], "-----") || !strings.Contains(s[label:end], "PRIVATE KEY") {
		return match{}
	}
	from := end + len("-----")
	rest := s[from:min(len(s), from+maxKeyText)]
	if e := strings.Index(rest, "-----END "); e >= 0 && keyChars(rest[:e]) >= 16 && !strings.Contains(rest[:e], "-----BEGIN ") {
		if f := strings.Index(rest[e+9:], "-----"); f >= 0 && f < 64 {
			return match{i, from + e + 9 + f + 5, privateKey}
		}
		e += from + len("-----END ")
		for e < len(s) && (isUpper(s[e]) || s[e] == ' ' || s[e] == '-') {
			e++
		}
		return match{i, e, privateKey}
	}
	if n := keyLines(rest); n > 0 {
		return match{i, from + n, privateKey}
	}
	return match{}
}

// keyChars counts the base64 characters of s.
func keyChars(s string) int {
	n := 0
	for i := range len(s) {
		if class[s[i]]&base64Class != 0 {
			n++
		}
	}
	return n
}

// keyLines returns how much of s is lines of base64, which may be numbered, quoted or indented, or headers of a key.
func keyLines(s string) int {
	kept, any := 0, false
	for at := 0; at < len(s); {
		end, next := lineEnd(s, at)
		line := strings.Trim(s[at:end], " \t\"'+,;`>|")
		if i := strings.IndexAny(line, "\t"); i >= 0 && i < 8 {
			line = line[i+1:] // a line number
		} else if i := strings.Index(line, "→"); i >= 0 && i < 8 {
			line = line[i+len("→"):]
		}
		run := span(line, 0, base64Class)
		whole := run == len(line)
		switch {
		case line == "" || strings.HasPrefix(line, "Proc-Type:") || strings.HasPrefix(line, "DEK-Info:") ||
			strings.HasPrefix(line, "Version:") || strings.HasPrefix(line, "Comment:"):
		case whole && (run >= 16 || end == len(s) && (any || run >= 12) || any && run > 0 && line[run-1] == '='):
			kept, any = end, true
		case whole && any && run >= 4 && run%4 == 0: // the last line
			return end
		case run >= 32:
			return at + strings.Index(s[at:end], line) + run
		default:
			return kept
		}
		at = next
	}
	return kept
}

// lineEnd returns the end of the line at i and the begin of the next one. A written \n ends a line too.
func lineEnd(s string, i int) (end, next int) {
	for j := i; j < len(s); j++ {
		if s[j] == '\n' {
			return j, j + 1
		}
		if s[j] == '\\' {
			k := j
			for k < len(s) && s[k] == '\\' {
				k++
			}
			if k < len(s) && (s[k] == 'n' || s[k] == 'r') {
				return j, k + 1
			}
			return j, k
		}
	}
	return len(s), len(s)
}
