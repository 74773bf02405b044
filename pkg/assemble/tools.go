package assemble

import (
	"bytes"
	"strings"
	"time"

	"ams/pkg/hook"
	"ams/pkg/lax"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// tool is one tool call. Any of its four halves may be missing.
type tool struct {
	key     string // tool_use_id, or a made one where the client gives none
	name    string
	agentID string
	call    *call             // the model's call that asked for it
	use     *transcript.Block // its tool_use block
	useLine *transcript.Line
	result  *transcript.Block // its tool_result block
	resLine *transcript.Line
	pre     *record
	post    *record // PostToolUse or PostToolUseFailure, the first
	asked   *record // PermissionRequest
	refused *record // PermissionDenied
	event   *event
}

// collectTools gathers tool calls from both channels.
func (j *joiner) collectTools() {
	for i := range j.calls {
		j.collectUses(j.calls[i])
	}
	for _, f := range j.in.Files {
		for _, l := range f.Lines {
			if !j.copies.lines[l] {
				j.collectResults(l)
			}
		}
	}
	for i := range j.records {
		j.collectHook(&j.records[i])
	}
	j.pairWithoutIDs()
	j.joinPermissions()
}

func (j *joiner) collectUses(c *call) {
	for _, l := range c.lines {
		for i := range l.Message.Content.Blocks {
			b := &l.Message.Content.Blocks[i]
			if b.Type != "tool_use" {
				continue
			}
			key := b.ID
			if key == "" {
				key = l.UUID
			}
			t := j.tool(key)
			if t.use == nil {
				t.name, t.agentID, t.call, t.use, t.useLine = b.Name, c.agentID, c, b, l
			}
		}
	}
}

func (j *joiner) collectResults(l *transcript.Line) {
	if l.Type != "user" || l.Message == nil {
		return
	}
	for i := range l.Message.Content.Blocks {
		b := &l.Message.Content.Blocks[i]
		if b.Type != "tool_result" || b.ToolUseID == "" || j.copies.tools[b.ToolUseID] {
			continue
		}
		t := j.tool(b.ToolUseID)
		if t.result != nil {
			// A resume answers a call that it finds open with "[Tool call interrupted"; a real result that came first
			// stands.
			continue
		}
		t.result, t.resLine = b, l
		if t.agentID == "" && t.use == nil {
			t.agentID = j.agentID(l.AgentID)
		}
	}
}

func (j *joiner) collectHook(r *record) {
	if r.ToolUseID == "" {
		return
	}
	switch r.Event {
	case hook.PreToolUse, hook.PostToolUse, hook.PostToolUseFailure, hook.PermissionDenied:
	default:
		return
	}
	j.attach(j.tool(r.ToolUseID), r)
}

// attach gives a hook event to its tool call; the first of each kind counts.
func (j *joiner) attach(t *tool, r *record) {
	if t.name == "" {
		t.name = r.ToolName
	}
	if t.agentID == "" && t.use == nil {
		t.agentID = r.AgentID
	}
	switch {
	case r.Event == hook.PreToolUse && t.pre == nil:
		t.pre = r
	case r.Event == hook.PermissionDenied && t.refused == nil:
		t.refused = r
	case (r.Event == hook.PostToolUse || r.Event == hook.PostToolUseFailure) && t.post == nil:
		t.post = r
	}
}

// tool returns the tool call with a key, new if need be.
func (j *joiner) tool(key string) *tool {
	t := j.toolOf[key]
	if t == nil {
		t = &tool{key: key}
		j.toolOf[key] = t
		j.tools = append(j.tools, t)
	}
	return t
}

// input is what the tool was called with: the hook's copy has the defaults filled in.
func (t *tool) input() schema.Raw {
	switch {
	case t.pre != nil && !lax.IsNull(t.pre.ToolInput):
		return t.pre.ToolInput
	case t.use != nil:
		return t.use.Input
	case t.post != nil:
		return t.post.ToolInput
	}
	return nil
}

// used is the input as the model wrote it.
func (t *tool) used() schema.Raw {
	if t.use == nil {
		return nil
	}
	return t.use.Input
}

// executed is the input that the tool ran with, as the Post hook has it; nil where that is not known.
func (t *tool) executed() schema.Raw {
	if t.post == nil {
		return nil
	}
	return t.post.ToolInput
}

// inputChanged reports whether a tool ran with something that it was not asked for. The client's own copies differ
// too: in the order of keys, and the Post hook's may lack keys that the Pre hook's has.
func inputChanged(asked, ran schema.Raw) bool {
	if lax.IsNull(asked) || lax.IsNull(ran) || bytes.Equal(asked, ran) {
		return false
	}
	var before, after map[string]lax.Raw
	if lax.Unmarshal(asked, &before) != nil || lax.Unmarshal(ran, &after) != nil {
		return false
	}
	for name, value := range after {
		if had, ok := before[name]; !ok || canonical(had) != canonical(value) {
			return true
		}
	}
	return false
}

// start is the first sign of the call.
func (t *tool) start() time.Time {
	switch {
	case t.pre != nil:
		return t.pre.at
	case t.useLine != nil && !t.useLine.Time.IsZero():
		return t.useLine.Time
	case t.post != nil:
		start := t.post.at
		if t.post.DurationMS != nil {
			start = start.Add(-time.Duration(*t.post.DurationMS * float64(time.Millisecond)))
		}
		return start
	case t.resLine != nil:
		return t.resLine.Time
	case t.refused != nil:
		return t.refused.at
	}
	return time.Time{}
}

// end is the first sign that the call was over; zero where there is none.
func (t *tool) end() time.Time {
	switch {
	case t.post != nil:
		return t.post.at
	case t.resLine != nil:
		return t.resLine.Time
	case t.refused != nil:
		return t.refused.at
	}
	return time.Time{}
}

// addTools makes the events of the tool calls.
func (j *joiner) addTools() {
	for _, t := range j.tools {
		t.event = j.add(j.toolEvent(t))
	}
}

func (j *joiner) toolEvent(t *tool) *event {
	name := t.name
	if name == "" {
		name = "unknown"
	}
	detail := &schema.Tool{
		Name: name, Input: t.input(), MCPServer: t.mcpServer(), Permission: t.permission(), Background: j.background(t),
	}
	if t.id() {
		detail.ToolUseID = t.key
	}
	e := &event{Event: schema.Event{
		ID: j.ids.of("tool", t.key), Type: schema.ToolCall, Name: "tool:" + name, AgentID: t.agentID, Tool: detail,
		PromptID: t.promptID(),
	}}
	if t.call != nil {
		detail.LLMEventID, e.asker = t.call.event.ID, t.call.event
	}
	if t.pre != nil && inputChanged(t.pre.ToolInput, t.executed()) {
		detail.ExecutedInput, detail.ExecutedInputBy = t.executed(), t.changedBy()
	}
	detail.FullOutput = t.fullOutput()
	t.addFeedback(detail)
	if isAgentTool(name) {
		e.Note = "subagent invocation"
	}
	e.span(t.start(), t.end())
	detail.Outcome = t.outcome()
	switch detail.Outcome {
	case schema.ToolOK:
		detail.Result = withoutQuotes(name, t.seen())
	case schema.ToolUnknown:
		e.Status = schema.Running
	default:
		e.Status, detail.IsError = schema.Failed, true
		e.Error = &schema.Error{Type: "tool_error", Message: t.message()}
	}
	if t.post != nil && t.post.DurationMS != nil {
		detail.ExecutionMS = milliseconds(*t.post.DurationMS)
		if t.asked != nil {
			wait := max(t.post.at.Sub(t.asked.at).Milliseconds()-*detail.ExecutionMS, 0)
			detail.ApprovalMS = &wait
		}
	}
	return e
}

// id reports whether the key is the client's own tool_use_id.
func (t *tool) id() bool {
	return (t.use != nil && t.use.ID == t.key) || (t.result != nil && t.result.ToolUseID == t.key) ||
		(t.pre != nil && t.pre.ToolUseID == t.key) || (t.post != nil && t.post.ToolUseID == t.key) || t.refused != nil
}

func (t *tool) promptID() string {
	switch {
	case t.pre != nil:
		return t.pre.PromptID
	case t.post != nil:
		return t.post.PromptID
	case t.resLine != nil:
		return t.resLine.PromptID
	}
	return ""
}

// mcpServer is the server of an mcp__SERVER__TOOL.
func (t *tool) mcpServer() string {
	for _, r := range []*record{t.pre, t.post} {
		if r != nil && r.MCPServer != nil && r.MCPServer.Name != "" {
			return r.MCPServer.Name
		}
	}
	if rest, ok := strings.CutPrefix(t.name, "mcp__"); ok {
		server, _, _ := strings.Cut(rest, "__")
		return server
	}
	return ""
}

// isAgentTool reports whether a tool starts subagents: Agent, in clients up to 2.0.x Task.
func isAgentTool(name string) bool { return name == "Agent" || name == "Task" }

func milliseconds(f float64) *int64 {
	ms := int64(f)
	return &ms
}
