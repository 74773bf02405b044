package search

import (
	"bytes"
	"slices"
	"strings"
)

// scanner looks for a part of the text that JSON writes in one way only, so that bytes can be searched without being
// decoded.
type scanner struct {
	run  string // in lower case unless exact
	rare int    // the index in run of the byte that texts have least
	fold bool   // letters match in either case
}

// newScanner takes the longest run of characters that JSON never has to escape.
func newScanner(text string, exact bool) scanner {
	usable := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:,;=()[]{}@#%*+!?$~^|", r)
	}
	s := scanner{fold: !exact}
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return !usable(r) }) {
		if len(run) > len(s.run) {
			s.run = run
		}
	}
	if s.fold {
		s.run = strings.ToLower(s.run)
	}
	for i := range len(s.run) {
		if weight(s.run[i]) < weight(s.run[s.rare]) {
			s.rare = i
		}
	}
	return s
}

// common are letters and marks in the order in which JSON of sessions has them, most first.
const common = "etaoinrsldcmup:,0f_g.h1-b2y{}w3k4v56789x[]jqz=()"

// weight is how often a byte is met.
func weight(c byte) int {
	if at := strings.IndexByte(common, c|0x20); at >= 0 && (c|0x20 >= 'a' && c|0x20 <= 'z') {
		return len(common) - at
	}
	if at := strings.IndexByte(common, c); at >= 0 {
		return len(common) - at
	}
	return 0
}

// literally are runs of which a match has one. Without any, a match may be anywhere.
type literally []scanner

// mayHold reports whether JSON text may hold a match.
func (l literally) mayHold(body []byte) bool {
	return len(l) == 0 || l.index(body) >= 0 || l.hidden(body)
}

// anywhere reports whether JSON text may hold matches at places that [literally.index] does not tell.
func (l literally) anywhere(body []byte) bool {
	return len(l) == 0 || l.hidden(body)
}

// index returns the place of the first run in JSON text, -1 where none is.
func (l literally) index(body []byte) int {
	first := -1
	for _, s := range l {
		if at := s.index(body); at >= 0 && (first < 0 || at < first) {
			first, body = at, body[:min(at+longest(l), len(body))]
		}
	}
	return first
}

// longest is the length of the longest of some runs.
func longest(l literally) int {
	n := 0
	for _, s := range l {
		n = max(n, len(s.run))
	}
	return n
}

// hidden reports whether JSON text may hold a run in another form: an encoder may have written any character as
// \u00XX, and the Kelvin sign and the long s are the letters k and s to who does not look at case.
func (l literally) hidden(body []byte) bool {
	odd := slices.ContainsFunc(l, func(s scanner) bool { return s.fold && strings.ContainsAny(s.run, "ks") })
	if odd && (bytes.Contains(body, []byte("\u017f")) || bytes.Contains(body, []byte("\u212a"))) {
		return true
	}
	for {
		at := bytes.Index(body, []byte(`\u`))
		if at < 0 {
			return false
		}
		body = body[at+2:]
		if len(body) < 4 {
			return false
		}
		code := body[:4]
		printable := code[0] == '0' && code[1] == '0' && code[2] >= '2' && code[2] <= '7'
		if printable || odd && (bytes.EqualFold(code, []byte("017f")) || bytes.EqualFold(code, []byte("212a"))) {
			return true
		}
	}
}

// window is how many bytes are searched for one form of a letter before the other: a text may have none of one form
// and many of the other.
const window = 4 << 10

// index looks for the rarest byte of the run, in either case, and compares around it.
func (s scanner) index(b []byte) int {
	c := s.run[s.rare]
	switch {
	case !s.fold:
		return bytes.Index(b, []byte(s.run))
	case c < 'a' || c > 'z':
		return s.indexOf(b, c)
	}
	for from := 0; from < len(b); from += window {
		part := b[from:min(from+window+len(s.run)-1, len(b))]
		at := s.indexOf(part, c)
		if at >= 0 {
			part = part[:at+len(s.run)]
		}
		if upper := s.indexOf(part, c-'a'+'A'); upper >= 0 && (at < 0 || upper < at) {
			at = upper
		}
		if at >= 0 {
			return from + at
		}
	}
	return -1
}

// indexOf looks for the run with its rarest byte in one case.
func (s scanner) indexOf(b []byte, c byte) int {
	for at := s.rare; at < len(b); at++ {
		next := bytes.IndexByte(b[at:], c)
		if next < 0 {
			return -1
		}
		at += next
		start := at - s.rare
		if start+len(s.run) > len(b) {
			return -1
		}
		if equalFold(b[start:start+len(s.run)], s.run) {
			return start
		}
	}
	return -1
}

// equalFold compares ASCII without regard to case; lower is in lower case.
func equalFold(b []byte, lower string) bool {
	for i := range len(lower) {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
