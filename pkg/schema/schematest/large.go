package schematest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"ams/pkg/schema"
)

// Large is a session of so many events in the shape of a long day of work, the same each time: turns with pauses between them, prose,
// calls at once, waits for a person, failures, and every few hundred events a subagent, some of them three levels deep.
// 30,000 events are some 33 MB of JSON.
func Large(events int) *schema.Session { return long(events, 0, "A long day of work") }

// Nested is a session of three levels of agents, the same each time: whatever an agent does, it first starts another one.
func Nested() *schema.Session {
	const events, levels = 399, 3 // large sessions have round numbers of events, and ids made of them
	return long(events, levels, "Agents that start agents")
}

func long(events, nested int, title string) *schema.Session {
	g := &generator{most: events, nested: nested, rand: rand.New(rand.NewPCG(1, uint64(events))), at: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)}
	g.s = &schema.Session{
		SchemaVersion: schema.Version, SessionID: fmt.Sprintf("1a46e000-0000-4000-8000-%012d", events), TraceID: g.id(0), Title: title,
		Tags: []string{}, Metadata: map[string]schema.Raw{}, StartTime: schema.At(g.at), Status: schema.OK, Outcome: schema.Completed,
		Client: &schema.Client{Name: "claude-code", Version: "2.1.330", Entrypoint: "cli"}, Cwd: "/home/dev/orders", Repo: "orders", GitBranch: "main",
		User: "dev", Host: "build-3", Models: []string{opus, haiku}, Cost: &schema.Cost{Source: schema.Computed},
	}
	g.s.Events = make([]schema.Event, 0, events)
	turns := 0
	for !g.full() {
		turns++
		g.turn()
		pause := time.Duration(g.rand.IntN(90)) * time.Second
		if turns%12 == 0 {
			pause = time.Duration(1+g.rand.IntN(4)) * time.Hour
		}
		g.at = g.at.Add(pause)
	}
	g.finish(turns)
	return g.s
}

const (
	opus  = "claude-opus-5-5"
	haiku = "claude-haiku-5-5"
)

type generator struct {
	s    *schema.Session
	rand *rand.Rand
	most int
	at   time.Time

	nested int // each agent above that level starts another one before it does anything else
}

// agent is who does what is generated.
type agentState struct {
	event, id string // of its event; "" on the main thread
	info      *schema.SubagentInfo
	depth     int
}

func (g *generator) full() bool { return len(g.s.Events) >= g.most }

func (g *generator) id(n int) string { return fmt.Sprintf("1a46%028x", n) }

// add puts an event behind the others, if there is room, and says which it is.
func (g *generator) add(e schema.Event, by agentState, took time.Duration) *schema.Event {
	e.Seq = len(g.s.Events) + 1
	e.ID = g.id(e.Seq)
	e.ParentID, e.AgentID = by.event, by.id
	if e.Status == "" {
		e.Status = schema.OK
	}
	e.StartTime, e.EndTime = schema.At(g.at), schema.At(g.at.Add(took))
	ms := took.Milliseconds()
	e.DurationMS = &ms
	if g.full() {
		return &e
	}
	g.s.Events = append(g.s.Events, e)
	return &g.s.Events[len(g.s.Events)-1]
}

func (g *generator) turn() {
	g.add(schema.Event{Type: schema.UserPrompt, Name: "user_prompt", PromptSource: "typed", Prompt: g.prose(1)}, agentState{}, 0)
	g.work(agentState{}, 4+g.rand.IntN(30))
	g.message(agentState{}, 3)
}

// work are so many steps of an agent: a message, and the calls that it asked for, at once.
func (g *generator) work(by agentState, steps int) {
	for step := range steps {
		if g.full() {
			return
		}
		words := 0
		if g.rand.IntN(3) == 0 {
			words = 1 + g.rand.IntN(2)
		}
		asked := g.message(by, words)
		until := g.at
		for range 1 + g.rand.IntN(3) {
			begin := g.at
			g.call(by, asked)
			until = later(until, g.at)
			g.at = begin.Add(20 * time.Millisecond)
		}
		g.at = until
		if g.rand.IntN(40*(1+3*by.depth)) == 0 && by.depth < 3 || step == 0 && by.depth < g.nested {
			g.agent(by, asked)
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (g *generator) message(by agentState, paragraphs int) string {
	took := time.Duration(800+g.rand.IntN(9000)) * time.Millisecond
	usage := schema.Usage{InputTokens: int64(g.rand.IntN(40)), OutputTokens: int64(60 + g.rand.IntN(900)),
		CacheReadInputTokens: int64(20_000 + g.rand.IntN(90_000)), CacheCreationInputTokens: int64(g.rand.IntN(4000))}
	model, price := opus, 0.000_025
	if by.depth > 0 {
		model, price = haiku, 0.000_005
	}
	usd := float64(usage.OutputTokens)*price + float64(usage.CacheReadInputTokens)*price/50
	m := &schema.LLM{Model: model, StopReason: "tool_use", Text: g.prose(paragraphs), Usage: &usage, CostUSD: &usd}
	if paragraphs == 3 {
		m.StopReason = "end_turn"
	}
	if g.rand.IntN(4) == 0 {
		m.Thinking = g.prose(2)
	}
	e := g.add(schema.Event{Type: schema.LLMMessage, Name: "assistant", LLM: m}, by, took)
	m.MessageID = "msg_" + e.ID
	if by.info != nil {
		by.info.LLMCalls++
		*by.info.CostUSD += usd
		*by.info.Usage = by.info.Usage.Add(usage)
	}
	g.at = g.at.Add(took + time.Millisecond)
	return e.ID
}

func (g *generator) call(by agentState, asked string) {
	tool := &schema.Tool{Outcome: schema.ToolOK, LLMEventID: asked}
	took := time.Duration(10+g.rand.IntN(400)) * time.Millisecond
	path := "/home/dev/orders/" + g.word() + "/" + g.word() + ".go"
	lines := 4 + g.rand.IntN(30)
	switch g.rand.IntN(6) {
	case 0, 1:
		tool.Name, tool.Input, tool.Result = "Read", object("file_path", path), quoted(g.code(lines))
	case 2:
		tool.Name, tool.Input = "Edit", object("file_path", path, "old_string", g.code(3), "new_string", g.code(4))
		tool.Result = quoted("The file " + path + " has been updated.")
	case 3:
		tool.Name, tool.Input, tool.Result = "Grep", object("pattern", g.word(), "path", "/home/dev/orders"), quoted(g.code(lines/2))
	default:
		took *= time.Duration(1 + g.rand.IntN(60))
		tool.Name, tool.Input = "Bash", object("command", "go test ./"+g.word()+"/... -run "+g.word(), "description", "Run the tests of "+g.word())
		tool.Result = schema.Raw(`{"stdout":` + string(quoted("\x1b[32mok\x1b[0m  "+g.code(lines))) + `,"stderr":"","interrupted":false}`)
		if g.rand.IntN(8) == 0 {
			wait := int64(1000 + g.rand.IntN(40_000))
			tool.ApprovalMS, tool.Permission = &wait, &schema.Permission{Decision: "allow", Source: "user"}
		}
	}
	execution := took.Milliseconds()
	tool.ExecutionMS = &execution
	if tool.ApprovalMS != nil {
		took += time.Duration(*tool.ApprovalMS) * time.Millisecond
	}
	e := schema.Event{Type: schema.ToolCall, Name: "tool:" + tool.Name, Tool: tool}
	if g.rand.IntN(30) == 0 {
		e.Status, tool.IsError, tool.Outcome = schema.Failed, true, schema.ToolFailed
		e.Error = &schema.Error{Type: "tool_error", Message: "Exit code 1\n" + g.code(4)}
	}
	tool.ToolUseID = "toolu_" + g.add(e, by, took).ID
	if by.info != nil {
		by.info.ToolCalls++
	}
	g.at = g.at.Add(took)
}

// agent is a subagent, the call that started it, and all that it does.
func (g *generator) agent(by agentState, asked string) {
	kind := []string{"Explore", "general-purpose", "reviewer"}[g.rand.IntN(3)]
	what, prompt := "Look at "+g.word()+" and "+g.word(), g.prose(2)
	call := g.add(schema.Event{Type: schema.ToolCall, Name: "tool:Agent", Note: "subagent invocation", Tool: &schema.Tool{Name: "Agent", LLMEventID: asked,
		Outcome: schema.ToolOK, Input: object("description", what, "prompt", prompt, "subagent_type", kind)}}, by, 0)
	place, begin := len(g.s.Events), g.at
	zero := 0.0
	info := &schema.SubagentInfo{AgentID: fmt.Sprintf("a%07x", place), AgentType: kind, Description: what, InvocationPrompt: prompt,
		InvocationReasoning: g.prose(1), InvocationEventID: call.ID, Link: schema.LinkExact, ParentAgentID: by.id, Depth: by.depth + 1,
		Usage: &schema.Usage{}, CostUSD: &zero}
	e := g.add(schema.Event{Type: schema.Subagent, Name: "subagent:" + kind, Subagent: info}, by, 0)
	if g.full() {
		return
	}
	me := agentState{event: e.ID, id: info.AgentID, info: info, depth: by.depth + 1}
	g.s.Events[place].AgentID = info.AgentID
	g.work(me, 10+g.rand.IntN(30))
	g.message(me, 2)
	ms := g.at.Sub(begin).Milliseconds()
	for _, at := range []int{place - 1, place} {
		g.s.Events[at].EndTime, g.s.Events[at].DurationMS = schema.At(g.at), &ms
	}
}

// finish sums everything up.
func (g *generator) finish(turns int) {
	t := &g.s.Totals
	usd := 0.0
	for i := range g.s.Events {
		e := &g.s.Events[i]
		switch {
		case e.LLM != nil:
			t.LLMCalls++
			t.Usage = t.Usage.Add(*e.LLM.Usage)
			usd += *e.LLM.CostUSD
		case e.Tool != nil:
			t.ToolCalls++
		case e.Subagent != nil:
			t.Subagents++
		}
		if e.Status == schema.Failed {
			t.Errors++
			g.s.Status = schema.Failed
		}
	}
	ms := g.at.Sub(g.s.StartTime.Time).Milliseconds()
	g.s.EndTime, g.s.DurationMS, t.DurationMS = schema.At(g.at), &ms, &ms
	t.CostUSD, t.NumTurns, g.s.Cost.ComputedUSD = &usd, &turns, &usd
}

var syllables = strings.Fields("or der can cel re fund ship ment cus tom er rate lim it bat ch in voice to ken ca che que ry log ger pa ser ex port")

func (g *generator) word() string {
	var b strings.Builder
	for range 2 + g.rand.IntN(2) {
		b.WriteString(syllables[g.rand.IntN(len(syllables))])
	}
	return b.String()
}

// prose are paragraphs, "" for none.
func (g *generator) prose(paragraphs int) string {
	var b strings.Builder
	for p := range paragraphs {
		if p > 0 {
			b.WriteString("\n\n")
		}
		for s := range 2 + g.rand.IntN(4) {
			if s > 0 {
				b.WriteByte(' ')
			}
			fmt.Fprintf(&b, "The %s of `%s` must not %s before the %s is done.", g.word(), g.word(), g.word(), g.word())
		}
	}
	return b.String()
}

func (g *generator) code(lines int) string {
	var b strings.Builder
	for range lines {
		fmt.Fprintf(&b, "\tif err := %s.%s(%s); err != nil {\n", g.word(), g.word(), g.word())
	}
	return b.String()
}

func quoted(s string) schema.Raw {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\t':
			b.WriteString(`\t`)
		default:
			if r < ' ' {
				fmt.Fprintf(&b, `\u%04x`, r)
				continue
			}
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return schema.Raw(b.String())
}

// object is a JSON object of texts: name, value, name, value.
func object(members ...string) schema.Raw {
	var b strings.Builder
	for i := 0; i < len(members); i += 2 {
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		b.WriteString(strconv.Quote(members[i]) + ":" + string(quoted(members[i+1])))
	}
	b.WriteByte('}')
	return schema.Raw(b.String())
}
