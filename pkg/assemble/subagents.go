package assemble

import (
	"strings"
	"time"

	"ams/pkg/hook"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// addAgents makes the events of the subagents, and hangs them below their parents.
func (j *joiner) addAgents() {
	for _, a := range j.agents {
		info := &schema.SubagentInfo{
			AgentID: a.id, AgentType: a.typ, Link: a.link, ParentAgentID: j.parentOf(a), TranscriptPath: a.transcriptPath(),
			InvocationPrompt: a.invocationPrompt(), Description: a.description(), Background: a.background(),
		}
		if a.by != nil && a.by.event != nil {
			info.InvocationEventID = a.by.event.ID
			info.InvocationReasoning = j.reasonOf(a.by)
		}
		name := a.typ
		if name == "" {
			name = "agent"
		}
		e := &event{Event: schema.Event{
			ID: j.ids.of("subagent", a.id), Type: schema.Subagent, Name: "subagent:" + name, AgentID: a.id, Subagent: info,
		}}
		if a.by != nil {
			e.asker = a.by.event
			e.PromptID = a.by.promptID()
		} else if a.start != nil {
			e.PromptID = a.start.PromptID
		}
		end, status := j.agentEnd(a)
		e.span(a.began(), end)
		e.Status = status
		if a.stop != nil && a.stop.Event == hook.StopFailure {
			e.Error = &schema.Error{Type: a.stop.Error, Message: a.stop.LastMessage}
		}
		a.event = e
		j.events = append(j.events, e)
	}
	for _, a := range j.agents {
		if p := j.agentOf[a.event.Subagent.ParentAgentID]; p != nil && !p.below(a) {
			a.above = p
			a.event.parent = p.event
		}
	}
	for _, a := range j.agents {
		for up := a; up != nil && a.event.Subagent.Depth < maxAgentDepth; up = up.above {
			a.event.Subagent.Depth++
		}
	}
	for _, e := range j.events {
		if a := j.agentOf[e.AgentID]; a != nil && e != a.event {
			e.parent = a.event
		}
	}
}

// parentOf is the id of the agent that started a, "" for the main thread.
func (j *joiner) parentOf(a *agent) string {
	if a.meta != nil && a.meta.ParentAgentID != "" {
		return a.meta.ParentAgentID
	}
	if a.by != nil && a.by.agentID != a.id {
		return a.by.agentID
	}
	return ""
}

// maxAgentDepth bounds how far agents are followed upwards, so that a chain of 100,000 costs no more than as many side by side; clients nest 5 deep.
const maxAgentDepth = 100

// below reports whether a is b or stands below it, or too deep to tell.
func (a *agent) below(b *agent) bool {
	for levels := 0; a != nil; a = a.above {
		if levels++; a == b || levels > maxAgentDepth {
			return true
		}
	}
	return false
}

func (a *agent) transcriptPath() string {
	if a.stop != nil && a.stop.AgentTranscript != "" {
		return a.stop.AgentTranscript
	}
	if a.file != nil {
		return a.file.Name
	}
	return ""
}

// invocationPrompt is the prompt that the call gave it, else the first that its lines have.
func (a *agent) invocationPrompt() string {
	if a.by != nil && isAgentTool(a.by.name) {
		if p := field(a.by.input(), "prompt"); p != "" {
			return p
		}
	}
	if p := a.firstPrompt(); p != "" {
		return p
	}
	return a.description()
}

func (a *agent) description() string {
	if a.meta != nil && a.meta.Description != "" {
		return a.meta.Description
	}
	if a.by != nil {
		return field(a.by.input(), "description")
	}
	return ""
}

// background reports whether the agent ran beside its parent's turn.
func (a *agent) background() bool {
	if a.meta != nil && a.meta.RequestShape == "background" {
		return true
	}
	if a.by == nil {
		return false
	}
	for _, raw := range a.by.results() {
		switch field(raw, "status") {
		case "async_launched", "teammate_spawned":
			return true
		}
	}
	return false
}

// agentEnd says when the agent ended and how. An agent ends with its last SubagentStop, or StopFailure where an API error ended it;
// without either, when its file says that it finished or its call was answered.
func (j *joiner) agentEnd(a *agent) (time.Time, schema.Status) {
	last := a.lastLine()
	if a.stop != nil {
		status := schema.OK
		if a.stop.Event == hook.StopFailure {
			status = schema.Failed
		}
		if last.Sub(a.stop.at) < time.Second { // its last line may be written just after; a resumed agent's much later
			return a.stop.at, status
		}
	}
	if j.agentFailed(a) {
		return last, schema.Failed
	}
	finished := (a.meta != nil && a.meta.Finished) || a.answered()
	if finished && !last.IsZero() {
		return last, schema.OK
	}
	if a.by != nil && !a.background() && !a.by.end().IsZero() {
		if a.by.outcome() != schema.ToolOK {
			return a.by.end(), schema.Failed
		}
		return a.by.end(), schema.OK
	}
	return time.Time{}, schema.Running
}

// agentFailed reports whether the last thing in the agent's file is an API error.
func (j *joiner) agentFailed(a *agent) bool {
	for i := len(a.lines) - 1; i >= 0; i-- {
		if l := a.lines[i]; l.Type == "assistant" {
			return l.IsAPIError
		}
	}
	return false
}

// answered reports whether the agent's last message is a final one.
func (a *agent) answered() bool {
	for i := len(a.lines) - 1; i >= 0; i-- {
		switch l := a.lines[i]; {
		case l.Type == "assistant" && l.Message != nil:
			return l.Message.StopReason == "end_turn"
		case l.Type == "user":
			return false
		}
	}
	return false
}

// reasonOf is what the parent thought and said just before it made the call: the blocks before it in the same message, else the
// message before that, in the same turn.
func (j *joiner) reasonOf(t *tool) string {
	if t.call == nil {
		return ""
	}
	if s := j.wordsBefore(t.call, t.use); s != "" {
		return s
	}
	prev := t.call.before
	if prev == nil || j.promptBetween(prev, t.call) {
		return ""
	}
	return j.wordsBefore(prev, nil)
}

// wordsBefore joins the thinking and text of a call up to a block of it, nil for all.
func (j *joiner) wordsBefore(c *call, until *transcript.Block) string {
	var parts []string
	for _, l := range c.lines {
		for i := range l.Message.Content.Blocks {
			b := &l.Message.Content.Blocks[i]
			if b == until {
				return strings.Join(parts, "\n")
			}
			if b.Type == "thinking" && b.Thinking != "" && !j.set.DropThinking {
				parts = append(parts, b.Thinking)
			}
			if b.Type == "text" && b.Text != "" {
				parts = append(parts, b.Text)
			}
		}
	}
	return strings.Join(parts, "\n")
}

// promptBetween reports whether a person spoke between two calls of one file: then the earlier has nothing to do with the later.
func (j *joiner) promptBetween(a, b *call) bool {
	if a.file >= len(j.in.Files) {
		return false
	}
	lines := j.in.Files[a.file].Lines
	for i := a.order; i < b.order && i < len(lines); i++ {
		if l := lines[i]; l.Type == "user" && !l.IsMeta && !isToolResult(l) {
			return true
		}
	}
	return false
}
