package signal

import (
	"fmt"
	"slices"
	"strings"

	"ams/pkg/schema"
)

// A model near the end of its window forgets and costs most: each call sends all of it. A session that was compacted
// more than once has lost its beginning twice.
const (
	// window is what a model takes as a rule, largeWindow what those do that take more; no record says which one it
	// was, but who was sent more than the first has the second.
	window      = 200_000
	largeWindow = 1_000_000
	// full is how much of its window a call may fill before that is near.
	full = 0.9
	// leastCompactions is how often one thread was compacted.
	leastCompactions = 2
	// microTrigger is the trigger of compactions that only drop old results.
	microTrigger = "micro"
)

func fullContexts(s *schema.Session) []finding {
	var near, compacted []*schema.Event
	var peak int64
	threads := map[string]int{}
	large := slices.ContainsFunc(s.Models, func(m string) bool { return strings.HasSuffix(m, "m]") })
	for i := range s.Events {
		e := &s.Events[i]
		if e.Compaction != nil && e.Compaction.Trigger != microTrigger {
			threads[e.AgentID]++
			compacted = append(compacted, e)
		}
		if sent(e) > peak {
			peak = sent(e)
		}
	}
	size := int64(window)
	if large || peak > window {
		size = largeWindow
	}
	var out []finding
	if float64(peak) >= full*float64(size) {
		for i := range s.Events {
			if e := &s.Events[i]; float64(sent(e)) >= full*float64(size) {
				near = append(near, e)
			}
		}
		text := fmt.Sprintf("%s near the end of the window: up to %s of %s tokens", counted(len(near), "call"), number(peak), number(size))
		out = append(out, finding{count: len(near), text: text, events: near})
	}
	most := 0
	for _, n := range threads {
		most = max(most, n)
	}
	if most >= leastCompactions {
		text := "the conversation was compacted " + times(len(compacted))
		out = append(out, finding{count: len(compacted), text: text, events: compacted})
	}
	return out
}

// sent is how many tokens a call of the model was sent.
func sent(e *schema.Event) int64 {
	if e.LLM == nil || e.LLM.Usage == nil {
		return 0
	}
	n, _ := e.LLM.Usage.Input()
	return n
}
