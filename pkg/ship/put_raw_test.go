package ship

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
