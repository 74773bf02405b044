package view

import (
	"encoding/binary"
	"math"
	"strings"

	"ams/pkg/schema"
)

// SpanBytes is the size of one span, little endian:
//
//	0   uint32  start, in ms since the session's
//	4   uint32  duration in ms
//	8   uint16  how much of it was waiting for a person's approval, in 1/65535
//	10  uint16  lane
//	12  uint8   kind
//	13  uint8   flags
//	14  uint8   class of tool
//	15  uint8   how many lines it takes, about: so that a page is as long as it will be before all of it is there
const SpanBytes = 16

// Kinds of spans.
const (
	kindPrompt = iota
	kindMessage
	kindQuiet // a call of a model that only asks for tools
	kindTool
	kindAgent
	kindNote
	kindCompaction
	kindError
)

// Flags of spans.
const (
	flagFailed   = 1 << iota
	flagOpen     // no end was recorded
	flagRefused  // denied or blocked
	flagOrdinary // nothing but what is always done: it may be folded
	flagWaited   // for a person's approval
	flagAsks     // a call that started a subagent, whose card tells it
	flagThinks   // it thinks aloud and says nothing
)

// Classes of tools.
const (
	classNone = iota
	classRead
	classEdit
	classShell
	classAgent
	classServer // of an MCP server
	classOther
)

var classes = map[string]byte{
	"Read": classRead, "Grep": classRead, "Glob": classRead, "LS": classRead, "NotebookRead": classRead, "WebFetch": classRead, "WebSearch": classRead,
	"Edit": classEdit, "Write": classEdit, "MultiEdit": classEdit, "NotebookEdit": classEdit,
	"Bash": classShell, "PowerShell": classShell, "BashOutput": classShell, "KillShell": classShell,
	"Agent": classAgent, "Task": classAgent,
}

func classOf(name string) byte {
	switch c := classes[name]; {
	case c != 0:
		return c
	case strings.HasPrefix(name, "mcp__"):
		return classServer
	}
	return classOther
}

// Spans are all events, [SpanBytes] each.
func (v *Session) Spans() []byte { return v.spans }

func (v *Session) makeSpans() {
	v.spans = make([]byte, 0, len(v.Events)*SpanBytes)
	for i := range v.Events {
		e := &v.Events[i]
		start := v.since(e.StartTime)
		length := max(schema.OrZero(e.DurationMS), 0)
		if length == 0 && !e.EndTime.IsZero() {
			length = max(v.since(e.EndTime)-start, 0)
		}
		kind, flags, class := v.kindOf(i)
		waited := uint16(0)
		if e.Tool != nil && e.Tool.ApprovalMS != nil && *e.Tool.ApprovalMS > 0 && length > 0 {
			waited = uint16(min(float64(*e.Tool.ApprovalMS)/float64(length), 1) * math.MaxUint16)
			flags |= flagWaited
		}
		lines, bytes := size(e)
		v.Bytes += bytes + eventBytes
		v.spans = binary.LittleEndian.AppendUint32(v.spans, uint32(min(start, math.MaxUint32)))
		v.spans = binary.LittleEndian.AppendUint32(v.spans, uint32(min(length, math.MaxUint32)))
		v.spans = binary.LittleEndian.AppendUint16(v.spans, waited)
		v.spans = binary.LittleEndian.AppendUint16(v.spans, uint16(min(v.laneOf[e.ParentID], math.MaxUint16)))
		v.spans = append(v.spans, kind, flags, class, byte(min(lines, math.MaxUint8)))
	}
}

// kindOf is what a page tells apart of an event before it has its texts.
func (v *Session) kindOf(i int) (kind, flags, class byte) {
	e := &v.Events[i]
	if e.Status == schema.Failed || e.Error != nil {
		flags |= flagFailed
	}
	if e.Status == schema.Running || e.EndTime.IsZero() {
		flags |= flagOpen
	}
	switch {
	case e.Type == schema.UserPrompt:
		return kindPrompt, flags, 0
	case e.LLM != nil:
		text, thinks := strings.TrimSpace(e.LLM.Text) != "", strings.TrimSpace(e.LLM.Thinking) != ""
		if !text && !thinks && len(e.LLM.ServerTools) == 0 && flags&flagFailed == 0 {
			return kindQuiet, flags | flagOrdinary, 0
		}
		if !text && thinks {
			flags |= flagThinks
		}
		return kindMessage, flags, 0
	case e.Tool != nil:
		return kindTool, v.toolFlags(i, flags), classOf(e.Tool.Name)
	case e.Subagent != nil:
		return kindAgent, flags, 0
	case e.Type == schema.Compaction:
		return kindCompaction, flags, 0
	case e.Type == schema.ErrorEvent:
		return kindError, flags | flagFailed, 0
	}
	return kindNote, flags, 0
}

func (v *Session) toolFlags(i int, flags byte) byte {
	t := v.Events[i].Tool
	switch t.Outcome {
	case schema.ToolDenied, schema.ToolBlocked, schema.ToolUnreached:
		flags |= flagRefused | flagFailed
	case schema.ToolUnknown:
		flags |= flagOpen
	}
	if t.IsError {
		flags |= flagFailed
	}
	if _, asks := v.asked[i]; asks {
		flags |= flagAsks
	}
	if flags&(flagFailed|flagAsks) == 0 && t.Permission == nil && t.Background == nil && classOf(t.Name) != classEdit && classOf(t.Name) != classAgent {
		flags |= flagOrdinary
	}
	return flags
}

// lineBytes is about how much text one line of the page holds.
const lineBytes = 90

// mostLines is how many lines of a text the page shows before it is opened.
const mostLines = 14

// eventBytes is what an event takes in memory beside its texts, about (measured over 30,000 of them).
const eventBytes = 2000

// size is about how many lines an event takes, and how many bytes its texts have.
func size(e *schema.Event) (lines, bytes int) {
	add := func(text string) {
		bytes += len(text)
		if text != "" {
			lines += min(len(text)/lineBytes+1+strings.Count(text[:min(len(text), lineBytes*mostLines)], "\n"), mostLines)
		}
	}
	lines = 1
	add(e.Prompt)
	add(e.Note)
	switch {
	case e.LLM != nil:
		add(e.LLM.Text)
		bytes += len(e.LLM.Thinking)
		if e.LLM.Thinking != "" {
			lines += 2
		}
	case e.Tool != nil:
		bytes += len(e.Tool.Input) + len(e.Tool.Result) + len(e.Tool.ExecutedInput)
		lines += 1 + min(len(e.Tool.Result)/lineBytes, mostLines/2)
	case e.Subagent != nil:
		lines += 6
		bytes += len(e.Subagent.InvocationPrompt) + len(e.Subagent.InvocationReasoning)
	}
	if e.Error != nil {
		add(e.Error.Message)
	}
	return lines, bytes
}
