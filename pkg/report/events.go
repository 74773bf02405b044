package report

import (
	"math"
	"strings"

	"ams/pkg/schema"
)

// eventSums adds the events of one session up by row.
type eventSums struct {
	report  *Report
	session *schema.Session
	sum     *schema.Summary
	rows    map[string]*piece
	context context

	execution, approval Times // of all calls of tools
}

// row is the row of keys, which are one for each dimension.
func (e *eventSums) row(keys []string) *Sums {
	joined := strings.Join(keys, "\x00")
	if e.rows[joined] == nil {
		e.rows[joined] = &piece{keys: keys}
	}
	return &e.rows[joined].sums
}

// keys are the rows that an event counts in: a key for each dimension that divides, all values of the others. They are
// none where a dimension has no key for the event: a call of a tool that is on no MCP server.
func (e *eventSums) keys(of func(d dimension) string) [][]string {
	out := [][]string{nil}
	for _, d := range e.report.dims {
		var values []string
		if d.divides() {
			if v := of(d); v != "" {
				values = []string{v}
			}
		} else {
			values = valuesOf(d, e.sum)
		}
		var next [][]string
		for _, keys := range out {
			for _, v := range values {
				next = append(next, append(append([]string(nil), keys...), v))
			}
		}
		out = next
	}
	return out
}

// nameAgents learns the types of agents.
func (e *eventSums) nameAgents() {
	for i := range e.session.Events {
		if a := e.session.Events[i].Subagent; a != nil {
			e.context.types[a.AgentID] = orUnnamed(a.AgentType)
		}
	}
}

// calls adds the calls of models, and what the bill holds beside them.
func (e *eventSums) calls(total Sums) {
	e.nameAgents()
	rest := total.CostUSD
	for i := range e.session.Events {
		event := &e.session.Events[i]
		if event.LLM == nil || event.Provisional {
			continue
		}
		one := Sums{Calls: 1}
		if u := event.LLM.Usage; u != nil {
			one.Input, one.CacheRead, one.CacheWrite, one.Output = u.InputTokens, u.CacheReadInputTokens, u.CacheCreationInputTokens, u.OutputTokens
		}
		if cost := event.LLM.CostUSD; cost != nil {
			one.CostUSD = *cost
			rest -= *cost
		} else {
			one.UnknownCalls = 1
		}
		for _, keys := range e.keys(func(d dimension) string { return d.call(event, &e.context) }) {
			e.row(keys).add(one)
		}
	}
	if len(e.rows) == 0 {
		e.nothing()
	}
	if math.Abs(rest) > rounding {
		for _, keys := range e.keys(func(dimension) string { return InNoCall }) {
			e.row(keys).CostUSD += rest
		}
	}
}

// nothing counts a session in which there is nothing to divide.
func (e *eventSums) nothing() {
	none := func(d dimension) string {
		if d.time && !e.session.StartTime.IsZero() {
			return d.key(e.session.StartTime.In(e.report.location))
		}
		return None
	}
	for _, keys := range e.keys(none) {
		e.row(keys)
	}
}

// tools adds the calls of tools, and what the calls of models cost that asked for them.
func (e *eventSums) tools() {
	e.nameAgents()
	asking := map[string]*schema.Event{}
	for i := range e.session.Events {
		if event := &e.session.Events[i]; event.LLM != nil && !event.Provisional {
			asking[event.ID] = event
		}
	}
	counted := map[string]bool{} // rows that the cost of an asking call is in
	for i := range e.session.Events {
		event := &e.session.Events[i]
		if event.Tool == nil {
			continue
		}
		by := asking[event.Tool.LLMEventID]
		one := timesOf(event.Tool)
		one.ToolCalls = 1
		if event.Tool.IsError {
			one.Errors = 1
		}
		for _, keys := range e.keys(func(d dimension) string { return d.tool(event, by, &e.context) }) {
			row := e.row(keys)
			row.add(one)
			once := strings.Join(keys, "\x00") + "\x00" + event.Tool.LLMEventID
			if by == nil || counted[once] {
				continue
			}
			counted[once] = true
			if by.LLM.CostUSD != nil {
				row.AskedUSD += *by.LLM.CostUSD
			} else {
				row.AskedUnknown++
			}
		}
		e.execution, e.approval = append(e.execution, one.Execution...), append(e.approval, one.Approval...)
	}
}

func timesOf(t *schema.Tool) (s Sums) {
	if t.ExecutionMS != nil {
		s.Execution = Times{*t.ExecutionMS}
	}
	if t.ApprovalMS != nil {
		s.Approval = Times{*t.ApprovalMS}
	}
	return s
}
