//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ams/pkg/spool"
)

// nobody is a user that no test runs as.
const nobody = 65534

// onlyRoot skips what needs to give files away.
func onlyRoot(t *testing.T, what string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skipf("NOT TESTED: %s: only root can give files away", what)
	}
}

// TestEachSpoolIsReadForItsOwner tells another user's spool and then one of this user's own: the
// first must not say whose transcripts are read for the second.
func TestEachSpoolIsReadForItsOwner(t *testing.T) {
	onlyRoot(t, "spools of two users")
	dir := t.TempDir()
	project := filepath.Join(dir, "claude", "projects", "p")
	if err := os.MkdirAll(project, 0o700); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	mine, theirs := filepath.Join(dir, "mine"), filepath.Join(dir, "theirs")
	fillSpool(t, mine, "one", at)
	fillSpool(t, theirs, "two", at)
	other := filepath.Join(theirs, spool.FileName("two")+".db")
	for _, id := range []string{"one", "two"} {
		writeText(t, filepath.Join(project, id+".jsonl"), oddLine(id, "from the transcript of "+id))
	}
	if err := os.Chown(other, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{other, "one"}, {"one", other}} {
		args = append([]string{"session", "--spool-dir", mine, "--claude-dir", filepath.Join(dir, "claude")}, args...)
		code, out, talk := runIn(t, at.Add(time.Hour), args...)
		if code != exitDone || !strings.Contains(out, "from the transcript of one") || strings.Contains(out, "from the transcript of two") {
			t.Errorf("%v: exit %d\n%s%s", args, code, out, talk)
		}
	}
}

// TestSigtermEndsWhateverWaits starts a command that waits for something outside, as on a dead
// disk: a FIFO that a person named.
func TestSigtermEndsWhateverWaits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	cmd := exec.Command(buildProgram(t), "spool", "load", "--spool-dir", filepath.Join(dir, "spool"), pipe)
	var talk strings.Builder
	cmd.Stderr = &talk
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	// Its open and this one meet, and then it waits for a line.
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	began := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitSome || !strings.Contains(talk.String(), "stopped in the middle of its work") {
		t.Errorf("exit %d after %v\n%s", code, time.Since(began), talk.String())
	}
}
