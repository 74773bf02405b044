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
		end, status, why := j.agentEnd(a)
		e.span(a.began(), end)
		e.Status, e.Error = status, why
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
		if j.warmUps[e.AgentID] && e.Note == "" {
			e.Note = schema.WarmUpNote
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

// maxAgentDepth bounds how far agents are followed upwards, so that a chain of 100,000 costs no more than as many
// side by side; clients nest 5 deep.
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

// transcriptPath is the path of the agent's file below the project folder, as completeness names files: the same
// whichever channel has it, and on every machine. A hook gives the whole path, beside that of the main file.
func (a *agent) transcriptPath() string {
	if a.file != nil {
		return a.file.Name
	}
	if a.stop == nil || a.stop.AgentTranscript == "" {
		return ""
	}
	path := strings.ReplaceAll(a.stop.AgentTranscript, `\`, "/")
	project := strings.ReplaceAll(a.stop.TranscriptPath, `\`, "/")
	project = project[:strings.LastIndexByte(project, '/')+1]
	if rel, ok := strings.CutPrefix(path, project); ok && project != "" {
		return rel
	}
	if _, below, ok := strings.Cut(path, "/projects/"); ok { // the session moved to another folder meanwhile
		_, rel, _ := strings.Cut(below, "/")
		return rel
	}
	return path[strings.LastIndexByte(path, '/')+1:]
}

// invocationPrompt is the prompt that it ran with: what the call's result says of it, else the first of its file,
// else what the call gave it. Somebody's hook may have rewritten what was asked.
func (a *agent) invocationPrompt() string {
	byCall := a.by != nil && isAgentTool(a.by.name)
	if byCall {
		for _, raw := range a.by.results() {
			if p := field(raw, "prompt"); p != "" {
				return p
			}
		}
	}
	if p := a.rootPrompt(); p != "" {
		return p
	}
	if byCall {
		for _, raw := range []schema.Raw{a.by.executed(), a.by.input()} {
			if p := field(raw, "prompt"); p != "" {
				return p
			}
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
	if a.by == nil {
		return ""
	}
	if d := field(a.by.executed(), "description"); d != "" {
		return d
	}
	return field(a.by.input(), "description")
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

// agentEnd says when the agent ended, how, and what went wrong. An agent ends with its last SubagentStop, or
// StopFailure where an API error ended it; without either, when it was killed, when its file says that it
// finished, when a notification says so, or when its call was answered.
func (j *joiner) agentEnd(a *agent) (time.Time, schema.Status, *schema.Error) {
	last := a.lastLine()
	// Its last line may be written just after; a resumed agent's much later.
	if a.stop != nil && last.Sub(a.stop.at) < time.Second {
		if why := a.failure(); why != nil {
			return a.stop.at, schema.Failed, why
		}
		return a.stop.at, schema.OK, nil
	}
	if j.agentFailed(a) {
		return last, schema.Failed, a.failure()
	}
	told, isTold := j.taskEnds[a.id]
	isTold = isTold && last.Sub(told.at) < time.Second
	if at, why := a.cutOff(); why != nil {
		if isTold && told.status == taskKilled {
			why = &schema.Error{Type: taskKilled, Message: told.summary}
		}
		return at, schema.Failed, why
	}
	if isTold && told.status != taskCompleted {
		return told.at, schema.Failed, &schema.Error{Type: told.status, Message: told.summary}
	}
	finished := (a.meta != nil && a.meta.Finished) || a.answered()
	switch {
	case finished && !last.IsZero():
		return last, schema.OK, nil
	case isTold:
		return told.at, schema.OK, nil
	case a.by == nil || a.background() || a.by.end().IsZero():
		return time.Time{}, schema.Running, nil
	case a.by.outcome() != schema.ToolOK:
		return a.by.end(), schema.Failed, nil
	}
	return a.by.end(), schema.OK, nil
}

// cutOff reports when the agent was stopped in the middle, if its file ends so.
func (a *agent) cutOff() (time.Time, *schema.Error) {
	for i := len(a.lines) - 1; i >= 0; i-- {
		switch l := a.lines[i]; {
		case l.Type == "assistant":
			return time.Time{}, nil
		case l.Type == "user":
			if text := textOf(l); strings.HasPrefix(text, requestInterrupted) {
				return a.lastLine(), &schema.Error{Type: "interrupted", Message: strings.Trim(text, "[]")}
			}
			return time.Time{}, nil
		}
	}
	return time.Time{}, nil
}

// failure is the API error that ended the agent, from its hook.
func (a *agent) failure() *schema.Error {
	if a.stop == nil || a.stop.Event != hook.StopFailure {
		return nil
	}
	return &schema.Error{Type: errorLabel(a.stop.Error, "", 0, a.stop.LastMessage), Message: a.stop.LastMessage}
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

// reasonOf is what the parent thought and said just before it made the call: the blocks before it in the same
// message, else the message before that, in the same turn.
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

// promptBetween reports whether a person spoke between two calls of one file: then the earlier has nothing to do with
// the later.
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
