package recorded

import (
	"io"

	"ams/pkg/safefile"
)

// maxID bounds the length in bytes of an id of the client: UUIDs have 36, ids of calls and messages 30.
const maxID = 128

// Mentioned tells which of the client's ids the session's records or transcript files have as
// strings of their own. It reads them all; a file that is gone or cannot be read mentions nothing.
func (w *Session) Mentioned(ids map[string]bool) map[string]bool {
	found := map[string]bool{}
	for _, r := range w.Contents.Records {
		_, _ = (&idScanner{wanted: ids, found: found}).Write(r.Raw)
	}
	for _, path := range w.files.Paths() {
		if f, err := safefile.Open(path, safefile.Rules{Owner: w.owner}); err == nil {
			_, _ = io.Copy(&idScanner{wanted: ids, found: found}, f)
			f.Close()
		}
	}
	return found
}

// idScanner finds ids among the strings of JSON text: letters, digits, "-" and "_".
type idScanner struct {
	wanted, found map[string]bool

	word []byte
	open bool // word began with a quote and is an id so far
}

// Write takes a piece of the text.
func (s *idScanner) Write(text []byte) (int, error) {
	for _, c := range text {
		switch {
		case c == '"':
			if s.open && s.wanted[string(s.word)] {
				s.found[string(s.word)] = true
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
