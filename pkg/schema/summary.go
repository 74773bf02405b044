package schema

import (
	"cmp"
	"slices"
	"strings"
)

// firstPromptLimit bounds first_prompt in the index record, in characters: enough to recognise a session in a list.
const firstPromptLimit = 200

// Summary is the index record: what a list of sessions shows and filters by. Every key is always written, null where the
// value is absent.
type Summary struct {
	SchemaVersion string         `json:"schema_version"`
	SessionID     string         `json:"session_id"`
	TraceID       string         `json:"trace_id"`
	Agent         Agent          `json:"agent"`
	Environment   *string        `json:"environment"`
	Tags          []string       `json:"tags"`
	Metadata      map[string]Raw `json:"metadata"`
	StartTime     Time           `json:"start_time"`
	EndTime       *Time          `json:"end_time"`
	DurationMS    *int64         `json:"duration_ms"`
	Status        Status         `json:"status"`
	Stored        *Stored        `json:"stored"`
	InputTokens   int64          `json:"input_tokens"`
	OutputTokens  int64          `json:"output_tokens"`
	// What was read from and written to the cache; input_tokens leaves both out, and they are most of a session's input.
	CacheReadInputTokens     int64 `json:"cache_read_input_tokens"`
	CacheCreationInputTokens int64 `json:"cache_creation_input_tokens"`
	// UnknownTokens names the counts that are lower bounds, as [Usage.Unknown].
	UnknownTokens []string `json:"unknown_tokens"`

	CostUSD       *float64             `json:"cost_usd"`
	LLMCalls      int                  `json:"llm_calls"`
	ToolCalls     int                  `json:"tool_calls"`
	Subagents     int                  `json:"subagents"`
	Errors        int                  `json:"errors"`
	Title         *string              `json:"title"`
	Cwd           *string              `json:"cwd"`
	Models        []string             `json:"models"`
	ClientVersion *string              `json:"client_version"`
	Outcome       *Outcome             `json:"outcome"`
	CostSource    *CostSource          `json:"cost_source"`
	FirstPrompt   *string              `json:"first_prompt"`
	Tools         map[string]ToolCount `json:"tools"`

	// What records from 1.2 on have; [Summary.Lacks] tells if one is older.
	User            *string              `json:"user"`
	Host            *string              `json:"host"`
	GitBranch       *string              `json:"git_branch"`
	Repo            *string              `json:"repo"`
	ParentSessionID *string              `json:"parent_session_id"`
	MainAgent       *string              `json:"main_agent"`
	ActiveMS        *int64               `json:"active_ms"`
	PerModel        map[string]CallSums  `json:"per_model"`
	Agents          map[string]AgentSums `json:"agents"`
	PerDay          map[string]CallSums  `json:"per_day"`
	Skills          map[string]ToolCount `json:"skills"`
	Files           map[string]FileCount `json:"files"`
	Compactions     int                  `json:"compactions"`
	Approvals       Waits                `json:"approvals"`
	CacheRewrites   Rewrites             `json:"cache_rewrites"`
	Retries         Waits                `json:"retries"`
	PeakContext     *int64               `json:"peak_context"`
	Signals         map[SignalKind]int   `json:"signals"`
	// Cut names the fields of which something was left out, so that the record keeps its bound. It is the one key
	// that is written only where it says something.
	Cut []string `json:"cut,omitempty"`
}

// ToolCount counts the calls of one tool and how many of them failed.
type ToolCount struct {
	Calls  int `json:"calls"`
	Errors int `json:"errors"`
}

// Summarize returns the index record of s.
func Summarize(s *Session) *Summary {
	sum := &Summary{
		SchemaVersion: Version, SessionID: s.SessionID, TraceID: s.TraceID, Agent: s.Agent,
		Environment: orNull(s.Environment), Tags: s.Tags, Metadata: s.Metadata,
		StartTime: s.StartTime, EndTime: orNull(s.EndTime), DurationMS: s.DurationMS, Status: s.Status,
		InputTokens: s.Totals.Usage.InputTokens, OutputTokens: s.Totals.Usage.OutputTokens,
		CacheReadInputTokens: s.Totals.Usage.CacheReadInputTokens, CacheCreationInputTokens: s.Totals.Usage.CacheCreationInputTokens,
		UnknownTokens: s.Totals.Usage.Unknown, CostUSD: s.Totals.CostUSD,
		LLMCalls: s.Totals.LLMCalls, ToolCalls: s.Totals.ToolCalls, Subagents: s.Totals.Subagents, Errors: s.Totals.Errors,
		Title: orNull(s.Title), Cwd: orNull(s.Cwd), Models: s.Models, Outcome: orNull(s.Outcome),
		Tools: map[string]ToolCount{}, Stored: s.Stored,
	}
	if s.Client != nil {
		sum.ClientVersion = orNull(s.Client.Version)
	}
	if s.Cost != nil {
		sum.CostSource = orNull(s.Cost.Source)
	}
	sum.FirstPrompt = orNull(cut(s.FirstAsked(), firstPromptLimit))
	sum.addSums(s)
	if c := s.Completeness; c != nil && c.Cut != nil && c.Cut.Messages > 0 && sumOf(sum.PerModel).Calls < sum.LLMCalls {
		sum.Cut = slices.Clone(ofCalls)
	}
	return sum
}

// FirstAsked is the first that somebody asked of the session, by which a reader knows it again: its first prompt with
// words; where there is none, the first that a subagent was asked, else a command that the client ran itself, or a
// message that it was told of.
func (s *Session) FirstAsked() string {
	const kinds = 3
	var found [kinds]string
	note := func(kind int, text string) {
		if found[kind] == "" && strings.TrimSpace(text) != "" {
			found[kind] = text
		}
	}
	for i := range s.Events {
		e := &s.Events[i]
		switch {
		case e.Type == UserPrompt && strings.TrimSpace(e.Prompt) != "":
			return e.Prompt
		case e.Subagent != nil:
			note(0, e.Subagent.InvocationPrompt)
			note(0, e.Subagent.Description)
		case e.Name == "notification:command":
			note(1, e.Note)
		case e.Name == "notification:teammate_message", e.Name == "notification:task_notification":
			note(2, e.Note)
		}
	}
	return cmp.Or(found[:]...)
}

// orNull returns nil for the zero value, so that it is written as null.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// OrZero is what an index record says, or the zero value where it says null.
func OrZero[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// cut returns s if it has at most n characters, else the first n-1 of them and an ellipsis. It reads no further than
// that: a prompt may have megabytes.
func cut(s string, n int) string {
	count, last := 0, 0 // last is where the n-th character begins
	for i := range s {
		if count++; count == n {
			last = i
		}
		if count > n {
			return s[:last] + "…"
		}
	}
	return s
}
