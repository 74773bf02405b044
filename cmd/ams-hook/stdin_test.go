//go:build unix

package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"ams/pkg/spool"
)

// start prepares the real binary with a pipe as stdin, which the caller closes.
func start(t *testing.T, dir string) (*exec.Cmd, *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(hookPath)
	cmd.Env = []string{"HOME=/proc/nowhere", "AMS_SPOOL_DIR=" + dir}
	cmd.Stdin = r
	t.Cleanup(func() { r.Close(); w.Close() })
	return cmd, w
}

func TestCutsStdinAt64MB(t *testing.T) {
	dir := t.TempDir()
	cmd, w := start(t, dir)
	head := `{"session_id":"s1","content":"`
	wrote := make(chan error, 1)
	go func() {
		defer w.Close()
		if _, err := w.WriteString(head); err != nil {
			wrote <- err
			return
		}
		chunk := bytes.Repeat([]byte("x"), 1<<20)
		for range 100 {
			if _, err := w.Write(chunk); err != nil {
				wrote <- err
				return
			}
		}
		wrote <- nil
	}()
	if err := silent(cmd); err != nil {
		t.Fatal(err)
	}
	// On a slow day the deadline comes first, and nobody reads the rest.
	cmd.Stdin.(*os.File).Close()
	if err := <-wrote; err != nil {
		t.Logf("writer: %v", err)
	}
	c := records(t, dir, "s1")
	if len(c.Records) != 1 || !c.Records[0].Cut {
		t.Fatalf("got %d records, want one that is cut", len(c.Records))
	}
	raw := c.Records[0].Raw
	if len(raw) > spool.MaxRaw || !strings.HasPrefix(string(raw), head) {
		t.Errorf("got %d bytes that start with %.40q", len(raw), raw)
	}
}

func TestKeepsWhatCameBeforeTheDeadline(t *testing.T) {
	dir := t.TempDir()
	cmd, w := start(t, dir)
	part := `{"session_id":"s1","hook_event_name":"Stop","last`
	if _, err := w.WriteString(part); err != nil {
		t.Fatal(err)
	}
	// The pipe stays open: stdin never ends.
	if err := silent(cmd); err != nil {
		t.Fatal(err)
	}
	c := records(t, dir, "s1")
	if len(c.Records) != 1 || !c.Records[0].Cut || string(c.Records[0].Raw) != part {
		t.Errorf("got %+v, want %q, cut", c.Records, part)
	}
}

func TestEndsWithoutAnyStdin(t *testing.T) {
	dir := t.TempDir()
	cmd, _ := start(t, dir)
	if err := silent(cmd); err != nil {
		t.Fatal(err)
	}
	c := records(t, dir, spool.Unassigned)
	if len(c.Records) != 1 || !c.Records[0].Cut || len(c.Records[0].Raw) != 0 {
		t.Errorf("got %+v, want one empty record, cut", c.Records)
	}
}

func TestEndsUnderEndlessStdin(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Open("/dev/zero")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	cmd := exec.Command(hookPath)
	cmd.Env = []string{"HOME=/proc/nowhere", "AMS_SPOOL_DIR=" + dir}
	cmd.Stdin = f
	if err := silent(cmd); err != nil {
		t.Fatal(err)
	}
	c := records(t, dir, spool.Unassigned)
	if len(c.Records) != 1 || !c.Records[0].Cut {
		t.Errorf("got %d records, want one that is cut", len(c.Records))
	}
}

func TestKeepsBinaryStdin(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	want := map[string]bool{}
	for _, n := range []int{1, 15, 4095, 4096, 65536, 1_000_000} {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		want[string(b)] = true
		hook(t, dir, string(b))
	}
	got := raws(t, records(t, dir, spool.Unassigned))
	if len(got) != len(want) {
		t.Fatalf("got %d records, want %d", len(got), len(want))
	}
	for raw := range want {
		if !got[raw] {
			t.Errorf("missing the record of %d bytes", len(raw))
		}
	}
}

// TestClosedFiles runs the hook without stdin, stdout or stderr: the files it
// opens must not become one of these three and be written to by accident.
func TestClosedFiles(t *testing.T) {
	for _, closed := range []string{"0<&-", "1>&-", "2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"} {
		t.Run(closed, func(t *testing.T) {
			dir := t.TempDir()
			for _, debug := range []string{"0", "1"} {
				cmd := exec.Command("sh", "-c", "exec "+hookPath+" "+closed)
				cmd.Env = []string{"HOME=/proc/nowhere", "AMS_SPOOL_DIR=" + dir, "AMS_HOOK_DEBUG=" + debug}
				cmd.Stdin = strings.NewReader(event("s1", "e"+debug))
				if err := cmd.Run(); err != nil {
					t.Fatal(err)
				}
			}
			stats, err := spool.List(dir)
			if err != nil || len(stats) != 1 {
				t.Fatalf("got %v, %v, want one spool", stats, err)
			}
			if c := records(t, dir, stats[0].Name); len(c.Records) != 2 || len(c.Damaged) != 0 {
				t.Errorf("got %d records, %d damaged, want 2, 0", len(c.Records), len(c.Damaged))
			}
		})
	}
}

func TestEndsWhenStdoutIsFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	cmd := exec.Command(hookPath)
	cmd.Env = []string{"HOME=/proc/nowhere", "AMS_SPOOL_DIR=" + t.TempDir(), "AMS_HOOK_DEBUG=1"}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("{}"), full, full
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
}

// TestEndsWithABrokenPipe has a reader of stderr that is gone: writing there
// would kill the hook by SIGPIPE.
func TestEndsWithABrokenPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	for _, debug := range []string{"0", "1"} {
		cmd := exec.Command(hookPath)
		cmd.Env = []string{"HOME=/proc/nowhere", "AMS_SPOOL_DIR=" + t.TempDir(), "AMS_HOOK_DEBUG=" + debug}
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("{}"), w, w
		if err := cmd.Run(); err != nil {
			t.Errorf("AMS_HOOK_DEBUG=%s: %v", debug, err)
		}
	}
}

// TestSignalsEndNoEvent sends what a client, a terminal or a shell sends to be
// quit of a program, while it reads.
func TestSignalsEndNoEvent(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT} {
		dir := t.TempDir()
		cmd, w := start(t, dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmd.Stdin.(*os.File).Close()
		raw := event("s-1", strings.Repeat("x", 1<<20))
		// More than a pipe holds: once it is written the program reads.
		if _, err := w.WriteString(raw[:512<<10]); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if _, err := w.WriteString(raw[512<<10:]); err != nil {
			t.Fatal(err)
		}
		w.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", sig, err)
		}
		if got := raws(t, records(t, dir, "s-1")); !got[raw] {
			t.Errorf("%v: the event is not there", sig)
		}
	}
}

// TestReadsStdinWhenDisabled holds that the client never writes to a pipe that
// was closed early.
func TestReadsStdinWhenDisabled(t *testing.T) {
	cmd, w := start(t, t.TempDir())
	cmd.Env = append(cmd.Env, "AMS_DISABLE=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin.(*os.File).Close()
	_, err := io.Copy(w, bytes.NewReader(make([]byte, 1<<20)))
	if err != nil && !strings.Contains(err.Error(), syscall.EPIPE.Error()) {
		t.Fatal(err)
	}
	if err != nil {
		t.Errorf("write to a disabled hook: %v", err)
	}
	w.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
