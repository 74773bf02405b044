package signal

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// mostWords bounds what a text quotes of a call, in characters.
const mostWords = 80

// named is a call as a text names it: the tool and what it was called with.
func named(t *schema.Tool) string {
	main := ""
	for _, v := range lax.Pick(input(t), "command", "file_path", "notebook_path", "pattern", "path", "query", "url", "skill", "description", "prompt") {
		main = cmp.Or(main, lax.String(v))
	}
	if main = firstLine(main); main == "" {
		return t.Name
	}
	return t.Name + " " + main
}

// firstLine is the first line of a text, cut to what a text quotes.
func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	n := 0
	for i := range s {
		if n++; n > mostWords {
			return s[:i] + "…"
		}
	}
	return s
}

// input is what a call ran with.
func input(t *schema.Tool) schema.Raw {
	if len(t.ExecutedInput) > 0 {
		return t.ExecutedInput
	}
	return t.Input
}

// times says how often: once, twice, 3 times.
func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return strconv.Itoa(n) + " times"
}

// number is n with its thousands apart.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// spent is a length of time in words.
func spent(ms int64) string {
	d := (time.Duration(ms) * time.Millisecond).Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0:
		return fmt.Sprintf("%d h %d min", h, m)
	case m > 0 && s > 0:
		return fmt.Sprintf("%d min %d s", m, s)
	case m > 0:
		return fmt.Sprintf("%d min", m)
	}
	return fmt.Sprintf("%d s", s)
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return number(int64(n)) + " " + thing + "s"
}
