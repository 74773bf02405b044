package story

import (
	"fmt"
	"strings"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// passage is one event as it is told. Its texts are raw: whoever sets them makes them safe to show.
type passage struct {
	event *schema.Event
	depth int    // how many subagents it stands in
	agent string // the innermost of them, "" on the main thread
	back  bool   // the story comes back to agent from elsewhere

	label   string
	style   screen.Style
	title   string // one line of what it is about
	short   bool   // the title may be cut: what follows says it whole
	dim     bool   // it says nothing but what it cost
	verdict string // how it ended, where that is not well
	facts   []string
	blocks  []block
}

type blockKind int

const (
	prose    blockKind = iota // what somebody says
	thinking                  // what the model thinks
	code                      // what a tool was given
	output                    // what came of it
	failure                   // what went wrong
	removed                   // text that an edit takes away
	added                     // text that an edit puts there
)

// block is a text of a passage. name stands in front of it, where it needs one.
type block struct {
	kind blockKind
	name string
	text string
}

// teller cuts a Session into passages.
type teller struct {
	session *schema.Session
	options Options
	agents  map[string]agent           // by the event id of the subagent
	asked   map[string]*schema.Event   // the subagent that a tool call started, by the call's event id
	calls   map[string][]*schema.Event // the tool calls of an LLM call, by its event id
	model   string                     // of the message told last
	last    string                     // the agent told last
}

type agent struct {
	name  string
	depth int // of what stands in it
}

func newTeller(s *schema.Session, o Options) *teller {
	t := &teller{session: s, options: o, agents: map[string]agent{}, asked: map[string]*schema.Event{},
		calls: map[string][]*schema.Event{}}
	for i := range s.Events {
		e := &s.Events[i]
		switch {
		case e.Subagent != nil:
			t.agents[e.ID] = agent{agentName(e.Subagent), t.agents[e.ParentID].depth + 1}
			if id := e.Subagent.InvocationEventID; id != "" {
				t.asked[id] = e
			}
		case e.Tool != nil && e.Tool.LLMEventID != "":
			t.calls[e.Tool.LLMEventID] = append(t.calls[e.Tool.LLMEventID], e)
		}
	}
	return t
}

func agentName(a *schema.SubagentInfo) string {
	name := a.AgentType
	if name == "" {
		name = "subagent"
	}
	if a.Description != "" {
		name += " \u201c" + a.Description + "\u201d"
	}
	return name
}

// passages calls fn for each passage in the order of the story.
func (t *teller) passages(fn func(*passage)) {
	for i := range t.session.Events {
		e := &t.session.Events[i]
		if !t.options.wants(e) {
			continue
		}
		p := t.passage(e)
		in := t.agents[e.ParentID]
		p.event, p.depth, p.agent = e, in.depth, in.name
		p.back = e.ParentID != "" && e.ParentID != t.last
		t.last = e.ParentID
		if e.Subagent != nil {
			t.last = e.ID // what it does follows at once
		}
		fn(p)
	}
}

// passage tells one event.
func (t *teller) passage(e *schema.Event) *passage {
	switch {
	case e.Type == schema.UserPrompt:
		return promptPassage(e)
	case e.LLM != nil:
		return t.message(e)
	case e.Tool != nil:
		return t.toolCall(e)
	case e.Subagent != nil:
		return subagentPassage(e)
	case e.Type == schema.Compaction:
		return compactionPassage(e)
	case e.Type == schema.ErrorEvent:
		return errorPassage(e)
	}
	return notePassage(e)
}

func promptPassage(e *schema.Event) *passage {
	p := &passage{label: "PROMPT", style: screen.Cyan, blocks: []block{{prose, "", e.Prompt}}}
	if e.PromptSource != "" {
		p.facts = append(p.facts, strings.ReplaceAll(e.PromptSource, "_", " "))
	}
	switch out, isOutput := strings.CutPrefix(e.Note, schema.OutputNote); {
	case isOutput:
		p.blocks = append(p.blocks, block{output, "", out})
	case e.Note != "":
		p.facts = append(p.facts, e.Note)
	}
	if e.Error != nil {
		p.verdict = strings.ReplaceAll(e.Error.Type, "_", " ")
		p.blocks = append(p.blocks, block{failure, "", e.Error.Message})
	}
	return p
}

// message tells an LLM call. One that only asks for tools is a dim line: what it asked for, and its price.
func (t *teller) message(e *schema.Event) *passage {
	p := &passage{label: "CLAUDE", style: screen.Green}
	if e.Note == schema.WarmUpNote {
		p.label, p.style, p.title = "CLIENT", screen.Dim, "warms an agent up"
	}
	if e.LLM.Thinking != "" {
		p.blocks = append(p.blocks, block{thinking, "thinks", e.LLM.Thinking})
	}
	if e.LLM.Text != "" {
		p.blocks = append(p.blocks, block{prose, "", e.LLM.Text})
	}
	for _, s := range e.LLM.ServerTools {
		p.blocks = append(p.blocks, block{code, s.Name, rawText(s.Input)})
	}
	switch e.LLM.StopReason {
	case "", "end_turn", "tool_use":
	default:
		p.verdict = "stopped: " + e.LLM.StopReason
	}
	if len(p.blocks) == 0 && len(t.calls[e.ID]) > 0 {
		p.title = "asks for " + callNames(t.calls[e.ID])
	}
	p.dim = len(p.blocks) == 0 && p.verdict == "" && e.Note != schema.WarmUpNote
	if e.LLM.Model != t.model || t.options.Event != 0 {
		p.facts = append(p.facts, e.LLM.Model)
		t.model = e.LLM.Model
	}
	if e.Provisional {
		p.facts = append(p.facts, "known from a hook alone")
	}
	p.facts = append(p.facts, usageFacts(e.LLM.Usage, e.LLM.CostUSD)...)
	if e.LLM.CostUSD == nil && !e.Provisional {
		p.facts = append(p.facts, "cost not known")
	}
	if e.LLM.Retries > 0 {
		p.facts = append(p.facts, count(e.LLM.Retries, "retry", "retries"))
	}
	return p
}

// callNames are the tools that a message asked for, each once: Read 3x, Bash.
func callNames(calls []*schema.Event) string {
	var names []string
	counts := map[string]int{}
	for _, c := range calls {
		if counts[c.Tool.Name]++; counts[c.Tool.Name] == 1 {
			names = append(names, c.Tool.Name)
		}
	}
	for i, name := range names {
		if n := counts[name]; n > 1 {
			names[i] = fmt.Sprintf("%s %dx", name, n)
		}
	}
	return strings.Join(names, ", ")
}

// usageFacts are the tokens, those read from the cache apart, as they cost a tenth, and the cost.
func usageFacts(u *schema.Usage, cost *float64) []string {
	var facts []string
	switch {
	case u == nil:
	case u.CacheReadInputTokens > 0 && len(u.Unknown) == 0:
		facts = append(facts, fmt.Sprintf("%s new and %s cached in, %s out", screen.Short(u.InputTokens+u.CacheCreationInputTokens),
			screen.Short(u.CacheReadInputTokens), outText(*u)))
	default:
		facts = append(facts, inText(*u)+" in, "+outText(*u)+" out")
	}
	if cost != nil {
		facts = append(facts, screen.Money(*cost))
	}
	return facts
}

func subagentPassage(e *schema.Event) *passage {
	a := e.Subagent
	p := &passage{label: "SUBAGENT", style: screen.Purple, title: strings.TrimSpace(a.AgentType + "  " + a.Description)}
	if e.DurationMS != nil {
		p.facts = append(p.facts, screen.Duration(*e.DurationMS))
	}
	p.facts = append(p.facts, screen.Count(a.LLMCalls, "message"), screen.Count(a.ToolCalls, "tool call"))
	p.facts = append(p.facts, usageFacts(a.Usage, a.CostUSD)...)
	if a.Background {
		p.facts = append(p.facts, "in the background")
	}
	if r := a.Rollup; r != nil && r.Subagents > 1 {
		p.facts = append(p.facts, fmt.Sprintf("with those below it: %s, %s", screen.Count(r.ToolCalls, "tool call"),
			strings.Join(usageFacts(&r.Usage, r.CostUSD), ", ")))
	}
	switch a.Link {
	case schema.LinkInferred:
		p.facts = append(p.facts, "which call started it is inferred")
	case schema.LinkNone:
		p.facts = append(p.facts, "what started it is not known")
	}
	if e.Status == schema.Failed {
		p.verdict = "failed"
	}
	if e.Error != nil && (e.Error.Type == "killed" || e.Error.Type == "interrupted") {
		p.verdict = e.Error.Type
	}
	if e.Error != nil {
		p.blocks = append(p.blocks, block{failure, "", e.Error.Message})
	}
	p.blocks = append(p.blocks, block{thinking, "why", a.InvocationReasoning}, block{prose, "asked", a.InvocationPrompt})
	return p
}

func compactionPassage(e *schema.Event) *passage {
	p := &passage{label: "COMPACTION", style: screen.Yellow, title: e.Note}
	if c := e.Compaction; c != nil {
		p.title = strings.TrimSpace(c.Trigger + "  " + sizes(c))
		p.blocks = []block{{thinking, "", c.Summary}}
	}
	if e.DurationMS != nil {
		p.facts = append(p.facts, screen.Duration(*e.DurationMS))
	}
	return p
}

// sizes are the sizes of the context before and after a compaction, as far as they are known: 0 is not.
func sizes(c *schema.Compacted) string {
	switch {
	case c.TokensBefore > 0 && c.TokensAfter > 0:
		return fmt.Sprintf("%s → %s tokens", screen.Short(c.TokensBefore), screen.Short(c.TokensAfter))
	case c.TokensBefore > 0:
		return screen.Short(c.TokensBefore) + " tokens before"
	case c.TokensAfter > 0:
		return screen.Short(c.TokensAfter) + " tokens after"
	}
	return ""
}

func errorPassage(e *schema.Event) *passage {
	p := &passage{label: "ERROR", style: screen.Alarm}
	if e.Error != nil {
		p.title = e.Error.Type
		p.blocks = []block{{failure, "", e.Error.Message}}
	}
	if e.Note != "" {
		p.blocks = append(p.blocks, block{prose, "", e.Note})
	}
	return p
}

// notePassage tells everything else, kinds that this version does not know among them.
func notePassage(e *schema.Event) *passage {
	kind := strings.ReplaceAll(strings.TrimPrefix(e.Name, "notification:"), "_", " ")
	p := &passage{label: "NOTE", style: screen.Blue, title: kind}
	switch note := strings.TrimSpace(e.Note); {
	case note == "":
	case strings.Contains(note, "\n"):
		p.blocks = []block{{prose, "", note}}
	default:
		p.title += ": " + note
	}
	return p
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return screen.Number(int64(n)) + " " + many
}
