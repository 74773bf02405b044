package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ams/pkg/bundle"
)

// TestABundleTellsOnlyWhatItHolds gives it names of files that it does not hold.
func TestABundleTellsOnlyWhatItHolds(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", filepath.Join(dir, "tmp"))
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(dir, "outside.jsonl")
	writeText(t, outside, oddLine("zz", "from outside"))
	line := []byte(oddLine("s", "from inside"))
	path := filepath.Join(dir, "b"+bundle.Suffix)
	only := func(name string) map[string][]byte { return map[string][]byte{name: line} }
	for name, c := range map[string]struct {
		session, main string
		files         map[string][]byte
		told          string // "" where the bundle is refused
		fault         string
	}{
		"all well":                       {"s", "s.jsonl", only("s.jsonl"), "from inside", ""},
		"another name":                   {"s", "odd name.jsonl", only("odd name.jsonl"), "from inside", ""},
		"a main file outside":            {"s", "../../../outside.jsonl", only("s.jsonl"), "", "holds no such file"},
		"an absolute main file":          {"s", outside, nil, "", "holds no such file"},
		"a main file that is none of it": {"s", "t.jsonl", only("s.jsonl"), "", "holds no such file"},
		"a session outside":              {"../../../outside", "", only("s.jsonl"), "", "there is no transcript"},
		"a file in a file":               {"s", "", map[string][]byte{"s.jsonl": line, "s.jsonl/x.jsonl": line}, "", "bundle: "},
		"names that lead out":            {"s", "", only("../../outside.jsonl"), "", "leads out"},
	} {
		notes, err := json.Marshal(map[string]string{"main": c.main})
		if err != nil {
			t.Fatal(err)
		}
		b, err := bundle.Encode(bundle.Bundle{SessionID: c.session, Notes: notes, Files: c.files})
		if err != nil {
			t.Fatal(err)
		}
		writeText(t, path, string(b))
		code, out, talk := runIn(t, time.Now(), "session", path)
		refused := code == exitNothing && out == ""
		told := code == exitDone && strings.Contains(out, c.told)
		if c.told == "" && !refused || c.told != "" && !told ||
			!strings.Contains(talk, c.fault) || strings.Contains(out, "from outside") {
			t.Errorf("%s: exit %d\n%s%s", name, code, out, talk)
		}
		if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind: %v, %v", name, left, err)
		}
		if got := readText(t, outside); got != oddLine("zz", "from outside") {
			t.Errorf("%s: the file outside is now %q", name, got)
		}
	}
}
