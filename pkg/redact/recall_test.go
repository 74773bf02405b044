package redact

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// planted is a text with secrets in it, in the order in which they stand there.
type planted struct {
	kind    string
	text    string
	secrets []string
	around  []string // what stands before, between and after them
}

// plantedIn reads a table of testdata/recall, whose first lines say how it is written.
func plantedIn(tb testing.TB, name string) []planted {
	tb.Helper()
	b, err := os.ReadFile("testdata/recall/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	var all []planted
	kind := ""
	for line := range strings.Lines(string(b)) {
		line = strings.NewReplacer("␤", "\n", "⇥", "\t", "·", "").Replace(strings.TrimSuffix(line, "\n"))
		if name, ok := strings.CutPrefix(line, "## "); ok {
			kind = name
			continue
		}
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		p := planted{kind: kind}
		for rest := line; ; {
			before, after, ok := strings.Cut(rest, "«")
			p.around = append(p.around, before)
			if !ok {
				break
			}
			var secret string
			if secret, rest, ok = strings.Cut(after, "»"); !ok || secret == "" {
				tb.Fatalf("%s: %q: « without »", name, line)
			}
			p.secrets = append(p.secrets, secret)
		}
		if kind == "" || len(p.secrets) == 0 {
			tb.Fatalf("%s: %q has no kind or no secret", name, line)
		}
		p.text = strings.NewReplacer("«", "", "»", "").Replace(line)
		all = append(all, p)
	}
	return all
}

// found reports whether out, the redacted text, has masks in place of the secrets and all that stands
// around them. Where a secret has several parts, each may have its mask.
func (p planted) found(out string) bool {
	rest, ok := strings.CutPrefix(out, p.around[0])
	for i := 1; ok && i < len(p.around); i++ {
		rest, ok = cutMasks(rest, p.around[i], i == len(p.around)-1)
	}
	return ok
}

// cutMasks cuts a mask, or several, and the text after them from the begin of s.
func cutMasks(s, after string, last bool) (rest string, ok bool) {
	r := New(Rules{})
	for end := r.maskEnd(s, 0); end > 0; end = r.maskEnd(s, 0) {
		s = s[end:]
		if strings.HasPrefix(s, after) && (!last || s == after) {
			return s[len(after):], true
		}
		s = strings.TrimLeft(s, "\n ,@/")
	}
	return s, false
}

// recall counts the cases of a table that are found, and its kinds.
func recall(tb testing.TB, name string) (found, all int, kinds map[string]bool) {
	tb.Helper()
	kinds = map[string]bool{}
	for _, p := range plantedIn(tb, name) {
		all++
		kinds[p.kind] = true
		if out := New(Rules{Secrets: true}).Text(p.text); p.found(out) {
			found++
		} else {
			tb.Logf("%s: not found: %q\n got %q", p.kind, p.text, out)
		}
	}
	return found, all, kinds
}

// kept counts the rows of a table of lookalikes that stay as they are.
func kept(tb testing.TB, name string) (kept, all int) {
	tb.Helper()
	for _, row := range rows(tb, name) {
		all++
		if out := New(Rules{Secrets: true}).Text(row); out == row {
			kept++
		} else {
			tb.Logf("masked: %q\n got %q", row, out)
		}
	}
	return kept, all
}

// TestRecall holds that the figures in README and docs/privacy.md are those of the tables, and that they are good enough.
func TestRecall(t *testing.T) {
	found, all, kinds := 0, 0, map[string]bool{}
	for _, name := range []string{"before.txt", "after.txt", "third.txt", "fourth.txt"} {
		f, n, k := recall(t, name)
		found, all = found+f, all+n
		maps.Copy(kinds, k)
	}
	stay, looks := 0, 0
	for _, name := range []string{"keep.txt", "recall/keep.txt", "recall/keep-after.txt", "recall/keep-fourth.txt"} {
		s, n := kept(t, name)
		stay, looks = stay+s, looks+n
	}
	want := fmt.Sprintf("%d of %d made-up secrets of %d kinds (recall %.3f), %d of %d lookalikes masked",
		found, all, len(kinds), float64(found)/float64(all), looks-stay, looks)
	for _, page := range []string{"README.md", "docs/privacy.md"} {
		b, err := os.ReadFile(filepath.Join("../..", page))
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(strings.Fields(string(b)), " "); !strings.Contains(text, want) {
			t.Errorf("%s: no %q", page, want)
		}
	}
	if 100*found < 97*all || looks-stay > 2 {
		t.Errorf("%s: want a recall of 0.97 and at most 2 masked", want)
	}
}

// TestListings holds that a secret is found in what tools make of a file: with line numbers, in a
// diff, in a fence, in JSON.
func TestListings(t *testing.T) {
	for _, lines := range [][]string{
		{"DB_PASS=«letmein»", "PORT=1"},
		{"password: «Letters»", "user: jane"},
		{"- name: API_KEY", "  value: «kettle»"},
		{"client_secret = \"«kettle»\""},
		{"#define API_KEY \"«kettle»\""},
		{"| DB_PASSWORD | «umbrella-44» |"},
		{"ENV DB_PASSWORD «tangerine»"},
	} {
		for _, mark := range []string{"%[2]s", "     %[1]d→%[2]s", "    %[1]d\t%[2]s", "+%[2]s", "-%[2]s", " %[2]s",
			"a.yml:%[1]d:%[2]s", "> %[2]s"} {
			var in, want []string
			for i, line := range lines {
				in = append(in, fmt.Sprintf(mark, i+12, line))
				before, rest, _ := strings.Cut(in[i], "«")
				_, after, _ := strings.Cut(rest, "»")
				in[i] = strings.NewReplacer("«", "", "»", "").Replace(in[i])
				want = append(want, before+after)
			}
			out := New(Rules{Secrets: true}).Text(strings.Join(in, "\n"))
			if got := maskPattern.ReplaceAllString(out, ""); got != strings.Join(want, "\n") {
				t.Errorf("Text(%q)\n got %q", strings.Join(in, "\n"), out)
			}
		}
	}
}

var maskPattern = regexp.MustCompile(`\[secret:[a-z-]+#[0-9]+\]`)

func TestTablesTwiceChangeNothing(t *testing.T) {
	for _, name := range []string{"before.txt", "after.txt", "third.txt", "fourth.txt"} {
		for _, p := range plantedIn(t, name) {
			once := both().Text(p.text)
			if twice := both().Text(once); twice != once {
				t.Errorf("%q: Text(%q)\n got %q", p.text, once, twice)
			}
		}
	}
}
