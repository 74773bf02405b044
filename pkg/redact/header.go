package redact

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// lineOrQuote returns where the value of a header ends that begins at i: at the end of the line or at a quote.
func (sc *scanner) lineOrQuote(i int) int {
	if i >= sc.lineFrom && i < sc.lineTo {
		sc.headers++
		return sc.lineTo
	}
	s := sc.s
	j := i
	for j < len(s) && j-i < maxLine && s[j] != '\n' && s[j] != '\r' && s[j] != '"' && s[j] != '\'' && s[j] != '`' &&
		s[j] != '\\' {
		j++
	}
	sc.lineFrom, sc.lineTo, sc.headers = i, j, 0
	return j
}

// header finds the secret in the value of an Authorization or Cookie header.
func (sc *scanner) header(v *right, start, end int) match {
	s := sc.s
	if v.kind == cookie {
		for start < end && s[start] == ' ' {
			start++
		}
		text := s[start:end]
		first := strings.IndexByte(text, '=')
		if first < 0 || first > 64 || interpolates(text) {
			return match{}
		}
		if foldAt(v.name, 0, "set-") {
			start += first + 1
			if semi := strings.IndexByte(s[start:end], ';'); semi >= 0 {
				end = start + semi
			}
			text = s[start:end]
		} else {
			end = start + len(strings.TrimRight(text, " "))
		}
		if end-start < 8 || sc.closes(v.from) || !featuresOf(text).looksRandom() ||
			strings.Contains(text, "#") && sc.hasMask(text) {
			return match{}
		}
		return match{start, end, cookie}
	}
	a, b, k := credentials(s, start, end)
	if k == none || v.weak && k == authorization && !isRandom(s[a:b], 12) {
		return match{}
	}
	return match{a, b, refine(s, a, b, k)}
}

// looksKey reports whether s is a key, or words and digits written together as no sentence has them.
func looksKey(s string) bool {
	f := featuresOf(s)
	return isRandom(s, 12) || f.run >= 16 && f.runDigits >= 2 && f.runDigits < f.run
}

func (f features) looksRandom() bool {
	return f.run >= 8 && f.runDigits > 0 || f.run >= 16
}

// hasMask reports whether a mask stands anywhere in s.
func (sc *scanner) hasMask(s string) bool {
	for i := strings.IndexByte(s, '['); i >= 0 && i < len(s); i++ {
		if s[i] == '[' && sc.maskEnd(s, i) > 0 {
			return true
		}
	}
	return false
}

// schemes are the words before the credentials of an Authorization header (RFC 9110), in lower case.
var schemes = []struct {
	word string
	kind kind
}{{"bearer", bearer}, {"basic", basic}, {"token", token}, {"apikey", apiKey}, {"api-key", apiKey}, {"bot", token},
	{"key", apiKey}}

// credentials returns the secret in s[start:end], the value of an Authorization header, without its scheme.
func credentials(s string, start, end int) (int, int, kind) {
	for start < end && s[start] == ' ' {
		start++
	}
	for _, scheme := range schemes {
		n := start + len(scheme.word)
		if n < end && s[n] == ' ' && foldAt(s, start, scheme.word) {
			for n < end && s[n] == ' ' {
				n++
			}
			to := n
			for to < end && class[s[to]]&bareClass != 0 {
				to++
			}
			text := s[n:to]
			if isPlaceholder(text) || isWordy(text) || interpolates(text) || text[0] == '[' || text[0] == '(' || len(text) < 4 {
				return 0, 0, none
			}
			return n, to, scheme.kind
		}
	}
	if n := span(s, start, urlClass); n < end && n-start >= 3 && n-start <= 24 && s[n] == ' ' && isLetter(s[start]) {
		// a scheme of a service's own: SSWS, GenieKey, FlyV1
		for n < end && s[n] == ' ' {
			n++
		}
		to := n
		for to < end && (class[s[to]]&bareClass != 0 || s[to] == ',') {
			to++
		}
		if text := s[n:to]; text != "" && text[0] != '[' && looksKey(text) && !isPlaceholder(text) && !interpolates(text) &&
			strings.IndexByte(strings.TrimRight(text, "="), '=') < 0 {
			return n, to, authorization
		}
	}
	to := start
	for to < end && class[s[to]]&bareClass != 0 {
		to++
	}
	text := s[start:to]
	if to < end && s[to] == ' ' || !isRandom(text, 12) || isPlaceholder(text) || interpolates(text) || text[0] == '[' ||
		foldAt(text, 0, "aws4-") {
		return 0, 0, none
	}
	return start, to, authorization
}

// scheme finds the credentials after the word Bearer or Basic at i.
func (sc *scanner) scheme(i int) match {
	s := sc.s
	start := 0
	switch {
	case strings.HasPrefix(s[i:], "Bearer "):
		start = i + len("Bearer ")
	case strings.HasPrefix(s[i:], "Basic "):
		start = i + len("Basic ")
	default:
		return match{}
	}
	end := start
	for end < len(s) && (class[s[end]]&(base64Class|dottedClass) != 0 || s[end] == '~') {
		end++
	}
	for end > start && s[end-1] == '.' {
		end--
	}
	text := s[start:end]
	if s[i+1] == 'a' { // Basic
		if !isUserPassword(text) {
			return match{}
		}
		return match{start, end, basic}
	}
	if !isRandom(text, 12) || isWordy(text) {
		return match{}
	}
	return match{start, end, refine(s, start, end, bearer)}
}

// isUserPassword reports whether s is the base64 of USER:PASSWORD.
func isUserPassword(s string) bool {
	var from, to [512]byte
	if len(s) < 8 || len(s) > len(from) {
		return false
	}
	n, err := base64.StdEncoding.Decode(to[:], from[:copy(from[:], s)])
	return err == nil && bytes.IndexByte(to[:n], ':') >= 0
}
