package search

import (
	"bytes"
	"strings"
)

// scanner looks for a part of the text that JSON writes in one way only, so that bytes can be searched without being decoded.
type scanner struct {
	run  string // in lower case unless exact; "": everything may match
	rare int    // the index in run of the byte that texts have least
	fold bool   // letters match in either case
}

// newScanner takes the longest run of characters that JSON never has to escape. Where case does not matter, k and s are left out, too: letters
// outside of ASCII (the Kelvin sign, the long s) are equal to them.
func newScanner(text string, exact bool) scanner {
	usable := func(r rune) bool {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			return exact || !strings.ContainsRune("kKsS", r)
		case r >= '0' && r <= '9':
			return true
		}
		return strings.ContainsRune("-_.:,;=()[]{}@#%*+!?$~^|", r)
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

// mayHold reports whether JSON text may hold the run. An encoder may have written any character as \u00XX: where one did so with a printable
// one, everything is possible.
func (s scanner) mayHold(body []byte) bool {
	return s.run == "" || s.find(body) || hidesLetters(body)
}

// inText is the same for a text that is no JSON.
func (s scanner) inText(text string) bool {
	return s.run == "" || s.find([]byte(text))
}

func hidesLetters(body []byte) bool {
	for {
		at := bytes.Index(body, []byte(`\u00`))
		if at < 0 {
			return false
		}
		body = body[at+4:]
		if len(body) > 0 && body[0] >= '2' && body[0] <= '7' {
			return true
		}
	}
}

// find looks for the rarest byte of the run, in either case, and compares around it.
func (s scanner) find(b []byte) bool {
	c := s.run[s.rare]
	if s.findAt(b, c) {
		return true
	}
	return s.fold && c >= 'a' && c <= 'z' && s.findAt(b, c-'a'+'A')
}

func (s scanner) findAt(b []byte, c byte) bool {
	if !s.fold {
		return bytes.Contains(b, []byte(s.run))
	}
	for at := s.rare; at < len(b); at++ {
		next := bytes.IndexByte(b[at:], c)
		if next < 0 {
			return false
		}
		at += next
		start := at - s.rare
		if start+len(s.run) > len(b) {
			return false
		}
		if equalFold(b[start:start+len(s.run)], s.run) {
			return true
		}
	}
	return false
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
