package signal

import (
	"cmp"
	"fmt"

	"ams/pkg/schema"
)

// A subagent that was killed, that failed, or of which nothing was heard any more has cost money for an answer that
// nobody got; its parent goes on without it, and often does not say so.

func lostAgents(s *schema.Session) []finding {
	var f finding
	sum, priced := 0.0, true
	first := ""
	for i := range s.Events {
		e := &s.Events[i]
		if e.Subagent == nil {
			continue
		}
		why := lostBy(s, e)
		if why == "" {
			continue
		}
		f.events = append(f.events, e)
		if first == "" {
			first = fmt.Sprintf("%s %s", cmp.Or(firstLine(e.Subagent.Description), e.Subagent.AgentType, e.Subagent.AgentID), why)
		}
		switch {
		case e.Subagent.CostUSD != nil:
			sum += *e.Subagent.CostUSD
		case e.Subagent.LLMCalls > 0:
			priced = false
		}
	}
	if f.count = len(f.events); f.count == 0 {
		return nil
	}
	f.text = fmt.Sprintf("%s gave no answer: %s", counted(f.count, "subagent"), first)
	if priced && sum > 0 {
		f.usd = &sum
	}
	return []finding{f}
}

// lostBy says what became of a subagent that gave no answer, "" of any other.
func lostBy(s *schema.Session, e *schema.Event) string {
	switch {
	case e.Error != nil && e.Error.Type == "killed":
		return "was killed"
	case e.Error != nil:
		return "failed (" + e.Error.Type + ")"
	case e.Status == schema.Failed:
		return "failed"
	case isOver(s) && (e.Status == schema.Running || e.EndTime.IsZero()):
		return "never ended"
	}
	return ""
}
