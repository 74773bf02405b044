package screen

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tab is how far a tab moves: less than a terminal's eight, the text stands indented already.
const tab = "    "

// Text makes a text of several lines safe to show: tabs become blanks, line ends stay, and every character that could
// move the cursor, ring, recolour or reorder what a person sees stands there as its escape, as in \x1b. That includes
// Unicode's marks of direction, which can make a command read as another one, and bytes that are no UTF-8.
func Text(s string) string {
	if isText(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\n':
			b.WriteByte('\n')
		case r == '\r' && strings.HasPrefix(s[i+1:], "\n"): // the line end of Windows
		case r == '\t':
			b.WriteString(tab)
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !isHarmless(r):
			b.WriteString(escape(r))
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

// Line is [Text] for one line: every run of white space becomes one blank.
func Line(s string) string { return Text(strings.Join(strings.Fields(s), " ")) }

// SheetCell is a text that a spreadsheet takes for text: one that it would run as a formula begins with a '.
func SheetCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func isText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != '\n' && (c < ' ' || c > '~') {
			return false
		}
	}
	return true
}

// isHarmless reports whether a character may be written to a terminal. The joiners (U+200C, U+200D) hold emoji and
// some scripts together.
func isHarmless(r rune) bool {
	switch {
	case r == '\u200c', r == '\u200d':
		return true
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
		return false
	}
	return true
}

func escape(r rune) string {
	switch {
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
