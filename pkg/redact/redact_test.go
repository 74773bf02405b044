package redact

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"ams/pkg/lax"
)

// rows returns the lines of a table in testdata. In them ␤ stands for a line break, and · for nothing:
// it keeps the scanners of code forges from taking a fake key for a live one.
func rows(tb testing.TB, name string) []string {
	tb.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	var rows []string
	for _, line := range strings.Split(string(b), "\n") {
		if line != "" && !strings.HasPrefix(line, "# ") {
			rows = append(rows, strings.NewReplacer("␤", "\n", "·", "").Replace(line))
		}
	}
	return rows
}

// replacements returns the two columns of testdata/replace.txt.
func replacements(tb testing.TB) (ins, outs []string) {
	tb.Helper()
	for _, row := range rows(tb, "replace.txt") {
		in, out, ok := strings.Cut(row, " ⇒ ")
		if !ok {
			tb.Fatalf("row %q has no result", row)
		}
		ins, outs = append(ins, in), append(outs, out)
	}
	return ins, outs
}

func both() *Redactor { return New(Rules{Secrets: true, Personal: true}) }

func TestReplaces(t *testing.T) {
	ins, outs := replacements(t)
	for i, in := range ins {
		if got := both().Text(in); got != outs[i] {
			t.Errorf("Text(%q)\n got %q\nwant %q", in, got, outs[i])
		}
	}
}

func TestKeeps(t *testing.T) {
	for _, row := range rows(t, "keep.txt") {
		if got := both().Text(row); got != row {
			t.Errorf("Text(%q)\n got %q", row, got)
		}
	}
}

// TestKeepsInContext holds rows that would be told from a finding by luck alone: at the begin or end
// of a line, in a list, in quotes.
func TestKeepsInContext(t *testing.T) {
	for _, row := range rows(t, "keep.txt") {
		for _, around := range [][2]string{{"\n", "\n"}, {"see ", " there"}, {"  - ", ""}, {"日本 ", " 語"}} {
			text := around[0] + row + around[1]
			if strings.HasPrefix(row, "sha256@") || strings.HasSuffix(row, ":") && around[1] != "\n" {
				continue // it becomes something else
			}
			if got := both().Text(text); got != text {
				t.Errorf("Text(%q)\n got %q", text, got)
			}
		}
	}
}

func TestRulesAreSwitchedApart(t *testing.T) {
	const in = `jane@example.com password = "hunter2"`
	for _, c := range []struct {
		rules Rules
		want  string
	}{
		{Rules{}, in},
		{Rules{Secrets: true}, `jane@example.com password = "[secret:password#1]"`},
		{Rules{Personal: true}, `[email#1] password = "hunter2"`},
	} {
		if got := New(c.rules).Text(in); got != c.want {
			t.Errorf("%+v: Text(%q)\n got %q\nwant %q", c.rules, in, got, c.want)
		}
	}
}

func TestRedactingTwiceChangesNothing(t *testing.T) {
	ins, outs := replacements(t)
	for i, out := range outs {
		if got := both().Text(out); got != out {
			t.Errorf("%q: Text(%q)\n got %q", ins[i], out, got)
		}
		for _, rules := range []Rules{{Secrets: true}, {Personal: true}} {
			r := New(rules)
			once := r.Text(ins[i])
			if twice := r.Text(once); twice != once {
				t.Errorf("%+v: %q: Text(%q)\n got %q", rules, ins[i], once, twice)
			}
		}
	}
}

func TestEqualValuesHaveEqualMasks(t *testing.T) {
	r := both()
	for _, c := range [][2]string{
		{`password = "hunter2"`, `password = "[secret:password#1]"`},
		{`password = "hunter3"`, `password = "[secret:password#2]"`},
		{`postgres://u:hunter2@db/x`, `postgres://u:[secret:password#1]@db/x`}, // the first kind stays
		{`{"x":"--password hunter3"}`, `{"x":"--password [secret:password#2]"}`},
		{`jane@example.com`, `[email#1]`},
		{`Jane@Example.com`, `[email#1]`},
		{`(415) 555-0132`, `[phone#1]`},
		{`415-555-0132`, `[phone#1]`},
		{`4111-1111-1111-1111`, `[card#1]`},
		{`4111111111111111`, `[card#1]`},
	} {
		if got := r.Text(c[0]); got != c[1] {
			t.Errorf("Text(%q)\n got %q\nwant %q", c[0], got, c[1])
		}
	}
	want := map[string]int{"secret:password": 4, "email": 2, "phone": 2, "card": 2}
	got := r.Counts()
	for label, n := range want {
		if got[label] != n {
			t.Errorf("Counts()[%s]: got %d, want %d", label, got[label], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("Counts(): got %v, want %v", got, want)
	}
}

// TestNumbersOfOldMasksAreNotGivenAgain holds that a text redacted before, whose values are gone,
// shares no mask with new values.
func TestNumbersOfOldMasksAreNotGivenAgain(t *testing.T) {
	r := both()
	got := r.Text(`[email#3] jane@example.com [secret:token#1] [email#999999999999] [other#7]`)
	want := `[email#3] [email#4] [secret:token#1] [email#999999999999] [other#7]`
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if c := r.Counts(); c["email"] != 2 || c["secret:token"] != 1 || len(c) != 2 {
		t.Errorf("Counts(): got %v, want email 2, secret:token 1", c)
	}
}

func TestTextOfAnyBytes(t *testing.T) {
	for _, c := range [][2]string{
		{"\xff\xfepassword = \"hunter2\"\xff", "\xff\xfepassword = \"[secret:password#1]\"\xff"},
		{"\x00jane@example.com\x00", "\x00[email#1]\x00"},
		{"", ""},
		{"\xe2\x80", "\xe2\x80"},
	} {
		if got := both().Text(c[0]); got != c[1] {
			t.Errorf("Text(%q)\n got %q\nwant %q", c[0], got, c[1])
		}
	}
}

// TestHugeTexts holds that no input takes time that grows with its square.
func TestHugeTexts(t *testing.T) {
	pieces := append(rows(t, "keep.txt"), "-----BEGIN PRIVATE KEY-----\n", "://", "a:b@", "--password ", "password=",
		"curl -u ", "[", "[email#1", "=\"",
		"-", "+1 ", "1 ", "415-", "4111 ", "@", "a@b.", "eyJ.", "\\", "\\n", "<password>", "login x password ",
		"Bearer ", "password: \"", "setenv(\"key\",",
		"://a:b", "\"", "Cookie: a=",
		"sudo -S<<<", "\"data\":{", "\"kind\":\"Secret\",\"data\":{\"a\":\"", "Use ",
		"use x as the API key ", "passphrase is ",
		"MT", "a.atlasv1.", "-us1", "x.login(\"a\",\"", "client.auth(\"")
	for _, piece := range pieces {
		text := strings.Repeat(piece, 1<<17/len(piece))
		if got := both().Text(text); utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q repeated: not valid UTF-8 any more", piece)
		}
	}
}

func TestNothingIsAllocatedWhereNothingIsFound(t *testing.T) {
	text := strings.Join(rows(t, "keep.txt"), "\n")
	quoted, err := lax.Line(map[string]any{"text": text, "list": []any{1, "a", nil}})
	if err != nil {
		t.Fatal(err)
	}
	r := both()
	r.JSON(quoted) // grows the buffers
	if n := testing.AllocsPerRun(10, func() { r.Text("no findings: a = b, 2026-11-22") }); n != 0 {
		t.Errorf("Text: got %v allocations, want none", n)
	}
	short := lax.Raw(`{"command":"ls -l\n","n":12,"timeout":null}`)
	if n := testing.AllocsPerRun(10, func() { r.JSON(short) }); n != 0 {
		t.Errorf("JSON: got %v allocations, want none", n)
	}
	if n := testing.AllocsPerRun(10, func() { r.JSON(quoted) }); n != 0 {
		t.Errorf("JSON of all that nearly is a finding: got %v allocations, want none", n)
	}
}

// TestLookingAgainFindsWhatTheWholeHas holds that what is not looked at again in a text with findings has none: the rows of
// the tables are joined so that a finding stands before, behind and inside what belongs to another.
func TestLookingAgainFindsWhatTheWholeHas(t *testing.T) {
	var texts []string
	for _, name := range []string{"replace.txt", "keep.txt", "recall/keep.txt"} {
		for _, row := range rows(t, name) {
			in, _, _ := strings.Cut(row, " ⇒ ")
			texts = append(texts, in)
		}
	}
	for _, p := range plantedIn(t, "after.txt") {
		texts = append(texts, p.text)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		var b strings.Builder
		for range 1 + random.IntN(5) {
			b.WriteString(texts[random.IntN(len(texts))])
			b.WriteString([]string{"\n", " ", ", ", "", "|", "\"", "=", "\n\n"}[random.IntN(8)])
		}
		r, want := both(), b.String()
		r.note(want)
		for r.scan(want) {
			want = string(r.out)
		}
		if got := both().Text(b.String()); got != want {
			t.Errorf("Text(%q)\n got %q\nwant %q", b.String(), got, want)
		}
	}
}
