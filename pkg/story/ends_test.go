package story

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// TestEndsAreTold: how things ended that did not end by themselves.
func TestEndsAreTold(t *testing.T) {
	at := func(n int) schema.Time { return schema.At(time.Date(2026, 11, 27, 10, 0, n, 0, time.UTC)) }
	call := func(tool schema.Tool) schema.Event {
		return schema.Event{Type: schema.ToolCall, Name: "tool:Bash", StartTime: at(1), EndTime: at(2), DurationMS: new(int64(1000)), Tool: &tool}
	}
	for _, c := range []struct {
		event schema.Event
		want  string
	}{
		{schema.Event{Type: schema.UserPrompt, Prompt: "do it", Status: schema.Failed, Error: &schema.Error{Type: "blocked_by_hook", Message: "not now"}},
			"PROMPT  BLOCKED BY HOOK"},
		{schema.Event{Type: schema.Subagent, Subagent: &schema.SubagentInfo{AgentType: "worker"}, Status: schema.Failed,
			Error: &schema.Error{Type: "killed", Message: "was stopped by Claude"}}, "worker  KILLED"},
		{call(schema.Tool{Name: "Bash", Outcome: schema.ToolOK, Background: &schema.Background{TaskID: "b1"}}), "in the background · no end recorded"},
		{call(schema.Tool{Name: "Bash", Outcome: schema.ToolOK, Background: &schema.Background{TaskID: "b1", Status: "failed", EndTime: at(9), DurationMS: new(int64(8000))}}),
			"in the background · failed after 8.0s"},
		{call(schema.Tool{Name: "Bash", Outcome: schema.ToolDenied, Permission: &schema.Permission{Decision: "reject", Source: "user_reject"}}), "DENIED  1.0s · rejected by user"},
	} {
		c.event.Seq, c.event.ID = 1, "e1"
		var b bytes.Buffer
		s := &schema.Session{StartTime: at(0), Events: []schema.Event{c.event}}
		if err := Write(&b, s, Options{Screen: screen.Screen{Cells: 160}}); err != nil || !strings.Contains(b.String(), c.want) {
			t.Errorf("%v, want %q in\n%s", err, c.want, b.String())
		}
	}
	for _, c := range []struct {
		limit schema.Limit
		want  string
	}{
		{schema.Limit{Kind: schema.MaxTurns, Max: 3, Used: 4}, "limited (max turns, 3 allowed)"},
		{schema.Limit{Kind: schema.MaxBudgetUSD, Max: 0.03, Used: 0.0425}, "limited (budget $0.03, spent $0.0425)"},
	} {
		r := outcomeRow(&schema.Session{Outcome: schema.Limited, Limit: &c.limit, EndReason: "other"})
		if r.text != c.want || !r.alarm {
			t.Errorf("%q, want %q", r.text, c.want)
		}
	}
}
