package screen

import (
	"strings"

	"github.com/rivo/uniseg"
)

// drawn are the characters that our own screens draw with, and the ASCII that stands for them: of one cell each, so
// that columns stay.
var drawn = map[rune]byte{
	'…': '~', '│': '|', '└': '`', '├': '|', '┌': ',', '─': '-', '→': '>', '←': '<', '•': '*', '·': '.', '−': '-', '×': 'x',
	'█': '#', '▇': '#', '▆': '#', '▅': '=', '▄': '=', '▃': '-', '▂': '_', '▁': '_', '✓': 'v', '✗': 'x',
	'‘': '\'', '’': '\'', '“': '"', '”': '"', '–': '-', '—': '-',
}

// HasUTF8 reports whether a terminal's locale says that it shows UTF-8: the first of the variables of POSIX that is set
// counts, and without any it is C.
func HasUTF8(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// OnlyASCII makes the door write ASCII alone, for a terminal that shows nothing else: what screens are drawn with as
// characters that are like it, all other text as a question mark for each cell that it takes. It returns the door.
func (d *Door) OnlyASCII(only bool) *Door {
	d.ascii = only
	return d
}

// inASCII is what stands for a character, which takes as many cells.
func (d *Door) inASCII(r rune) []byte {
	joined := d.joined
	d.joined = r == '\u200d' // the next one stands in the cells of the one before
	if c, ok := drawn[r]; ok {
		return []byte{c}
	}
	isModifier := r >= 0x1f3fb && r <= 0x1f3ff // of an emoji's skin
	if joined || d.joined || isModifier {
		return []byte{}
	}
	return []byte(strings.Repeat("?", uniseg.StringWidth(string(r))))
}
