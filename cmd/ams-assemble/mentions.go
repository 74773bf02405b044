package main

import (
	"bufio"
	"io"
	"os"
)

// maxID bounds the length in bytes of an id of the client: UUIDs have 36, ids of calls and messages 30.
const maxID = 128

// mentions reports whether the session's records or transcript files have id as a string of their own. The first call reads them all; a file
// that is gone or cannot be read mentions nothing.
func (w *work) mentions(id string) bool {
	if w.ids == nil {
		w.ids = map[string]bool{}
		for _, r := range w.contents.Records {
			seen := idScanner{ids: w.ids}
			seen.Write(r.Raw)
		}
		for _, path := range w.files.Paths() {
			if f, err := os.Open(path); err == nil {
				_, _ = io.Copy(&idScanner{ids: w.ids}, bufio.NewReader(f))
				f.Close()
			}
		}
	}
	return w.ids[id]
}

// idScanner collects the strings of JSON text that may be ids: letters, digits, "-" and "_".
type idScanner struct {
	ids  map[string]bool
	word []byte
	open bool // word began with a quote and is an id so far
}

// Write takes a piece of the text.
func (s *idScanner) Write(text []byte) (int, error) {
	for _, c := range text {
		switch {
		case c == '"':
			if s.open && len(s.word) > 0 {
				s.ids[string(s.word)] = true
			}
			s.word, s.open = s.word[:0], true
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
			if s.open = s.open && len(s.word) < maxID; s.open {
				s.word = append(s.word, c)
			}
		default:
			s.open = false
		}
	}
	return len(text), nil
}
