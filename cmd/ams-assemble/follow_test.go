package main

import (
	"bufio"
	"context"
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
