package redact

import "strings"

// isPlaceholder reports whether s stands for a secret without being one: empty, $NAME, ${NAME},
// <name>, {{name}}, %s, ***, xxxx, null, true.
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
		// • … ●
		case c == 0xe2 && i+2 < len(s) && (s[i+1] == 0x80 && (s[i+2] == 0xa2 || s[i+2] == 0xa6) || s[i+1] == 0x97):
		case c >= 0x80 && c < 0xc0:
		default:
			return false
		}
	}
	return true
}

// nothings are the literals that say that there is no value, by their length.
var nothings = func() (t [10][]string) {
	for _, word := range []string{"true", "false", "null", "none", "nil", "undefined", "unset", "n/a",
		"nan", "empty", "yes", "no", "on", "off"} {
		t[len(word)] = append(t[len(word)], word)
	}
	return t
}()

// isNothing reports whether s is a literal that says that there is no value.
func isNothing(s string) bool {
	if len(s) >= len(nothings) {
		return false
	}
	for _, word := range nothings[len(s)] {
		if foldAt(s, 0, word) {
			return true
		}
	}
	return false
}

// wordy are values of source code, forms and prose that are no secrets, in lower case without separators.
var wordy = map[string]bool{
	"string": true, "str": true, "text": true, "char": true, "varchar": true, "bytes": true, "byte": true,
	"bool": true, "boolean": true,
	"int": true, "integer": true, "number": true, "any": true, "object": true, "unknown": true, "optional": true,
	"required": true,
	"hidden":   true, "redacted": true, "masked": true, "changeme": true, "changeit": true, "replaceme": true,
	"example": true, "dummy": true,
	"placeholder": true, "todo": true, "fixme": true, "tbd": true, "missing": true, "invalid": true,
	"incorrect": true, "default": true,
	"prompt": true, "env": true, "environment": true, "ask": true, "input": true, "value": true, "secretstr": true,
	"field":  true,
	"compat": true, "files": true, "sss": true, "systemd": true,
	"basic": true, "bearer": true, "digest": true, "header": true, "query": true, "body": true, "form": true,
	"here": true, "disabled": true,
	"enabled": true, "option": true, "argument": true, "self": true, "this": true, "new": true, "old": true,
	"user": true, "username": true,
	"email": true, "name": true, "type": true, "id": true, "label": true, "set": true, "notset": true, "await": true,
	"async":    true,
	"function": true, "return": true, "const": true, "let": true, "var": true, "static": true, "public": true,
	"private":  true,
	"readonly": true, "uint8array": true, "int32": true, "int64": true, "uint32": true, "uint64": true,
	"uint256": true, "float64": true,
	"base64": true, "sha256": true, "sha512": true, "md5": true, "bcrypt": true, "argon2": true, "argon2id": true,
	"utf8": true, "oauth2": true,
	"authentication": true, "authorization": true, "expired": true, "valid": true, "wrong": true, "correct": true,
	"to": true, "is": true, "flag": true, "and": true, "or": true, "for": true, "with": true, "in": true,
	"from": true, "must": true,
	"the": true, "a": true, "an": true, "parameter": true, "was": true, "not": true, "if": true, "when": true,
	"as": true, "instead": true,
	"will": true, "should": true, "that": true, "it": true, "can": true, "has": true, "via": true, "of": true,
	"at": true, "by": true,
	"reset": true, "generated": true, "encrypted": true, "hashed": true, "stored": true, "sensitive": true, "empty": true,
}

// secretWords end the names of secrets.
var secretWords = lastLetters("password", "passwd", "pwd", "pass", "passphrase", "secret", "token", "apikey",
	"secretkey", "accesskey",
	"privatekey", "credentials", "credential", "key")

// longestWordy is the length of the longest of wordy.
var longestWordy = func() (n int) {
	for word := range wordy {
		n = max(n, len(word))
	}
	return n
}()

// isWordy reports whether s is a word that stands for a value, the name of a secret (db_password,
// API_KEY), or "your-..." .
func isWordy(s string) bool {
	if len(s) > maxName {
		return false
	}
	var b [maxName]byte
	plain := before(&b, s, 0)
	if len(plain) <= longestWordy && wordy[string(plain)] {
		return true
	}
	for i := range len(plain) {
		if isDigit(plain[i]) {
			return false
		}
	}
	switch {
	case len(plain) == 0, len(s) > 3 && s[:3] == "no-", hasPrefix(plain, "your"), hasPrefix(plain, "example"),
		hasPrefix(plain, "insert"), hasPrefix(plain, "enter"),
		hasPrefix(plain, "replace"), hasSuffix(plain, "here"), hasSuffix(plain, "example"):
		return true
	}
	for _, word := range secretWords[plain[len(plain)-1]&31] {
		if hasSuffix(plain, word) && (len(plain) == len(word) || namesSecret(s, len(word))) {
			return true
		}
	}
	return false
}

// namesSecret reports whether s, which ends in a word of n letters for a secret, is a name and no weak
// password: API_KEY, db_password, accessToken, but not supersecret or my-secret.
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

// isWords reports whether s is words written together, like RequireAndVerifyClientCert: their pieces
// are long, whereas a random text changes between cases and digits all the time.
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

// proseWords are words of messages about secrets: "Password is required".
var proseWords = []string{"password", "required", "must", "invalid", "enter", "your", "please", "missing", "token",
	"secret", "key", "is",
	"the", "not", "for", "to", "at", "least", "incorrect", "forgot", "confirm", "new"}

// isProse reports whether s is a message and no secret: several words, one of them of proseWords.
func isProse(s string) bool {
	if strings.IndexByte(s, ' ') < 0 {
		return false
	}
	for from := 0; from < len(s); {
		end := from
		for end < len(s) && isLetter(s[end]) {
			end++
		}
		for _, word := range proseWords {
			if end-from == len(word) && foldAt(s, from, word) {
				return true
			}
		}
		from = end + 1
	}
	return false
}
