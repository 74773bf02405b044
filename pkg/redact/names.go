package redact

import "strings"

// nameEnds has the bytes with which the name of a secret can end.
var nameEnds = func() (t [256]bool) {
	for _, c := range []byte("dtnyeshlgrwDTNYESHLGRW") {
		t[c] = true
	}
	return t
}()

// nameTails has a bit for the last letter of a secret's name after the letter before it, whatever their case: most names
// are passed by after these two bytes.
var nameTails = func() (t [32]uint32) {
	for _, tail := range []string{"rd", "wd", "et", "rt", "se", "de", "ie", "re", "ds", "ss", "ls", "ys",
		"al", "th", "ig", "er", "en", "on", "ey", "pw"} {
		t[tail[0]&31] |= 1 << (tail[1] & 31)
	}
	return t
}()

// mayName reports whether s[:end] can end in the name of a secret.
func mayName(s string, end int) bool {
	return end >= 2 && nameEnds[s[end-1]] && nameTails[s[end-2]&31]&(1<<(s[end-1]&31)) != 0
}

// maxName bounds the name of a variable, member or header that is looked at.
const maxName = 80

// nameKind says which kind of secret has this name, none if it is no secret's. weak says that other things are called so
// too, and that the value must look like a secret.
func nameKind(name string) (k kind, weak bool) {
	if len(name) < 2 || len(name) > maxName || !mayName(name, len(name)) {
		return none, false
	}
	switch lower(name[len(name)-1]) {
	case 'd':
		switch {
		case foldSuffix(name, "password"), foldSuffix(name, "passwd"):
			return password, false
		case isEnd(name, "pwd") && name != "OLDPWD":
			return password, name == "PWD" // the shell's working directory
		}
	case 'w':
		if isEnd(name, "pw") {
			return password, false
		}
	case 't':
		switch {
		case foldSuffix(name, "secret"):
			return secret, false
		case foldSuffix(name, "passwort"):
			return password, false
		}
	case 'e':
		switch {
		case foldSuffix(name, "secret_key_base"):
			return apiKey, false
		case foldSuffix(name, "passphrase"), foldSuffix(name, "passcode"):
			return password, false
		case foldSuffix(name, "cookie") && (len(name) == len("cookie") || foldAt(name, 0, "set-")):
			return cookie, true
		case isEnd(name, "signature") && (foldAt(name, 0, "x-") || foldAt(name, 0, "sig")):
			return signature, true
		}
	case 's':
		switch {
		case foldSuffix(name, "passwords"):
			return password, false
		case isEnd(name, "pass"):
			return password, true
		case isEnd(name, "credentials"):
			return credential, true
		case isEnd(name, "api_keys"), isEnd(name, "apikeys"), isEnd(name, "apiKeys"):
			return apiKey, false
		}
	case 'l', 'h', 'g', 'r':
		switch {
		case isEnd(name, "credential"):
			return credential, true
		case isEnd(name, "auth"):
			return authorization, true
		case len(name) == 3 && foldSuffix(name, "sig"):
			return signature, true
		case isEnd(name, "bearer"):
			return bearer, true
		}
	case 'n':
		switch {
		case isEnd(name, "authorization"):
			return authorization, false
		case foldSuffix(name, "token"):
			return tokenKind(name)
		}
	case 'y':
		if foldSuffix(name, "key") {
			return keyKind(name)
		}
	}
	return none, false
}

// isEnd reports whether name ends in word, whatever the case, as a word of its own: db_pass, dbPass, but not bypass.
func isEnd(name, word string) bool {
	if !foldSuffix(name, word) {
		return false
	}
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

func tokenKind(name string) (kind, bool) {
	if len(name) == len("token") {
		return token, true
	}
	var b [maxName]byte
	first := before(&b, name, len("token"))
	for _, word := range []string{"access", "refresh", "auth", "api", "bearer", "id", "session", "secret", "bot", "deploy", "service",
		"github", "gh", "gitlab", "npm", "slack", "hf", "vault", "security", "oauth", "jwt", "pat", "admin", "personal", "registry",
		"publish", "push", "webhook", "verification", "csrf", "xsrf", "device", "login", "reset", "app", "user", "private"} {
		if hasSuffix(first, word) {
			return token, false
		}
	}
	for _, word := range []string{"next", "page", "continuation", "cancel", "cancellation", "sync", "resume", "eos", "bos", "pad", "unk",
		"sep", "cls", "mask", "special", "stop", "start", "end", "first", "last", "prev", "previous", "current", "num", "max", "min", "per",
		"input", "output", "text", "word", "each", "cur", "peek", "lookahead", "string", "comma", "identifier"} {
		if hasSuffix(first, word) {
			return none, false
		}
	}
	if !isEnd(name, "token") {
		return none, false
	}
	return token, true
}

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
	}
	for _, word := range []string{"api", "secret", "access", "signing", "encryption", "encrypt", "decryption", "master", "account", "preshared",
		"auth", "subscription", "webhook", "hmac", "crypto", "apisecret"} {
		if hasSuffix(first, word) {
			return apiKey, false
		}
	}
	for _, word := range []string{"openai", "anthropic", "claude", "gemini", "google", "azure", "mistral", "groq", "cohere", "stripe", "twilio",
		"sendgrid", "mailgun", "github", "datadog", "newrelic", "arize", "algolia", "openrouter", "deepseek", "session", "deploy", "license",
		"service", "app", "client", "admin", "bot", "publish", "host", "function", "storage", "shared"} {
		if hasSuffix(first, word) {
			return apiKey, true
		}
	}
	return none, false
}

func hasSuffix(b []byte, suffix string) bool {
	return len(b) >= len(suffix) && string(b[len(b)-len(suffix):]) == suffix
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

// isPlaceholder reports whether s stands for a secret without being one: empty, $NAME, ${NAME}, <name>, {{name}}, %s, ***, xxxx,
// null, true.
func isPlaceholder(s string) bool {
	if s == "" {
		return true
	}
	last := s[len(s)-1]
	switch s[0] {
	case '$':
		if len(s) == 1 {
			return true
		}
		if s[1] == '{' || s[1] == '(' {
			return true
		}
		if isDigit(s[1]) {
			return span(s, 1, alnumClass) == len(s) && len(s) < 4
		}
		return span(s, 1, wordClass) == len(s)
	case '<':
		return last == '>'
	case '{':
		return last == '}' || len(s) > 1 && s[1] == '{'
	case '[':
		return last == ']' && len(s) < 64
	case '&':
		return foldAt(s, 0, "&lt;")
	case '%':
		return last == '%' || len(s) == 2 || len(s) > 2 && s[1] == '(' || s == "%v" || s == "%s"
	case '@':
		return last == '@' && len(s) > 1
	case '#':
		return len(s) > 1 && s[1] == '{'
	case '?', ':':
		return len(s) == 1 || s[0] == ':' && span(s, 1, wordClass) == len(s)
	}
	if isNothing(s) {
		return true
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '*' || c == '.' || c == '-' || c == '_' || c == '#' || c == '?' || c == ' ':
		case c|0x20 == 'x' && len(s) >= 3:
		case c == 0xe2 && i+2 < len(s) && (s[i+1] == 0x80 && (s[i+2] == 0xa2 || s[i+2] == 0xa6) || s[i+1] == 0x97): // • … ●
		case c >= 0x80 && c < 0xc0:
		default:
			return false
		}
	}
	return true
}

// isNothing reports whether s is a literal that says that there is no value.
func isNothing(s string) bool {
	if len(s) > 9 {
		return false
	}
	for _, word := range []string{"true", "false", "null", "none", "nil", "undefined", "unset", "n/a",
		"nan", "empty", "yes", "no", "on", "off"} {
		if len(s) == len(word) && foldAt(s, 0, word) {
			return true
		}
	}
	return false
}

// wordy are values of source code, forms and prose that are no secrets, in lower case without separators.
var wordy = map[string]bool{
	"string": true, "str": true, "text": true, "char": true, "varchar": true, "bytes": true, "byte": true, "bool": true, "boolean": true,
	"int": true, "integer": true, "number": true, "any": true, "object": true, "unknown": true, "optional": true, "required": true,
	"hidden": true, "redacted": true, "masked": true, "changeme": true, "changeit": true, "replaceme": true, "example": true, "dummy": true,
	"placeholder": true, "todo": true, "fixme": true, "tbd": true, "missing": true, "invalid": true, "incorrect": true, "default": true,
	"prompt": true, "env": true, "environment": true, "ask": true, "input": true, "value": true, "secretstr": true, "field": true,
	"compat": true, "files": true, "sss": true, "systemd": true,
	"basic": true, "bearer": true, "digest": true, "header": true, "query": true, "body": true, "form": true, "here": true, "disabled": true,
	"enabled": true, "option": true, "argument": true, "self": true, "this": true, "new": true, "old": true, "user": true, "username": true,
	"email": true, "name": true, "type": true, "id": true, "label": true, "set": true, "notset": true, "await": true, "async": true,
	"function": true, "return": true, "const": true, "let": true, "var": true, "static": true, "public": true, "private": true,
	"readonly": true, "uint8array": true, "int32": true, "int64": true, "uint32": true, "uint64": true, "uint256": true, "float64": true,
	"base64": true, "sha256": true, "sha512": true, "md5": true, "bcrypt": true, "argon2": true, "argon2id": true, "utf8": true, "oauth2": true,
	"authentication": true, "authorization": true, "expired": true, "valid": true, "wrong": true, "correct": true,
	"to": true, "is": true, "flag": true, "and": true, "or": true, "for": true, "with": true, "in": true, "from": true, "must": true,
	"the": true, "a": true, "an": true, "parameter": true, "was": true, "not": true, "if": true, "when": true, "as": true, "instead": true,
	"will": true, "should": true, "that": true, "it": true, "can": true, "has": true, "via": true, "of": true, "at": true, "by": true,
	"reset": true, "generated": true, "encrypted": true, "hashed": true, "stored": true, "sensitive": true, "empty": true,
}

// isWordy reports whether s is a word that stands for a value, the name of a secret (db_password, API_KEY), or "your-..." .
func isWordy(s string) bool {
	if len(s) > maxName {
		return false
	}
	var b [maxName]byte
	plain := before(&b, s, 0)
	if wordy[string(plain)] {
		return true
	}
	for i := range len(plain) {
		if isDigit(plain[i]) {
			return false
		}
	}
	switch {
	case len(plain) == 0, hasPrefix(plain, "your"), hasPrefix(plain, "example"), hasPrefix(plain, "insert"), hasPrefix(plain, "enter"),
		hasPrefix(plain, "replace"), hasSuffix(plain, "here"), hasSuffix(plain, "example"):
		return true
	}
	for _, word := range []string{"password", "passwd", "pwd", "pass", "passphrase", "secret", "token", "apikey", "secretkey", "accesskey",
		"privatekey", "credentials", "credential", "key"} {
		if hasSuffix(plain, word) && (len(plain) == len(word) || namesSecret(s, len(word))) {
			return true
		}
	}
	return false
}

// namesSecret reports whether s, which ends in a word of n letters for a secret, is a name and no weak password: API_KEY,
// db_password, accessToken, but not supersecret or my-secret.
func namesSecret(s string, n int) bool {
	if !isName(s) || len(s) > 32 || foldAt(s, 0, "my") || foldAt(s, 0, "super") || foldAt(s, 0, "top") {
		return false
	}
	words := 1
	for i := 1; i < len(s); i++ {
		if isLetter(s[i]) && (!isLetter(s[i-1]) || isUpper(s[i]) && !isUpper(s[i-1])) {
			words++
		}
	}
	return words == 2 || words > 1 && isEnvName(s)
}

// isLike reports whether s ends in name, which is of several words: secretAccessKey = "aws_secret_access_key".
func isLike(s, name string) bool {
	if len(s) > maxName || len(name) < 9 || !isName(s) {
		return false
	}
	var a, b [maxName]byte
	return hasSuffix(before(&a, s, 0), string(before(&b, name, 0)))
}

// isWords reports whether s is words written together, like RequireAndVerifyClientCert: their pieces are long, whereas a
// random text changes between cases and digits all the time.
func isWords(s string) bool {
	pieces, letters, digits := 0, 0, 0
	for i := range len(s) {
		c := s[i]
		if class[c]&wordClass == 0 && c != '.' {
			return false
		}
		if isLetter(c) {
			letters++
		}
		if isDigit(c) {
			digits++
		}
		if i == 0 || isDigit(c) != isDigit(s[i-1]) || !isAlnum(c) || isUpper(c) && !isUpper(s[i-1]) {
			pieces++
		}
	}
	return letters >= 8 && len(s) >= 4*pieces && len(s) > 4*digits
}

// isName reports whether s could be an identifier, a flag or a path of them.
func isName(s string) bool { return span(s, 0, nameClass) == len(s) }

// isRandom reports whether s looks like a key and not like words: at least min bytes without spaces, letters and digits
// mixed, or both cases.
func isRandom(s string, min int) bool {
	if len(s) < min || len(s) > 8192 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '(' || s[i] == '{' || s[i] == '<' {
			return false
		}
	}
	if s[0] == '/' || s[0] == '.' || s[0] == '~' || s[0] == '-' || isDotted(s) || hasExtension(s) {
		return false
	}
	for i := 0; i+2 < len(s); i++ {
		if s[i] == ':' && (s[i+1] == '/' || s[i+1] == ':' || s[i+1] == '\\') || s[i] == '-' && s[i+1] == '>' {
			return false
		}
	}
	f := featuresOf(s)
	switch {
	case f.filler || f.uppers+f.lowers == 0 || isWords(s):
		return false
	case f.digits > 0 && f.uppers+f.lowers > 0:
		return f.digits >= 2 || f.run >= 8
	case f.digits == 0:
		return f.run >= 20 && f.uppers >= 3 && f.lowers >= 3
	}
	return false
}

// isDotted reports whether s is identifiers with dots between them: config.db2.token.
func isDotted(s string) bool {
	dots := 0
	for i := 0; i < len(s); {
		if isDigit(s[i]) && dots < 4 && i > 0 {
			return false
		}
		end := span(s, i, wordClass)
		if end == i || end-i > 24 && strings.IndexByte(s[i:end], '_') < 0 {
			return false
		}
		if end == len(s) {
			return dots > 0
		}
		if s[end] != '.' {
			return false
		}
		dots++
		i = end + 1
	}
	return false
}

// hasExtension reports whether s ends like the name of a file.
func hasExtension(s string) bool {
	for _, ext := range []string{".go", ".js", ".ts", ".py", ".rb", ".rs", ".md", ".txt", ".json", ".yml", ".yaml", ".pem", ".key", ".crt", ".env",
		".html", ".css", ".svg", ".png", ".jpg", ".log", ".toml", ".xml", ".sh"} {
		if strings.HasSuffix(s, ext) {
			return true
		}
	}
	return false
}
