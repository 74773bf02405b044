package redact

import (
	"encoding/base64"
	"strings"
)

// minBlob is the least base64 that could hold a secret with its name, maxBlob the most that is
// decoded: a service account's key has 3.2 kB.
const (
	minBlob = 36
	maxBlob = 64 << 10
)

// blobStarts are how the base64 of texts begins that hold secrets: JSON, with and without line breaks, and PEM.
var blobStarts = []string{"eyJ", "ewog", "ewoJ", "ewoi", "ew0K", "eyAi", "LS0tLS1CRUdJTi"}

// blob finds a base64 text at i that holds a secret once it is decoded: a service account, .dockerconfigjson, a PEM.
func (sc *scanner) blob(i int) match {
	s := sc.s
	if sc.wordBefore(i) || i < sc.blobSeen {
		return match{}
	}
	starts := false
	for _, start := range blobStarts {
		starts = starts || strings.HasPrefix(s[i:], start)
	}
	if !starts {
		return match{}
	}
	end := i
	for end < len(s) && end-i < maxBlob && class[s[end]]&base64Class != 0 {
		end++
	}
	sc.blobSeen = end
	if end-i < minBlob || end < len(s) && s[end] == '.' {
		return match{} // a token of other parts
	}
	text := sc.decode(s[i:end])
	switch {
	case strings.HasPrefix(text, "-----BEGIN "):
		label, _, _ := strings.Cut(text[len("-----BEGIN "):], "\n")
		if strings.Contains(label, "PRIVATE KEY") {
			return match{i, sc.blobEnd(end), privateKey}
		}
	case strings.HasPrefix(text, `{"k":"`) && strings.Contains(text, `"n":`):
		return match{i, end, grafana}
	case strings.HasPrefix(text, "{"):
		if sc.holds(text) {
			return match{i, end, refineBlob(text)}
		}
	}
	return match{}
}

// blobEnd returns the end of base64 that goes on over lines, the first of which ends at end.
func (sc *scanner) blobEnd(end int) int {
	if n := keyLines(sc.s[end:min(len(sc.s), end+maxKeyText)]); n > 0 {
		return end + n
	}
	return end
}

// decode returns as much of the base64 s as can be decoded. The text is good until the next call.
func (r *Redactor) decode(s string) string {
	s = strings.TrimRight(s, "=")
	r.blobText = append(r.blobText[:0], s[:len(s)-len(s)%4]...)
	for i, c := range r.blobText {
		switch c {
		case '-':
			r.blobText[i] = '+'
		case '_':
			r.blobText[i] = '/'
		}
	}
	n, _ := base64.RawStdEncoding.Decode(r.blobText, r.blobText)
	return view(r.blobText[:n])
}

// holds reports whether text, the JSON of a blob, holds a secret.
func (r *Redactor) holds(text string) bool {
	if r.inner == nil {
		r.inner = New(Rules{Secrets: true})
	}
	found := r.inner.scan(text)
	if found {
		r.inner = nil // it must not keep what it found
	}
	return found
}

// refineBlob is the kind of a blob: that of what it is for.
func refineBlob(text string) kind {
	if strings.Contains(text, "PRIVATE KEY") {
		return privateKey
	}
	return credential
}

// derKey finds a private key in base64 without the line that says so. In DER it begins with the number
// of its version, where certificates and public keys begin otherwise (RFC 8017, 5208, 5915).
func (sc *scanner) derKey(i int) match {
	s := sc.s
	if sc.wordBefore(i) || len(s)-i < 32 || i > sc.floor &&
		(s[i-1] == '+' || s[i-1] == '/' && i-1 > sc.floor && isWord(s[i-2])) {
		return match{}
	}
	var b [24]byte
	if _, err := base64.StdEncoding.Decode(b[:], []byte(s[i:i+32])); err != nil {
		return match{}
	}
	p := 2 // past the tag and the length of the sequence
	switch {
	case b[0] != 0x30:
		return match{}
	case b[1] == 0x82:
		p = 4
	case b[1] == 0x81:
		p = 3
	case b[1] > 0x80:
		return match{}
	}
	version := b[p] == 2 && b[p+1] == 1 && b[p+2] <= 3
	follows := b[p+3] == 0x02 || b[p+3] == 0x30 || b[p+3] == 0x04
	if !version || !follows {
		return match{}
	}
	end := span(s, i, base64Class)
	return match{i, sc.blobEnd(end), privateKey}
}

// openSSHKey is how the base64 of an OpenSSH private key begins.
const openSSHKey = "b3BlbnNzaC1rZXktdjE"

// key finds a key in letters and digits alone that begins at i.
func (sc *scanner) key(i int) match {
	s := sc.s
	if i < sc.floor || i+4 > len(s) {
		return match{}
	}
	switch {
	case s[i] == 'w' && strings.HasPrefix(s[i:], "wpa_passphrase "):
		return sc.wordAfter(i+len("wpa_passphrase"), 2, password)
	case s[i] == '_' && strings.HasPrefix(s[i:], "_user "):
		m, _ := sc.positional("_user", i+len("_user"))
		return m
	case s[i] == 'q' && strings.HasPrefix(s[i:], "qlplus "):
		return sc.wordAfter(i+len("qlplus"), 1, urlPassword)
	case s[i] == 'e' && s[i+1] == 'p':
		if strings.HasPrefix(s[i:], "epass ") && foldAt(s, i-len("requir"), "requir") {
			return sc.wordAfter(i+len("epass"), 1, password)
		}
		return match{}
	case s[i] == '<':
		return sc.hereString(i)
	case s[i] == 's':
		if strings.HasPrefix(s[i:], "sphrase is ") && foldAt(s, i-len("pas"), "pas") {
			return sc.spaced(i + len("sphrase"))
		}
		return match{}
	case s[i] == 'P':
		return sc.usedAs(i)
	case s[i] == '-':
		return sc.mailchimp(i)
	case s[i] == '.':
		return sc.terraform(i)
	case sc.wordBefore(i):
		return match{}
	case s[i] == 'U':
		return sc.use(i)
	case s[i] == 'p':
		return sc.airtable(i)
	case s[i] == 'M' && (s[i+1] == 'I' || s[i+1] == 'H' || s[i+1] == 'C' || s[i+1] == 'G'):
		return sc.derKey(i)
	case s[i] == 'M', s[i] == 'N', s[i] == 'O':
		return sc.discordBot(i)
	case s[i] == 'L' && s[i+1] == 'S', s[i] == 'e':
		return sc.blob(i)
	case strings.HasPrefix(s[i:], openSSHKey):
		return match{i, sc.blobEnd(span(s, i, base64Class)), privateKey}
	}
	return sc.run(i)
}

// hashStarts are how hashes of passwords begin, by crypt(5) and the PHC's form.
var hashStarts = []string{"$1$", "$5$", "$6$", "$7$", "$8$", "$9$", "$2a$", "$2b$", "$2y$", "$2x$",
	"$y$", "$gy$", "$apr1$", "$argon2", "$scrypt$", "$pbkdf2", "$sha1$", "$P$", "$H$"}

// hash finds the hash of a password at i, which begins with a dollar sign.
func (sc *scanner) hash(i int) match {
	s := sc.s
	if i < sc.hashSeen {
		return match{}
	}
	starts := false
	for _, start := range hashStarts {
		starts = starts || strings.HasPrefix(s[i:], start)
	}
	if !starts {
		return match{}
	}
	end := i
	for end < len(s) && end-i < maxJudged && (class[s[end]]&(base64Class|dottedClass) != 0 || s[end] == '$' ||
		s[end] == ',') {
		end++
	}
	text := s[i:end]
	if f := featuresOf(text); strings.Count(text, "$") < 3 && s[i+1] != 'P' && s[i+1] != 'H' || len(text) < 24 ||
		f.filler || f.run < 10 {
		sc.hashSeen = end
		return match{}
	}
	return match{i, end, password}
}

// webKey finds a private member of a JSON web key (RFC 7518): "d":"...", whose ':' is at i.
func (sc *scanner) webKey(i int) match {
	s := sc.s
	if strings.IndexByte("dk", s[i-2]) < 0 || len(s) <= i+1 {
		return match{}
	}
	from := i + 1
	for from < len(s) && s[from] == ' ' {
		from++
	}
	start, end, ok := quoted(s, min(from, len(s)-1))
	if !ok || !looksKey(s[start:end]) || end-start < 16 || span(s, start, urlClass) != end {
		return match{}
	}
	if !strings.Contains(s[max(sc.floor, i-4*maxJudged):i], `"kty"`) &&
		!strings.Contains(s[end:min(len(s), end+4*maxJudged)], `"kty"`) {
		return match{}
	}
	return match{start, end, privateKey}
}

// maxDocument bounds how far from its data the line may stand that says that a YAML document is a secret.
const maxDocument = 4096

// kubernetes notes the values of data: and stringData: in a document of kind Secret, whose ':' is at i.
func (sc *scanner) kubernetes(i int) {
	s := sc.s
	begin := i
	for begin > sc.floor && isLetter(s[begin-1]) {
		begin--
	}
	word := s[begin:i]
	if word != "data" && word != "stringData" || !endsLine(s, i+1) || i < sc.documentSeen {
		return
	}
	from := max(sc.floor, i-maxDocument)
	if at := strings.LastIndex(s[from:i], "\n---"); at >= 0 {
		from += at
	}
	to := min(len(s), i+maxDocument)
	if at := strings.Index(s[i:to], "\n---"); at >= 0 {
		to = i + at
	}
	sc.documentSeen = to
	if !strings.Contains(s[from:i], "kind: Secret\n") && !strings.Contains(s[i:to]+"\n", "kind: Secret\n") {
		return
	}
	indent := begin - lineBegin(s, sc.floor, begin)
	for at := lineStop(s, i) + 1; at < to; {
		end := lineStop(s, at)
		if !sc.datum(at, end, indent) {
			break
		}
		at = end + 1
	}
}

// lineBegin returns where the line of i begins.
func lineBegin(s string, floor, i int) int {
	for i > floor && s[i-1] != '\n' {
		i--
	}
	return i
}

// datum notes the value on a line of a secret's data. It reports false if the line, less indented, is no more of it.
func (sc *scanner) datum(from, to, indent int) bool {
	s := sc.s
	line := s[from:to]
	name, value, ok := strings.Cut(line, ":")
	if len(line)-len(strings.TrimLeft(line, " 0123456789→\t+-")) <= indent && strings.TrimSpace(line) != "" {
		return false
	}
	if !ok {
		return true
	}
	start := from + len(name) + 1 + len(value) - len(strings.TrimLeft(value, " \"'"))
	end := from + len(strings.TrimRight(line, " \r\"'"))
	if start >= end {
		return true
	}
	text := s[start:end]
	if isPlaceholder(text) || interpolates(text) || sc.maskEnd(s, start) > 0 || text[0] == '|' || text[0] == '>' ||
		text[0] == '!' {
		return true
	}
	sc.later = append(sc.later, match{start, end, refine(s, start, end, secret)})
	return true
}

// isSecretObject reports whether text, which is JSON, has "kind": "Secret".
func isSecretObject(text string) bool {
	for {
		before, rest, ok := strings.Cut(text, `"Secret"`)
		if !ok {
			return false
		}
		if strings.HasSuffix(strings.TrimSuffix(before, " "), `"kind":`) {
			return true
		}
		text = rest
	}
}

// kubernetesJSON notes the values of "data":{...} and "stringData":{...} in the JSON of a secret, with the ':' at i.
func (sc *scanner) kubernetesJSON(i int) {
	s := sc.s
	from := afterSpaces(s, i+1)
	if i < sc.documentSeen || from == len(s) || s[from] != '{' {
		return
	}
	to := min(len(s), i+maxDocument)
	around := s[max(sc.floor, i-maxDocument):to]
	sc.documentSeen = to
	if !isSecretObject(around) {
		return
	}
	end := strings.IndexByte(s[from:to], '}')
	if end < 0 {
		return
	}
	end += from
	sc.documentSeen = end
	for at := from + 1; at < end; {
		_, name, ok := quoted(s, nextQuote(s, at, end))
		if !ok || name >= end {
			return
		}
		start, stop, ok := quoted(s, nextQuote(s, name+1, end))
		if !ok || stop > end {
			return
		}
		if text := s[start:stop]; !isPlaceholder(text) && !interpolates(text) && sc.maskEnd(s, start) == 0 {
			sc.later = append(sc.later, match{start, stop, refine(s, start, stop, secret)})
		}
		at = stop + 1
	}
}

// nextQuote returns where the next quote stands in s[i:end], end without one.
func nextQuote(s string, i, end int) int {
	if at := strings.IndexByte(s[i:end], '"'); at >= 0 {
		return i + at
	}
	return end
}
