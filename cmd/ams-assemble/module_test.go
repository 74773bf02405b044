package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestTheModuleCanBeFetchedByAnotherPath renames the module in a copy of this checkout, builds the whole copy, and
// runs the tests that know names of packages.
func TestTheModuleCanBeFetchedByAnotherPath(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the script is one of a POSIX shell")
	}
	if os.Getenv("CI") != "true" {
		t.Skip("CI does: it builds everything a second time")
	}
	out, err := exec.Command("git", "-C", "../..", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		notHere(t, "a git checkout")
	}
	dir := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		copyFile(t, filepath.Join("../..", name), filepath.Join(dir, name))
	}
	const path = "example.com/team/ams"
	for _, line := range []string{
		"git init -q . && git add -A",
		"packaging/module-path " + path,
		"go build ./...",
		"go test -run 'Imports|Architecture|JoinIsPure|HookLinks' ./cmd/ams-assemble",
		"! packaging/module-path '$(touch evil)' && test ! -e evil",
	} {
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	mod := readText(t, filepath.Join(dir, "go.mod"))
	main := readText(t, filepath.Join(dir, "cmd/ams-assemble/main.go"))
	if !strings.HasPrefix(mod, "module "+path+"\n") || !strings.Contains(main, `"`+path+`/pkg/commandline"`) || strings.Contains(main, `"ams/pkg`) {
		t.Error("the copy still has the old path")
	}
	if where := readText(t, filepath.Join(dir, "cmd/ams-assemble/settings.go")); !strings.Contains(where, `~/.config/ams/`) {
		t.Error("a folder was taken for a package")
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if err != nil || !info.Mode().IsRegular() {
		return // removed and not committed yet
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, []byte(readText(t, from)), info.Mode().Perm()); err != nil {
		t.Fatal(err)
	}
}
