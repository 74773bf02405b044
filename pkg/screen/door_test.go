package screen

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// through is what a door passes of writes.
func through(t *testing.T, ink Ink, writes ...string) string {
	t.Helper()
	var out bytes.Buffer
	d := NewDoor(&out, ink)
	for _, text := range writes {
		if n, err := d.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatalf("Write(%q) = %d, %v", text, n, err)
		}
	}
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestDoorLetsNothingMoveTheCursor(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"plain\n\tlines":               "plain\n\tlines",
		"over\rwritten":                `over\u000dwritten`,
		"windows\r\nline\r":            `windows` + "\n" + `line\u000d`,
		"\x1b[2Jcleared":               `\u001b[2Jcleared`,
		"\x1b[31mred\x1b[0m":           `\u001b[31mred\u001b[0m`,
		"\x1b]52;c;ZXZpbA==\a":         `\u001b]52;c;ZXZpbA==\u0007`,
		"\x1b]8;;http://x\x1b\\":       `\u001b]8;;http://x\u001b\`,
		"bell\a back\b null\x00":       `bell\u0007 back\u0008 null\u0000`,
		"delete \x7f":                  `delete \u007f`,
		"c1 \u0080\u009b31m\u009d\x9c": `c1 \u0080\u009b31m\u009d\ufffd`,
		"rm \u202egpj.txt\u2066":       `rm \u202egpj.txt\u2066`,
		"zero\u200bwidth\ufeff":        `zero\u200bwidth\ufeff`,
		"tag \U000e0041":               `tag \udb40\udc41`,
		"half\u2028line":               `half\u2028line`,
		"not utf-8: \xff\xc3":          `not utf-8: \ufffd\ufffd`,
		"family 👩‍👩‍👧, 中文, über, \ufffd": "family 👩‍👩‍👧, 中文, über, \ufffd",
		"ends in escape \x1b":            `ends in escape \u001b`,
	} {
		if got := through(t, NewInk(), text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if got := through(t, "", text); got != want {
			t.Errorf("%q without ink: got %q, want %q", text, got, want)
		}
	}
}

func TestDoorPassesOnlyWhatIsPaintedInItsInk(t *testing.T) {
	ink, other := NewInk(), NewInk()
	painted := Screen{Color: true, Ink: ink}.Paint(Marked, "a\nb")
	const want = "\x1b[1;33ma\x1b[0m\n\x1b[1;33mb\x1b[0m"
	if got := through(t, ink, painted); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for at := range painted { // cut anywhere
		if got := through(t, ink, painted[:at], painted[at:]); got != want {
			t.Errorf("cut at %d: got %q, want %q", at, got, want)
		}
	}
	for name, text := range map[string]string{
		"another door's ink":       Screen{Color: true, Ink: other}.Paint(Red, "x"),
		"no ink":                   Screen{Color: true}.Paint(Red, "x"),
		"no colour":                string(ink) + "2J",
		"a colour without end":     string(ink) + "31",
		"more than any style":      string(ink) + strings.Repeat("1;", maxStyle) + "m",
		"the beginning of the ink": string(ink[:5]),
	} {
		if got := through(t, ink, text); strings.Contains(got, "\x1b") {
			t.Errorf("%s: %q passes as %q", name, text, got)
		}
	}
}

// TestDoorKeepsJSON writes JSON that holds every kind of character, raw.
// TestDoorWritesASCIIForTerminalsThatKnowNoMore holds the width of each line, so that columns stay.
func TestDoorWritesASCIIForTerminalsThatKnowNoMore(t *testing.T) {
	ink := NewInk()
	for text, want := range map[string]string{
		"plain":                   "plain",
		"│ └ … ── 1 → 2":          "| ` ~ -- 1 > 2",
		"Größe":                   "Gr??e",
		"日本語 |":                   "?????? |",
		"e\u0301 |":               "e |",
		"👩\u200d👩\u200d👧 |":       "?? |",
		"👍🏽 |":                    "?? |",
		"\u202egpj.exe":           `\u202egpj.exe`,
		string(ink) + "31mé\x1b[": "\x1b[31m?" + `\u001b[`,
		"\xff":                    `\ufffd`,
	} {
		var out bytes.Buffer
		d := NewDoor(&out, ink).OnlyASCII(true)
		for _, c := range []byte(text) { // cut everywhere
			if _, err := d.Write([]byte{c}); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Flush(); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("%q: got %q, want %q", text, out.String(), want)
		}
		if !strings.Contains(want, `\u`) && Width(out.String()) != Width(text) {
			t.Errorf("%q takes %d cells, %q %d", text, Width(text), out.String(), Width(out.String()))
		}
	}
}

func TestHasUTF8AsksTheLocale(t *testing.T) {
	for _, c := range []struct {
		all, ctype, lang string
		want             bool
	}{
		{"", "", "", false}, {"", "", "C", false}, {"", "", "en_US.UTF-8", true}, {"C", "", "en_US.UTF-8", false}, {"", "de_DE.utf8", "C", true},
		{"", "", "de_DE@euro", false}, {"", "UTF-8", "", true},
	} {
		got := HasUTF8(func(name string) string {
			return map[string]string{"LC_ALL": c.all, "LC_CTYPE": c.ctype, "LANG": c.lang}[name]
		})
		if got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

func TestDoorKeepsJSON(t *testing.T) {
	const text = `{"a\\` + "\u009b" + `":["` + "\x7f\u202e\U000e0041é👩‍👩‍👧" + `\u001b"]}` + "\n"
	got := through(t, NewInk(), text)
	var before, after any
	if err := errors.Join(json.Unmarshal([]byte(text), &before), json.Unmarshal([]byte(got), &after)); err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	if a, b := mustJSON(t, before), mustJSON(t, after); a != b {
		t.Errorf("got %s, want %s", b, a)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestDoorCutsNoCharacter writes more than the door looks at in one piece: its pieces end within characters.
func TestDoorCutsNoCharacter(t *testing.T) {
	text := strings.Repeat("中\x9b\u009b", doorPiece)
	want := strings.Repeat(`中\ufffd\u009b`, doorPiece)
	if got := through(t, NewInk(), text); got != want {
		t.Errorf("%d bytes became %d, want %d", len(text), len(got), len(want))
	}
}

func TestDoorSaysThatTheReaderHasGone(t *testing.T) {
	gone := errors.New("gone")
	d := NewDoor(failing{gone}, NewInk())
	if _, err := d.Write([]byte("text")); !errors.Is(err, gone) {
		t.Errorf("got %v, want %v", err, gone)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// FuzzDoor cuts a text in two writes, which must change nothing, and looks at all that comes through.
func FuzzDoor(f *testing.F) {
	f.Add("a \x1b[31m\u009b \xff\xe4\xb8", 4)
	f.Fuzz(func(t *testing.T, text string, at int) {
		ink := NewInk()
		whole := through(t, ink, text)
		if !utf8.ValidString(whole) || strings.ContainsFunc(whole, func(r rune) bool { return r != '\n' && r != '\t' && !isHarmless(r) }) {
			t.Errorf("%q passes as %q", text, whole)
		}
		if at < 0 || at > len(text) {
			return
		}
		if parts := through(t, ink, text[:at], text[at:]); parts != whole {
			t.Errorf("%q cut at %d: got %q, want %q", text, at, parts, whole)
		}
	})
}

func BenchmarkDoor(b *testing.B) {
	text := []byte(strings.Repeat(`{"text":"mostly plain, über 中文 here and there"},`+"\n", 2000))
	var out bytes.Buffer
	d := NewDoor(&out, NewInk())
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		out.Reset()
		d.Write(text)
	}
}
