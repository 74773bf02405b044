package signal

import (
	"cmp"
	"fmt"
	"slices"

	"ams/pkg/schema"
)

// A tool that runs for minutes holds the agent, and lets the cache grow old; often it could run in the background, or
// hangs. Agents, and tools that wait for what runs elsewhere or for a person, take long by their nature.
const slowMS = 5 * 60_000

// long are tools that take as long as somebody else needs.
var long = map[string]bool{
	"Agent": true, "Task": true, "Workflow": true, "TaskOutput": true, "AgentOutputTool": true, "BashOutput": true, "Monitor": true,
	"AskUserQuestion": true, "ExitPlanMode": true, "Sleep": true,
}

func slowTools(s *schema.Session) []finding {
	var slow []*schema.Event
	var sum int64
	for i := range s.Events {
		e := &s.Events[i]
		if e.Tool == nil || long[e.Tool.Name] {
			continue
		}
		if ms := ran(e); ms >= slowMS {
			slow = append(slow, e)
			sum += ms
		}
	}
	if len(slow) == 0 {
		return nil
	}
	longest := slices.MaxFunc(slow, func(a, b *schema.Event) int { return cmp.Compare(ran(a), ran(b)) })
	text := fmt.Sprintf("%s ran %s", named(longest.Tool), spent(ran(longest)))
	if n := len(slow) - 1; n > 0 {
		text += fmt.Sprintf(", and %s for more than %s", counted(n, "other call"), spent(slowMS))
	}
	return []finding{{count: len(slow), text: text, events: slow, ms: &sum}}
}

// ran is how long a call was at work, without the wait for a person.
func ran(e *schema.Event) int64 {
	switch {
	case e.Tool.ExecutionMS != nil:
		return *e.Tool.ExecutionMS
	case e.DurationMS == nil:
		return 0
	case e.Tool.ApprovalMS != nil:
		return *e.DurationMS - *e.Tool.ApprovalMS
	}
	return *e.DurationMS
}
