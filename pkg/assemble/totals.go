package assemble

import (
	"runtime"
	"slices"
	"sort"
	"time"

	"ams/pkg/hook"
	"ams/pkg/schema"
	"ams/pkg/signal"
	"ams/pkg/transcript"
)

// manyEvents are so many that the collector must come before they are summed up and copied, and not when it likes to.
const manyEvents = 50_000

// finish makes the Session of what was collected.
func (j *joiner) finish() *schema.Session {
	start, end := j.bounds()
	j.timeless(start)
	s := &schema.Session{
		SchemaVersion: schema.Version, SessionID: j.in.SessionID, TraceID: j.ids.trace(),
		Agent:       schema.Agent{Name: j.context.AgentName, Version: j.context.AgentVersion},
		Environment: j.context.Environment, Tags: j.context.Tags, Metadata: j.context.Metadata,
		Host: j.context.Host, User: j.context.User, StartTime: schema.At(start),
	}
	if s.Tags == nil {
		s.Tags = []string{}
	}
	if !end.IsZero() {
		s.EndTime = schema.At(end)
		ms := s.EndTime.Sub(s.StartTime.Time).Milliseconds()
		s.DurationMS = &ms
	}
	j.describe(s)
	j.cost(s)
	j.markRewrites()
	s.Outcome, s.Limit = j.ending()
	s.Completeness = j.completeness()
	j.dropLines()
	j.sumAgents()
	j.calls, j.tools, j.agents = nil, nil, nil
	s.Events = j.place()
	j.total(s)
	s.Status = j.status(s)
	signal.Review(s)
	return s
}

// dropLines lets go of the lines, as what follows needs the events alone: they are most of a large session's memory.
func (j *joiner) dropLines() {
	j.in.Files, j.copies, j.inline, j.united, j.toolOf, j.agentOf, j.prompts = nil, copies{}, nil, nil, nil, nil, nil
	for _, c := range j.calls {
		c.lines, c.best = nil, nil
	}
	for _, a := range j.agents {
		a.lines, a.file = nil, nil
	}
	if len(j.events) > manyEvents {
		runtime.GC()
	}
}

// bounds are the first and the last time of the session's own events and records.
func (j *joiner) bounds() (start, end time.Time) {
	see := func(t time.Time) {
		if t.IsZero() {
			return
		}
		if start.IsZero() || t.Before(start) {
			start = t
		}
		if t.After(end) {
			end = t
		}
	}
	for _, e := range j.events {
		see(e.StartTime.Time)
		see(e.EndTime.Time)
	}
	for _, r := range j.records {
		see(r.at)
	}
	if !start.IsZero() {
		return start, end
	}
	for _, r := range j.in.Records { // payloads that nobody can read still have a time
		if believable(r.At) {
			see(schema.At(r.At).Time)
		}
	}
	for _, f := range j.in.Files {
		see(f.Last)
	}
	for _, f := range j.in.Files { // nothing inside has a time: the file's own is better than none
		if start.IsZero() && believable(f.ModTime) {
			start = schema.At(f.ModTime).Time
		}
	}
	if start.IsZero() {
		start = time.Unix(0, 0).UTC() // nothing has a time
	}
	return start, end
}

// maxModels bounds the models that a session names; the most seen are 6.
const maxModels = 1000

// total sums the events up.
func (j *joiner) total(s *schema.Session) {
	t := &s.Totals
	turns := 0
	for _, e := range s.Events {
		switch e.Type {
		case schema.ToolCall:
			t.ToolCalls++
		case schema.Subagent:
			t.Subagents++
		case schema.UserPrompt:
			turns++
		case schema.LLMMessage:
			if e.Provisional {
				break
			}
			t.LLMCalls++
			t.Usage = t.Usage.Add(orUncounted(e.LLM.Usage))
			if e.Note == schema.WarmUpNote {
				t.WarmUpCalls++
			}
			if e.LLM.Model != "" && len(s.Models) < maxModels && !slices.Contains(s.Models, e.LLM.Model) {
				s.Models = append(s.Models, e.LLM.Model)
			}
		}
		if e.Status == schema.Failed {
			t.Errors++
		}
	}
	t.NumTurns = &turns
	t.DurationMS = s.DurationMS
}

// orUncounted is a call's usage, or what stands for one that is not known in a sum.
func orUncounted(u *schema.Usage) schema.Usage {
	if u == nil {
		return schema.Uncounted()
	}
	return *u
}

// sumAgents gives every subagent the sum over its own calls, and those with agents below them the sum over all.
func (j *joiner) sumAgents() {
	own := map[string]*schema.Rollup{}
	unpriced := map[string]bool{}
	for _, a := range j.agents {
		zero := 0.0
		own[a.id] = &schema.Rollup{CostUSD: &zero}
	}
	for _, c := range j.callsByEnd() {
		r := own[c.agentID]
		if r == nil {
			continue
		}
		r.LLMCalls++
		r.Usage = r.Usage.Add(orUncounted(c.event.LLM.Usage))
		if usd := c.event.LLM.CostUSD; usd != nil {
			*r.CostUSD += *usd
		} else {
			unpriced[c.agentID] = true
		}
	}
	for _, t := range j.tools {
		if r := own[t.agentID]; r != nil {
			r.ToolCalls++
		}
	}
	for _, a := range j.agents {
		r, info := own[a.id], a.event.Subagent
		info.LLMCalls, info.ToolCalls = r.LLMCalls, r.ToolCalls
		if r.LLMCalls > 0 {
			usage := r.Usage
			info.Usage = &usage
			if !unpriced[a.id] {
				usd := *r.CostUSD
				info.CostUSD = &usd
			}
		}
	}
	j.rollUp(own, unpriced)
}

// rollUp sums each agent and all that stand below it.
func (j *joiner) rollUp(own map[string]*schema.Rollup, unpriced map[string]bool) {
	sums := map[*agent]*schema.Rollup{} // of those that have agents below them
	for _, b := range j.agents {
		if a := b.above; a != nil && sums[a] == nil {
			sums[a] = &schema.Rollup{CostUSD: new(float64)}
		}
	}
	unknown := map[*agent]bool{} // the cost of one below it is not known
	for _, b := range j.agents {
		r := own[b.id]
		for a, levels := b, 0; a != nil && levels < maxAgentDepth; a, levels = a.above, levels+1 {
			sum := sums[a]
			if sum == nil {
				continue
			}
			if a != b {
				sum.Subagents++
			}
			sum.LLMCalls += r.LLMCalls
			sum.ToolCalls += r.ToolCalls
			sum.Usage = sum.Usage.Add(r.Usage)
			*sum.CostUSD += *r.CostUSD
			unknown[a] = unknown[a] || unpriced[b.id]
		}
	}
	for _, a := range j.agents {
		sum := sums[a]
		if sum == nil {
			continue
		}
		if unknown[a] {
			sum.CostUSD = nil
		}
		a.event.Subagent.Rollup = sum
	}
}

// status is the session's: running while it may go on, error if any event has it, as in contract 1.0.
func (j *joiner) status(s *schema.Session) schema.Status {
	switch {
	case j.set.Status != "":
		return j.set.Status
	case s.Outcome == schema.StillOpen:
		return schema.Running
	case s.Totals.Errors > 0:
		return schema.Failed
	}
	return schema.OK
}

// completeness says what the Session was made from and what it lacks. It holds on to nothing of j, which is many
// times as large as the Session.
func (j *joiner) completeness() *schema.Completeness {
	c := new(schema.Completeness)
	*c = j.completed
	c.ProgramVersion, c.Final = j.set.ProgramVersion, j.set.Final
	c.DamagedSpools, c.SalvagedRecords = j.in.DamagedSpools, j.in.SalvagedRecords
	c.Files = make([]schema.InputFile, 0, len(j.in.Files))
	for _, f := range j.in.Files {
		if f.Agent != nil && f.Agent.Path == "" {
			continue
		}
		c.Files = append(c.Files, schema.InputFile{Name: f.Name, Lines: f.Report.Lines, Bytes: f.Bytes})
		c.UnparsedLines += f.Unparsed
		j.cut.Lines += f.LeftOut
		j.cut.Inputs += f.Short
		if f.Cut {
			c.CutLines++
		}
		for name, n := range f.Unknown {
			if c.UnknownLines == nil {
				c.UnknownLines = map[string]int{}
			}
			c.UnknownLines[name] += n
		}
	}
	if !slices.ContainsFunc(j.in.Files, func(f transcript.File) bool { return f.Agent == nil }) {
		c.Missing = append(c.Missing, "transcript")
	}
	for _, t := range j.tools {
		if t.event.Tool.Outcome == schema.ToolUnknown {
			c.CallsWithoutResult++
		}
	}
	for _, a := range j.agents {
		if a.file == nil && !a.inline {
			c.AgentsWithoutFile++
		}
	}
	for name, n := range c.Records {
		if !hook.Known(name) {
			if c.UnknownRecords == nil {
				c.UnknownRecords = map[string]int{}
			}
			c.UnknownRecords[name] = n
		}
	}
	sort.Strings(c.Missing)
	cut := j.cut
	if cut.Inputs += j.in.ShortRecords; cut != (schema.Cut{}) {
		c.Cut = &cut
	}
	return c
}
