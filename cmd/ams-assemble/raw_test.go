package main

import (
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
	for name, c := range map[string]struct {
		bundle bundle.Bundle
		told   string // "" where the bundle is refused
		fault  string
	}{
		"all well": {bundle.Bundle{SessionID: "s", Notes: []byte(`{"main":"s.jsonl"}`), Files: map[string][]byte{"s.jsonl": line}}, "from inside", ""},
		"another name": {bundle.Bundle{SessionID: "s", Notes: []byte(`{"main":"odd name.jsonl"}`), Files: map[string][]byte{"odd name.jsonl": line}},
			"from inside", ""},
		"a main file outside": {bundle.Bundle{SessionID: "s", Notes: []byte(`{"main":"../../../outside.jsonl"}`), Files: map[string][]byte{"s.jsonl": line}},
			"", "holds no such file"},
		"an absolute main file": {bundle.Bundle{SessionID: "s", Notes: []byte(`{"main":"` + outside + `"}`)}, "", "holds no such file"},
		"a main file that is none of it": {bundle.Bundle{SessionID: "s", Notes: []byte(`{"main":"t.jsonl"}`), Files: map[string][]byte{"s.jsonl": line}},
			"", "holds no such file"},
		"a session outside":   {bundle.Bundle{SessionID: "../../../outside", Files: map[string][]byte{"s.jsonl": line}}, "", "there is no transcript"},
		"a file in a file":    {bundle.Bundle{SessionID: "s", Files: map[string][]byte{"s.jsonl": line, "s.jsonl/x.jsonl": line}}, "", "bundle: "},
		"names that lead out": {bundle.Bundle{SessionID: "s", Files: map[string][]byte{"../../outside.jsonl": line}}, "", "leads out"},
	} {
		b, err := bundle.Encode(c.bundle)
		if err != nil {
			t.Fatal(err)
		}
		writeText(t, path, string(b))
		code, out, talk := runIn(t, time.Now(), "session", path)
		if c.told != "" && (code != exitDone || !strings.Contains(out, c.told)) || c.told == "" && (code != exitNothing || out != "") ||
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
