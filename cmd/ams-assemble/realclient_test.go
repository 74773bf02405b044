package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ams/pkg/clienttest"
	"ams/pkg/lax"
	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
)

// TestRealClientIsToldTruly runs the real client with ams-hook registered as hooks.example.json says, then the
// command that cron runs, and reads the Session that is stored.
func TestRealClientIsToldTruly(t *testing.T) {
	for _, c := range []struct{ version, agentTool string }{{"2.1.332", "Agent"}, {"2.0.56", "Task"}} {
		t.Run(c.version, func(t *testing.T) {
			client := clienttest.Available(t, c.version)
			dir := t.TempDir()
			spoolDir, storeDir := filepath.Join(dir, "spool"), filepath.Join(dir, "store")
			ran, err := client.Run(t.Context(), clienttest.Story(c.agentTool), clienttest.Setup{
				Dir: dir, Settings: exampleSettings(t), Env: []string{"AMS_SPOOL_DIR=" + spoolDir, "AMS_AGENT_NAME=storyteller"},
			})
			if err != nil {
				t.Fatal(err)
			}
			assembleBy(t, "", "run", "--now", "--spool-dir", spoolDir, "--local-dir", storeDir, "--claude-dir", ran.ConfigDir)
			s := storedSession(t, storeDir, ran.SessionID)
			checkOrder(t, s)
			checkStory(t, s, c.agentTool)
			if c.version == "2.1.332" {
				checkBill(t, s, ran.TotalCostUSD)
			}
		})
	}
}

// exampleSettings is hooks.example.json with the path of the ams-hook under test.
func exampleSettings(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile("../../hooks.example.json")
	if err != nil {
		t.Fatal(err)
	}
	path, err := json.Marshal(hookPath)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(string(b), `"ams-hook"`, string(path))
	if changed == string(b) {
		t.Fatal("hooks.example.json does not name ams-hook")
	}
	return []byte(changed)
}

func storedSession(t *testing.T, storeDir, id string) *schema.Session {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(storeDir, "sessions", "*", "*", "*", id+".json"))
	if err != nil || len(found) != 1 {
		t.Fatalf("stored sessions: %v, %v; want one of %s", found, err, id)
	}
	body, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	schematest.Validate(t, body)
	index, err := os.ReadFile(filepath.Join(storeDir, "index", id+".json"))
	if err != nil {
		t.Fatal(err)
	}
	schematest.ValidateIndex(t, index)
	s, err := schema.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// storyEvents is what the events of a [clienttest.Story] are, by what they are.
type storyEvents struct {
	prompt, thinker, slow, failing, agentCall *schema.Event
	agents                                    []*schema.Event
	nested                                    []*schema.Event // the helper's own calls and messages
}

func checkStory(t *testing.T, s *schema.Session, agentTool string) {
	t.Helper()
	st := sortStory(s, agentTool)
	if st.prompt == nil || !strings.HasPrefix(st.prompt.Prompt, "Tell me what is in this folder.") {
		t.Errorf("prompt: got %+v", st.prompt)
	}
	if st.thinker == nil || st.thinker.LLM.Thinking != "The folder must be listed first." || st.thinker.LLM.Text != "I will look at the folder." {
		t.Errorf("first message: got %+v", st.thinker)
	}
	if st.slow == nil || st.slow.DurationMS == nil || *st.slow.DurationMS < 200 || *st.slow.DurationMS > 60_000 || st.slow.Tool.IsError {
		t.Errorf("the slow call: got %+v, want 200 ms or more without an error", st.slow)
	} else if st.thinker != nil && st.slow.Tool.LLMEventID != st.thinker.ID {
		t.Errorf("the slow call was asked for by %s, want %s", st.slow.Tool.LLMEventID, st.thinker.ID)
	}
	if st.failing == nil || st.failing.Error == nil || st.failing.Error.Type != "tool_error" ||
		!strings.HasPrefix(st.failing.Error.Message, "Exit code 3") || st.failing.Tool.Outcome != schema.ToolFailed {
		t.Errorf("the failing call: got %+v", st.failing)
	}
	if st.agentCall == nil || len(st.agents) != 1 {
		t.Fatalf("the agent's call: %+v; %d agents that it started, want 1", st.agentCall, len(st.agents))
	}
	info := st.agents[0].Subagent
	if info.Link != schema.LinkExact || info.AgentType != "general-purpose" ||
		!strings.HasPrefix(info.InvocationPrompt, "List the folder and report its entries.") ||
		!strings.Contains(info.InvocationReasoning, "so I ask a helper to look instead") {
		t.Errorf("the helper: got %+v", info)
	}
	tools, messages := 0, 0
	for _, e := range st.nested {
		if e.Tool != nil {
			tools++
		} else {
			messages++
		}
	}
	if tools != 2 || messages != 3 || info.ToolCalls != 2 || info.LLMCalls != 3 {
		t.Errorf("the helper has %d calls and %d messages (%d and %d by its own count), want 2 and 3", tools, messages, info.ToolCalls, info.LLMCalls)
	}
	if s.Outcome != schema.Completed || s.EndReason != "other" || s.Agent.Name != "storyteller" {
		t.Errorf("session: outcome %s, end %q, agent %q", s.Outcome, s.EndReason, s.Agent.Name)
	}
}

func sortStory(s *schema.Session, agentTool string) storyEvents {
	var st storyEvents
	for i := range s.Events {
		e := &s.Events[i]
		switch {
		case e.Type == schema.UserPrompt:
			st.prompt = e
		case e.LLM != nil && st.thinker == nil && e.AgentID == "":
			st.thinker = e
		case e.Tool != nil && e.AgentID == "":
			switch command := toolCommand(e); {
			case strings.HasPrefix(command, "sleep 0.2"):
				st.slow = e
			case strings.Contains(command, "exit 3"):
				st.failing = e
			case e.Tool.Name == agentTool:
				st.agentCall = e
			}
		case e.Subagent != nil && st.agentCall != nil && e.Subagent.InvocationEventID == st.agentCall.ID:
			st.agents = append(st.agents, e)
		case len(st.agents) > 0 && e.ParentID == st.agents[0].ID:
			st.nested = append(st.nested, e)
		}
	}
	return st
}

func toolCommand(e *schema.Event) string {
	var in struct {
		Command string `json:"command"`
	}
	if lax.Unmarshal(e.Tool.Input, &in) != nil {
		return ""
	}
	return in.Command
}

// checkBill holds the cost to what the client itself said, to the last digit.
func checkBill(t *testing.T, s *schema.Session, want float64) {
	t.Helper()
	if s.Totals.CostUSD == nil || *s.Totals.CostUSD != want || s.Cost.Source != schema.Recorded {
		t.Errorf("cost: got %v (%s), want the client's own %v", s.Totals.CostUSD, s.Cost.Source, want)
	}
	if s.Cost.ComputedUSD == nil || math.Abs(*s.Cost.ComputedUSD-want) > 1e-9 {
		t.Errorf("computed cost: got %v, want %v", s.Cost.ComputedUSD, want)
	}
}
