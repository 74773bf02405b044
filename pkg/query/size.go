package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseAge reads a duration that may be in days: 30d, 12h, 0.
func ParseAge(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if s == "0" {
		return 0, nil
	}
	d, err := ParseSpan(s)
	if err != nil {
		return 0, fmt.Errorf("want an age such as 30d or 12h, not %q", s)
	}
	return d, nil
}

// ParseSize reads a number of bytes, with a unit of powers of 1000: 5GB, 500 MB, 0.
func ParseSize(s string) (int64, error) {
	text := strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	factor := 1.0
	for _, u := range []struct {
		name   string
		factor float64
	}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1}} {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			text, factor = rest, u.factor
			break
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0) || n*factor > 1<<62 {
		return 0, fmt.Errorf("want a size such as 5GB or 500MB, not %q", s)
	}
	return int64(n * factor), nil
}
