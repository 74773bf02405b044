package schema_test

import (
	"fmt"
	"slices"
	"testing"

	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
)

// talk is a session of two threads with three messages each; a tool of the main thread was asked for by each of its messages.
func talk() *schema.Session {
	s := minimalSession()
	s.Totals.LLMCalls = 6
	for i := range 6 {
		agent := []string{"", "a1"}[i%2]
		m := schema.Event{ID: fmt.Sprintf("%032d", i), Seq: len(s.Events) + 1, Type: schema.LLMMessage, Name: "assistant", AgentID: agent,
			StartTime: at(i), Status: schema.OK, LLM: &schema.LLM{Model: "m", Text: fmt.Sprint("message ", i)}}
		s.Events = append(s.Events, m)
		if agent == "" {
			s.Events = append(s.Events, schema.Event{ID: fmt.Sprintf("%032d", 100+i), Seq: len(s.Events) + 1, Type: schema.ToolCall, Name: "tool:Bash",
				StartTime: at(i), Status: schema.OK, Tool: &schema.Tool{Name: "Bash", LLMEventID: m.ID, Outcome: schema.ToolOK}})
		}
	}
	return s
}

// beside is what a Session may have beside its events, and half of a message.
const beside = 1<<20 + 150

// TestMessagesAreLeftOutOfASessionThatIsTooLarge tells which: a subagent's on its way, the last first; then its answer; then the
// main thread's, but for the last.
func TestMessagesAreLeftOutOfASessionThatIsTooLarge(t *testing.T) {
	order := []string{"message 3", "message 1", "message 5", "message 2", "message 0"}
	for n := range len(order) + 1 {
		s := talk()
		left := slices.DeleteFunc(slices.Clone(s.Events), func(e schema.Event) bool { return e.LLM != nil && slices.Contains(order[:n], e.LLM.Text) })
		most := beside + sizeOf(t, left)
		if got := s.LeaveOut(most, most); got != n {
			t.Errorf("%d bytes: %d messages are left out, want %d", most, got, n)
		}
		for _, e := range s.Events {
			if e.LLM != nil && slices.Contains(order[:n], e.LLM.Text) {
				t.Errorf("%d to be left out: %q is there", n, e.LLM.Text)
			}
			if e.Tool != nil && e.Tool.LLMEventID != "" && !slices.ContainsFunc(s.Events, func(o schema.Event) bool { return o.ID == e.Tool.LLMEventID }) {
				t.Errorf("%d left out: a tool names %s, which is not there", n, e.Tool.LLMEventID)
			}
		}
		if s.Totals.LLMCalls != 6 {
			t.Errorf("the sum is %d, want 6", s.Totals.LLMCalls)
		}
		schematest.Validate(t, encode(t, s))
	}
	s := talk() // what a subagent says on its way goes earlier than the rest
	if got := s.LeaveOut(0, schema.MaxBody-1); got != 2 {
		t.Errorf("%d messages are left out, want the subagent's first two", got)
	}
}

// sizeOf is what events have in a Session.
func sizeOf(t *testing.T, events []schema.Event) int {
	t.Helper()
	with, without := minimalSession(), minimalSession()
	with.Events = events
	return len(encode(t, with)) - len(encode(t, without))
}

func TestASessionOfAnySizeIsEncodedAsItIs(t *testing.T) {
	s := talk()
	if s.Bound(); s.Completeness != nil || len(s.Events) != 9 {
		t.Errorf("got %+v and %d events, want a small session untouched", s.Completeness, len(s.Events))
	}
}

// TestARecordHasTheSumsOfMessagesThatWereLeftOut: what a list adds up must not hang on the room of a body.
func TestARecordHasTheSumsOfMessagesThatWereLeftOut(t *testing.T) {
	s := &schema.Session{SessionID: "s", Events: []schema.Event{{ID: "a", Subagent: &schema.SubagentInfo{AgentID: "a1", AgentType: "Explore"}}}}
	for i := range 50 {
		cost := 0.01
		s.Events = append(s.Events, schema.Event{ID: fmt.Sprint("e", i), Type: schema.LLMMessage, AgentID: "a1", LLM: &schema.LLM{Model: "m", CostUSD: &cost, Text: "text"}})
	}
	whole := schema.Summarize(s)
	if n := s.LeaveOut(0, 1000); n == 0 {
		t.Fatal("nothing was left out")
	}
	record := schema.Summarize(s)
	if record.PerModel["m"].Calls == 50 {
		t.Fatal("all calls are there")
	}
	record.KeepSums(whole)
	if record.PerModel["m"].Calls != 50 || record.Agents["Explore"].Calls != 50 || len(record.PerDay) != 1 {
		t.Errorf("%+v %+v %+v", record.PerModel, record.Agents, record.PerDay)
	}
}
