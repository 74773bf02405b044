package redact

import "strings"

// maxValue bounds the value of a name, and the part of an address that is looked at: a base64 of a
// service account has 4 kB.
const maxValue = 16 << 10

// maxNested is how many assignments within one value without quotes are looked at:
// token=token=token=... has no more to tell, and the time for a text of nothing else would be the
// square of its length.
const maxNested = 16

// bareEnd returns the end of the value without quotes that begins at i.
func (sc *scanner) bareEnd(i int) int {
	if i >= sc.bareFrom && i < sc.bareTo {
		sc.nested++
		return sc.bareTo
	}
	s := sc.s
	end := i
	for end < len(s) && end-i < maxValue && class[s[end]]&bareClass != 0 && s[end] != '(' && s[end] != '[' &&
		s[end] != '{' {
		end++
	}
	sc.bareFrom, sc.bareTo, sc.nested = i, end, 0
	return end
}

// closes reports whether the quote at i ends a string that holds the name, as in "password: " + p.
func (sc *scanner) closes(i int) bool {
	s := sc.s
	if s[i] == '\\' || i+1 < len(s) && strings.IndexByte(" \t,;)]}+.:\r\n", s[i+1]) < 0 {
		return false
	}
	odd := false
	for j := i - 1; j >= sc.floor && i-j < 400 && s[j] != '\n'; j-- {
		if s[j] == s[i] && (j == 0 || s[j-1] != '\\') {
			odd = !odd
		}
	}
	return odd
}

// annotated returns where the quoted value of a declaration with a type begins, 0 without one: password: str = "..."
func annotated(s string, i int) int {
	j := i
	for j < len(s) && j-i < 48 && (isWord(s[j]) || strings.IndexByte(" .[]|<>?&", s[j]) >= 0) {
		j++
	}
	if j == i || j == len(s) || s[j] != '=' {
		return 0
	}
	j++
	for j < len(s) && s[j] == ' ' {
		j++
	}
	if j < len(s) && (s[j] == '"' || s[j] == '\'' || s[j] == '`') {
		return j
	}
	return 0
}

// quoted returns the text of the quoted value at i, which may have a prefix (f"", b”), may be escaped,
// and may lack its end.
func quoted(s string, i int) (start, end int, ok bool) {
	for k := 1; k <= 2 && i+k < len(s) && (isLetter(s[i+k-1]) || s[i+k-1] == '@' || s[i+k-1] == '$'); k++ {
		if s[i+k] == '"' || s[i+k] == '\'' {
			i += k
			break
		}
	}
	escapes := 0
	for i < len(s) && s[i] == '\\' && escapes < 8 {
		escapes++
		i++
	}
	if i == len(s) || s[i] != '"' && s[i] != '\'' && s[i] != '`' {
		return 0, 0, false
	}
	quote := s[i]
	i++
	if i+1 < len(s) && s[i] == quote && s[i+1] == quote {
		i += 2 // """
	}
	backslashes := 0
	limit := min(len(s), i+maxValue)
	for j := i; j < limit; j++ {
		switch c := s[j]; {
		case c == '\\':
			backslashes++
			continue
		case c == quote && backslashes <= escapes && (escapes > 0 || backslashes == 0):
			return i, j - backslashes, true
		case c == '\n' && quote != '`':
			return i, j, true
		}
		backslashes = 0
	}
	return i, limit, true
}

// block returns where the value begins that stands on the next line: after a YAML | or >, or after a backslash. It is i
// where none does.
func block(s string, i int) int {
	j := i
	if s[j] == '\n' {
		k := j + 1
		for k < len(s) && k-j < 48 && (s[k] == ' ' || s[k] == '\t') {
			k++
		}
		if k < len(s) && (s[k] == '"' || s[k] == '\'') {
			return k
		}
		return i
	}
	for j < len(s) && j-i < 3 && strings.IndexByte("|>-+\\", s[j]) >= 0 {
		j++
	}
	if j == i || j >= len(s) {
		return i
	}
	if s[j] == '\r' && j+1 < len(s) {
		j++
	}
	if s[j] != '\n' {
		return i
	}
	j++
	for k := j; j < len(s) && j-k < 48 && (s[j] == ' ' || s[j] == '\t'); {
		j++
	}
	return j
}

// hashSchemes are what stands before the hash of a password in LDAP (RFC 2307).
var hashSchemes = []string{"{SSHA}", "{SHA}", "{MD5}", "{SMD5}", "{CRYPT}", "{SSHA256}", "{SSHA512}", "{PBKDF2}",
	"{ARGON2}", "{bcrypt}"}

// hashScheme returns the length of a scheme of a hash at the begin of s.
func hashScheme(s string) int {
	for _, scheme := range hashSchemes {
		if strings.HasPrefix(s, scheme) {
			return len(scheme)
		}
	}
	return 0
}

// mnemonic returns the end of the twelve or more words that begin at i, 0 if there are fewer.
func mnemonic(s string, i int) int {
	end, n := i, 0
	for n < 24 {
		next := end
		for next < len(s) && next-end < 12 && isLetter(s[next]) && !isUpper(s[next]) {
			next++
		}
		if next-end < 3 {
			break
		}
		n++
		if end = next; end+1 >= len(s) || s[end] != ' ' || !isLetter(s[end+1]) {
			break
		}
		end++
	}
	if n < 12 {
		return 0
	}
	return end
}

// interpolates reports whether s is made at run time: "Bearer ${token}".
func interpolates(s string) bool {
	for i := 0; i+1 < len(s); i++ {
		switch s[i] {
		case '$', '#':
			if s[i+1] == '{' || s[i] == '$' && s[i+1] == '(' {
				return true
			}
		case '{':
			if s[i+1] == '{' || s[i+1] == '}' {
				return true
			}
			if end := span(s, i+1, dottedClass); end > i+1 && end < len(s) && s[end] == '}' {
				return true
			}
		}
	}
	return false
}

// refine returns the kind of the secret s[start:end]: that of its prefix if it is a whole key, else k.
func refine(s string, start, end int, k kind) kind {
	sub := scanner{Redactor: idle, s: s[start:end], cueAt: -1}
	text := sub.s
	for i := 1; i < len(text) && i < 20; i++ {
		switch text[i] {
		case '-', '_', '.':
			if m := sub.prefixed(i); m.kind != none && m.start == 0 {
				return m.kind
			}
		}
	}
	switch {
	case strings.HasPrefix(text, "eyJ"):
		if m := sub.jsonWebToken(0); m.kind != none {
			return jwt
		}
	case strings.HasPrefix(text, "A"):
		if m := sub.prefixedA(0); m.kind != none {
			return m.kind
		}
	case strings.HasPrefix(text, "-----BEGIN ") && strings.Contains(text, "PRIVATE KEY"):
		return privateKey
	}
	return k
}

// idle lets refine use a scanner's methods without a session.
var idle = New(Rules{})
