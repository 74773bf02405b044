package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
)

// truth is what a Session of a recording must say, computed from the same files by a program of its own that shares
// no code with this one (testdata/captures/*/truth.jsonl).
type truth struct {
	SessionID  string         `json:"session_id"`
	LLMCalls   int            `json:"llm_calls"`
	Copied     int            `json:"copied_calls"`
	Usage      map[string]int `json:"usage"`
	ToolCalls  []string       `json:"tool_calls"`
	Agents     map[string]struct{ ToolUseID, ParentAgentID *string }
	Started    []string `json:"agents_started"`
	OwnUSD     *float64 `json:"own_usd"`    // the client's bill, less the parent's in a fork
	ResultUSD  *float64 `json:"result_usd"` // total_cost_usd of the client's last result line
	Prompts    []string `json:"prompts"`
	Notified   int      `json:"notifications"`
	Compacted  int      `json:"compactions"`
	Recorded   *float64 `json:"recorded_usd"`
	ModelUsage json.RawMessage
}

// assembleBy runs a command line in process and returns what it printed.
func assembleBy(t *testing.T, stdin string, args ...string) []byte {
	t.Helper()
	var out, talk bytes.Buffer
	code := run(context.Background(), env{
		args: args, stdin: strings.NewReader(stdin), stdout: &out, stderr: &talk,
		getenv: func(name string) string { return map[string]string{"HOME": t.TempDir()}[name] }, now: time.Now, self: "ams-assemble",
	})
	if code != 0 {
		t.Fatalf("ams-assemble %v: exit %d\n%s", args, code, talk.Bytes())
	}
	return out.Bytes()
}

// trueSignals are what recordings truly have that deserves a look.
var trueSignals = map[string][]schema.SignalKind{
	"h1-retry-529":       {schema.SignalRetries},
	"h4-error-529-final": {schema.SignalUnfinished},
}

func TestRecordingsAreToldTruly(t *testing.T) {
	dirs, err := filepath.Glob("testdata/captures/*")
	if err != nil || len(dirs) < 20 {
		t.Fatalf("%d recordings (%v), want at least 20", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			spoolDir := t.TempDir()
			assembleBy(t, "", "spool", "load", "--spool-dir", spoolDir, filepath.Join(dir, "hooks.jsonl"))
			for _, want := range truths(t, dir) {
				args := []string{"session", want.SessionID, "--claude-dir", dir, "--spool-dir", spoolDir}
				body := assembleBy(t, "", args...)
				if again := assembleBy(t, "", args...); !bytes.Equal(body, again) {
					t.Errorf("session %s: a second assembly gives other bytes", want.SessionID)
				}
				schematest.Validate(t, body)
				s, err := schema.Decode(body)
				if err != nil {
					t.Fatal(err)
				}
				sum := schema.Summarize(s)
				index, err := schema.EncodeSummary(sum)
				if err != nil {
					t.Fatal(err)
				}
				if err := schematest.SumsError(s, sum); err != nil {
					t.Errorf("session %s: %v", s.SessionID, err)
				}
				for _, signal := range s.Signals {
					if !slices.Contains(trueSignals[filepath.Base(dir)], signal.Kind) {
						t.Errorf("session %s: signal %s: %s", s.SessionID, signal.Kind, signal.Text)
					}
				}
				schematest.ValidateIndex(t, index)
				want.check(t, s)
				checkOrder(t, s)
			}
		})
	}
}

func truths(t *testing.T, dir string) []truth {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "truth.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var out []truth
	for line := range bytes.Lines(b) {
		var tr truth
		if err := json.Unmarshal(line, &tr); err != nil {
			t.Fatal(err)
		}
		out = append(out, tr)
	}
	if len(out) == 0 {
		t.Fatalf("%s: no sessions", dir)
	}
	return out
}

func (want truth) check(t *testing.T, s *schema.Session) {
	t.Helper()
	equal := func(what string, got, want any) {
		t.Helper()
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want)
		if !bytes.Equal(g, w) {
			t.Errorf("session %s: %s\n got %s\nwant %s", s.SessionID, what, g, w)
		}
	}
	u := s.Totals.Usage
	equal("usage", map[string]int64{"input_tokens": u.InputTokens, "output_tokens": u.OutputTokens,
		"cache_read_input_tokens": u.CacheReadInputTokens, "cache_creation_input_tokens": u.CacheCreationInputTokens}, want.Usage)
	equal("llm_calls", s.Totals.LLMCalls, want.LLMCalls)
	equal("copied calls", s.Completeness.CopiedCalls, want.Copied)
	tools, prompts, agents := []string{}, []string{}, []string{}
	notified, compacted := 0, 0
	started := map[string]string{} // agent id -> tool_use_id of the call that started it
	byID := map[string]schema.Event{}
	for _, e := range s.Events {
		byID[e.ID] = e
	}
	for _, e := range s.Events {
		switch {
		case e.Note == schema.WarmUpNote: // the truth counts what the client started for itself among the agents
			if by := want.Agents[e.AgentID].ToolUseID; by != nil || !strings.HasPrefix(s.Client.Version, "2.0.") {
				t.Errorf("session %s: agent %s of client %s is told as a warm-up", s.SessionID, e.AgentID, s.Client.Version)
			}
			if e.AgentID != "" && !slices.Contains(agents, e.AgentID) {
				agents = append(agents, e.AgentID)
			}
		case e.Tool != nil:
			tools = append(tools, e.Tool.ToolUseID)
		case e.Type == schema.UserPrompt:
			prompts = append(prompts, e.Prompt)
		case e.Name == "notification":
			notified++
		case e.Compaction != nil:
			compacted++
		case e.Subagent != nil:
			agents = append(agents, e.Subagent.AgentID)
			if by := byID[e.Subagent.InvocationEventID].Tool; by != nil && e.Subagent.Link == schema.LinkExact {
				started[e.Subagent.AgentID] = by.ToolUseID
			}
		}
	}
	sort.Strings(tools)
	sort.Strings(agents)
	equal("tool calls", tools, want.ToolCalls)
	equal("prompts", prompts, want.Prompts)
	equal("notifications", notified, want.Notified)
	equal("compactions", compacted, want.Compacted)
	known := slices.Clone(want.Started)
	for id, a := range want.Agents {
		if !slices.Contains(known, id) {
			known = append(known, id)
		}
		if a.ToolUseID != nil {
			equal("call that started agent "+id, started[id], *a.ToolUseID)
		}
	}
	sort.Strings(known)
	equal("subagents", agents, known)
	if want.OwnUSD != nil {
		equal("recorded cost", s.Cost.RecordedUSD, want.OwnUSD)
		if s.Cost.Source == schema.Recorded {
			equal("cost", s.Totals.CostUSD, want.OwnUSD)
		}
	}
	if want.ResultUSD != nil && want.OwnUSD != nil && want.Copied == 0 {
		equal("the client's own total", s.Cost.RecordedUSD, want.ResultUSD)
	}
	explained := len(s.Cost.Differences) > 0
	if d := s.Cost.DifferenceUSD; d != nil && (math.Abs(*d) > 1e-9) != explained {
		t.Errorf("session %s: difference %v, but its reasons are %+v", s.SessionID, *d, s.Cost.Differences)
	}
}

// checkOrder holds what every reader of the list may rely on.
func checkOrder(t *testing.T, s *schema.Session) {
	t.Helper()
	seen := map[string]bool{}
	for i, e := range s.Events {
		if e.Seq != i+1 {
			t.Errorf("session %s: event %d has seq %d", s.SessionID, i+1, e.Seq)
		}
		if seen[e.ID] {
			t.Errorf("session %s: event id %s twice", s.SessionID, e.ID)
		}
		before := []string{e.ParentID}
		if e.Tool != nil {
			before = append(before, e.Tool.LLMEventID)
		}
		if e.Subagent != nil {
			before = append(before, e.Subagent.InvocationEventID)
		}
		for _, id := range before {
			if id != "" && !seen[id] {
				t.Errorf("session %s: event %d (%s) stands before %s, which it came from", s.SessionID, e.Seq, e.Name, id)
			}
		}
		seen[e.ID] = true
	}
}
