package assemble

import (
	"slices"
	"time"

	"ams/pkg/schema"
	"ams/pkg/signal"
)

// Review fills in what is told of a Session by its events alone: the time that it was at work, and its signals. A join
// ends with it; it is for who has an object of before these were kept, too.
func Review(s *schema.Session) {
	ms := activeMS(s)
	s.ActiveMS = &ms
	s.Signals = signal.Find(s)
}

// askingTools wait for a person as long as they run.
var askingTools = map[string]bool{"AskUserQuestion": true, "ExitPlanMode": true}

// work is when something was at work.
type work struct{ from, to time.Time }

// activeMS is how long models and tools were at work: the union of what calls of both took. A call that started a
// subagent counts by what that did, where that is known.
func activeMS(s *schema.Session) int64 {
	told := map[string]bool{} // calls whose subagent's own calls are known
	for i := range s.Events {
		if a := s.Events[i].Subagent; a != nil && a.LLMCalls+a.ToolCalls > 0 {
			told[a.InvocationEventID] = true
		}
	}
	var spans []work
	for i := range s.Events {
		e := &s.Events[i]
		if e.LLM == nil && (e.Tool == nil || told[e.ID] || askingTools[e.Tool.Name]) {
			continue
		}
		if at := worked(e); at.to.After(at.from) {
			spans = append(spans, at)
		}
	}
	slices.SortFunc(spans, func(a, b work) int { return a.from.Compare(b.from) })
	var sum time.Duration
	var until time.Time
	for _, at := range spans {
		if at.from.Before(until) {
			at.from = until
		}
		if at.to.After(at.from) {
			sum += at.to.Sub(at.from)
			until = at.to
		}
	}
	return sum.Milliseconds()
}

// worked is when a call was at work: without the time in which a person was asked for permission, which comes before
// the execution.
func worked(e *schema.Event) work {
	at := work{e.StartTime.Time, e.EndTime.Time}
	if e.Tool == nil || e.Tool.ApprovalMS == nil {
		return at
	}
	if ms := e.Tool.ExecutionMS; ms != nil {
		if began := at.to.Add(-time.Duration(*ms) * time.Millisecond); began.After(at.from) {
			at.from = began
		}
	} else {
		at.from = at.from.Add(time.Duration(*e.Tool.ApprovalMS) * time.Millisecond)
	}
	return at
}
