package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"ams/pkg/spool"
)

// hookPath is the real binary, built once.
var hookPath string

// generous is how long anything may take in a test before it counts as hanging.
const generous = 60 * time.Second

func TestMain(m *testing.M) {
	if args := os.Getenv("AMS_TEST_CHILD"); args != "" {
		child(strings.Split(args, " "))
		return
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ams-hook-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	hookPath = filepath.Join(dir, "ams-hook")
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", hookPath, ".")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build ams-hook: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// child is what the test binary does when a test starts it as a process of its
// own: one operation of the assembler.
func child(args []string) {
	if crash(args[0]) {
		return
	}
	dir, name := args[1], args[2]
	var err error
	switch args[0] {
	case "read":
		_, err = spool.Read(dir, name)
	case "compact":
		err = spool.Compact(dir, name)
	case "remove":
		var c spool.Contents
		if c, err = spool.Read(dir, name); err == nil && len(c.Records) > 0 {
			n := len(c.Records)
			err = spool.Remove(dir, name, c.Records[n-1].Key, n)
		}
	case "insert":
		_, err = spool.Insert(dir, name, insertRecords())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// insertRecords are what the child "insert" inserts.
func insertRecords() []spool.Record {
	var recs []spool.Record
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for i := range 5 {
		raw := []byte(event("s-1", fmt.Sprintf("inserted-%d", i)))
		recs = append(recs, spool.Record{Key: spool.KeyFor(at, raw, 0), Raw: raw})
	}
	return recs
}

// event is the payload of a session that carries a name.
func event(session, name string) string {
	return fmt.Sprintf(`{"session_id":%q,"hook_event_name":"Test","name":%q}`+"\n", session, name)
}

// hook runs the real binary and holds it to its first promise.
func hook(t *testing.T, dir, stdin string, env ...string) {
	t.Helper()
	if err := tryHook(dir, stdin, env...); err != nil {
		t.Fatal(err)
	}
}

// tryHook returns an error if ams-hook does not end soon, silently and with 0.
func tryHook(dir, stdin string, env ...string) error {
	cmd := exec.Command(hookPath)
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=/proc/nowhere", "AMS_SPOOL_DIR=" + dir}, env...)
	cmd.Stdin = strings.NewReader(stdin)
	return silent(cmd)
}

// silent runs a command that must end with 0 and print nothing.
func silent(cmd *exec.Cmd) error {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = generous
	timer := time.AfterFunc(generous, func() { cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ams-hook: %v, output %q", err, out.String())
	}
	if out.Len() > 0 {
		return fmt.Errorf("ams-hook printed %q", out.String())
	}
	return nil
}

// records returns what a spool holds.
func records(t *testing.T, dir, name string) spool.Contents {
	t.Helper()
	c, err := spool.Read(dir, name)
	if err != nil {
		t.Fatalf("read spool: %v", err)
	}
	return c
}

// raws returns the payloads of a spool, and fails if one is there twice.
func raws(t *testing.T, c spool.Contents) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	for _, rec := range c.Records {
		if seen[string(rec.Raw)] {
			t.Fatalf("recorded twice: %.200q", rec.Raw)
		}
		seen[string(rec.Raw)] = true
	}
	return seen
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", filepath.Dir(hookPath)+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("AMS_SPOOL_DIR", filepath.Join(e.WorkDir, "spool"))
			e.Setenv("USER", "dev")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"spool": cmdSpool,
			"log":   cmdLog,
		},
	})
}

// cmdSpool prints the records of all spools of a folder, with their contexts but
// for the host, and what is damaged: "spool DIR".
func cmdSpool(ts *testscript.TestScript, neg bool, args []string) {
	stats, err := spool.List(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, st := range stats {
		c, err := spool.Read(ts.MkAbs(args[0]), st.Name)
		ts.Check(err)
		fmt.Fprintf(ts.Stdout(), "%s %q %d damaged\n", st.Name, c.SessionID, len(c.Damaged))
		for _, rec := range c.Records {
			host, _ := os.Hostname()
			context := strings.Replace(string(rec.Context), fmt.Sprintf(`"host":%q,`, host), "", 1)
			fmt.Fprintf(ts.Stdout(), "%q cut=%v %s\n", rec.Raw, rec.Cut, context)
		}
	}
}

// cmdLog prints the log of a folder: "log DIR".
func cmdLog(ts *testscript.TestScript, neg bool, args []string) {
	lines, err := spool.ReadLog(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, l := range lines {
		fmt.Fprintf(ts.Stdout(), "%s: %s\n", l.Name, l.Text)
	}
}
