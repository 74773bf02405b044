package signal

import (
	"fmt"

	"ams/pkg/schema"
)

// A tool that fails time after time is used wrongly, or what it needs is not there; and a session in which most calls
// fail is lost money. Failures are how agents find out, so few of them say nothing. What a person refused is no failure.
const (
	// leastFailures is the length of a run of failures of one tool in one agent.
	leastFailures = 5
	// leastCalls is how many calls a session has at least of which most can have failed.
	leastCalls = 10
)

// threadTool is one tool in one agent.
type threadTool struct{ agent, tool string }

func failing(s *schema.Session) []finding {
	runs := map[threadTool][]*schema.Event{}
	var order []threadTool
	var out []finding
	end := func(at threadTool) {
		if run := runs[at]; len(run) >= leastFailures {
			text := fmt.Sprintf("%s failed %s in a row, first: %s", at.tool, times(len(run)), named(run[0].Tool))
			out = append(out, finding{count: len(run), text: text, events: run, asked: true})
		}
		runs[at] = nil
	}
	calls := 0
	var failed []*schema.Event
	for i := range s.Events {
		e := &s.Events[i]
		if e.Tool == nil {
			continue
		}
		calls++
		at := threadTool{e.AgentID, e.Tool.Name}
		if !hasFailed(e.Tool) {
			end(at)
			continue
		}
		failed = append(failed, e)
		if _, seen := runs[at]; !seen {
			order = append(order, at)
		}
		runs[at] = append(runs[at], e)
	}
	for _, at := range order {
		end(at)
	}
	out = inOrder(s, out)
	if calls >= leastCalls && 2*len(failed) > calls {
		text := fmt.Sprintf("%d of %d tool calls failed", len(failed), calls)
		out = append(out, finding{count: len(failed), text: text, events: failed, asked: true})
	}
	return out
}

func hasFailed(t *schema.Tool) bool {
	switch t.Outcome {
	case schema.ToolDenied, schema.ToolInterrupted, schema.ToolUnknown:
		return false
	}
	return t.IsError
}
