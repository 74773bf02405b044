package redact

import (
	"fmt"
	"os"
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

// found reports whether out, the redacted text, has masks in place of the secrets and all that stands around them. Where a
// secret has several parts, each may have its mask.
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

func TestRecall(t *testing.T) {
	found, all, kinds := recall(t, "before.txt")
	stay, looks := kept(t, "recall/keep.txt")
	fmt.Printf("found %d of %d secrets of %d kinds; masked %d of %d lookalikes\n", found, all, len(kinds), looks-stay, looks)
}
