package table

import (
	"cmp"
	"iter"

	"ams/pkg/schema"
)

// Event is a row of events. What is null is absent in the body, or of another type of event.
type Event struct {
	SessionID string `parquet:"session_id,dict"`
	Part      string `parquet:"part,dict"`
	Seq       int64  `parquet:"seq,delta"`
	EventID   string `parquet:"event_id"`
	ParentID  string `parquet:"parent_id,optional,dict"`
	Type      string `parquet:"type,dict"`
	Name      string `parquet:"name,dict"`
	Status    string `parquet:"status,optional,dict"`

	// AgentID is the agent that did it, of a subagent event the agent that it tells of; null on the main thread, whose
	// AgentType is "(main)" as in index records.
	AgentID   string `parquet:"agent_id,optional,dict"`
	AgentType string `parquet:"agent_type,optional,dict"`
	// Turn counts the prompts so far: 0 before the first.
	Turn         int64  `parquet:"turn"`
	PromptID     string `parquet:"prompt_id,optional,dict"`
	PromptSource string `parquet:"prompt_source,optional,dict"`
	Provisional  bool   `parquet:"provisional"`
	WarmUp       bool   `parquet:"warm_up"` // of an agent that the client started by itself

	StartTime  *int64 `parquet:"start_time,timestamp(microsecond)"`
	EndTime    *int64 `parquet:"end_time,timestamp(microsecond)"`
	DurationMS *int64 `parquet:"duration_ms"`

	// Calls of a model; tokens, cost and counts of a subagent are sums over its own calls, which have rows, too.
	Model                    string `parquet:"model,optional,dict"`
	StopReason               string `parquet:"stop_reason,optional,dict"`
	MessageID                string `parquet:"message_id,optional"`
	RequestID                string `parquet:"request_id,optional"`
	InputTokens              *int64 `parquet:"input_tokens"`
	OutputTokens             *int64 `parquet:"output_tokens"`
	CacheReadInputTokens     *int64 `parquet:"cache_read_input_tokens"`
	CacheCreationInputTokens *int64 `parquet:"cache_creation_input_tokens"`
	CacheCreation1hTokens    *int64 `parquet:"cache_creation_1h_tokens"`
	// UnknownTokens names the counts that are lower bounds, as [schema.Usage.Unknown].
	UnknownTokens       []string `parquet:"unknown_tokens,list"`
	ThinkingTokens      *int64   `parquet:"thinking_tokens"`
	CostUSD             *int64   `parquet:"cost_usd,decimal(10:18)"`
	Retries             *int64   `parquet:"retries"`
	RetryMS             *int64   `parquet:"retry_ms"`
	WebSearchRequests   *int64   `parquet:"web_search_requests"`
	CacheRewriteTokens  *int64   `parquet:"cache_rewrite_tokens"`
	CacheRewriteReason  string   `parquet:"cache_rewrite_reason,optional,dict"`
	CacheRewriteCostUSD *int64   `parquet:"cache_rewrite_cost_usd,decimal(10:18)"`

	// Calls of tools.
	Tool             string `parquet:"tool,optional,dict"`
	ToolUseID        string `parquet:"tool_use_id,optional"`
	LLMEventID       string `parquet:"llm_event_id,optional,dict"`
	Outcome          string `parquet:"outcome,optional,dict"`
	IsError          *bool  `parquet:"is_error"`
	ExecutionMS      *int64 `parquet:"execution_ms"`
	ApprovalMS       *int64 `parquet:"approval_ms"`
	Permission       string `parquet:"permission,optional,dict"`
	PermissionSource string `parquet:"permission_source,optional,dict"`
	MCPServer        string `parquet:"mcp_server,optional,dict"`
	Skill            string `parquet:"skill,optional,dict"`
	File             string `parquet:"file,optional,dict"` // that it wrote, or was to write
	LinesAdded       *int64 `parquet:"lines_added"`
	LinesRemoved     *int64 `parquet:"lines_removed"`

	// Subagents; ParentAgentID is null where the main thread started it.
	Description   string `parquet:"description,optional"`
	ParentAgentID string `parquet:"parent_agent_id,optional,dict"`
	Depth         *int64 `parquet:"depth"`
	Background    *bool  `parquet:"background"`
	LLMCalls      *int64 `parquet:"llm_calls"`
	ToolCalls     *int64 `parquet:"tool_calls"`

	// Compactions.
	Trigger      string `parquet:"trigger,optional,dict"`
	TokensBefore *int64 `parquet:"tokens_before"`
	TokensAfter  *int64 `parquet:"tokens_after"`

	ErrorType string `parquet:"error_type,optional,dict"`

	// Text is what was said or came back: the prompt, the model's answer, the tool's result (else why it failed), why a
	// subagent was started, the summary of a compaction, a note, an error. Input is what was asked: of a tool its input,
	// of a subagent its prompt.
	Text          string `parquet:"text,optional"`
	TextBytes     *int64 `parquet:"text_bytes"`
	Input         string `parquet:"input,optional"`
	InputBytes    *int64 `parquet:"input_bytes"`
	Thinking      string `parquet:"thinking,optional"`
	ThinkingBytes *int64 `parquet:"thinking_bytes"`
}

// EventsOf are the rows of a stored Session, in the order of its events.
func EventsOf(s *schema.Session) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		types := map[string]string{"": schema.MainThread}
		for i := range s.Events {
			if a := s.Events[i].Subagent; a != nil && a.AgentID != "" {
				types[a.AgentID] = cmp.Or(a.AgentType, schema.Unnamed)
			}
		}
		turn := int64(0)
		for i := range s.Events {
			if s.Events[i].Type == schema.UserPrompt {
				turn++
			}
			if !yield(eventOf(s.SessionID, &s.Events[i], turn, types)) {
				return
			}
		}
	}
}

func eventOf(id string, e *schema.Event, turn int64, types map[string]string) Event {
	row := Event{
		SessionID: valid(id), Seq: int64(e.Seq), EventID: valid(e.ID), ParentID: valid(e.ParentID), Type: string(e.Type), Name: valid(e.Name),
		Status: string(e.Status), AgentID: valid(e.AgentID), Turn: turn, PromptID: valid(e.PromptID), PromptSource: valid(e.PromptSource),
		Provisional: e.Provisional, WarmUp: e.Note == schema.WarmUpNote,
		StartTime: micros(&e.StartTime), EndTime: micros(&e.EndTime), DurationMS: e.DurationMS,
	}
	said := e.Prompt
	switch {
	case e.LLM != nil:
		said = row.addLLM(e.LLM)
	case e.Tool != nil:
		said = row.addTool(e.Tool)
	case e.Subagent != nil:
		said = row.addSubagent(e.Subagent)
	case e.Compaction != nil:
		said = e.Compaction.Summary
		row.Trigger, row.TokensBefore, row.TokensAfter = valid(e.Compaction.Trigger), some(e.Compaction.TokensBefore), some(e.Compaction.TokensAfter)
	}
	if e.Error != nil {
		row.ErrorType = valid(cmp.Or(e.Error.Type, "error"))
		said = cmp.Or(said, e.Error.Message)
	}
	row.Text, row.TextBytes = clip(cmp.Or(said, e.Note))
	row.AgentType = valid(types[row.AgentID])
	return row
}

// addLLM fills in a call of a model, and returns what it said.
func (row *Event) addLLM(m *schema.LLM) string {
	row.Model, row.StopReason, row.MessageID, row.RequestID = valid(m.Model), valid(m.StopReason), valid(m.MessageID), valid(m.RequestID)
	row.addUsage(m.Usage)
	row.ThinkingTokens, row.WebSearchRequests = some(m.ThinkingTokens), some(m.WebSearchRequests)
	row.CostUSD, row.Retries, row.RetryMS = USD(m.CostUSD), some(int64(m.Retries)), some(m.RetryMS)
	if r := m.CacheRewrite; r != nil {
		row.CacheRewriteTokens, row.CacheRewriteReason, row.CacheRewriteCostUSD = &r.Tokens, valid(string(r.Reason)), USD(r.CostUSD)
	}
	row.Thinking, row.ThinkingBytes = clip(m.Thinking)
	return m.Text
}

func (row *Event) addUsage(u *schema.Usage) {
	if u == nil {
		return
	}
	row.InputTokens, row.OutputTokens = ptr(u.InputTokens), ptr(u.OutputTokens)
	row.CacheReadInputTokens, row.CacheCreationInputTokens = ptr(u.CacheReadInputTokens), ptr(u.CacheCreationInputTokens)
	if u.CacheCreation != nil {
		row.CacheCreation1hTokens = ptr(u.CacheCreation.Ephemeral1hInputTokens)
	}
	row.UnknownTokens = validAll(u.Unknown)
}

// addTool fills in a call of a tool, and returns what came back.
func (row *Event) addTool(t *schema.Tool) string {
	row.Tool, row.ToolUseID, row.LLMEventID = valid(t.Name), valid(t.ToolUseID), valid(t.LLMEventID)
	row.Outcome, row.IsError = valid(string(t.Outcome)), ptr(t.IsError)
	row.ExecutionMS, row.ApprovalMS, row.MCPServer, row.Skill = t.ExecutionMS, t.ApprovalMS, valid(t.MCPServer), valid(t.Skill())
	if p := t.Permission; p != nil {
		row.Permission, row.PermissionSource = valid(p.Decision), valid(p.Source)
	}
	edit, edited := t.Edit()
	row.File = valid(edit.Path)
	if edited {
		row.LinesAdded, row.LinesRemoved = count(edit.Added), count(edit.Removed)
	}
	row.Input, row.InputBytes = clip(plain(t.Input))
	return plain(t.Result)
}

// addSubagent fills in a subagent, and returns why it was started.
func (row *Event) addSubagent(a *schema.SubagentInfo) string {
	row.AgentID, row.ParentAgentID, row.Description = valid(a.AgentID), valid(a.ParentAgentID), valid(a.Description)
	row.Depth, row.Background = some(int64(a.Depth)), ptr(a.Background)
	row.LLMCalls, row.ToolCalls, row.CostUSD = count(a.LLMCalls), count(a.ToolCalls), USD(a.CostUSD)
	row.addUsage(a.Usage)
	row.Input, row.InputBytes = clip(a.InvocationPrompt)
	return a.InvocationReasoning
}

// some is a count that a body leaves out where it is 0.
func some(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}
