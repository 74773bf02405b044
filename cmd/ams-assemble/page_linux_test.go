package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ams/pkg/screen"
)

// onTerminal runs ams-assemble with standard output on a terminal of so many columns, and returns what came there.
func onTerminal(t *testing.T, program string, columns uint16, env []string, args ...string) string {
	t.Helper()
	out, err := atTerminalOf(t, program, columns, env, nil, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// atTerminalOf is [onTerminal] with standard input on the terminal, too; begun is called once it runs. The error is how it ended.
func atTerminalOf(t *testing.T, program string, columns uint16, env []string, begun func(*os.Process), args ...string) (string, error) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		notHere(t, "/dev/ptmx")
	}
	defer master.Close()
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	err = errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0),
		unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: columns}))
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "TZ=UTC", "TERM=xterm", "LANG=C.UTF-8"}, env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	if begun != nil {
		begun(cmd.Process)
	}
	out, err := io.ReadAll(master) // ends with EIO when the last one has closed the other side
	if err != nil && !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n"), cmd.Wait()
}

// TestTheBareProgramAtATerminalStoresNothing: a person who tries it reads where to begin, and a loop that relied on it
// notices. With a flag, or without a terminal, it is the run that cron wants.
func TestTheBareProgramAtATerminalStoresNothing(t *testing.T) {
	home, program := t.TempDir(), buildProgram(t)
	env := []string{"HOME=" + home, "AMS_SPOOL_DIR=" + home + "/spool", "AMS_LOCAL_DIR=" + home + "/store"}
	fillSpool(t, home+"/spool", "session-1", time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	out, err := atTerminalOf(t, program, 80, env, nil)
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != exitUsage || !strings.HasPrefix(out, "Nothing was stored: ams-assemble run") ||
		strings.Count(out, "\n  ams-assemble ") != 5 || !strings.Contains(out, "1 session waiting") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := os.Stat(home + "/store"); err == nil {
		t.Error("something was stored")
	}
	piped := exec.Command(program)
	piped.Env = env
	if out, err := piped.CombinedOutput(); err != nil || !strings.Contains(string(out), "session-1  ") {
		t.Errorf("without a terminal: %v\n%s", err, out)
	}
}

// TestCtrlCEndsAsAShellExpects interrupts a run that would go on for ever.
func TestCtrlCEndsAsAShellExpects(t *testing.T) {
	home, program := t.TempDir(), buildProgram(t)
	env := []string{"HOME=" + home, "AMS_SPOOL_DIR=" + home + "/spool", "AMS_LOCAL_DIR=" + home + "/store"}
	fillSpool(t, home+"/spool", "session-1", time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	press := func(p *os.Process) {
		for range 1000 { // until the first run is over: then the program listens
			if _, err := os.Stat(home + "/store/index/session-1.json"); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := p.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
	}
	out, err := atTerminalOf(t, program, 80, env, press, "run", "--watch", "--every", "1h", "--now")
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != exitInterrupted {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestOnlyATerminalIsPaintedAndPaged shows a session on terminals of two widths, with and without a pager and colour.
func TestOnlyATerminalIsPaintedAndPaged(t *testing.T) {
	home, program := t.TempDir(), buildProgram(t)
	base := []string{"HOME=" + home, "AMS_SPOOL_DIR=" + home + "/spool", "AMS_LOCAL_DIR=" + home + "/store"}
	assembleBy(t, "", "import", "--now", "testdata/captures/e-subagent/projects", "--spool-dir", home+"/spool", "--local-dir", home+"/store")
	show := func(columns uint16, env string, args ...string) string {
		return onTerminal(t, program, columns, append(base, strings.Split(env, "\x00")...), append([]string{"show", "last"}, args...)...)
	}
	const paint = "\x1b["
	for _, c := range []struct {
		name, env string
		args      []string
		has, not  string
	}{
		{"a pager", "PAGER=sed s/^/paged:/", nil, "paged:" + paint + "1m", ""},
		{"no pager by flag", "PAGER=sed s/^/paged:/", []string{"--no-pager"}, paint + "1m", "paged:"},
		{"no pager by setting", "PAGER=cat", nil, paint + "1m", "paged:"},
		{"a pager that is not there", "PAGER=no-such-pager -x", nil, "session a1e08680", ""},
		{"a reader who leaves early", "PAGER=head -2", nil, "session a1e08680", "outcome"},
		{"NO_COLOR", "NO_COLOR=1", []string{"--no-pager"}, "session a1e08680", paint},
		{"NO_COLOR is beaten by a flag", "NO_COLOR=1", []string{"--no-pager", "--color=always"}, paint + "1m", ""},
		{"a dumb terminal", "TERM=dumb", []string{"--no-pager"}, "session a1e08680", paint},
		{"never", "PAGER=cat", []string{"--color=never"}, "session a1e08680", paint},
		{"a dumb terminal has no pager", "TERM=dumb\x00PAGER=sed s/^/paged:/", nil, "session a1e08680", "paged:"},
		{"a locale without UTF-8", "LANG=C\x00PAGER=cat", nil, "| ", "│"},
		{"a locale without UTF-8 and a pager", "LC_ALL=POSIX\x00PAGER=sed s/^/paged:/", nil, "paged:", "│"},
	} {
		out := show(100, c.env, c.args...)
		if !strings.Contains(out, c.has) || c.not != "" && strings.Contains(out, c.not) {
			t.Errorf("%s: want %q and not %q in\n%s", c.name, c.has, c.not, out)
		}
	}
	for _, columns := range []uint16{80, 200} {
		widest := 0
		for line := range strings.Lines(show(columns, "PAGER=cat", "--color=never", "--full")) {
			widest = max(widest, screen.Width(strings.TrimSuffix(line, "\n")))
		}
		if widest > int(columns) || widest < 70 {
			t.Errorf("a terminal of %d columns gets a line of %d cells", columns, widest)
		}
	}
}

// TestASearchOnATerminalEnds looks for a word that is in more sessions than a person reads.
func TestASearchOnATerminalEnds(t *testing.T) {
	home, program := t.TempDir(), buildProgram(t)
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for i := range pageSessions + 3 {
		fillSpool(t, home+"/spool", fmt.Sprintf("session-%02d", i), at.Add(time.Duration(i)*time.Minute))
	}
	flags := []string{"--spool-dir", home + "/spool", "--local-dir", home + "/store"}
	assembleBy(t, "", append([]string{"run", "--now"}, flags...)...)
	for _, c := range []struct {
		args     []string
		sessions int
		rest     string
	}{
		{nil, pageSessions, "3 older sessions not looked at"},
		{[]string{"--limit", "22"}, 22, "1 older session not looked at"},
		{[]string{"--limit", "0"}, pageSessions + 3, ""},
	} {
		args := slices.Concat([]string{"find", "--no-pager", "--color=never", "--width", "300"}, flags, c.args, []string{"hello"})
		out := onTerminal(t, program, 200, []string{"HOME=" + home}, args...)
		if n := strings.Count(out, "\nsession-") + 1; n != c.sessions || !strings.Contains(out, c.rest) ||
			strings.Contains(out, "not looked at") != (c.rest != "") || !strings.HasPrefix(out, "session-22") {
			t.Errorf("%v: %d sessions, want %d and %q\n%s", c.args, n, c.sessions, c.rest, out)
		}
	}
}
