package screen

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// doorPiece is how much of one write a [Door] looks at before it passes it on: a Session of 100 MB is not held twice.
	doorPiece = 32 << 10

	// maxStyle is far above the longest [Style].
	maxStyle = 16
)

// Ink is what the escape sequences of [Screen.Paint] begin with. That of a [Door] is random, so that no
// recorded text, however it came to be written, holds a sequence that the door takes for ours. The empty Ink is
// the plain \x1b[ of what passes no door.
type Ink string

// NewInk returns an Ink that nobody can guess.
func NewInk() Ink { return Ink("\x1b" + rand.Text() + "[") }

func (i Ink) begin() string {
	if i == "" {
		return "\x1b["
	}
	return string(i)
}

// Door is the only way to a terminal. It passes printable text, line ends, tabs and what was painted in its own
// Ink. Every other character that [Text] would not show becomes its escape, and the line end of Windows, which
// CSV has, becomes the terminal's. Escapes are those of JSON (\u001b), so that JSON stays valid and means the
// same; bytes that are no UTF-8 become \ufffd, as JSON readers take them.
//
// Commands clean the text that they lay out by [Text] and [Line]. The Door is for what they forget, and for CSV
// and JSON, which must not be cleaned on their way to a file. It may be written to by several goroutines at
// once.
type Door struct {
	ink   Ink
	ascii bool

	mu     sync.Mutex // guards what follows
	w      io.Writer
	joined bool   // the last character was one that joins the next one to it
	rest   []byte // the beginning of a character, a line end or a sequence in ink, whose end the next write may bring
}

// NewDoor returns a Door to w. The text that is painted for it must be painted in the same ink.
func NewDoor(w io.Writer, ink Ink) *Door { return &Door{w: w, ink: ink} }

// Ink is the ink of what may pass.
func (d *Door) Ink() Ink { return d.ink }

// Write passes text on. Its errors are those of the writer behind the door.
func (d *Door) Write(text []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for done := 0; done < len(text); {
		piece := text[done:min(done+doorPiece, len(text))]
		done += len(piece)
		if len(d.rest) > 0 {
			piece = append(d.rest, piece...)
		}
		clean, rest := d.clean(piece)
		d.rest = bytes.Clone(rest)
		if _, err := d.w.Write(clean); err != nil {
			return 0, err
		}
	}
	return len(text), nil
}

// Flush passes on what waits for its end, which will not come.
func (d *Door) Flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []byte
	for rest := d.rest; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		out, rest = appendSafe(out, r), rest[size:]
	}
	d.rest = nil
	if len(out) == 0 {
		return nil
	}
	_, err := d.w.Write(out)
	return err
}

// clean returns text with escapes, and what of its end cannot be judged yet. A text without anything to escape
// is returned as it is.
func (d *Door) clean(text []byte) (clean, rest []byte) {
	var out []byte
	kept := 0 // what stands in out
	for i := 0; i < len(text); {
		if c := text[i]; c >= ' ' && c <= '~' || c == '\n' || c == '\t' {
			i++
			continue
		}
		size, piece, whole := d.next(text[i:])
		if !whole {
			return passed(out, text[kept:i]), text[i:]
		}
		if piece != nil {
			out, kept = append(append(out, text[kept:i]...), piece...), i+size
		}
		i += size
	}
	return passed(out, text[kept:]), nil
}

// passed appends text, or returns it where it is all.
func passed(out, text []byte) []byte {
	if out == nil {
		return text
	}
	return append(out, text...)
}

// next looks at what text begins with: how long it is, what is written in its place (nil for itself), and
// whether all of it is there.
func (d *Door) next(text []byte) (size int, piece []byte, whole bool) {
	if text[0] == 0x1b && d.ink != "" {
		if size, whole = d.sequence(text); !whole {
			return 0, nil, false
		}
		if size > 0 {
			return size, append([]byte("\x1b["), text[len(d.ink):size]...), true
		}
	}
	if text[0] == '\r' && len(text) > 1 && text[1] == '\n' {
		return len("\r\n"), []byte("\n"), true
	}
	if !utf8.FullRune(text) || text[0] == '\r' && len(text) == 1 {
		return 0, nil, false
	}
	r, size := utf8.DecodeRune(text)
	if isHarmless(r) && (r != utf8.RuneError || size > 1) {
		if d.ascii && r > '~' {
			return size, d.inASCII(r), true
		}
		return size, nil, true
	}
	return size, appendSafe(nil, r), true
}

// sequence returns the length of the sequence in the door's ink that text begins with, 0 for none, and whether
// that can be told.
func (d *Door) sequence(text []byte) (size int, whole bool) {
	if n := min(len(text), len(d.ink)); string(text[:n]) != string(d.ink[:n]) {
		return 0, true
	}
	for i := len(d.ink); i < len(text); i++ {
		switch c := text[i]; {
		case c == 'm':
			return i + 1, true
		case i >= len(d.ink)+maxStyle, c != ';' && (c < '0' || c > '9'):
			return 0, true
		}
	}
	return 0, false
}

// appendSafe appends a character, as its escape if it must not be written.
func appendSafe(out []byte, r rune) []byte {
	switch {
	case r == '\n', r == '\t', r != utf8.RuneError && isHarmless(r):
		return utf8.AppendRune(out, r)
	case r > 0xffff:
		high, low := utf16.EncodeRune(r)
		return fmt.Appendf(out, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(out, `\u%04x`, r)
}
