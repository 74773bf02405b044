//go:build unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ams/pkg/clientsettings"
	"ams/pkg/doctor"
)

// limitRows are limits as people and systemd set them, as arguments of ulimit. Under some of them no Go program starts.
var limitRows = []string{
	"-v 100000", "-v 300000", "-v 600000", "-v 700000", "-v 1000000", "-v 1200000", "-d 0", "-d 1000", "-d 30000", "-n 3", "-n 5",
	"-f 0", "-s 64", "-t 1", "-u 1", "-l 0",
}

// TestGuardedHookBlocksNothing runs what install --guard wrote, as the client does, under limits: it must never end
// with 2, nor print anything.
func TestGuardedHookBlocksNothing(t *testing.T) {
	dir := t.TempDir()
	settings := filepath.Join(dir, "settings.json")
	registered, err := clientsettings.Register(nil, clientsettings.Guarded(hookPath), []string{"PreToolUse"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, settings, string(registered))
	s, err := clientsettings.Parse(registered)
	if err != nil || len(s.Ours()) != 1 || !s.Ours()[0].IsGuarded() || s.Ours()[0].Program() != hookPath {
		t.Fatalf("got %+v, %v", s, err)
	}
	line := s.Ours()[0].Command
	// under is a shell that begins under a limit, as the one that the client starts does.
	under := func(row, line string) *exec.Cmd {
		cmd := exec.Command("/bin/sh", "-c", `ulimit $1 $2 2>/dev/null || exit 0; exec /bin/sh -c "$0"`, line)
		cmd.Args = append(cmd.Args, strings.Fields(row)...)
		return cmd
	}
	for _, row := range limitRows {
		if out, err := under(row, ":").CombinedOutput(); err != nil || len(out) > 0 {
			t.Logf("ulimit %s: not even a shell starts: %v", row, err)
			continue
		}
		cmd := under(row, line)
		cmd.Env = []string{"HOME=" + dir, "PATH=/usr/bin:/bin", "AMS_SPOOL_DIR=" + filepath.Join(dir, "spool")}
		cmd.Stdin = strings.NewReader(`{"session_id":"s1","hook_event_name":"PreToolUse"}`)
		out, err := cmd.CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("ulimit %s: %v, printed %q", row, err, out)
		}
	}
}

// TestDoctorSeesTheLimitsOfAClient runs a client under a limit under which the hook cannot start.
func TestDoctorSeesTheLimitsOfAClient(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("limits of others are in /proc")
	}
	w := newWorld(t, buildProgram(t))
	w.standIn("claude", `case "$1" in --version) echo '2.1.330 (Claude Code)' ;; *) echo ready; read x ;; esac`)
	for _, c := range []struct {
		limit   string
		guard   bool
		state   doctor.State
		in, out string
	}{
		{"-v 300000", false, doctor.Problem, "which blocks the client's tool calls", "install --guard"},
		{"-d 1000", false, doctor.Problem, "of data (ulimit -d)", "install --guard"},
		{"-v 1500000", false, doctor.Warning, "starts there", "install --guard"},
		{"-v 300000", true, doctor.Problem, "nothing is recorded", "raise the limit"},
		{"-v 8000000", false, doctor.OK, "no limit keeps ams-hook from starting", ""},
	} {
		w.must("install", "--schedule", "cron", fmt.Sprintf("--guard=%v", c.guard))
		client := exec.Command("/bin/sh", "-c", "ulimit "+c.limit+`; exec "$0"`, filepath.Join(w.home, "bin", "claude"))
		in, err := client.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := client.StdoutPipe()
		if err == nil {
			err = client.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		_, r := w.doctor("doctor")
		in.Close()
		_ = client.Wait() // read fails
		if !slices.ContainsFunc(r.Checks, func(f doctor.Finding) bool {
			return f.ID == "limits" && f.State == c.state && strings.Contains(f.Text, c.in) && strings.Contains(f.Next, c.out)
		}) {
			t.Errorf("%+v: got %+v", c, r.Checks)
		}
	}
}

// TestDoctorSeesWhatIsPlanted looks at folders and files that hooks do not use.
func TestDoctorSeesWhatIsPlanted(t *testing.T) {
	w := newWorld(t, buildProgram(t))
	if err := os.Symlink("/etc/passwd", filepath.Join(w.spool(), "s9.lock")); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(w.home, "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	w.env = append(w.env, "AMS_SPOOL_DIR="+open)
	_, r := w.doctor("doctor")
	for id, want := range map[string]string{"planted": "s9.lock is no regular file", "spool": "everybody may write to it: hooks record into " + w.spool()} {
		if !slices.ContainsFunc(r.Checks, func(f doctor.Finding) bool {
			return f.ID == id && f.State == doctor.Warning && strings.Contains(f.Text, want)
		}) {
			t.Errorf("no %s with %q in %+v", id, want, r.Checks)
		}
	}
	// What hooks record there, a run with the same setting stores.
	cmd := exec.Command(filepath.Join(w.home, "bin", "ams-hook"))
	cmd.Env = w.env
	cmd.Stdin = strings.NewReader(`{"session_id":"elsewhere","cwd":"/p","hook_event_name":"SessionEnd","reason":"other"}`)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("ams-hook: %v, %q", err, out)
	}
	w.must("run", "--now")
	if out := w.must("list", "--json"); !strings.Contains(out, "elsewhere") {
		t.Errorf("it is not stored:\n%s", out)
	}
}
