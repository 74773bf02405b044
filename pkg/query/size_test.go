package query

import (
	"testing"
	"time"
)

func TestAgesAndSizes(t *testing.T) {
	for in, want := range map[string]time.Duration{"30d": 720 * time.Hour, "0": 0, "12h": 12 * time.Hour, " 1.5d ": 36 * time.Hour} {
		if got, err := ParseAge(in); err != nil || got != want {
			t.Errorf("ParseAge(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for in, want := range map[string]int64{"5GB": 5e9, "500 MB": 5e8, "1kb": 1000, "7": 7, "0": 0, "1.5TB": 15e11} {
		if got, err := ParseSize(in); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "d", "-1d", "1x", "1e99d", "-5h"} {
		if _, err := ParseAge(in); err == nil {
			t.Errorf("ParseAge(%q) is no error", in)
		}
	}
	for _, in := range []string{"", "GB", "-1", "1e99TB", "nan", "5 gigs"} {
		if _, err := ParseSize(in); err == nil {
			t.Errorf("ParseSize(%q) is no error", in)
		}
	}
}
