//go:build linux

package clienttest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// exampleEvents are the events of hooks.example.json: those that every client since 2.0.56 knows. More would do harm, as clients up to
// 2.1.100 run no hook at all where one name is unknown to them.
var exampleEvents = []string{"PreToolUse", "PostToolUse", "PostToolUseFailure", "UserPromptSubmit", "SessionStart", "SessionEnd",
	"Stop", "SubagentStart", "SubagentStop", "Notification", "PreCompact"}

type hookEntry struct {
	Type    string   `json:"type"`
	Command string   `json:"command"`
	Args    []string `json:"args"`
	Timeout int      `json:"timeout"`
}

type hookMatcher struct {
	Hooks []hookEntry `json:"hooks"`
}

type hookSettings struct {
	Hooks map[string][]hookMatcher `json:"hooks"`
}

func readExample(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash("../../hooks.example.json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestExampleRegistersTheHookForTheEventsEveryClientKnows(t *testing.T) {
	decoder := json.NewDecoder(bytes.NewReader(readExample(t)))
	decoder.DisallowUnknownFields() // a person copies this file: nothing else is to stand in it
	var settings hookSettings
	if err := decoder.Decode(&settings); err != nil {
		t.Fatal(err)
	}
	if got, want := len(settings.Hooks), len(exampleEvents); got != want {
		t.Errorf("got %d events, want %d", got, want)
	}
	for _, event := range exampleEvents {
		matchers := settings.Hooks[event]
		if len(matchers) != 1 || len(matchers[0].Hooks) != 1 {
			t.Errorf("%s: got %+v, want one hook", event, matchers)
			continue
		}
		hook := matchers[0].Hooks[0]
		if hook.Type != "command" || hook.Command != "ams-hook" || hook.Args == nil || len(hook.Args) != 0 || hook.Timeout != 5 {
			t.Errorf("%s: got %+v, want the command ams-hook with an empty list of arguments and a timeout of 5 s", event, hook)
		}
	}
}

// recorded runs the story with the example's hooks, this test binary being the command, and returns the payloads by event.
func recorded(t *testing.T, client *Client, agentTool string) (*Run, map[string][]payload) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command, err := json.Marshal(self)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	record := filepath.Join(dir, "record.jsonl")
	run, err := client.Run(t.Context(), Story(agentTool), Setup{
		Dir:      dir,
		Settings: bytes.ReplaceAll(readExample(t), []byte(`"ams-hook"`), command),
		Env:      []string{recordVar + "=" + record},
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(record)
	if err != nil {
		t.Fatalf("no hook ran: %v", err)
	}
	payloads := map[string][]payload{}
	for line := range bytes.Lines(b) {
		var p payload
		decode(t, line, &p)
		payloads[p.Event] = append(payloads[p.Event], p)
		if p.SessionID != run.SessionID {
			t.Errorf("%s: got session %s, want %s", p.Event, p.SessionID, run.SessionID)
		}
	}
	return run, payloads
}

type payload struct {
	Event     string `json:"hook_event_name"`
	SessionID string `json:"session_id"`
	ToolUseID string `json:"tool_use_id"`
	AgentID   string `json:"agent_id"`
	AgentType string `json:"agent_type"`
}

func TestRealClientRunsTheExampleHooks(t *testing.T) {
	for _, c := range []struct{ version, agentTool string }{
		{"2.1.332", "Agent"},
		{"2.0.56", "Task"},
	} {
		t.Run(c.version, func(t *testing.T) {
			run, payloads := recorded(t, Available(t, c.version), c.agentTool)
			checkRun(t, run)
			for _, event := range []string{"SessionStart", "UserPromptSubmit", "Stop", "SessionEnd"} {
				if got := len(payloads[event]); got != 1 {
					t.Errorf("%s: got %d, want 1", event, got)
				}
			}
			checkTools(t, payloads)
			checkSubagent(t, payloads)
		})
	}
}

// checkTools holds that each tool call of the story made its events, on the main thread and in the subagent.
func checkTools(t *testing.T, payloads map[string][]payload) {
	t.Helper()
	slow, fails, agent := ToolUseID("main", 0, 2), ToolUseID("main", 1, 0), ToolUseID("main", 2, 2)
	lists, failsToo := ToolUseID("helper", 0, 2), ToolUseID("helper", 1, 0)
	for event, want := range map[string][]string{
		"PreToolUse":         {slow, fails, agent, lists, failsToo},
		"PostToolUse":        {slow, lists, agent},
		"PostToolUseFailure": {fails, failsToo},
	} {
		var got []string
		for _, p := range payloads[event] {
			got = append(got, p.ToolUseID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", event, got, want)
		}
	}
}

// checkSubagent holds that the story's subagent started and stopped. Client 2.0.56 starts agents of its own beside
// it, to warm up, and names the agent's type at the start alone.
func checkSubagent(t *testing.T, payloads map[string][]payload) {
	t.Helper()
	started := slices.IndexFunc(payloads["SubagentStart"], func(p payload) bool { return p.AgentType == "general-purpose" })
	if started < 0 {
		t.Errorf("SubagentStart: got %+v, want one of a general-purpose agent", payloads["SubagentStart"])
		return
	}
	id := payloads["SubagentStart"][started].AgentID
	if !slices.ContainsFunc(payloads["SubagentStop"], func(p payload) bool { return p.AgentID == id }) {
		t.Errorf("SubagentStop: got %+v, want one of agent %s", payloads["SubagentStop"], id)
	}
}

// checkRun holds that the client took the story to its end.
func checkRun(t *testing.T, run *Run) {
	t.Helper()
	if want := "The folder is empty, as the helper found."; run.Answer != want || run.IsError || run.ExitCode != 0 {
		t.Errorf("got answer %q, error %v, exit code %d, want %q", run.Answer, run.IsError, run.ExitCode, want)
	}
	if run.TotalCostUSD <= 0 {
		t.Errorf("got a cost of %v, want more than nothing", run.TotalCostUSD)
	}
	if run.Stderr != "" {
		t.Errorf("got stderr %s, want none", run.Stderr)
	}
	found, err := filepath.Glob(filepath.Join(run.ProjectsDir, "*", run.SessionID+".jsonl"))
	if err != nil || len(found) != 1 {
		t.Errorf("got transcripts %v, %v, want one of session %s in %s", found, err, run.SessionID, run.ProjectsDir)
	}
}
