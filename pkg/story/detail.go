package story

import (
	"fmt"
	"slices"
	"strings"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// detail is all that is known of one event beside its texts: for the reader who looks at that one.
func detail(s *schema.Session, e *schema.Event, o Options) []row {
	seqs := map[string]int{}
	for i := range s.Events {
		seqs[s.Events[i].ID] = s.Events[i].Seq
	}
	rows := []row{
		{name: "session", text: s.SessionID},
		{name: "event", text: fmt.Sprintf("%s %s, %s", e.Name, e.ID, e.Status)},
		{name: "began", text: o.at(e.StartTime).Format(moment + ".000 MST")},
	}
	if !e.EndTime.IsZero() {
		text := o.at(e.EndTime).Format(moment + ".000 MST")
		if e.DurationMS != nil {
			text += ", after " + screen.Duration(*e.DurationMS)
		}
		rows = append(rows, row{name: "ended", text: text})
	}
	rows = append(rows,
		row{name: "within", text: reference(seqs, e.ParentID)},
		row{name: "agent", text: e.AgentID},
		row{name: "prompt", text: e.PromptID})
	switch {
	case e.LLM != nil:
		rows = append(rows, messageDetail(e.LLM)...)
	case e.Tool != nil:
		rows = append(rows, toolDetail(e, seqs)...)
	case e.Subagent != nil:
		rows = append(rows,
			row{name: "started", text: strings.TrimPrefix(prefixed("by ", reference(seqs, e.Subagent.InvocationEventID))+", "+string(e.Subagent.Link), ", ")},
			row{name: "file", text: e.Subagent.TranscriptPath})
	}
	return slices.DeleteFunc(rows, func(r row) bool { return r.text == "" })
}

// reference names an event by its number; its id stands there where it is not in the session.
func reference(seqs map[string]int, id string) string {
	if seq, ok := seqs[id]; ok && id != "" {
		return fmt.Sprintf("#%d", seq)
	}
	return id
}

func messageDetail(m *schema.LLM) []row {
	rows := []row{
		{name: "model", text: m.Model + prefixed(", stopped: ", m.StopReason)},
		{name: "message", text: m.MessageID},
		{name: "request", text: m.RequestID},
	}
	if m.Usage != nil {
		rows = append(rows, row{name: "tokens", text: tokenText(*m.Usage)})
	}
	if m.OutputUnderReported {
		rows = append(rows, row{name: "output", text: "a placeholder: the client never wrote down how much it was"})
	}
	if m.CostUSD != nil {
		rows = append(rows, row{name: "cost", text: screen.Exactly(*m.CostUSD) + ", computed"})
	}
	return rows
}

func toolDetail(e *schema.Event, seqs map[string]int) []row {
	t := e.Tool
	rows := []row{
		{name: "call", text: t.ToolUseID},
		{name: "asked", text: prefixed("for by ", reference(seqs, t.LLMEventID))},
		{name: "outcome", text: string(t.Outcome)},
		{name: "server", text: t.MCPServer},
	}
	if t.ExecutionMS != nil {
		rows = append(rows, row{name: "ran for", text: screen.Duration(*t.ExecutionMS)})
	}
	if t.ApprovalMS != nil {
		rows = append(rows, row{name: "waited", text: screen.Duration(*t.ApprovalMS) + " for an approval"})
	}
	if p := t.Permission; p != nil {
		rows = append(rows, row{name: "allowed", text: list(" by ", p.Decision, p.Source)})
	}
	return rows
}
