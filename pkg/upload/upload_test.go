package upload

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestKeysOfASession(t *testing.T) {
	hash := "x" + strings.Repeat("0a", 32)
	for _, c := range []struct {
		name         string
		start        string
		session, idx string
	}{
		{"4eaac988-79e9-48db-88c6-0f231988ff78", "2026-11-22T23:30:00Z", "sessions/2026/11/22/4eaac988-79e9-48db-88c6-0f231988ff78.json", "index/4eaac988-79e9-48db-88c6-0f231988ff78.json"},
		{"a", "2026-11-22T23:30:00-02:00", "sessions/2026/11/23/a.json", "index/a.json"},
		{hash, "0001-01-01T00:00:00Z", "sessions/0001/01/01/" + hash + ".json", "index/" + hash + ".json"},
		{"../a", "2026-11-22T00:00:00Z", "", ""},
		{"a/b", "2026-11-22T00:00:00Z", "", ""},
		{"A", "2026-11-22T00:00:00Z", "", ""},
		{"a\n", "2026-11-22T00:00:00Z", "", ""},
		{"", "2026-11-22T00:00:00Z", "", ""},
		{strings.Repeat("a", 66), "2026-11-22T00:00:00Z", "", ""},
	} {
		start, err := time.Parse(time.RFC3339, c.start)
		if err != nil {
			t.Fatal(err)
		}
		if got := SessionKey(c.name, start); got != c.session {
			t.Errorf("SessionKey(%q, %s): got %q, want %q", c.name, c.start, got, c.session)
		}
		if got := IndexKey(c.name); got != c.idx {
			t.Errorf("IndexKey(%q): got %q, want %q", c.name, got, c.idx)
		}
		for _, key := range []string{SessionKey(c.name, start), IndexKey(c.name)} {
			if err := CheckKey(key); (err == nil) != (c.session != "") {
				t.Errorf("CheckKey(%q): %v", key, err)
			}
		}
	}
}

func FuzzCheckKey(f *testing.F) {
	for _, key := range []string{"", "a", "sessions/2026/11/22/a.json", "../a", "a//b", `a\b`, "a\x00", ".tmp-a", "a."} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		err := CheckKey(key)
		if err != nil {
			if !errors.Is(err, ErrKey) {
				t.Fatalf("CheckKey(%q): %v", key, err)
			}
			return
		}
		if len(key) > maxKey || strings.ContainsAny(key, "\\\x00: \n") || strings.HasPrefix(key, "/") || strings.HasSuffix(key, "/") ||
			strings.Contains(key, "..") && strings.Contains("/"+key+"/", "/../") || strings.Contains(key, "//") || strings.Contains("/"+key, "/.") {
			t.Fatalf("CheckKey(%q) lets it pass", key)
		}
	})
}
