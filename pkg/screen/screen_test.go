package screen

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

func TestWidthCountsCells(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "plain": 5, "über": 4, "中文": 4, "e\u0301": 1, "👩‍👩‍👧": 2, "a中b": 4,
	} {
		if got := Width(text); got != want {
			t.Errorf("Width(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestCutAndPadFillExactlyTheirCells(t *testing.T) {
	for _, c := range []struct {
		text  string
		cells int
		cut   string
		left  string
	}{
		{"short", 10, "short", "short"},
		{"exactly ten", 11, "exactly ten", "exactly ten"},
		{"a longer text", 8, "a longe…", "…er text"},
		{"中文字符", 5, "中文…", "…字符"},
		{"中文字符", 4, "中…", "…符"},
		{"any", 1, "…", "…"},
		{"any", 0, "", ""},
	} {
		if got := Cut(c.text, c.cells); got != c.cut {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.text, c.cells, got, c.cut)
		}
		if got := CutLeft(c.text, c.cells); got != c.left {
			t.Errorf("CutLeft(%q, %d) = %q, want %q", c.text, c.cells, got, c.left)
		}
		for _, padded := range []string{Pad(c.text, c.cells), PadLeft(c.text, c.cells)} {
			if got := Width(padded); got != c.cells {
				t.Errorf("%q padded to %d cells has %d: %q", c.text, c.cells, got, padded)
			}
		}
	}
}

func TestWrapBreaksAtBlanksAndKeepsIndent(t *testing.T) {
	for _, c := range []struct {
		text  string
		cells int
		want  string
	}{
		{"one two three four", 9, "one two|three|four"},
		{"one two three four", 100, "one two three four"},
		{"a line\n\n  code that is long\nend", 12, "a line||  code that|  is long|end"},
		{"abcdefghij", 4, "abcd|efgh|ij"},
		{"中文字符", 5, "中文|字符"},
		{"exact fit", 5, "exact|fit"},
		{"x", 0, "x"},
		{"中", 1, "中"},
		{"                    deep", 10, "deep"},
		{"", 5, ""},
	} {
		if got := strings.Join(Wrap(c.text, c.cells), "|"); got != c.want {
			t.Errorf("Wrap(%q, %d) = %q, want %q", c.text, c.cells, got, c.want)
		}
	}
}

func TestTextLetsNothingMoveTheCursor(t *testing.T) {
	for text, want := range map[string]string{
		"plain\nlines":        "plain\nlines",
		"windows\r\nline":     "windows\nline",
		"over\rwritten":       `over\x0dwritten`,
		"\tindented":          "    indented",
		"\x1b[31mred\x1b[0m":  `\x1b[31mred\x1b[0m`,
		"bell\a null\x00":     `bell\x07 null\x00`,
		"c1 \u009b31m":        `c1 \x9b31m`,
		"rm \u202egpj.txt":    `rm \u202egpj.txt`,
		"tag \U000e0041":      `tag \U000e0041`,
		"not utf-8: \xff\xfe": `not utf-8: \xff\xfe`,
		"family 👩‍👩‍👧, 中文, über": "family 👩‍👩‍👧, 中文, über",
		"half\u2028line": `half\u2028line`,
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%q) = %q, want %q", text, got, want)
		}
	}
	if got, want := Line(" a\n\t b\x1b "), `a b\x1b`; got != want {
		t.Errorf("Line: got %q, want %q", got, want)
	}
}

func TestPaintOnlyWhereThereIsColour(t *testing.T) {
	if got := (Screen{}).Paint(Red, "x"); got != "x" {
		t.Errorf("without colour: got %q", got)
	}
	if got, want := (Screen{Color: true}).Paint(Red, "a\nb"), "\x1b[31ma\x1b[0m\n\x1b[31mb\x1b[0m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzLayout(f *testing.F) {
	f.Add("one two 中文 \x1b[2J\xff", 7)
	f.Add("👩‍👩‍👧👩‍👩‍👧", 3)
	f.Fuzz(func(t *testing.T, text string, cells int) {
		if cells < 2 || cells > 300 || len(text) > 1<<12 {
			return
		}
		clean := Text(text)
		if !utf8.ValidString(clean) || strings.ContainsFunc(clean, func(r rune) bool { return r != '\n' && !isHarmless(r) }) {
			t.Errorf("Text(%q) = %q", text, clean)
		}
		for _, line := range Wrap(clean, cells) {
			// One character that is wider than the column stands alone.
			if got := Width(line); got > cells && uniseg.GraphemeClusterCount(strings.TrimLeft(line, " ")) > 1 {
				t.Errorf("%d cells in a line of %d: %q of %q", got, cells, line, text)
			}
		}
		line := Line(text)
		for _, got := range []string{Pad(line, cells), PadLeft(line, cells)} {
			if Width(got) != cells {
				t.Errorf("%q has %d cells, want %d", got, Width(got), cells)
			}
		}
	})
}
