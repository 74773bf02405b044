package assemble

import (
	"slices"
	"strings"
	"time"

	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// call is one call of the model: all lines of one message.id, adjacent or not.
type call struct {
	key     string
	agentID string
	best    *transcript.Line // the line whose usage counts
	first   time.Time        // of its lines
	last    time.Time
	lines   []*transcript.Line
	file    int   // place of its file in the input, for calls that share an id across files
	order   int   // place of its first line in the file
	before  *call // the one before it in the same thread
	retries int
	waited  float64 // ms before the retries
	aborted bool
	used    *schema.Usage // nil: not known
	event   *event
}

// callKey is what makes lines one call: the API's message id, or the line's own where there is none.
func callKey(l *transcript.Line) string {
	if l.Message != nil && l.Message.ID != "" {
		return l.Message.ID
	}
	return l.UUID
}

// isCall reports whether a line is a piece of a model's answer.
func isCall(l *transcript.Line) bool {
	return l.Type == "assistant" && l.Message != nil && l.Message.Model != transcript.SyntheticModel
}

// collectCalls groups assistant lines into calls. The main file beats agent files: a message that a file before has
// is not read again (a teammate that goes on has a new file that begins with the old one's messages).
func (j *joiner) collectCalls() {
	for i, f := range j.in.Files {
		agentID := ""
		if f.Agent != nil {
			agentID = f.Agent.AgentID
		}
		j.collectFile(i, agentID, f.Lines)
	}
	for id := range j.copies.calls {
		if j.callOf[id] == nil {
			j.completed.CopiedCalls++
		}
	}
	j.callOf = nil
}

func (j *joiner) collectFile(file int, agentID string, lines []*transcript.Line) {
	retries, waited := 0, 0.0
	var prev *call
	last := map[string]*call{} // thread -> its last call
	for i, l := range lines {
		if l.Type == "api-request" {
			j.requests[l.ID] = l.Time
		}
		if j.copies.lines[l] {
			continue
		}
		switch {
		case l.Type == "system" && l.Subtype == "api_error":
			retries, waited = retries+1, waited+believableWait(l.RetryInMS)
		case l.Type == "user" && l.IsMeta && prev != nil && strings.Contains(textOf(l), "cut off mid-stream"):
			prev.aborted = true
		case l.Type == "user" && !l.IsMeta && !isToolResult(l):
			retries, waited = 0, 0 // the retries of a call that never succeeded are not the next one's
		case isCall(l):
			who := agentID
			if who == "" {
				who = j.inline[l]
			}
			prev = j.addLine(file, i, who, l)
			if prev.file != file {
				prev = nil // a replay
				continue
			}
			if prev.before == nil && last[who] != prev {
				prev.before = last[who]
			}
			last[who] = prev
			prev.retries, prev.waited = prev.retries+retries, prev.waited+waited
			retries, waited = 0, 0
		}
	}
}

// addLine puts an assistant line to its call and returns it.
func (j *joiner) addLine(file, order int, agentID string, l *transcript.Line) *call {
	key := callKey(l)
	c := j.callOf[key]
	if c != nil && c.file != file {
		if transcript.WorldwideID(key) || sameLine(c, l) {
			c.renew(l)
			return c // a replay or a copy: the first file has it
		}
		key = agentID + "/" + key
		c = j.callOf[key]
	}
	if c == nil {
		c = &call{key: key, agentID: agentID, file: file, order: order, first: l.Time}
		j.callOf[key] = c
		j.calls = append(j.calls, c)
	}
	c.lines = append(c.lines, l)
	if c.first.IsZero() || (!l.Time.IsZero() && l.Time.Before(c.first)) {
		c.first = l.Time
	}
	if l.Time.After(c.last) {
		c.last = l.Time
	}
	// The whole line with the most output, the later on a tie: streaming clients wrote placeholders first, and a
	// maximum per field would mix two snapshots of a call that fell back to another model.
	if c.best == nil || outputOf(l) >= outputOf(c.best) {
		c.best = l
	}
	c.aborted = c.aborted || l.IsAborted
	return c
}

// maxPieces bounds the lines of a call in which a replay is looked for, so that many replays of many pieces take
// linear time. Real calls have less than a hundred.
const maxPieces = 1000

// renew takes in what a replay knows better: the later state of a piece that the call has, or a piece that it lacks.
// What it does not find in a call of more than maxPieces it takes for one that the call has.
func (c *call) renew(l *transcript.Line) {
	i := slices.IndexFunc(c.lines[:min(len(c.lines), maxPieces)], func(have *transcript.Line) bool { return sameContent(have.Message.Content, l.Message.Content) })
	switch {
	case i < 0 && len(c.lines) < maxPieces:
		c.lines = append(c.lines, l)
	case i >= 0 && isLater(l, c.lines[i]):
		c.lines[i] = l
	default:
		return
	}
	if outputOf(l) >= outputOf(c.best) {
		c.best = l
	}
}

func sameLine(c *call, l *transcript.Line) bool {
	for _, have := range c.lines[:min(len(c.lines), maxPieces)] {
		if have.UUID != "" && have.UUID == l.UUID {
			return true
		}
	}
	return false
}

func outputOf(l *transcript.Line) int64 {
	if l.Message.Usage == nil {
		return -1
	}
	return l.Message.Usage.Output.Floor()
}

// addCalls makes the events of the calls.
func (j *joiner) addCalls() {
	for _, c := range j.calls {
		m := c.best.Message
		llm := &schema.LLM{
			Model: m.Model, StopReason: m.StopReason, MessageID: m.ID, RequestID: c.best.RequestID, Retries: c.retries,
			RetryMS: int64(c.waited), Text: c.text(), ServerTools: serverTools(c),
		}
		if !j.set.DropThinking {
			llm.Thinking = c.thinking()
		}
		j.countCall(c, llm)
		e := &event{Event: schema.Event{
			ID: j.ids.of("llm", c.key), Type: schema.LLMMessage, Name: "assistant", AgentID: c.agentID, LLM: llm,
		}}
		if start, ok := j.requests[c.best.RequestRef]; ok && c.best.RequestRef != "" && !start.IsZero() {
			e.span(start, c.last)
		} else {
			// Without api-request lines (clients before about 2.1.281) the start is not known: the end of the first
			// block is.
			e.StartTime, e.EndTime = schema.At(c.first), schema.At(c.last)
		}
		c.event = j.add(e)
	}
}

// text joins the call's text blocks, in file order.
func (c *call) text() string {
	return c.join(func(b *transcript.Block) string {
		if b.Type == "text" {
			return b.Text
		}
		return ""
	})
}

// thinking joins the call's thinking blocks; newer clients often write the signature alone, and then there is none.
func (c *call) thinking() string {
	return c.join(func(b *transcript.Block) string {
		if b.Type == "thinking" {
			return b.Thinking
		}
		return ""
	})
}

func (c *call) join(pick func(*transcript.Block) string) string {
	var parts []string
	for _, l := range c.lines {
		if s := l.Message.Content.Text; s != "" && pick(&transcript.Block{Type: "text", Text: s}) != "" {
			parts = append(parts, s)
		}
		for i := range l.Message.Content.Blocks {
			if s := pick(&l.Message.Content.Blocks[i]); s != "" {
				parts = append(parts, s)
			}
		}
	}
	return strings.Join(parts, "\n")
}

// serverTools are the tools that the API ran inside the call, with their results.
func serverTools(c *call) []schema.ServerToolCall {
	var out []schema.ServerToolCall
	at := map[string]int{}
	for _, l := range c.lines {
		for _, b := range l.Message.Content.Blocks {
			switch {
			case b.Type == "server_tool_use" || b.Type == "mcp_tool_use":
				at[b.ID] = len(out)
				out = append(out, schema.ServerToolCall{Name: b.Name, ToolUseID: b.ID, Input: b.Input})
			case strings.HasSuffix(b.Type, "_tool_result"):
				if i, ok := at[b.ToolUseID]; ok {
					out[i].Result = b.Content
				}
			}
		}
	}
	return out
}
