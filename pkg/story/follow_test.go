package story

import (
	"strings"
	"testing"
	"time"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// TestAFollowedAgentIsToldTwice looks at a session three times: an agent at work, at its end, and nothing new.
func TestAFollowedAgentIsToldTwice(t *testing.T) {
	var out strings.Builder
	f := Follow(&out, Options{Screen: screen.Screen{Cells: 100}})
	cost := 0.25
	s := &schema.Session{SessionID: "s", Events: []schema.Event{{ID: "a", Seq: 1, Type: "subagent",
		Subagent: &schema.SubagentInfo{AgentID: "a1", AgentType: "Explore", InvocationPrompt: "Look around"}}}}
	for range 2 {
		if err := f.Tell(s, false); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(out.String(), "SUBAGENT"); n != 1 || strings.Contains(out.String(), "messages") {
		t.Errorf("at work: told %d times in\n%s", n, &out)
	}
	s.Events[0].EndTime = schema.Time{Time: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	s.Events[0].Subagent.LLMCalls, s.Events[0].Subagent.CostUSD = 3, &cost
	for _, over := range []bool{false, true} {
		if err := f.Tell(s, over); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(out.String(), "SUBAGENT ENDED"); n != 1 || !strings.Contains(out.String(), "3 messages") || !strings.Contains(out.String(), "$0.250") ||
		strings.Count(out.String(), "asked   Look around") != 1 {
		t.Errorf("at its end: told %d times in\n%s", n, &out)
	}
}

// TestAnAnswerIsToldOnceWhenItsTranscriptIsLost: then a hook tells of it again, by another id; what another agent says alike, or
// the transcript says twice, is told.
func TestAnAnswerIsToldOnceWhenItsTranscriptIsLost(t *testing.T) {
	var out strings.Builder
	f := Follow(&out, Options{Screen: screen.Screen{Cells: 100}})
	end := schema.Time{Time: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	answer := func(id, agent string, provisional bool) schema.Event {
		return schema.Event{ID: id, Type: "llm_call", AgentID: agent, EndTime: end, Provisional: provisional, LLM: &schema.LLM{Text: "All is mended."}}
	}
	s := &schema.Session{SessionID: "s", Events: []schema.Event{answer("of the transcript", "", false), answer("again", "", false)}}
	if err := f.Tell(s, false); err != nil {
		t.Fatal(err)
	}
	s.Events = []schema.Event{answer("of a hook", "", true), answer("of another", "a1", true)}
	if err := f.Tell(s, true); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "All is mended."); n != 3 {
		t.Errorf("told %d times, want 3\n%s", n, &out)
	}
}
