package signal

import (
	"cmp"
	"math"
	"slices"
	"time"

	"ams/pkg/schema"
)

// Old reports whether a Session was stored before what [ReviewOld] fills in was kept.
func Old(s *schema.Session) bool { return s.ActiveMS == nil }

// ReviewOld is [Review] for an [Old] Session: it notes cache rewrites first, without a price.
func ReviewOld(s *schema.Session) {
	events := make([]*schema.Event, len(s.Events))
	for i := range s.Events {
		events[i] = &s.Events[i]
	}
	MarkRewrites(events, func(*schema.Event, int64) *float64 { return nil })
	Review(s)
}

// Review fills in what is told of a Session by its events alone: the time that it was at work, and its signals. A join
// ends with it.
func Review(s *schema.Session) {
	ms := activeMS(s)
	s.ActiveMS = &ms
	s.Signals = Find(s)
}

// askingTools wait for a person as long as they run.
var askingTools = map[string]bool{"AskUserQuestion": true, "ExitPlanMode": true}

// work is when something was at work, in microseconds since 1970: a large session has hundreds of thousands.
type work struct{ from, to int64 }

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
	last := map[string]int64{} // by thread: when what a call of the model answers was there
	for i := range s.Events {
		e := &s.Events[i]
		at := worked(e)
		switch {
		case e.Subagent != nil:
			last[e.Subagent.AgentID] = max(last[e.Subagent.AgentID], e.StartTime.UnixMicro())
			continue
		case e.LLM != nil && e.DurationMS == nil:
			at.from = asking(at.from, last[e.AgentID])
		}
		last[e.AgentID] = max(last[e.AgentID], at.to)
		if e.LLM != nil || e.Tool != nil && !told[e.ID] && !askingTools[e.Tool.Name] {
			if at.to > at.from {
				spans = append(spans, at)
			}
		}
	}
	slices.SortFunc(spans, func(a, b work) int { return cmp.Compare(a.from, b.from) })
	var sum int64
	until := int64(math.MinInt64)
	for _, at := range spans {
		if from := max(at.from, until); at.to > from {
			sum += at.to - from
			until = at.to
		}
	}
	return sum / time.Millisecond.Microseconds()
}

// longestCall is how long a call of the model takes at most: the API's own limit.
const longestCall = 10 * time.Minute

// asking is when a call of the model began whose request nobody noted (clients before about 2.1.281): when what it
// answers was there, since the client asks at once; or when its first block came, where that is too long ago.
func asking(first, before int64) int64 {
	if before > 0 && before < first && first-before < longestCall.Microseconds() {
		return before
	}
	return first
}

// worked is when a call was at work: without the time in which a person was asked for permission, which comes before
// the execution.
func worked(e *schema.Event) work {
	if e.EndTime.IsZero() {
		return work{}
	}
	at := work{e.StartTime.UnixMicro(), e.EndTime.UnixMicro()}
	if e.Tool == nil || e.Tool.ApprovalMS == nil {
		return at
	}
	if ms := e.Tool.ExecutionMS; ms != nil {
		at.from = max(at.from, at.to-*ms*time.Millisecond.Microseconds())
	} else {
		at.from = max(at.from, at.from+*e.Tool.ApprovalMS*time.Millisecond.Microseconds())
	}
	return at
}
