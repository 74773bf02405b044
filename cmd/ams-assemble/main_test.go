package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"ams/pkg/clienttest"
)

// hookPath is the real ams-hook, built for the tests.
var hookPath string

func TestMain(m *testing.M) {
	clienttest.Enter()
	testscript.Main(withHook{m}, map[string]func(){"ams-assemble": main})
}

// withHook builds ams-hook before the tests run, and puts it in PATH.
type withHook struct{ m *testing.M }

func (w withHook) Run() int {
	dir, err := os.MkdirTemp("", "ams-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	hookPath = filepath.Join(dir, "ams-hook")
	if runtime.GOOS == "windows" {
		hookPath += ".exe"
	}
	build := exec.Command("go", "build", "-o", hookPath, "../ams-hook")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build ams-hook:", err)
		return 1
	}
	os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return w.m.Run()
}

var updateScripts = flag.Bool("update", false, "write the golden parts of the scripts anew")

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       *updateScripts,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"aged": makeOld, "cmpstored": cmpStored, "large": large, "smaller": smaller,
		},
		Setup: func(env *testscript.Env) error {
			captures, err := filepath.Abs("testdata/captures")
			if err != nil {
				return err
			}
			env.Setenv("CAPTURES", captures)
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			return os.Mkdir(filepath.Join(env.WorkDir, "home"), 0o700)
		},
	})
}

// large FILE PART... writes a file; a part 3xab stands for ababab.
func large(ts *testscript.TestScript, _ bool, args []string) {
	var out strings.Builder
	for _, part := range args[1:] {
		number, text, _ := strings.Cut(part, "x")
		if n, err := strconv.Atoi(number); err == nil {
			part = strings.Repeat(text, n)
		}
		out.WriteString(part)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(out.String()+"\n"), 0o600))
}

// smaller FILE N holds that a file has fewer than N bytes.
func smaller(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	most, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	if info.Size() >= most {
		ts.Fatalf("%s has %d bytes, want fewer than %d", args[0], info.Size(), most)
	}
}

// makeOld is the command "aged FOLDER": what is below was last changed on a day long ago, so that stats prove that it
// was not since.
func makeOld(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: aged FOLDER")
	}
	old := time.Date(2026, 2, 6, 0, 0, 0, 0, time.UTC)
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chtimes(path, old, old))
	}))
}

// storedPart is what a stored Session has and an assembled one has not.
var storedPart = regexp.MustCompile(`(?m)^  "stored": \{\n    "rev": [1-9][0-9]*\n  \},\n`)

// cmpStored is the command cmpstored FILE ASSEMBLED: FILE is a stored Session, and but for its
// counter it is ASSEMBLED.
func cmpStored(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cmpstored FILE ASSEMBLED")
	}
	stored := ts.ReadFile(args[0])
	bare := storedPart.ReplaceAllString(stored, "")
	if bare == stored {
		ts.Fatalf("%s has no counter", args[0])
	}
	if bare != ts.ReadFile(args[1]) {
		ts.Fatalf("%s is not %s and a counter", args[0], args[1])
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// buildProgram returns a path to ams-assemble that is the test's own. It is built once for all tests.
func buildProgram(t *testing.T) string {
	t.Helper()
	built, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ams-assemble")
	linkProgram(t, built, path)
	return path
}

// linkProgram gives a program a second path.
func linkProgram(t *testing.T, built, path string) {
	t.Helper()
	if os.Link(built, path) == nil {
		return
	}
	body, err := os.ReadFile(built)
	if err == nil {
		err = os.WriteFile(path, body, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var buildOnce = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(hookPath), "built", "ams-assemble")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// notHere skips a test for which something is missing on this machine. CI installs it, and a test that it skipped has
// checked nothing.
func notHere(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not here", what)
	}
	t.Skipf("NOT TESTED: %s is not here", what)
}
