package chrometrace

import (
	"bytes"
	"cmp"
	"strings"
	"unicode/utf8"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// mostCharacters of a text stand in a trace: it shows times, and `show` has the texts.
const mostCharacters = 120

// looked is how many bytes of a text are looked at for them: four a character, and as much again for white space.
const looked = 8 * mostCharacters

// cut is the beginning of a text on one line.
func cut(s string) string {
	s = strings.TrimLeft(s, " \t\r\n")
	more := len(s) > looked
	if more {
		end := looked
		for end > looked-utf8.UTFMax && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
	}
	s = screen.Line(s)
	n := 0
	for at := range s {
		if n == mostCharacters-1 {
			if rest := s[at:]; more || utf8.RuneCountInString(rest) > 1 {
				return s[:at] + "…"
			}
		}
		n++
	}
	if more {
		s += "…"
	}
	return s
}

// cutRaw is the beginning of a JSON value, of which no more is copied.
func cutRaw(r schema.Raw) string {
	r = bytes.TrimLeft(r, " \t\r\n")
	return cut(string(r[:min(len(r), looked+1)]))
}

func mainName(s *schema.Session) string {
	switch {
	case s.MainAgent != "":
		return "main: " + s.MainAgent
	case s.Agent.Name != "":
		return "main: " + s.Agent.Name
	}
	return "main"
}

func agentName(a *schema.SubagentInfo) string {
	name := a.AgentType
	if name == "" {
		name = "subagent"
	}
	if a.Description != "" {
		name += ": " + cut(a.Description)
	}
	return name
}

func helperName(e *schema.Event) string {
	if e.Note == schema.WarmUpNote {
		return e.Note
	}
	return "agent " + e.AgentID
}

// details are the args of a record: what a person sees who clicks on it.
type details struct {
	Seq       int      `json:"seq,omitzero"`
	EventID   string   `json:"event_id,omitzero"`
	Outcome   string   `json:"outcome,omitzero"`
	End       string   `json:"end,omitzero"`
	Error     string   `json:"error,omitzero"`
	Why       string   `json:"why,omitzero"`
	Asked     string   `json:"asked,omitzero"`
	Input     string   `json:"input,omitzero"`
	Text      string   `json:"text,omitzero"`
	Thinking  string   `json:"thinking,omitzero"`
	Stop      string   `json:"stop_reason,omitzero"`
	In        int64    `json:"input_tokens,omitzero"`
	CacheRead int64    `json:"cache_read_input_tokens,omitzero"`
	CacheNew  int64    `json:"cache_creation_input_tokens,omitzero"`
	Out       int64    `json:"output_tokens,omitzero"`
	CostUSD   *float64 `json:"cost_usd,omitzero"`
	Retries   int      `json:"retries,omitzero"`
	LLMCalls  int      `json:"llm_calls,omitzero"`
	ToolCalls int      `json:"tool_calls,omitzero"`
}

// record is what a mark looks like in the trace.
func (t *trace) record(m *mark) record {
	ts, dur := m.from-t.start, m.to-m.from
	a := &t.agents[m.agent]
	r := record{Phase: "X", TS: &ts, Dur: &dur, PID: int(m.agent) + 1, TID: a.tid(m.lanes, int(m.lane))}
	switch m.kind {
	case arrowMark:
		r.Name, r.Cat, r.Phase, r.Dur, r.ID = "starts", "subagent", "s", nil, int(m.arrow)
		return r
	case headMark:
		r.Name, r.Cat, r.Phase, r.Dur, r.ID, r.Bind = "starts", "subagent", "f", nil, int(m.arrow), "e"
		return r
	case partMark:
		r.Name, r.Cat = "execution", "execution"
		if m.approval {
			r.Name, r.Cat = "approval", "approval"
		}
		return r
	case instantMark:
		r.Phase, r.Dur, r.Scope = "i", nil, "t"
	}
	var args details
	if m.event < 0 {
		r.Name, r.Cat = cut(cmp.Or(t.s.Title, t.s.SessionID)), "session"
		args = details{Outcome: string(t.s.Outcome), CostUSD: t.s.Totals.CostUSD, LLMCalls: t.s.Totals.LLMCalls,
			ToolCalls: t.s.Totals.ToolCalls}
		args.use(&t.s.Totals.Usage)
	} else {
		e := &t.s.Events[m.event]
		r.Name, r.Cat, args = describe(e, m.lanes == shellLane)
		args.Seq, args.EventID = e.Seq, cut(e.ID)
		if e.Error != nil {
			args.Error = cut(cut(e.Error.Type) + ": " + cut(e.Error.Message))
		}
	}
	if m.open {
		args.End = "not recorded"
	}
	r.Args = args
	return r
}

// describe is the name, category and details of an event; of a shell that it left running, those of the shell.
func describe(e *schema.Event, shell bool) (name, category string, d details) {
	switch {
	case e.Subagent != nil:
		a := e.Subagent
		d = details{Why: cut(a.InvocationReasoning), Asked: cut(a.InvocationPrompt), CostUSD: a.CostUSD, LLMCalls: a.LLMCalls,
			ToolCalls: a.ToolCalls, Outcome: string(e.Status)}
		d.use(a.Usage)
		return cut(agentName(a)), "subagent", d
	case e.LLM != nil:
		d = details{Text: cut(e.LLM.Text), Thinking: cut(e.LLM.Thinking), Stop: cut(e.LLM.StopReason), CostUSD: e.LLM.CostUSD,
			Retries: e.LLM.Retries}
		d.use(e.LLM.Usage)
		return cut(cmp.Or(e.LLM.Model, "model")), "model", d
	case e.Tool != nil && shell:
		return cut(e.Tool.Name), "shell", details{Input: cutRaw(e.Tool.Input), Outcome: cut(e.Tool.Background.Status)}
	case e.Tool != nil:
		return cut(e.Tool.Name), "tool", details{Input: cutRaw(e.Tool.Input), Outcome: cut(string(e.Tool.Outcome))}
	case e.Type == schema.UserPrompt:
		return "prompt", "prompt", details{Text: cut(e.Prompt)}
	case e.Compaction != nil:
		return "compaction", "compaction", details{Text: cut(e.Compaction.Summary), In: e.Compaction.TokensBefore, Out: e.Compaction.TokensAfter}
	case e.Type == schema.ErrorEvent:
		return "error", "error", details{Text: cut(e.Note)}
	}
	return cut(strings.TrimPrefix(e.Name, "notification:")), "note", details{Text: cut(e.Note)}
}

// use adds the counts of tokens.
func (d *details) use(u *schema.Usage) {
	if u != nil {
		d.In, d.CacheRead, d.CacheNew, d.Out = u.InputTokens, u.CacheReadInputTokens, u.CacheCreationInputTokens, u.OutputTokens
	}
}
