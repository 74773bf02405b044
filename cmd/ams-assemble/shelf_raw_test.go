package main

import (
	"strings"
	"testing"
)

func TestLinesOfTwoCopiesAreUnited(t *testing.T) {
	for _, c := range []struct{ name, old, fresh, want string }{
		{"grew", "a b", "a b c", "a b c"},
		{"shrank", "a b c", "a b", "a b c"},
		{"lost its head", "a b c", "c d", "a b c d"},
		{"each its own end", "a b c", "a b d", "a b d c"},
		{"each its own", "a b", "c d", "c d a b"},
		{"one line twice", "a x b x", "a x c x", "a x c b x"},
		{"nothing", "", "a", "a"},
		{"nothing new", "a", "", "a"},
	} {
		lines := func(s string) []byte { return []byte(strings.ReplaceAll(s, " ", "\n")) } // the last line is not ended
		if got := strings.Join(strings.Fields(string(uniteLines(lines(c.old), lines(c.fresh)))), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestMentionedFindsIDsAsWholeStrings(t *testing.T) {
	ids := map[string]bool{"toolu_01": true, "toolu_0": true, "msg-2": true, "word": true, "": true}
	found := map[string]bool{}
	s := &idScanner{wanted: ids, found: found}
	for _, piece := range []string{`{"id":"too`, `lu_01","text":"a word in a text","x":"\"toolu_0\"","m":"msg-2`, `"}`} {
		if _, err := s.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	if !found["toolu_01"] || !found["msg-2"] || found["toolu_0"] || found["word"] {
		t.Errorf("got %v, want toolu_01 and msg-2", found)
	}
}
