package redact

import "strings"

// use finds the secret in "Use X as the API key", which begins at i.
func (sc *scanner) use(i int) match {
	s := sc.s
	from := i + len("Use ")
	if !strings.HasPrefix(s[i:], "Use ") || from == len(s) {
		return match{}
	}
	end := lineWord(s[:min(len(s), from+maxJudged)], from)
	rest := s[end:min(len(s), end+maxName)]
	for _, as := range []string{" as the ", " as your ", " as my ", " as "} {
		if name, ok := strings.CutPrefix(rest, as); ok {
			name = name[:nameEnd(name)+keyAfter(name)]
			k, _ := nameKind(strings.TrimRight(name, "."))
			return sc.saidToBe(from, end, k)
		}
	}
	return match{}
}

// keyAfter is what "API key" is longer than its first word.
func keyAfter(name string) int {
	if foldAt(name, 0, "api key") {
		return len(" key")
	}
	return 0
}

// usedAs finds the secret in "use X as the API key", whose "PI" is at i.
func (sc *scanner) usedAs(i int) match {
	s := sc.s
	if !strings.HasPrefix(s[i:], "PI key") {
		return match{}
	}
	before := s[max(sc.floor, i-maxJudged):max(sc.floor, i-1)]
	for _, as := range []string{" as the ", " as your ", " as my "} {
		if text, ok := strings.CutSuffix(before, as); ok {
			end := i - 1 - len(as)
			word := strings.LastIndexAny(text, " \n") + 1
			if !strings.HasSuffix(text[:word], "use ") && !strings.HasSuffix(text[:word], "Use ") {
				return match{}
			}
			return sc.saidToBe(end-len(text)+word, end, apiKey)
		}
	}
	return match{}
}

// saidToBe judges the word s[start:end], which a sentence says to be a secret of kind k.
func (sc *scanner) saidToBe(start, end int, k kind) match {
	s := sc.s
	for start < end && strings.IndexByte("\"'`", s[start]) >= 0 && s[end-1] == s[start] {
		start, end = start+1, end-1
	}
	text := s[start:end]
	if k == none || start >= end || isPlaceholder(text) || isWordy(text) || isCode(text) || interpolates(text) ||
		strings.ContainsAny(text, "[(/=") {
		return match{}
	}
	f := featuresOf(text)
	if k == password && (len(text) < 6 || f.digits == 0 || f.lowers+f.uppers < 3) || k != password && !looksKey(text) {
		return match{}
	}
	return match{start, end, refine(s, start, end, k)}
}

// hereString finds the secret in sudo -S ls <<< SECRET, whose first '<' is at i.
func (sc *scanner) hereString(i int) match {
	s := sc.s
	from := i + len("<<<")
	if !strings.HasPrefix(s[i:], "<<<") || from >= len(s) || s[from] == '<' {
		return match{}
	}
	begin := max(sc.floor, i-maxJudged)
	line := s[begin+strings.LastIndexByte(s[begin:i], '\n')+1 : i]
	if !readsSecret(line) && !strings.Contains(line, "--data-file=-") && !strings.Contains(line, "-pass stdin") &&
		!strings.Contains(line, "-passin stdin") && !strings.Contains(line, "-passout stdin") {
		return match{}
	}
	from = afterSpaces(s, from)
	start, end, quote := quoted(s, from)
	if !quote {
		start, end = from, lineWord(s[:min(len(s), from+maxValue)], from)
	}
	if strings.Contains(line, "chpasswd") {
		start += strings.IndexByte(s[start:end], ':') + 1
	}
	return sc.given(start, end)
}

// afterSpaces returns where the spaces at i end.
func afterSpaces(s string, i int) int {
	for i < len(s) && s[i] == ' ' {
		i++
	}
	return i
}

// receivers have a method auth that takes a password alone.
var receivers = []string{"client", "redis", "jedis", "conn", "connection", "cache", "rdb", "ftp", "smtp", "server"}

// providers are what else such a method may be given.
var providers = lastLetters("google", "github", "gitlab", "facebook", "apple", "microsoft", "twitter", "anonymous",
	"oauth", "jwt", "local",
	"ldap", "saml", "admin", "login", "email", "plain")

// loggedIn finds the password in client.auth("x") and ftp.login("jane", "x"), whose parenthesis is at i.
func (sc *scanner) loggedIn(name string, start, i int) match {
	s := sc.s
	if byteBefore(s, sc.floor, start) != '.' || i+1 >= len(s) {
		return match{}
	}
	from := i + 1
	if name == "login" {
		end := min(len(s), i+maxName)
		comma := strings.IndexAny(s[from:end], ",()\n")
		if comma < 0 || s[from+comma] != ',' {
			return match{}
		}
		from = afterSpaces(s, from+comma+1)
	} else if !sc.received(start - 1) {
		return match{}
	}
	if from >= len(s) || s[from] != '"' && s[from] != '\'' {
		return match{}
	}
	a, b, ok := quoted(s, from)
	if !ok || b+1 >= len(s) || s[b+1] != ')' {
		return match{}
	}
	text := s[a:b]
	if isProse(text) || isWordy(text) || strings.HasPrefix(text, "/") || endsIn([]byte(text), providers) {
		return match{}
	}
	return sc.given(a, b)
}

// received reports whether what a method belongs to, which ends at end, is one of receivers.
func (sc *scanner) received(end int) bool {
	for _, word := range receivers {
		if end-len(word) >= sc.floor && foldAt(sc.s, end-len(word), word) {
			return true
		}
	}
	return false
}

// given is the password s[start:end], which a command or a call is given, unless it stands for one.
func (sc *scanner) given(start, end int) match {
	s := sc.s
	text := s[start:end]
	if isPlaceholder(text) || interpolates(text) || sc.maskEnd(s, start) > 0 || text[0] == '$' ||
		strings.ContainsAny(text, "|><") {
		return match{}
	}
	return match{start, end, refine(s, start, end, password)}
}

// maxExplained bounds the words between "password" and "is".
const maxExplained = 80

// explains reports whether what a password is for stands behind the name, and moves v.from on to the "is" or the
// colon: the password for the root account is X.
func (sc *scanner) explains(v *right) bool {
	rest := sc.s[v.from:min(len(sc.s), v.from+maxExplained)]
	if !strings.HasPrefix(rest, "for ") && !strings.HasPrefix(rest, "of ") && !strings.HasPrefix(rest, "is generated for ") {
		return false
	}
	for i := 1; i+4 < len(rest) && strings.IndexByte("\n.|;=\"", rest[i]) < 0; i++ {
		if v.sure = rest[i] == ':' && rest[i+1] == ' '; v.sure || strings.HasPrefix(rest[i-1:], " is ") {
			v.from += i
			return true
		}
	}
	return false
}

// sent finds the password that a script sends once it is asked for one: expect "Password:" { send "x\r" }.
func (sc *scanner) sent(i int) match {
	s := sc.s
	rest := s[i:min(len(s), i+maxName)]
	at := strings.Index(rest, "send ")
	if at < 0 || strings.Count(rest[:at], "\n") > 1 {
		return match{}
	}
	from := i + at + len("send ")
	if strings.HasPrefix(s[from:], "-- ") {
		from += len("-- ")
	}
	if from >= len(s) || s[from] != '"' {
		return match{}
	}
	start, end := from+1, from+1
	for end < len(s) && end-start < maxValue && s[end] != '"' && s[end] != '\\' && s[end] != '\n' {
		end++
	}
	if start == end || isWordy(s[start:end]) {
		return match{}
	}
	return sc.given(start, end)
}

// unsealKey finds the key in "Unseal Key 1: X", as vault prints it.
func (sc *scanner) unsealKey(i int) match {
	from := afterSpaces(sc.s, i+1)
	end := span(sc.s, from, base64Class)
	if !isRandom(sc.s[from:end], 20) {
		return match{}
	}
	return match{from, end, secret}
}
