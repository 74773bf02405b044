// Package signal finds in a Session what deserves a look: calls that go round in a circle, a file that is edited again
// and again, money paid twice for one prompt, agents that never came back.
//
// A signal is a hint with its evidence, never a verdict: it names the events, and what they cost in money and time. An
// ordinary session has none. Each rule is one file, with its reason and its thresholds, and looks at events alone; the
// same Session gives the same signals.
package signal

import (
	"cmp"
	"fmt"
	"slices"

	"ams/pkg/schema"
)

// mostOfKind bounds the signals of one kind: those with the most to show. The last one says how many there are besides.
const mostOfKind = 3

// rule is one way to find signals of a kind.
type rule struct {
	kind schema.SignalKind
	find func(*schema.Session) []finding
}

// rules are all rules, in the order of [schema.SignalKinds].
var rules = []rule{
	{schema.SignalLoop, loops},
	{schema.SignalFailing, failing},
	{schema.SignalChurn, churn},
	{schema.SignalCacheRewrite, cacheRewrites},
	{schema.SignalContext, fullContexts},
	{schema.SignalRetries, retries},
	{schema.SignalSlowTool, slowTools},
	{schema.SignalApproval, approvals},
	{schema.SignalAgentLost, lostAgents},
	{schema.SignalUnfinished, unfinished},
	{schema.SignalHugeResult, hugeResults},
}

// finding is one signal on its way.
type finding struct {
	count  int
	text   string
	events []*schema.Event
	usd    *float64
	ms     *int64
	asked  bool // its cost is that of the calls of the model that asked for its events
}

// Find returns the signals of a Session, none where it is ordinary.
func Find(s *schema.Session) []schema.Signal {
	var out []schema.Signal
	for _, r := range rules {
		found := r.find(s)
		slices.SortStableFunc(found, func(a, b finding) int { return cmp.Compare(b.count, a.count) })
		if more := len(found) - mostOfKind; more > 0 {
			found = found[:mostOfKind]
			found[mostOfKind-1].text += fmt.Sprintf(" (and %d more such)", more)
		}
		for _, f := range found {
			if f.asked {
				f.usd = costOfAsking(s, f.events)
			}
			out = append(out, f.signal(r.kind))
		}
	}
	return out
}

func (f finding) signal(kind schema.SignalKind) schema.Signal {
	ids := make([]string, 0, min(len(f.events), schema.MaxSignalEvents))
	for _, e := range f.events[:cap(ids)] {
		ids = append(ids, e.ID)
	}
	return schema.Signal{Kind: kind, Count: f.count, Text: f.text, EventIDs: ids, CostUSD: f.usd, MS: f.ms}
}

// costOfAsking is what the calls of the model cost that asked for tool calls, nil where that is not known of one.
func costOfAsking(s *schema.Session, calls []*schema.Event) *float64 {
	asked := map[string]bool{}
	for _, e := range calls {
		asked[e.Tool.LLMEventID] = true
	}
	sum, found := 0.0, 0
	for i := range s.Events {
		e := &s.Events[i]
		if e.LLM == nil || !asked[e.ID] {
			continue
		}
		if e.LLM.CostUSD == nil {
			return nil
		}
		sum += *e.LLM.CostUSD
		found++
	}
	if found == 0 {
		return nil
	}
	return &sum
}

// isOver reports whether nothing more is to come of a session: what is open then stays open.
func isOver(s *schema.Session) bool {
	return s.Completeness != nil && s.Completeness.Final && s.Outcome != schema.StillOpen
}

// inOrder puts findings into the order of their first events: maps gave them in any.
func inOrder(s *schema.Session, found []finding) []finding {
	if len(found) < 2 {
		return found
	}
	at := map[*schema.Event]int{}
	for _, f := range found {
		at[f.events[0]] = 0
	}
	for i := range s.Events {
		if _, ok := at[&s.Events[i]]; ok {
			at[&s.Events[i]] = i
		}
	}
	slices.SortFunc(found, func(a, b finding) int { return cmp.Compare(at[a.events[0]], at[b.events[0]]) })
	return found
}
