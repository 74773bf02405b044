package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestASessionIsFollowedUntilItsEnd records a session event by event while ams-assemble tells it: each call is told once,
// when it has ended, and with the session's end the program ends.
func TestASessionIsFollowedUntilItsEnd(t *testing.T) {
	home := t.TempDir()
	environ := []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TZ=UTC", "AMS_SPOOL_DIR=" + home + "/spool"}
	hook := func(event string) {
		t.Helper()
		cmd := exec.Command(hookPath)
		cmd.Env, cmd.Stdin = environ, strings.NewReader(`{"session_id":"live-1","cwd":"/p","hook_event_name":`+event+`}`)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	hook(`"UserPromptSubmit","prompt":"Build it"`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, buildProgram(t), "show", "last", "--follow")
	cmd.Env = environ
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var told strings.Builder
	until := func(want string) {
		t.Helper()
		for lines.Scan() {
			fmt.Fprintln(&told, lines.Text())
			if strings.Contains(lines.Text(), want) {
				return
			}
		}
		t.Fatalf("%q was not told in\n%s", want, &told)
	}
	until("Build it")
	hook(`"PreToolUse","tool_name":"Bash","tool_use_id":"t1","tool_input":{"command":"make all"}`)
	hook(`"PreToolUse","tool_name":"Bash","tool_use_id":"t2","tool_input":{"command":"make test"}`)
	hook(`"PostToolUse","tool_name":"Bash","tool_use_id":"t2","tool_input":{"command":"make test"},"tool_response":{"stdout":"all passed"}`)
	until("make test")
	hook(`"PostToolUse","tool_name":"Bash","tool_use_id":"t1","tool_input":{"command":"make all"},"tool_response":{"stdout":"built"}`)
	until("make all")
	hook(`"Stop"`)
	hook(`"SessionEnd","reason":"prompt_input_exit"`)
	until("the session ended:")
	if err := cmd.Wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
	if n := strings.Count(told.String(), "make test"); n != 1 || strings.Count(told.String(), "Build it") > 2 {
		t.Errorf("told twice:\n%s", &told)
	}
}

// TestAListIsFollowed waits for a line of a session that begins while the list is shown, and for another when it goes on.
func TestAListIsFollowed(t *testing.T) {
	home := t.TempDir()
	fillSpool(t, home+"/spool", "first", time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, buildProgram(t), "list", "--follow")
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TZ=UTC", "AMS_SPOOL_DIR=" + home + "/spool", "AMS_LOCAL_DIR=" + home + "/store"}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	until := func(want string) {
		t.Helper()
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), want) {
				return
			}
		}
		t.Fatalf("no line of %s", want)
	}
	until("first ")
	fillSpool(t, home+"/spool", "second", time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC))
	until("second ")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var ended *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &ended) || ended.ExitCode() != exitInterrupted {
		t.Errorf("the end: %v", err)
	}
}
