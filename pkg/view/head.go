package view

import (
	"time"

	"ams/pkg/schema"
	"ams/pkg/story"
)

// Head is what stands above and beside a story.
type Head struct {
	ID       string      `json:"id"`
	Title    string      `json:"title"`
	Start    schema.Time `json:"start"`
	End      schema.Time `json:"end,omitzero"`
	MS       int64       `json:"ms"`
	Outcome  string      `json:"outcome"`
	Events   int         `json:"events"`
	CostUSD  *float64    `json:"cost_usd,omitzero"`
	Tokens   Tokens      `json:"tokens"`
	Project  string      `json:"project,omitzero"`
	Calls    int         `json:"calls"`
	Tools    int         `json:"tools"`
	Agents   int         `json:"agents"`
	Errors   int         `json:"errors"`
	ActiveMS int64       `json:"active_ms,omitzero"`
	Facts    []Fact      `json:"facts"`
	Tables   []Table     `json:"tables"`
	Signals  []Signal    `json:"signals"`
	Turns    []Turn      `json:"turns"`
	Lanes    []Lane      `json:"lanes"`
}

// Tokens are those of a session, by kind.
type Tokens struct {
	New    int64 `json:"new"`
	Cached int64 `json:"cached"`
	Out    int64 `json:"out"`
}

// Fact is a line of the header.
type Fact struct {
	Name  string `json:"name"`
	Text  string `json:"text"`
	Alarm bool   `json:"alarm,omitzero"`
}

// Table is a table of sums.
type Table struct {
	Head []string   `json:"head"`
	Rows [][]string `json:"rows"`
}

// Signal is what deserves a look, with the indexes of the events that show it.
type Signal struct {
	Kind    schema.SignalKind `json:"kind"`
	Text    string            `json:"text"`
	Count   int               `json:"count"`
	CostUSD *float64          `json:"cost_usd,omitzero"`
	MS      *int64            `json:"ms,omitzero"`
	Events  []int             `json:"events"`
	Seqs    []int             `json:"seqs"` // their numbers
}

// Turn is a prompt of the main thread and what came of it.
type Turn struct {
	Event   int      `json:"event"`
	Title   string   `json:"title"`
	Cost    string   `json:"cost"`
	Calls   int      `json:"calls"`
	Tools   int      `json:"tools"`
	Agents  int      `json:"agents,omitzero"`
	Errors  int      `json:"errors,omitzero"`
	Context int64    `json:"context,omitzero"`
	Signals []string `json:"signals,omitempty"`
}

// Lane is an agent; the first is the main thread.
type Lane struct {
	Event   int      `json:"event"` // -1 for the main thread
	Parent  int      `json:"parent"`
	Name    string   `json:"name"`
	What    string   `json:"what,omitzero"`
	CostUSD *float64 `json:"cost_usd,omitzero"`
	Calls   int      `json:"calls"`
	Tools   int      `json:"tools"`
	Failed  bool     `json:"failed,omitzero"`
	Asked   int      `json:"asked"` // the call that started it, -1 where that is not known
}

// headText bounds titles and the like in the head: all turns of a session are in it.
const headText = 300

// Head is what stands above and beside the story. Times in its words are of the location, which is the same each time.
func (v *Session) Head(location *time.Location) *Head {
	v.once.Do(func() { v.head = v.makeHead(location) })
	return v.head
}

func (v *Session) makeHead(location *time.Location) *Head {
	u := v.Totals.Usage
	h := &Head{
		ID: v.SessionID, Title: cutText(story.Title(v.Session), headText), Start: v.StartTime, End: v.EndTime, MS: schema.OrZero(v.DurationMS),
		Outcome: string(v.Outcome), Events: len(v.Events), CostUSD: v.Totals.CostUSD, Project: schema.FolderName(v.Cwd),
		Tokens: Tokens{u.InputTokens + u.CacheCreationInputTokens, u.CacheReadInputTokens, u.OutputTokens},
		Calls:  v.Totals.LLMCalls, Tools: v.Totals.ToolCalls, Agents: v.Totals.Subagents, Errors: v.Totals.Errors,
		ActiveMS: schema.OrZero(v.ActiveMS), Signals: []Signal{}, Turns: []Turn{}, Facts: []Fact{}, Tables: []Table{},
	}
	if h.Outcome == "" {
		h.Outcome = string(v.Status)
	}
	for _, f := range story.Facts(v.Session, location) {
		h.Facts = append(h.Facts, Fact{f.Name, cutText(f.Text, maxFact), f.Alarm})
	}
	for _, t := range story.Tables(v.Session) {
		h.Tables = append(h.Tables, Table(t))
	}
	for _, s := range v.Signals {
		signal := Signal{Kind: s.Kind, Text: s.Text, Count: s.Count, CostUSD: s.CostUSD, MS: s.MS, Events: []int{}, Seqs: []int{}}
		for _, id := range s.EventIDs {
			if i, ok := v.index[id]; ok {
				signal.Events, signal.Seqs = append(signal.Events, i), append(signal.Seqs, v.Events[i].Seq)
			}
		}
		h.Signals = append(h.Signals, signal)
	}
	at := map[int]int{} // indexes by numbers
	for i := range v.Events {
		at[v.Events[i].Seq] = i
	}
	for _, t := range story.Turns(v.Session) {
		h.Turns = append(h.Turns, Turn{at[t.Seq], cutText(t.Title, headText), t.Cost, t.Calls, t.Tools, t.Agents, t.Errors, t.Context, t.Signals})
	}
	h.Lanes = v.headLanes()
	return h
}

// maxFact bounds a line of the header, metadata for example.
const maxFact = 4000

func (v *Session) headLanes() []Lane {
	out := make([]Lane, len(v.lanes))
	out[0] = Lane{Event: -1, Name: "main", What: v.MainAgent, Asked: -1}
	for n, l := range v.lanes[1:] {
		e := &v.Events[l.event]
		a := e.Subagent
		lane := Lane{Event: l.event, Parent: l.parent, Name: cutText(a.AgentType, headText), What: cutText(a.Description, headText), CostUSD: a.CostUSD,
			Calls: a.LLMCalls, Tools: a.ToolCalls, Failed: e.Status == schema.Failed || e.Error != nil, Asked: -1}
		if lane.Name == "" {
			lane.Name = "agent"
		}
		if call, ok := v.index[a.InvocationEventID]; ok {
			lane.Asked = call
		}
		out[n+1] = lane
	}
	return out
}
