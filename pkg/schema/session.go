// Package schema is the data contract: what AMS stores of a session, field by field.
//
// One session is one JSON object, [Session], flat and typed so that a person can read it and a machine can filter it. Beside
// it stands one small index record, [Summary]. Both are a superset of contract 1.0 (the Python package ams-observability
// 0.1.0): every field of 1.0 keeps its name, type and meaning, and what 1.1 and 1.2 add is optional. session-1.2.schema.json and
// index-1.2.schema.json beside this file describe every field for readers in other languages; a test holds them together.
//
// Absent means unknown. Times are UTC with microseconds, durations are whole milliseconds, costs are US dollars, token counts
// are the API's own (input_tokens leaves cache tokens out).
package schema

import (
	"slices"

	"ams/pkg/lax"
)

// Version is the schema_version that this package writes. Readers of 1.0 may ignore what they do not know.
const Version = "1.2"

// Raw is a JSON value passed on as the client gave it: tool inputs, tool results, metadata.
type Raw = lax.Raw

// Status says how a session or an event ended, in the words of contract 1.0.
type Status string

const (
	OK      Status = "ok"      // it ended well, or nothing says otherwise
	Failed  Status = "error"   // it failed, or an event of the session did
	Running Status = "running" // its end has not been seen
)

// Outcome says how a session ended, in more detail than [Status] can.
type Outcome string

const (
	Completed   Outcome = "completed"   // the last turn ended and nothing failed for good
	FailedTurn  Outcome = "failed"      // an API error, or a command of the client's that failed, ended the last turn
	Interrupted Outcome = "interrupted" // a person, a signal or a hook stopped the last turn
	Limited     Outcome = "limited"     // the last turn ran into a bound that its caller had set, see [Limit]
	Abandoned   Outcome = "abandoned"   // it stopped in the middle and no end was ever recorded
	StillOpen   Outcome = "running"     // it was not over when this was assembled
)

// EventType is the kind of an [Event].
type EventType string

const (
	UserPrompt   EventType = "user_prompt"
	LLMMessage   EventType = "llm_message"
	ToolCall     EventType = "tool_call"
	Subagent     EventType = "subagent"
	Notification EventType = "notification"
	Compaction   EventType = "compaction"
	ErrorEvent   EventType = "error"
)

// Session is everything that AMS knows of one session.
type Session struct {
	SchemaVersion   string         `json:"schema_version"`
	SessionID       string         `json:"session_id"`
	TraceID         string         `json:"trace_id"`
	Title           string         `json:"title,omitzero"`
	Agent           Agent          `json:"agent"`
	Environment     string         `json:"environment,omitzero"`
	Tags            []string       `json:"tags"`
	Metadata        map[string]Raw `json:"metadata"`
	StartTime       Time           `json:"start_time"`
	EndTime         Time           `json:"end_time,omitzero"`
	DurationMS      *int64         `json:"duration_ms,omitzero"`
	ActiveMS        *int64         `json:"active_ms,omitzero"`
	Status          Status         `json:"status"`
	Outcome         Outcome        `json:"outcome,omitzero"`
	Limit           *Limit         `json:"limit,omitzero"`
	EndReason       string         `json:"end_reason,omitzero"`
	ParentSessionID string         `json:"parent_session_id,omitzero"`
	Client          *Client        `json:"client,omitzero"`
	Host            string         `json:"host,omitzero"`
	User            string         `json:"user,omitzero"`
	Cwd             string         `json:"cwd,omitzero"`
	GitBranch       string         `json:"git_branch,omitzero"`
	Repo            string         `json:"repo,omitzero"`
	MainAgent       string         `json:"main_agent,omitzero"`
	Models          []string       `json:"models,omitempty"`
	Totals          Totals         `json:"totals"`
	Cost            *Cost          `json:"cost,omitzero"`
	Completeness    *Completeness  `json:"completeness,omitzero"`
	Redactions      map[string]int `json:"redactions,omitempty"`
	Signals         []Signal       `json:"signals,omitempty"`
	Stored          *Stored        `json:"stored,omitzero"`
	Events          []Event        `json:"events"`
}

// LimitKind is the kind of a [Limit], in the words of the client's flags.
type LimitKind string

const (
	MaxTurns     LimitKind = "max_turns"      // --max-turns, maxTurns
	MaxBudgetUSD LimitKind = "max_budget_usd" // --max-budget-usd, maxBudgetUsd
)

// Limit is the bound that a limited session ran into: what was allowed and what was used when the client
// stopped, in turns (the one that it did not begin included) or US dollars.
type Limit struct {
	Kind LimitKind `json:"kind"`
	Max  float64   `json:"max"`
	Used float64   `json:"used"`
}

// Stored is what only storing knows of a Session. One that was assembled and not stored has none.
type Stored struct {
	// Rev rises each time that the Session is stored with another body: first the time in
	// milliseconds since 1970, then one more each time. The Session and its index record bear the
	// same.
	Rev int64 `json:"rev"`
}

// Agent is the name and version that the team gave its agent (AMS_AGENT_NAME, AMS_AGENT_VERSION).
type Agent struct {
	Name    string `json:"name,omitzero"`
	Version string `json:"version,omitzero"`
}

// Client is the program that ran the session.
type Client struct {
	Name       string `json:"name,omitzero"`
	Version    string `json:"version,omitzero"`
	Entrypoint string `json:"entrypoint,omitzero"`
}

// Usage counts tokens as the API does: InputTokens leaves out what was read from or written to the cache. A count
// that Unknown names is only a lower bound: what is known of it, or 0.
type Usage struct {
	InputTokens              int64          `json:"input_tokens"`
	OutputTokens             int64          `json:"output_tokens"`
	CacheReadInputTokens     int64          `json:"cache_read_input_tokens"`
	CacheCreationInputTokens int64          `json:"cache_creation_input_tokens"`
	CacheCreation            *CacheCreation `json:"cache_creation,omitzero"`
	Unknown                  []string       `json:"unknown,omitempty"`
}

// The names that [Usage.Unknown] may hold, in their order.
const (
	InputTokens         = "input_tokens"
	OutputTokens        = "output_tokens"
	CacheReadTokens     = "cache_read_input_tokens"
	CacheCreationTokens = "cache_creation_input_tokens"
	CacheCreationSplit  = "cache_creation"
)

// Input is all that was sent, cached or not; known is false where it is a lower bound.
func (u Usage) Input() (n int64, known bool) {
	return u.InputTokens + u.CacheReadInputTokens + u.CacheCreationInputTokens, !UnknownInput(u.Unknown)
}

// UnknownInput reports whether one of the names of unknown counts is a part of the input.
func UnknownInput(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return name == InputTokens || name == CacheReadTokens || name == CacheCreationTokens
	})
}

// Uncounted is the usage of a call of which nothing is known.
func Uncounted() Usage {
	return Usage{Unknown: []string{InputTokens, OutputTokens, CacheReadTokens, CacheCreationTokens}}
}

// CacheCreation splits CacheCreationInputTokens by the lifetime that was paid for.
type CacheCreation struct {
	Ephemeral5mInputTokens int64 `json:"ephemeral_5m_input_tokens"`
	Ephemeral1hInputTokens int64 `json:"ephemeral_1h_input_tokens"`
}

// Add returns the sum of u and v. The cache split is kept where at least one of them has it; what one of them does
// not know, the sum does not know either.
func (u Usage) Add(v Usage) Usage {
	sum := Usage{
		InputTokens:              u.InputTokens + v.InputTokens,
		OutputTokens:             u.OutputTokens + v.OutputTokens,
		CacheReadInputTokens:     u.CacheReadInputTokens + v.CacheReadInputTokens,
		CacheCreationInputTokens: u.CacheCreationInputTokens + v.CacheCreationInputTokens,
	}
	for _, split := range []*CacheCreation{u.CacheCreation, v.CacheCreation} {
		if split == nil {
			continue
		}
		if sum.CacheCreation == nil {
			sum.CacheCreation = new(CacheCreation)
		}
		sum.CacheCreation.Ephemeral5mInputTokens += split.Ephemeral5mInputTokens
		sum.CacheCreation.Ephemeral1hInputTokens += split.Ephemeral1hInputTokens
	}
	if len(u.Unknown)+len(v.Unknown) == 0 {
		return sum
	}
	for _, name := range []string{InputTokens, OutputTokens, CacheReadTokens, CacheCreationTokens, CacheCreationSplit} {
		if slices.Contains(u.Unknown, name) || slices.Contains(v.Unknown, name) {
			sum.Unknown = append(sum.Unknown, name)
		}
	}
	return sum
}

// WarmUpNote is the note of the events of agents that clients 2.0.x started by themselves to be ready: they are paid
// for, and belong to no subagent of the session.
const WarmUpNote = "warm-up of the client"

// OutputNote begins the note of the prompt that is a "!" line: what the command printed follows.
const OutputNote = "output: "

// Totals are sums over the whole session, subagents included. WarmUpCalls are the calls among LLMCalls of agents that
// the client started by itself to be ready.
type Totals struct {
	Usage         Usage    `json:"usage"`
	CostUSD       *float64 `json:"cost_usd,omitzero"`
	LLMCalls      int      `json:"llm_calls"`
	WarmUpCalls   int      `json:"warm_up_calls,omitzero"`
	ToolCalls     int      `json:"tool_calls"`
	Subagents     int      `json:"subagents"`
	Errors        int      `json:"errors"`
	NumTurns      *int     `json:"num_turns,omitzero"`
	DurationMS    *int64   `json:"duration_ms,omitzero"`
	DurationAPIMS *int64   `json:"duration_api_ms,omitzero"`
}

// CostSource says where totals.cost_usd comes from.
type CostSource string

const (
	Recorded CostSource = "recorded" // the client's own cost-state lines alone
	Mixed    CostSource = "mixed"    // cost-state, plus computed calls that no cost-state covers
	Computed CostSource = "computed" // the price table alone
)

// Cost is the provenance of totals.cost_usd. RecordedUSD is what the client's bills say, without a parent's part;
// ComputedUSD is the price table's sum over all calls of the session; DifferenceUSD is RecordedUSD less the computed
// cost of the calls that the bills cover, above zero where the client paid for more than the transcript shows, and
// Differences name the reasons. UnknownCalls counts the calls whose cost is not known: ComputedUSD is without them.
// RecordedGuess says that a bill charged a model at a default, as the client had no price for it: then the total is
// computed.
type Cost struct {
	Source              CostSource `json:"source,omitzero"`
	RecordedUSD         *float64   `json:"recorded_usd,omitzero"`
	ComputedUSD         *float64   `json:"computed_usd,omitzero"`
	DifferenceUSD       *float64   `json:"difference_usd,omitzero"`
	Differences         []CostGap  `json:"differences,omitempty"`
	PricesDate          string     `json:"prices_date,omitzero"`
	UnknownCalls        int        `json:"unknown_calls,omitzero"`
	UnpricedModels      []string   `json:"unpriced_models,omitempty"`
	RecordedGuess       bool       `json:"recorded_guess,omitzero"`
	OutputUnderReported bool       `json:"output_under_reported,omitzero"`
}

// CostGap names one reason why the recorded and the computed cost differ.
type CostGap struct {
	Reason   string   `json:"reason"`
	USD      *float64 `json:"usd,omitzero"`
	Model    string   `json:"model,omitzero"`
	EventIDs []string `json:"event_ids,omitempty"`
}

// Event is one step of the session. Which of the detail fields is set depends on Type.
type Event struct {
	ID           string        `json:"id"`
	Seq          int           `json:"seq"`
	ParentID     string        `json:"parent_id,omitzero"`
	Type         EventType     `json:"type"`
	Name         string        `json:"name"`
	StartTime    Time          `json:"start_time"`
	EndTime      Time          `json:"end_time,omitzero"`
	DurationMS   *int64        `json:"duration_ms,omitzero"`
	Status       Status        `json:"status"`
	AgentID      string        `json:"agent_id,omitzero"`
	PromptID     string        `json:"prompt_id,omitzero"`
	PromptSource string        `json:"prompt_source,omitzero"`
	Provisional  bool          `json:"provisional,omitzero"`
	Prompt       string        `json:"prompt,omitzero"`
	LLM          *LLM          `json:"llm,omitzero"`
	Tool         *Tool         `json:"tool,omitzero"`
	Subagent     *SubagentInfo `json:"subagent,omitzero"`
	Compaction   *Compacted    `json:"compaction,omitzero"`
	Error        *Error        `json:"error,omitzero"`
	Note         string        `json:"note,omitzero"`
}

// LLM is one call of the model: all lines of one message.id. RetryMS is how long the client waited before the attempts
// that Retries counts.
type LLM struct {
	Model               string           `json:"model,omitzero"`
	StopReason          string           `json:"stop_reason,omitzero"`
	Thinking            string           `json:"thinking,omitzero"`
	Text                string           `json:"text,omitzero"`
	MessageID           string           `json:"message_id,omitzero"`
	RequestID           string           `json:"request_id,omitzero"`
	Usage               *Usage           `json:"usage,omitzero"`
	CostUSD             *float64         `json:"cost_usd,omitzero"`
	OutputUnderReported bool             `json:"output_under_reported,omitzero"`
	Retries             int              `json:"retries,omitzero"`
	RetryMS             int64            `json:"retry_ms,omitzero"`
	CacheRewrite        *CacheRewrite    `json:"cache_rewrite,omitzero"`
	ThinkingTokens      int64            `json:"thinking_tokens,omitzero"`
	WebSearchRequests   int64            `json:"web_search_requests,omitzero"`
	ServerTools         []ServerToolCall `json:"server_tools,omitempty"`
}

// RewriteReason says why a call wrote anew what the cache had held.
type RewriteReason string

const (
	AfterPause  RewriteReason = "pause"  // the cache had lived its time
	OtherModel  RewriteReason = "model"  // the call before ran on another model, which has a cache of its own
	OtherPrefix RewriteReason = "prefix" // neither: what the cache held was no longer how the conversation begins
)

// CacheRewrite is what a call wrote into the cache although the call before it had it there. CostUSD is what the call
// would have cost less, had it been read.
type CacheRewrite struct {
	Tokens  int64         `json:"tokens"`
	Reason  RewriteReason `json:"reason"`
	CostUSD *float64      `json:"cost_usd,omitzero"`
}

// ServerToolCall is a tool that the API ran inside an LLM call: it has no hook, no result line and no time of its own.
type ServerToolCall struct {
	Name      string `json:"name"`
	ToolUseID string `json:"tool_use_id,omitzero"`
	Input     Raw    `json:"input,omitzero"`
	Result    Raw    `json:"result,omitzero"`
}

// ToolOutcome says how a tool call ended, in more detail than [Status] can.
type ToolOutcome string

const (
	ToolOK          ToolOutcome = "ok"
	ToolFailed      ToolOutcome = "failed"      // it ran and failed
	ToolDenied      ToolOutcome = "denied"      // a person, a rule or a mode did not permit it
	ToolBlocked     ToolOutcome = "blocked"     // a hook blocked it
	ToolInterrupted ToolOutcome = "interrupted" // it was stopped while it ran
	ToolTimedOut    ToolOutcome = "timed_out"   // it ran into its time limit
	ToolUnreached   ToolOutcome = "unreached"   // the client refused it before it came to any hook (bad input, unknown tool)
	ToolUnknown     ToolOutcome = "unknown"     // no end was recorded
)

// ChangedBy says who changed what a tool ran with.
type ChangedBy string

const (
	ChangedByHook ChangedBy = "hook" // somebody's PreToolUse hook
	ChangedByUser ChangedBy = "user" // a person, who answered a question or edited a proposal
)

// Tool is one call of a tool that the client ran. ExecutedInput is what it ran with where that is not Input,
// ExecutedInputBy who changed it where that is known. FullOutput is where the client keeps the whole of an output
// that it cut.
type Tool struct {
	Name            string      `json:"name"`
	ToolUseID       string      `json:"tool_use_id,omitzero"`
	Input           Raw         `json:"input,omitzero"`
	ExecutedInput   Raw         `json:"executed_input,omitzero"`
	ExecutedInputBy ChangedBy   `json:"executed_input_by,omitzero"`
	Result          Raw         `json:"result,omitzero"`
	FullOutput      *OutputFile `json:"full_output,omitzero"`
	IsError         bool        `json:"is_error"`
	Outcome         ToolOutcome `json:"outcome,omitzero"`
	LLMEventID      string      `json:"llm_event_id,omitzero"`
	ExecutionMS     *int64      `json:"execution_ms,omitzero"`
	ApprovalMS      *int64      `json:"approval_ms,omitzero"`
	Permission      *Permission `json:"permission,omitzero"`
	MCPServer       string      `json:"mcp_server,omitzero"`
	Background      *Background `json:"background,omitzero"`
}

// Background is a shell that a call left running: the call's own times and outcome are the launch's, these are
// the shell's. Without an end none was recorded. DurationMS runs from the call's start.
type Background struct {
	TaskID     string `json:"task_id"`
	Status     string `json:"status,omitzero"` // completed, failed, killed: the client's word
	EndTime    Time   `json:"end_time,omitzero"`
	DurationMS *int64 `json:"duration_ms,omitzero"`
}

// Permission is the client's decision to let a tool run or not, who took it, and what a person said to it.
type Permission struct {
	Decision string `json:"decision,omitzero"`
	Source   string `json:"source,omitzero"`
	Feedback string `json:"feedback,omitzero"`
}

// OutputFile is a file of the client's with the whole of an output. Bytes is 0 where its size is not known.
type OutputFile struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes,omitzero"`
}

// Link says how sure it is which tool call started a subagent.
type Link string

const (
	LinkExact    Link = "exact"    // an id in the client's own files or hooks says so
	LinkInferred Link = "inferred" // equal prompts or the order say so
	LinkNone     Link = "none"     // nothing says so
)

// SubagentInfo is one subagent: what started it and why, and what it used.
type SubagentInfo struct {
	AgentID             string   `json:"agent_id"`
	AgentType           string   `json:"agent_type,omitzero"`
	Description         string   `json:"description,omitzero"`
	InvocationPrompt    string   `json:"invocation_prompt,omitzero"`
	InvocationReasoning string   `json:"invocation_reasoning,omitzero"`
	InvocationEventID   string   `json:"invocation_event_id,omitzero"`
	Link                Link     `json:"link,omitzero"`
	ParentAgentID       string   `json:"parent_agent_id,omitzero"`
	Depth               int      `json:"depth,omitzero"`
	Background          bool     `json:"background,omitzero"`
	TranscriptPath      string   `json:"transcript_path,omitzero"`
	Usage               *Usage   `json:"usage,omitzero"`
	CostUSD             *float64 `json:"cost_usd,omitzero"`
	LLMCalls            int      `json:"llm_calls,omitzero"`
	ToolCalls           int      `json:"tool_calls,omitzero"`
	Rollup              *Rollup  `json:"rollup,omitzero"`
}

// Rollup sums a subagent and all subagents below it; only those that have some below them carry it.
type Rollup struct {
	Subagents int      `json:"subagents"`
	LLMCalls  int      `json:"llm_calls"`
	ToolCalls int      `json:"tool_calls"`
	Usage     Usage    `json:"usage"`
	CostUSD   *float64 `json:"cost_usd,omitzero"`
}

// Compacted is one compaction of the conversation. Token counts are the size of the context.
type Compacted struct {
	Trigger      string `json:"trigger,omitzero"`
	TokensBefore int64  `json:"tokens_before,omitzero"`
	TokensAfter  int64  `json:"tokens_after,omitzero"`
	Summary      string `json:"summary,omitzero"`
}

// Error is what failed, in the words of the client.
type Error struct {
	Type    string `json:"type,omitzero"`
	Message string `json:"message,omitzero"`
}
