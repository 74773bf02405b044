// Package screen lays out text for a terminal: how wide it is, where it is cut or wrapped, how it is painted, and what must never reach
// a terminal as it is: [Text] and [Line] for what is laid out, [Door] for all that is written. It knows no format of anyone's and touches no
// terminal.
//
// Widths are in cells: a Chinese character or an emoji takes two, a combining mark none (Unicode 15, by github.com/rivo/uniseg).
package screen

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Style is how a text is painted: the parameters of an SGR escape sequence (ECMA-48). The eight basic colours follow
// the theme of the person's terminal, light or dark.
type Style string

const (
	Plain  Style = ""
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
	Blue   Style = "34"
	Purple Style = "35"
	Cyan   Style = "36"
	Marked Style = "1;33" // a match in a text
	Alarm  Style = "1;31"
)

// Screen is what is written to.
type Screen struct {
	Cells int  // its width
	Color bool // whether escape sequences may be written
	Ink   Ink  // that of the door which stands before it
}

// Paint returns text in a style, or as it is where there is no colour. Each line is painted on its own, so that a
// pager that cuts between two lines leaves no style open.
func (s Screen) Paint(style Style, text string) string {
	if !s.Color || style == Plain || text == "" {
		return text
	}
	on, off := s.Ink.begin()+string(style)+"m", s.Ink.begin()+"0m"
	return on + strings.ReplaceAll(text, "\n", off+"\n"+on) + off
}

// Width is the number of cells that a line of text takes. Escape sequences are not understood: measure before painting.
func Width(s string) int {
	if isPlain(s) {
		return len(s)
	}
	return uniseg.StringWidth(s)
}

// isPlain reports whether every byte of s is a printable character of one cell.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Cut returns s if it fits into so many cells, else its beginning with an ellipsis in the last one.
func Cut(s string, cells int) string {
	if Width(s) <= cells {
		return s
	}
	if cells < 1 {
		return ""
	}
	head, _ := split(s, cells-1)
	if Width(head) > cells-1 {
		head = ""
	}
	return strings.TrimRight(head, " ") + "…"
}

// CutLeft is [Cut] for what says most at its end: a path.
func CutLeft(s string, cells int) string {
	if Width(s) <= cells {
		return s
	}
	if cells < 1 {
		return ""
	}
	over := Width(s) - (cells - 1)
	for rest, state := s, -1; rest != "" && over > 0; {
		var width int
		_, rest, width, state = uniseg.FirstGraphemeClusterInString(rest, state)
		s, over = rest, over-width
	}
	return "…" + s
}

// split cuts s behind the last character that ends within so many cells, but behind the first one at least: a wide
// character in a narrow column must not stand still for ever.
func split(s string, cells int) (head, rest string) {
	if end := min(cells, len(s)); cells > 0 && isPlain(s[:min(cells+1, len(s))]) {
		return s[:end], s[end:]
	}
	rest, state, used, end := s, -1, 0, 0
	for rest != "" {
		cluster, tail, width, next := uniseg.FirstGraphemeClusterInString(rest, state)
		if used+width > cells && (end > 0 || cells < 1) {
			break
		}
		used, end, rest, state = used+width, end+len(cluster), tail, next
	}
	return s[:end], s[end:]
}

// Pad returns s cut or filled with blanks behind it to exactly so many cells.
func Pad(s string, cells int) string {
	s = Cut(s, cells)
	return s + strings.Repeat(" ", max(cells-Width(s), 0))
}

// PadLeft is [Pad] with the blanks in front: for numbers.
func PadLeft(s string, cells int) string {
	s = Cut(s, cells)
	return strings.Repeat(" ", max(cells-Width(s), 0)) + s
}

// Wrap breaks a text into lines of at most so many cells: at its own line ends, then at blanks, then inside of words
// that are longer. What a line is indented by is kept for the lines that follow from it, so that code stays readable.
func Wrap(text string, cells int) []string {
	cells = max(cells, 1)
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		out = wrapLine(out, strings.TrimRight(line, " "), cells)
	}
	return out
}

func wrapLine(out []string, line string, cells int) []string {
	rest := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(rest)]
	if len(indent) > min(cells/2, cells-2) { // a wide character needs two
		indent = ""
	}
	for {
		head, tail := split(rest, cells-len(indent))
		if tail == "" {
			return append(out, indent+head)
		}
		if at := strings.LastIndexByte(head, ' '); tail[0] != ' ' && at > 0 {
			head, tail = head[:at], rest[at:]
		}
		out = append(out, indent+strings.TrimRight(head, " "))
		rest = strings.TrimLeft(tail, " ")
	}
}
