package redact

import "strings"

// nameRule says which kind of secret a name has that ends in end.
type nameRule struct {
	end  string // in lower case
	kind kind
	how  fit
	weak bool // other things are called so too: the value must look like a secret
}

// fit is how end must stand in a name.
type fit uint8

const (
	suffix fit = iota // anywhere: mypassword
	word              // as a word of its own: db_pass, dbPass, but not bypass
	whole             // as the whole name
)

// nameRules are tried in this order, those that end in the same letter alone. To add a name, add a
// row. Names that end in token, key or salt have lists of their own below, since so many of them are
// no secrets.
var nameRules = []nameRule{
	{"password", password, suffix, false},
	{"passwd", password, suffix, false},
	{"oldpwd", none, whole, false}, // the shell's last working directory
	{"pwd", password, word, false}, // see [nameKind] for the shell's PWD
	{"password_enc", password, suffix, false},
	{"pw", password, word, false},
	{"bindpw", password, suffix, false},
	{"rootpw", password, suffix, false},
	{"sshpass", password, suffix, false},
	{"dbpass", password, suffix, false},
	{"userpass", password, suffix, false},
	{"pass", password, whole, true}, // PASS: TestParse
	{"pass", password, word, false},
	{"passwords", password, suffix, false},
	{"storepass", password, suffix, false},
	{"keypass", password, suffix, false},
	{"requirepass", password, suffix, false},
	{"masterauth", password, suffix, false},
	{"passphrase", password, suffix, false},
	{"seedphrase", secret, suffix, false},
	{"seed_phrase", secret, suffix, false},
	{"seed phrase", secret, suffix, false},
	{"recovery phrase", secret, suffix, false},
	{"mnemonic", secret, word, false},
	{"passcode", password, suffix, false},
	{"passwort", password, suffix, false},
	{"kennwort", password, suffix, false},
	{"psk", password, word, false},
	{"secret", secret, suffix, false},
	{"secret_string", secret, suffix, false},
	{"secret-string", secret, suffix, false},
	{"secretstring", secret, suffix, false},
	{"from-literal", secret, suffix, false},
	{"secret_key_base", apiKey, suffix, false},
	{"cookie", cookie, whole, true},
	{"set-cookie", cookie, whole, true},
	{"document.cookie", cookie, whole, true},
	{"signature", signature, whole, true},
	{"x-amz-signature", signature, whole, true},
	{"x-goog-signature", signature, whole, true},
	{"sig", signature, whole, true},
	{"credentials", credential, word, true},
	{"credential", credential, word, true},
	{"creds", credential, word, true},
	{"api_keys", apiKey, word, false},
	{"apikeys", apiKey, word, false},
	{"_pat", token, suffix, false}, // GITHUB_PAT
	{"_sas", token, suffix, true},
	{"authorization", authorization, word, false},
	{"auth", authorization, word, true},
	{"bearer", bearer, word, true},
}

// rulesOf has the name rules by the last letter of the name.
var rulesOf = func() (t [32][]nameRule) {
	for _, rule := range nameRules {
		last := rule.end[len(rule.end)-1] & 31
		t[last] = append(t[last], rule)
	}
	return t
}()

// ends3 has a bit for the last letter of a secret's name after the two before it, whatever their case: most names are
// passed by after these three bytes. nameEnds has the last byte alone.
var ends3, nameEnds = func() (t [1024]uint32, last [256]bool) {
	add := func(end string) {
		n := len(end)
		last[end[n-1]], last[end[n-1]&^0x20] = true, true
		for first := range 32 {
			if n > 2 && first != int(end[n-3]&31) {
				continue
			}
			t[first<<5|int(end[n-2]&31)] |= 1 << (end[n-1] & 31)
		}
	}
	for _, rule := range nameRules {
		add(rule.end)
	}
	for _, end := range []string{"token", "key", "salt"} {
		add(end)
	}
	for c := byte('0'); c <= '9'; c++ {
		last[c] = true
	}
	return t, last
}()

// mayName reports whether s[:end] can end in the name of a secret.
func mayName(s string, end int) bool {
	if end >= 2 && s[end-1] < 'A' {
		end = unnumbered(s, end)
	}
	if end >= 3 {
		if ends3[int(s[end-3]&31)<<5|int(s[end-2]&31)]&(1<<(s[end-1]&31)) != 0 {
			return true
		}
		return isUpper(s[end-1]) && isUpper(s[end-2]) && unstaged(s[:end]) != s[:end]
	}
	return end == 2 && s[0]|0x20 == 'p' && s[1]|0x20 == 'w'
}

// otherEnds are the ends of the commands of positionalRules, and of what else stands before a secret
// and a space or a colon.
var otherEnds = []string{"login", "community", "smbclient", " by", "value", "default", "data", "/user", "thin",
	"private-lines"}

// allEnds is ends3 with otherEnds.
var allEnds = func() [1024]uint32 {
	t := ends3
	for _, end := range otherEnds {
		n := len(end)
		t[int(end[n-3]&31)<<5|int(end[n-2]&31)] |= 1 << (end[n-1] & 31)
	}
	return t
}()

// unnumbered returns where s[:end] ends without the number after it: PASSWORD_2, token1.
func unnumbered(s string, end int) int {
	i := end
	for i > 0 && end-i < 3 && isDigit(s[i-1]) {
		i--
	}
	if i > 0 && i < end && s[i-1] == '_' {
		i--
	}
	return i
}

// stages are what environment variables are called by, after the name of what they hold: API_KEY_PROD.
var stages = map[string]bool{"PROD": true, "PRODUCTION": true, "DEV": true, "STAGING": true, "STAGE": true,
	"TEST": true, "LIVE": true,
	"OLD": true, "NEW": true, "PRIMARY": true, "SECONDARY": true, "BASE64": true, "B64": true, "BACKUP": true,
	"DEFAULT": true, "LOCAL": true}

// maxStage is the length of the longest, with its separator.
const maxStage = 11

// unstaged is name without the stage after it.
func unstaged(name string) string {
	if last := name[len(name)-1]; !isUpper(last) && !isDigit(last) {
		return name
	}
	n := strings.LastIndexByte(name[max(0, len(name)-maxStage):], '_') + max(0, len(name)-maxStage)
	if n > 2 && name[n] == '_' && stages[name[n+1:]] {
		return name[:n]
	}
	return name
}

// maxName bounds the name of a variable, member or header that is looked at.
const maxName = 80

// nameKind says which kind of secret has this name, none if it is no secret's. weak says that other
// things are called so too, and that the value must look like a secret.
func nameKind(name string) (k kind, weak bool) {
	if len(name) < 2 || len(name) > maxName || !mayName(name, len(name)) {
		return none, false
	}
	name = unstaged(name[:unnumbered(name, len(name))])
	if len(name) < 2 {
		return none, false
	}
	for _, rule := range rulesOf[name[len(name)-1]&31] {
		if !foldSuffix(name, rule.end) {
			continue
		}
		if rule.how == suffix || rule.how == whole && len(name) == len(rule.end) ||
			rule.how == word && isEnd(name, rule.end) {
			return rule.kind, rule.weak || name == "PWD"
		}
	}
	switch {
	case foldSuffix(name, "token"):
		return tokenKind(name)
	case foldSuffix(name, "key"):
		return keyKind(name)
	case foldSuffix(name, "salt"):
		return saltKind(name)
	}
	return none, false
}

// isEnd reports whether name, which ends in word, has it as a word of its own: db_pass, dbPass, but not bypass.
func isEnd(name, word string) bool {
	i := len(name) - len(word)
	return i == 0 || !isAlnum(name[i-1]) || isUpper(name[i]) && !isUpper(name[i-1]) || isDigit(name[i-1])
}

// before copies what stands before the last n bytes of name into b, in lower case and without separators.
func before(b *[maxName]byte, name string, n int) []byte {
	k := 0
	for i := range len(name) - n {
		if isAlnum(name[i]) {
			b[k] = lower(name[i])
			k++
		}
	}
	return b[:k]
}

// secretTokens are words before "token" that say that it is a secret, countedTokens those that say that it is none.
var (
	secretTokens = lastLetters("access", "refresh", "auth", "api", "bearer", "id", "session", "secret", "bot",
		"deploy", "service",
		"github", "gh", "gitlab", "npm", "slack", "hf", "vault", "security", "oauth", "jwt", "pat", "admin", "personal",
		"registry",
		"publish", "push", "webhook", "verification", "csrf", "xsrf", "device", "login", "reset", "app", "user", "private")
	countedTokens = lastLetters("next", "page", "continuation", "cancel", "cancellation", "sync", "resume", "eos",
		"bos", "pad", "unk",
		"sep", "cls", "mask", "special", "stop", "start", "end", "first", "last", "prev", "previous", "current", "num",
		"max", "min", "per",
		"input", "output", "text", "word", "each", "cur", "peek", "lookahead", "string", "comma", "identifier")
)

func tokenKind(name string) (kind, bool) {
	if len(name) == len("token") {
		return token, true
	}
	var b [maxName]byte
	first := before(&b, name, len("token"))
	switch {
	case endsIn(first, secretTokens):
		return token, false
	case endsIn(first, countedTokens) || !isEnd(name, "token"):
		return none, false
	}
	return token, !isEnvName(name)
}

// secretKeys are words before "key" that say that it is a secret, serviceKeys those after which the
// value must look like one.
var (
	secretKeys = lastLetters("api", "secret", "access", "signing", "encryption", "encrypt", "decryption", "master",
		"account", "preshared",
		"auth", "subscription", "webhook", "hmac", "crypto", "apisecret", "loggedin", "nonce", "sharedaccess")
	serviceKeys = lastLetters("openai", "anthropic", "claude", "gemini", "google", "azure", "mistral", "groq",
		"cohere", "stripe", "twilio",
		"sendgrid", "mailgun", "github", "datadog", "newrelic", "arize", "algolia", "openrouter", "deepseek", "session",
		"deploy", "license",
		"service", "app", "client", "admin", "bot", "publish", "host", "function", "storage", "shared", "write", "read",
		"ssh", "deployment", "integration")
)

func keyKind(name string) (kind, bool) {
	if len(name) == len("key") {
		return none, false
	}
	var b [maxName]byte
	first := before(&b, name, len("key"))
	switch {
	case hasSuffix(first, "secretaccess"), hasSuffix(first, "awssecret"):
		return awsSecret, false
	case hasSuffix(first, "private"), hasSuffix(first, "privatessh"):
		return privateKey, true
	case endsIn(first, secretKeys):
		return apiKey, false
	case endsIn(first, serviceKeys):
		return apiKey, true
	}
	return none, false
}

// saltKind knows the salts of WordPress and what else keeps a salt secret.
func saltKind(name string) (kind, bool) {
	if isEnvName(name) && len(name) > len("SALT") {
		return secret, false
	}
	return none, false
}

// ending is words by their last letter.
type ending [32][]string

func lastLetters(words ...string) *ending {
	t := new(ending)
	for _, word := range words {
		last := word[len(word)-1] & 31
		t[last] = append(t[last], word)
	}
	return t
}

// endsIn reports whether b ends in one of words.
func endsIn(b []byte, words *ending) bool {
	if len(b) == 0 {
		return false
	}
	for _, word := range words[b[len(b)-1]&31] {
		if hasSuffix(b, word) {
			return true
		}
	}
	return false
}

func hasSuffix(b []byte, suffix string) bool {
	return len(b) >= len(suffix) && string(b[len(b)-len(suffix):]) == suffix
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}
