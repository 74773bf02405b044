package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"time"

	"ams/pkg/parallel"
	"ams/pkg/schema"
	"ams/pkg/table"
	"ams/pkg/upload"
)

// firstDay is where the generated sessions begin.
var firstDay = time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)

// Of the words that texts are made of some are rare, so that a question for one has few answers.
var (
	words = strings.Fields("the test fails because a file was moved and its name is wrong in the list so I read it again then change one line " +
		"of the parser check that all other cases still pass run build look at what the log says about the connection fix error return value")
	rare     = "quicksilver"
	models   = []string{"claude-opus-5-5", "claude-sonnet-5", "claude-haiku-4-5"}
	tools    = []string{"Bash", "Read", "Edit", "Grep", "Write", "WebFetch", "mcp__github__search"}
	agents   = []string{"Explore", "general-purpose", "Plan", "code-reviewer"}
	projects = 40
)

// maker makes sessions that are the same for the same number.
type maker struct {
	r *rand.Rand
	s *schema.Session
	t time.Time
}

// made is session n of so many on so many days, with some 20 events.
func made(n, sessions, days int) *schema.Session {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	day := firstDay.AddDate(0, 0, n*days/max(sessions, 1))
	m := &maker{r: r, t: day.Add(time.Duration(r.IntN(20*3600)) * time.Second)}
	project := fmt.Sprintf("project-%02d", r.IntN(projects))
	m.s = &schema.Session{
		SchemaVersion: schema.Version, SessionID: fmt.Sprintf("%08x-0000-4000-8000-%012d", uint32(n)*2654435761, n), TraceID: fmt.Sprintf("%032x", n),
		Agent: schema.Agent{Name: "agent-" + fmt.Sprint(n%9)}, Tags: []string{"bench"}, Metadata: map[string]schema.Raw{},
		StartTime: schema.At(m.t), Status: schema.OK, Outcome: schema.Completed, Cwd: "/home/dev/" + project, Repo: project, GitBranch: "main",
		User: fmt.Sprintf("user-%d", r.IntN(25)), Host: "bench", Stored: &schema.Stored{Rev: m.t.UnixMilli()},
	}
	m.event(schema.Event{Type: schema.UserPrompt, Name: "user_prompt", Prompt: m.text(12)})
	for range 2 + r.IntN(14) {
		m.turn("", models[min(r.IntN(4), 2)])
	}
	if r.IntN(4) == 0 {
		m.subagent()
	}
	m.finish()
	return m.s
}

func (m *maker) text(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(words[m.r.IntN(len(words))])
	}
	if m.r.IntN(20_000) == 0 {
		b.WriteString(" " + rare)
	}
	return b.String()
}

func (m *maker) event(e schema.Event) *schema.Event {
	e.Seq = len(m.s.Events) + 1
	e.ID = fmt.Sprintf("e%d", e.Seq)
	e.StartTime = schema.At(m.t)
	ms := int64(50 + m.r.IntN(4000))
	e.DurationMS = &ms
	m.t = m.t.Add(time.Duration(ms) * time.Millisecond)
	e.EndTime = schema.At(m.t)
	if e.Status == "" {
		e.Status = schema.OK
	}
	m.s.Events = append(m.s.Events, e)
	return &m.s.Events[len(m.s.Events)-1]
}

// turn is a call of a model that asks for a tool.
func (m *maker) turn(agent, model string) (cost float64) {
	u := &schema.Usage{InputTokens: int64(m.r.IntN(2000)), OutputTokens: int64(1 + m.r.IntN(900)), CacheReadInputTokens: int64(m.r.IntN(60_000)),
		CacheCreationInputTokens: int64(m.r.IntN(4000))}
	units := 500*u.InputTokens + 2500*u.OutputTokens + 50*u.CacheReadInputTokens + 625*u.CacheCreationInputTokens
	cost = float64(units) / 1e8
	llm := m.event(schema.Event{Type: schema.LLMMessage, Name: "assistant", AgentID: agent, LLM: &schema.LLM{Model: model, StopReason: "tool_use", Text: m.text(25),
		Usage: u, CostUSD: &cost}})
	asking := llm.ID
	ms, failed := int64(m.r.ExpFloat64()*800), m.r.IntN(12) == 0
	tool := &schema.Tool{Name: tools[min(m.r.IntN(9), 6)], ToolUseID: "toolu_" + asking, Input: schema.Raw(`{"command":"` + m.text(6) + `"}`),
		Outcome: schema.ToolOK, LLMEventID: asking, ExecutionMS: &ms}
	if m.r.IntN(15) == 0 {
		wait := int64(m.r.ExpFloat64() * 40_000)
		tool.ApprovalMS = &wait
	}
	e := schema.Event{Type: schema.ToolCall, Name: "tool:" + tool.Name, AgentID: agent, Tool: tool}
	if failed {
		tool.IsError, tool.Outcome, e.Status = true, schema.ToolFailed, schema.Failed
		e.Error = &schema.Error{Type: "tool_error", Message: "exit status 1: " + m.text(8)}
		m.s.Totals.Errors++
	} else {
		tool.Result = schema.Raw(`"` + m.text(20) + `"`)
	}
	m.event(e)
	t := &m.s.Totals
	t.LLMCalls, t.ToolCalls = t.LLMCalls+1, t.ToolCalls+1
	t.Usage.InputTokens += u.InputTokens
	t.Usage.OutputTokens += u.OutputTokens
	t.Usage.CacheReadInputTokens += u.CacheReadInputTokens
	t.Usage.CacheCreationInputTokens += u.CacheCreationInputTokens
	return cost
}

func (m *maker) subagent() {
	id, kind := "a1", agents[m.r.IntN(len(agents))]
	at := m.event(schema.Event{Type: schema.Subagent, Name: "subagent:" + kind, AgentID: id}).Seq - 1
	a := &schema.SubagentInfo{AgentID: id, AgentType: kind, Description: m.text(4), InvocationPrompt: m.text(30)}
	sum := 0.0
	for range 1 + m.r.IntN(5) {
		sum += m.turn(id, models[2])
		a.LLMCalls, a.ToolCalls = a.LLMCalls+1, a.ToolCalls+1
	}
	a.CostUSD = &sum
	m.s.Events[at].Subagent = a
	m.s.Totals.Subagents++
}

// finish adds up what a join would.
func (m *maker) finish() {
	cost := 0.0
	seen := map[string]bool{}
	for i := range m.s.Events {
		if l := m.s.Events[i].LLM; l != nil {
			cost += *l.CostUSD
			if !seen[l.Model] {
				seen[l.Model] = true
				m.s.Models = append(m.s.Models, l.Model)
			}
		}
	}
	m.s.Totals.CostUSD = &cost
	m.s.Cost = &schema.Cost{Source: schema.Computed, ComputedUSD: &cost}
	m.s.EndTime = schema.At(m.t)
	ms := m.t.Sub(m.s.StartTime.Time).Milliseconds()
	m.s.DurationMS = &ms
}

// generate writes the tables of so many sessions into a folder, and their bodies and index records, where objects is set.
func generate(ctx context.Context, dir string, sessions, days int, objects bool) error {
	store := upload.NewLocal(dir)
	keeper := table.New(table.Options{Store: store, Owner: "bench", Now: time.Now})
	begin, events := time.Now(), 0
	for day := range days {
		n, err := generateDay(ctx, store, keeper, numbers(day, sessions, days), sessions, days, objects)
		if err != nil {
			return err
		}
		events += n
		fmt.Fprintf(os.Stderr, "\rday %d of %d, %d events, %.0f s", day+1, days, events, time.Since(begin).Seconds())
	}
	took := time.Since(begin).Seconds()
	fmt.Fprintf(os.Stderr, "\r%d sessions, %d events in %.0f s: %.0f events/s\n", sessions, events, took, float64(events)/took)
	return sizes(dir)
}

// numbers are those of the sessions of a day.
func numbers(day, sessions, days int) (out []int) {
	for n := range sessions {
		if n*days/sessions == day {
			out = append(out, n)
		}
	}
	return out
}

func generateDay(ctx context.Context, store upload.Store, keeper *table.Keeper, numbers []int, sessions, days int, objects bool) (events int, err error) {
	w, err := keeper.Writer()
	if err != nil {
		return 0, err
	}
	defer w.Close()
	type result struct {
		events int
		err    error
	}
	worker := func() func(int) result {
		return func(n int) result {
			s := made(n, sessions, days)
			return result{len(s.Events), add(ctx, store, w, s, objects)}
		}
	}
	for r := range parallel.Each(ctx, runtime.NumCPU(), numbers, worker) {
		events += r.events
		err = errors.Join(err, r.err)
	}
	if err == nil {
		_, err = w.Commit(ctx)
	}
	return events, err
}

func add(ctx context.Context, store upload.Store, w *table.Writer, s *schema.Session, objects bool) error {
	record, err := schema.EncodeSummary(schema.Summarize(s))
	if err != nil {
		return err
	}
	etag := "bench"
	if objects {
		body, err := schema.Encode(s)
		if err != nil {
			return err
		}
		if _, err := store.Put(ctx, upload.SessionKey(s.SessionID, s.StartTime.Time), body, upload.PutOptions{}); err != nil {
			return err
		}
		if etag, err = store.Put(ctx, upload.IndexKey(s.SessionID), record, upload.PutOptions{}); err != nil {
			return err
		}
	}
	return w.Add(s, s.SessionID, etag, record)
}
