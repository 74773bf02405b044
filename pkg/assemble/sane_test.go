package assemble_test

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"ams/pkg/assemble"
	"ams/pkg/schema"
)

// checkSane holds what is true of every Session, whatever it was made from.
func checkSane(t testing.TB, in assemble.Input, set assemble.Settings) {
	t.Helper()
	s := assemble.Session(in, set)
	at := map[string]int{}
	for i, e := range s.Events {
		if e.Seq != i+1 {
			t.Errorf("event %d has seq %d", i+1, e.Seq)
		}
		if e.ID == "" || at[e.ID] != 0 {
			t.Errorf("event %d (%s) has the id %q of event %d", e.Seq, e.Name, e.ID, at[e.ID])
		}
		at[e.ID] = e.Seq
	}
	for _, e := range s.Events {
		mustStandBefore(t, at, e, "parent_id", e.ParentID)
		if e.Tool != nil {
			mustStandBefore(t, at, e, "llm_event_id", e.Tool.LLMEventID)
		}
		if e.Subagent != nil {
			mustStandBefore(t, at, e, "invocation_event_id", e.Subagent.InvocationEventID)
		}
		if !e.EndTime.IsZero() && e.EndTime.Before(e.StartTime.Time) {
			t.Errorf("event %d (%s) ends %v before it starts %v", e.Seq, e.Name, e.EndTime, e.StartTime)
		}
		if e.DurationMS != nil && *e.DurationMS < 0 {
			t.Errorf("event %d (%s) lasted %d ms", e.Seq, e.Name, *e.DurationMS)
		}
	}
	checkTotals(t, s)
}

func mustStandBefore(t testing.TB, at map[string]int, e schema.Event, field, id string) {
	t.Helper()
	switch {
	case id == "":
	case at[id] == 0:
		t.Errorf("event %d (%s): %s %s is no event", e.Seq, e.Name, field, id)
	case at[id] >= e.Seq:
		t.Errorf("event %d (%s): %s is event %d, which stands behind it", e.Seq, e.Name, field, at[id])
	}
}

// checkTotals adds the events up.
func checkTotals(t testing.TB, s *schema.Session) {
	t.Helper()
	var want schema.Totals
	computed := 0.0
	turns := 0
	for _, e := range s.Events {
		switch e.Type {
		case schema.ToolCall:
			want.ToolCalls++
		case schema.Subagent:
			want.Subagents++
		case schema.UserPrompt:
			turns++
		case schema.LLMMessage:
			if e.Provisional {
				continue
			}
			want.LLMCalls++
			if e.LLM.Usage != nil {
				want.Usage = want.Usage.Add(*e.LLM.Usage)
			} else {
				want.Usage = want.Usage.Add(schema.Uncounted())
			}
			if e.LLM.CostUSD != nil {
				computed += *e.LLM.CostUSD
			}
		}
		if e.Status == schema.Failed {
			want.Errors++
		}
	}
	got := s.Totals
	if got.ToolCalls != want.ToolCalls || got.Subagents != want.Subagents || got.LLMCalls != want.LLMCalls ||
		got.Errors != want.Errors || got.NumTurns == nil || *got.NumTurns != turns {
		t.Errorf("totals %+v, the events add up to %+v and %d turns", got, want, turns)
	}
	g, w := got.Usage, want.Usage
	g.CacheCreation, w.CacheCreation = nil, nil
	if !reflect.DeepEqual(g, w) {
		t.Errorf("usage %+v, the events add up to %+v", g, w)
	}
	if s.Cost != nil && s.Cost.ComputedUSD != nil && math.Abs(*s.Cost.ComputedUSD-computed) > 1e-9*max(computed, 1) {
		t.Errorf("computed_usd %v, the events add up to %v", *s.Cost.ComputedUSD, computed)
	}
}

// checkSameAgain assembles once more, and with every hook recorded twice: neither may change the story.
func checkSameAgain(t testing.TB, in assemble.Input, set assemble.Settings, first []byte) {
	t.Helper()
	if again := encode(t, assemble.Session(in, set)); !bytes.Equal(first, again) {
		t.Errorf("the second assembly differs:\n%s", firstDifference(again, first))
	}
	twice := in
	twice.Records = nil
	for _, r := range in.Records {
		twice.Records = append(twice.Records, r, r)
	}
	s := assemble.Session(twice, set)
	var cut int
	for _, r := range in.Records {
		if r.Cut {
			cut++
		}
	}
	s.Completeness.DuplicateRecords -= len(in.Records)
	s.Completeness.CutRecords -= cut
	if got := encode(t, s); !bytes.Equal(first, got) {
		t.Errorf("every hook recorded twice makes another Session:\n%s", firstDifference(got, first))
	}
}
