//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ams/pkg/clientsettings"
	"ams/pkg/clienttest"
	"ams/pkg/lax"
	"ams/pkg/recorded"
)

// TestWalkFromCheckoutToTheFirstSession is what a new user does on a clean machine: build, install, run the client
// once, read the session. Nothing but install tells the hook where to record: it shows that clients give hooks the
// environment of their settings, too.
func TestWalkFromCheckoutToTheFirstSession(t *testing.T) {
	for _, c := range []struct {
		version, agentTool string
		events             int
	}{{"2.1.332", "Agent", 28}, {"2.0.56", "Task", 11}} {
		t.Run(c.version, func(t *testing.T) {
			client := clienttest.Available(t, c.version)
			began := time.Now()
			dir := t.TempDir()
			home := filepath.Join(dir, "home")
			bin := filepath.Join(home, ".local", "bin")
			build := exec.Command("go", "build", "-o", bin+"/", "../ams-hook", ".")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			// The client runs in its namespace alone, so install asks a stand-in, which says what the client says there.
			_, says, err := client.Command(t.Context(), clienttest.Setup{Dir: dir, Args: []string{"--version"}})
			if err != nil {
				t.Fatal(err)
			}
			writeText(t, filepath.Join(bin, "claude"), fmt.Sprintf("#!/bin/sh\necho '%s'\n", strings.TrimSpace(says)))
			if err := os.Chmod(filepath.Join(bin, "claude"), 0o755); err != nil {
				t.Fatal(err)
			}
			spoolDir := filepath.Join(dir, "a place of its own")
			ams := func(args ...string) string {
				t.Helper()
				cmd := exec.Command(filepath.Join(bin, "ams-assemble"), args...)
				cmd.Dir = home
				cmd.Env = []string{"HOME=" + home, "PATH=" + bin + ":/usr/bin:/bin", "CLAUDE_CONFIG_DIR=" + filepath.Join(dir, "config"), "TZ=UTC"}
				var talk strings.Builder
				cmd.Stderr = &talk
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("ams-assemble %v: %v\n%s%s", args, err, out, talk.String())
				}
				return string(out)
			}

			out := ams("install", "--schedule", "none", "--spool-dir", spoolDir)
			if want := fmt.Sprintf("%d, for client %s", c.events, c.version); !strings.Contains(out, want) {
				t.Errorf("install does not say %q:\n%s", want, out)
			}
			ran, err := client.Run(t.Context(), clienttest.Story(c.agentTool), clienttest.Setup{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			story := ams("show", "last")
			for _, want := range []string{"session " + ran.SessionID, "Tell me what is in this folder.", "thinks  The folder must be listed first.", "FAILED",
				"SUBAGENT  general-purpose Look at the folder", "why     ", "cost      $"} {
				if !strings.Contains(story, want) {
					t.Errorf("the story lacks %q:\n%s", want, story)
				}
			}
			t.Logf("from checkout to reading the first session: %v", time.Since(began).Round(time.Millisecond))

			ams("run", "--now")
			if out := ams("list"); !strings.Contains(out, ran.SessionID[:8]) || !strings.Contains(out, "1 session, ") {
				t.Errorf("list:\n%s", out)
			}
			if out := ams("find", "fresh eyes"); c.version == "2.1.332" && !strings.Contains(out, "thinks") {
				t.Errorf("find:\n%s", out)
			}
			if out := ams("doctor"); !strings.Contains(out, "0 problems") || !strings.Contains(out, "Claude Code "+c.version) {
				t.Errorf("doctor:\n%s", out)
			}
			checkRecordedEvents(t, ams("spool", "dump", ran.SessionID), c.version)
		})
	}
}

// checkRecordedEvents holds the spool to the events that a story fires, all of them registered by install.
func checkRecordedEvents(t *testing.T, dump, version string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(dump) {
		var l recorded.RecordLine
		var payload struct {
			Event string `json:"hook_event_name"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Raw == nil || lax.Unmarshal([]byte(*l.Raw), &payload) != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if !slices.Contains(got, payload.Event) {
			got = append(got, payload.Event)
		}
		if !slices.Contains(clientsettings.Events(version), payload.Event) {
			t.Errorf("%s was recorded and not registered", payload.Event)
		}
	}
	for _, want := range []string{"SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure", "SubagentStart", "SubagentStop", "Stop", "SessionEnd"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s in %v", want, got)
		}
	}
}
