package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestABucketIsReadOnce lists and searches a bucket twice: what was fetched is not fetched again, and is forgotten
// with the session.
func TestABucketIsReadOnce(t *testing.T) {
	b, dir := newBucketServer(t), t.TempDir()
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, id := range []string{"one", "two", "three"} {
		fillSpool(t, dir, id, at)
	}
	if code, _, talk := runIn(t, time.Now().Add(time.Minute), b.flags(dir)...); code != exitDone {
		t.Fatal(talk)
	}
	home := t.TempDir()
	do := func(args ...string) (string, int64) {
		t.Helper()
		before := b.gets.Load()
		var out, talk strings.Builder
		code := run(context.Background(), env{
			args: append(args, b.flags(dir)...), stdin: strings.NewReader(""), stdout: &out, stderr: &talk, now: time.Now, self: "ams-assemble",
			getenv: func(name string) string { return map[string]string{"HOME": home}[name] },
		})
		if code != exitDone {
			t.Fatalf("%v: exit %d\n%s", args, code, talk.String())
		}
		return out.String(), b.gets.Load() - before
	}
	out, gets := do("list", "--csv")
	if strings.Count(out, "\n") != 4 || gets != 3 {
		t.Errorf("first list: %d objects fetched, want 3\n%s", gets, out)
	}
	if out, gets = do("list", "--csv"); strings.Count(out, "\n") != 4 || gets != 0 {
		t.Errorf("second list: %d objects fetched, want 0\n%s", gets, out)
	}
	if out, gets = do("find", "hello from"); strings.Count(out, "Hello from") < 3 || gets != 3 {
		t.Errorf("first find: %d objects fetched, want 3\n%s", gets, out)
	}
	if out, gets = do("find", "hello from"); strings.Count(out, "Hello from") < 3 || gets != 0 {
		t.Errorf("second find: %d objects fetched, want 0\n%s", gets, out)
	}
	// One session changes: it alone is fetched again.
	fillSpool(t, dir, "two", at.Add(time.Hour))
	do("run")
	if out, gets = do("find", "hello from two"); strings.Count(out, "Hello from two") < 1 || gets != 2 {
		t.Errorf("after a change: %d objects fetched, want its record and itself\n%s", gets, out)
	}
	kept := func() int {
		paths, err := filepath.Glob(filepath.Join(home, ".cache", "ams", "*", "sessions", "*.kept"))
		if err != nil {
			t.Fatal(err)
		}
		return len(paths)
	}
	if kept() != 3 {
		t.Errorf("%d sessions are kept, want 3", kept())
	}
	info, err := os.Stat(filepath.Join(home, ".cache", "ams"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the cache folder: %v, %v", info, err)
	}
	do("rm", "one")
	if kept() != 2 {
		t.Errorf("%d sessions are kept after one was removed, want 2", kept())
	}
	if out, _ = do("find", "hello from"); strings.Contains(out, "Hello from one") {
		t.Errorf("a removed session is found\n%s", out)
	}
}
