package assemble

import (
	"strings"
	"time"

	"ams/pkg/hook"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// agent is one subagent.
type agent struct {
	id     string
	typ    string
	file   *transcript.File // nil where its file is gone
	inline bool             // clients 1.0.x: its lines stand in the main file
	meta   *transcript.Meta
	run    string             // the Workflow run that it belongs to
	lines  []*transcript.Line // its own lines, from its file, from progress lines or from inside the main file
	start  *record            // the first SubagentStart
	stop   *record            // the last SubagentStop, or StopFailure
	tool   *record            // the first hook of a tool of its own
	by     *tool              // the tool call that started it
	link   schema.Link
	prompt string // progress lines carry it
	parent string // the Agent call named by progress lines
	above  *agent // its parent; never in a circle
	event  *event
}

// helperPrefixes begin the ids of agents that the client runs for itself: compaction, side questions, prompt
// suggestions. Their files replay the parent's messages.
var helperPrefixes = []string{"acompact-", "aside_question-", "aprompt_suggestion-"}

func isHelper(agentID string) bool {
	for _, p := range helperPrefixes {
		if strings.HasPrefix(agentID, p) {
			return true
		}
	}
	return false
}

// findSidechains gives the lines of subagents that clients 1.0.x wrote into the main file to an agent each: the line
// that starts the chain names it.
func (j *joiner) findSidechains() {
	j.inline = map[*transcript.Line]string{}
	root := map[string]string{} // uuid -> agent id
	for _, l := range j.mainLines() {
		if !l.IsSidechain || l.UUID == "" {
			continue
		}
		id := root[l.ParentUUID]
		if id == "" && l.Type != "user" && l.Type != "assistant" {
			continue
		}
		if id == "" {
			id = "sidechain-" + l.UUID
		}
		root[l.UUID] = id
		if !j.copies.lines[l] {
			j.inline[l] = id
		}
	}
}

// collectAgents gathers subagents: who has a SubagentStart, an agent file, or lines inside the main file is one. A
// SubagentStop with no type and no start is the client's own helper.
func (j *joiner) collectAgents() {
	for i := range j.in.Files {
		f := &j.in.Files[i]
		if f.Agent == nil || isHelper(f.Agent.AgentID) {
			continue
		}
		a := j.agent(f.Agent.AgentID)
		a.meta, a.run = f.Agent.Meta, f.Agent.Run
		if f.Agent.Path == "" && a.file == nil {
			a.lines = f.Lines // of progress lines alone
		}
		if f.Agent.Path != "" && a.file == nil {
			a.file, a.lines = f, f.Lines
			for i, more := range j.united[a.id] {
				if a.file = more; i == 0 { // in the order in which they end, the last is the fullest
					a.lines = nil
				}
				a.lines = append(a.lines, more.Lines...)
			}
		}
	}
	for _, l := range j.mainLines() {
		if n := l.Nested(); n != nil && !j.copies.lines[l] && !isHelper(n.AgentID) {
			if a := j.agent(n.AgentID); a.parent == "" {
				a.parent, a.prompt = l.ParentTool, l.Data.Prompt
			}
		}
		if id := j.inline[l]; id != "" {
			a := j.agent(id)
			a.inline, a.lines = true, append(a.lines, l)
		}
	}
	j.collectAgentHooks()
	j.linkAgents()
	j.setWarmUpsApart()
	for _, a := range j.agents {
		a.setType()
	}
}

func (j *joiner) agent(id string) *agent {
	a := j.agentOf[id]
	if a == nil {
		a = &agent{id: id, link: schema.LinkNone}
		j.agentOf[id] = a
		j.agents = append(j.agents, a)
	}
	return a
}

func (j *joiner) collectAgentHooks() {
	for i := range j.records {
		r := &j.records[i]
		if r.AgentID == "" || isHelper(r.AgentID) {
			continue
		}
		switch r.Event {
		case hook.SubagentStart:
			if a := j.agent(r.AgentID); a.start == nil {
				a.start = r
			}
		case hook.PreToolUse, hook.PostToolUse, hook.PostToolUseFailure:
			// Where SubagentStart is not registered, the hooks of an agent's tools are all that is known of it.
			if a := j.agent(r.AgentID); a.tool == nil {
				a.tool = r
			}
		case hook.SubagentStop, hook.StopFailure:
			if r.AgentType == "" && j.agentOf[r.AgentID] == nil {
				continue
			}
			j.agent(r.AgentID).stop = r
		}
	}
}

// linkAgents finds the tool call that started each agent: the meta file's, else the one whose result names the agent,
// else the Workflow call of its run, else by equal prompts, and only where nothing else is left by order and type.
func (j *joiner) linkAgents() {
	byAgent, byRun := map[string]*tool{}, map[string]*tool{}
	var named []string
	for _, t := range j.tools {
		if !isAgentTool(t.name) && t.name != "Workflow" {
			continue
		}
		for _, raw := range t.results() {
			if id := j.agentID(field(raw, "agentId")); id != "" && byAgent[id] == nil {
				byAgent[id] = t
				named = append(named, id)
			}
			if run := field(raw, "runId"); run != "" && byRun[run] == nil {
				byRun[run] = t
			}
		}
	}
	for _, a := range j.agents {
		switch {
		case a.meta != nil && a.meta.ToolUseID != "" && j.toolOf[a.meta.ToolUseID] != nil:
			a.by = j.toolOf[a.meta.ToolUseID]
		case byAgent[a.id] != nil:
			a.by = byAgent[a.id]
		case a.parent != "" && j.toolOf[a.parent] != nil:
			a.by = j.toolOf[a.parent]
		case a.run != "" && byRun[a.run] != nil:
			a.by = byRun[a.run]
		}
		if a.by != nil {
			a.link = schema.LinkExact
		}
	}
	for _, id := range named {
		if j.agentOf[id] == nil && !isHelper(id) {
			a := j.agent(id) // its file is gone and no hook saw it, but the call's result names it
			a.by, a.link = byAgent[id], schema.LinkExact
		}
	}
	j.inferLinks()
}

// inferLinks pairs what has no id to go by: teammates and calls by name; agents and Agent calls with equal prompts;
// then, in time order, those of one type. Agents that the client warmed up by itself (2.0.x) have no call, and no
// call is left for them.
func (j *joiner) inferLinks() {
	taken := map[*tool]bool{}
	for _, a := range j.agents {
		if a.by != nil {
			taken[a.by] = true
		}
	}
	byPrompt, byType := map[string][]*tool{}, map[string][]*tool{}
	var calls []*tool
	for _, t := range j.tools {
		if isAgentTool(t.name) && !taken[t] {
			prompt, typ := field(t.input(), "prompt"), field(t.input(), "subagent_type")
			calls = append(calls, t)
			byPrompt[prompt] = append(byPrompt[prompt], t)
			byType[typ] = append(byType[typ], t)
		}
	}
	inferTeammates(j.unlinked(), calls, func(a *agent, t *tool) { a.by, a.link, taken[t] = t, schema.LinkInferred, true })
	infer := func(a *agent, from []*tool, fits func(*tool) bool) {
		for _, t := range from {
			if !taken[t] && t.agentID != a.id && fits(t) {
				a.by, a.link, taken[t] = t, schema.LinkInferred, true
				return
			}
		}
	}
	for _, a := range j.unlinked() {
		if p := a.firstPrompt(); p != "" {
			infer(a, byPrompt[p], func(*tool) bool { return true })
		}
	}
	for _, a := range j.unlinked() {
		if typ := a.hookType(); typ != "" && a.firstPrompt() == "" {
			infer(a, byType[typ], a.begins)
		}
	}
	for _, a := range j.unlinked() {
		if j.united[a.id] != nil || a.isTeammate() { // its call was answered before it began
			infer(a, calls, func(t *tool) bool { return field(t.input(), "name") != "" && !a.began().Before(t.start()) })
		}
	}
}

// unlinked are the agents whose call is not known and may be found.
func (j *joiner) unlinked() []*agent {
	var out []*agent
	for _, a := range j.agents {
		if a.by == nil && a.run == "" && (a.meta == nil || a.meta.ToolUseID == "") {
			out = append(out, a)
		}
	}
	return out
}

// begins reports whether the agent began while the call ran.
func (a *agent) begins(t *tool) bool {
	at := a.began()
	return !at.Before(t.start()) && (t.end().IsZero() || !at.After(t.end()))
}

func (a *agent) hookType() string {
	for _, r := range []*record{a.start, a.stop, a.tool} {
		if r != nil && r.AgentType != "" {
			return r.AgentType
		}
	}
	return ""
}

// firstPrompt is what the agent was told, as its own lines have it.
func (a *agent) firstPrompt() string {
	if a.prompt != "" {
		return a.prompt
	}
	for _, l := range a.lines {
		if l.Type == "user" && !l.IsMeta && !l.IsCompactSummary && !isToolResult(l) {
			return wordsOf(textOf(l))
		}
	}
	return ""
}

// rootPrompt is the prompt in the line that begins the agent's own file, "" where that is not the first of its lines
// any more.
func (a *agent) rootPrompt() string {
	for _, l := range a.lines {
		if l.Type == "user" && l.ParentUUID == "" && !l.IsMeta && !l.IsCompactSummary && !isToolResult(l) {
			return wordsOf(textOf(l))
		}
		if l.Type == "user" || l.Type == "assistant" {
			break
		}
	}
	return ""
}

// setType takes the agent's type from the meta file (a teammate's agentType is its name), the hooks, or the call's input.
func (a *agent) setType() {
	switch {
	case a.meta != nil && a.meta.SpawnedType != "":
		a.typ = a.meta.SpawnedType
	case a.meta != nil && a.meta.AgentType != "":
		a.typ = a.meta.AgentType
	case a.by != nil && a.hookType() == field(a.by.input(), "name") && field(a.by.input(), "subagent_type") != "":
		a.typ = field(a.by.input(), "subagent_type") // the hooks of a teammate bear its name
	case a.hookType() != "":
		a.typ = a.hookType()
	case a.by != nil:
		a.typ = field(a.by.input(), "subagent_type")
	}
}

// results are what a tool call answered, by either channel.
func (t *tool) results() []schema.Raw {
	var out []schema.Raw
	if t.post != nil {
		out = append(out, t.post.ToolResponse)
	}
	if t.resLine != nil {
		out = append(out, t.resLine.ToolUseResult)
	}
	return out
}

// began is the earlier of SubagentStart and the first line of its file.
func (a *agent) began() time.Time {
	var at time.Time
	for _, l := range a.lines {
		if !l.Time.IsZero() && (at.IsZero() || l.Time.Before(at)) {
			at = l.Time
		}
	}
	if a.start != nil && (at.IsZero() || a.start.at.Before(at)) {
		at = a.start.at
	}
	if at.IsZero() && a.by != nil && a.tool != nil {
		at = a.by.start()
	}
	if at.IsZero() && a.tool != nil {
		at = a.tool.at
	}
	if at.IsZero() && a.stop != nil {
		at = a.stop.at
	}
	if at.IsZero() && a.by != nil {
		at = a.by.start()
	}
	return at
}

// lastLine is the time of the agent's last line.
func (a *agent) lastLine() time.Time {
	var at time.Time
	for _, l := range a.lines {
		if l.Time.After(at) {
			at = l.Time
		}
	}
	return at
}
