package view

import (
	"strings"
	"unicode/utf8"

	"ams/pkg/schema"
	"ams/pkg/story"
)

// Event is one event as it is shown.
type Event struct {
	Index   int         `json:"i"`
	ID      string      `json:"id"`
	Seq     int         `json:"seq"`
	Start   schema.Time `json:"start,omitzero"`
	Label   string      `json:"label"`
	Title   string      `json:"title,omitzero"`
	Verdict string      `json:"verdict,omitzero"`
	Facts   []string    `json:"facts,omitempty"`
	Parts   []Part      `json:"parts,omitempty"`
	Agent   *Agent      `json:"agent,omitzero"`
	LLM     int         `json:"llm,omitzero"`    // 1 + the index of the call of the model that asked for this one
	Started int         `json:"starts,omitzero"` // 1 + the index of the agent that this call started
}

// PartKind is how a text is set.
type PartKind string

const (
	Prose    PartKind = "prose"    // what somebody says
	Thinking PartKind = "thinking" // what the model thinks
	Command  PartKind = "command"  // what a shell ran
	Output   PartKind = "output"   // what came out of it, perhaps with the colours of a terminal
	Code     PartKind = "code"     // a file, JSON and the like
	Diff     PartKind = "diff"     // lines that begin with +, -, a blank, or @@
	Todos    PartKind = "todos"    // lines that begin with a status in brackets: [completed] Write it
	Failure  PartKind = "failure"  // what went wrong
	Image    PartKind = "image"    // no text; the whole of it is a picture
)

// Part is one text of an event. Text is cut where Bytes, the size of the whole, is more than its own; the whole is
// [Session.Whole] of its number.
type Part struct {
	Kind  PartKind `json:"kind"`
	Name  string   `json:"name,omitzero"`
	Text  string   `json:"text,omitzero"`
	Bytes int      `json:"bytes"`
	Cut   bool     `json:"cut,omitzero"`
	Media string   `json:"media,omitzero"` // of an image

	data string // of an image: base64
}

// Agent is the card of a subagent.
type Agent struct {
	Lane     int      `json:"lane"`
	Type     string   `json:"type,omitzero"`
	What     string   `json:"what,omitzero"`
	CostUSD  *float64 `json:"cost_usd,omitzero"`
	Below    int      `json:"below,omitzero"`     // agents that it started, and those that they did
	BelowUSD *float64 `json:"below_usd,omitzero"` // the cost of all of them and its own
	Asked    int      `json:"asked"`              // the call that started it, -1 where that is not known
	Link     string   `json:"link,omitzero"`
}

// Bounds of texts: in a slice of many events, and of one that a reader opened. The whole has an address of its own.
const (
	SliceText = 3 << 10
	EventText = 20 << 10
)

// maxLabel bounds names, titles and verdicts.
const maxLabel = 500

// Slice are the events from one index to before another, with texts of at most so many bytes.
func (v *Session) Slice(from, to, most int) []Event {
	from, to = max(from, 0), min(to, len(v.Events))
	out := make([]Event, 0, max(to-from, 0))
	for i := from; i < to; i++ {
		out = append(out, v.event(i, most))
	}
	return out
}

func (v *Session) event(i, most int) Event {
	e := &v.Events[i]
	v.telling.Lock()
	told := v.words.Of(e)
	v.telling.Unlock()
	out := Event{Index: i, ID: e.ID, Seq: e.Seq, Start: e.StartTime, Label: cutText(told.Label, maxLabel), Title: told.Title,
		Verdict: cutText(told.Verdict, maxLabel)}
	for _, fact := range told.Facts {
		if len(v.Models) == 1 && fact == v.Models[0] {
			continue // it stands above, once
		}
		out.Facts = append(out.Facts, cutText(fact, maxLabel))
	}
	title, parts := v.parts(i)
	if out.Title == "" {
		out.Title = title
	}
	out.Title = cutText(out.Title, maxLabel)
	for _, p := range parts {
		if p.Kind != Image {
			p.Text, p.Bytes = cutText(p.Text, most), len(p.Text)
			p.Cut = len(p.Text) < p.Bytes
		}
		out.Parts = append(out.Parts, p)
	}
	if e.Subagent != nil {
		out.Agent = v.agent(i)
	}
	if e.Tool != nil {
		if asking, ok := v.index[e.Tool.LLMEventID]; ok {
			out.LLM = asking + 1
		}
	}
	if agent, ok := v.asked[i]; ok {
		out.Started = agent + 1
	}
	return out
}

func (v *Session) agent(i int) *Agent {
	a := v.Events[i].Subagent
	out := &Agent{Lane: v.laneOf[v.Events[i].ID], Type: cutText(a.AgentType, maxLabel), What: cutText(a.Description, maxLabel), CostUSD: a.CostUSD, Asked: -1,
		Link: string(a.Link)}
	if r := a.Rollup; r != nil && r.Subagents > 0 {
		out.Below, out.BelowUSD = r.Subagents, r.CostUSD
	}
	if call, ok := v.index[a.InvocationEventID]; ok {
		out.Asked = call
	}
	return out
}

// Whole is the whole of a part: its text, or the bytes of an image; false where there is none.
func (v *Session) Whole(event, part int) (Part, bool) {
	if event < 0 || event >= len(v.Events) {
		return Part{}, false
	}
	_, parts := v.parts(event)
	if part < 0 || part >= len(parts) {
		return Part{}, false
	}
	return parts[part], true
}

// cutText is the beginning of a text, of at most so many bytes and whole characters.
func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// parts are the texts of an event, whole, and of a call of a tool its title.
func (v *Session) parts(i int) (title string, parts []Part) {
	e := &v.Events[i]
	add := func(kind PartKind, name, text string) {
		if strings.TrimSpace(text) != "" {
			parts = append(parts, Part{Kind: kind, Name: name, Text: text})
		}
	}
	switch {
	case e.Tool != nil:
		return v.toolParts(i)
	case e.Type == schema.UserPrompt:
		add(Prose, "", e.Prompt)
		if out, ok := strings.CutPrefix(e.Note, schema.OutputNote); ok {
			add(Output, "", out)
		}
	case e.LLM != nil:
		add(Thinking, "thinks", e.LLM.Thinking)
		add(Prose, "", e.LLM.Text)
		for _, s := range e.LLM.ServerTools {
			add(Code, s.Name, story.Value(s.Input))
		}
	case e.Subagent != nil:
		add(Thinking, "why", e.Subagent.InvocationReasoning)
		add(Prose, "asked", e.Subagent.InvocationPrompt)
		if answer, ok := v.answers[i]; ok {
			add(Prose, "answer", v.Events[answer].LLM.Text)
		}
	case e.Type == schema.Compaction && e.Compaction != nil:
		add(Thinking, "summary", e.Compaction.Summary)
	case e.Type == schema.ErrorEvent, strings.Contains(strings.TrimSpace(e.Note), "\n"):
		add(Prose, "", e.Note)
	}
	if e.Error != nil {
		add(Failure, "", e.Error.Message)
	}
	return "", parts
}
