package table

import (
	"math"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// Session is a row of sessions: all of a session's index record, in columns for queries and whole in Record.
type Session struct {
	SessionID string `parquet:"session_id"`
	Part      string `parquet:"part,dict"`
	Rev       int64  `parquet:"rev"`
	Deleted   bool   `parquet:"deleted"`
	// Name is that of the session's objects: index/NAME.json.
	Name      string `parquet:"name"`
	IndexETag string `parquet:"index_etag,optional"`
	// Record is the index record that has IndexETag, as JSON without white space: what [schema.DecodeSummary] makes of it is
	// what it makes of the object. It takes some 350 bytes a row, more than all other columns together, and spares a
	// list as many requests as there are sessions.
	Record string `parquet:"record,optional"`
	// Events is how many rows of events the session has.
	Events int64 `parquet:"events"`

	SchemaVersion string            `parquet:"schema_version,optional,dict"`
	TraceID       string            `parquet:"trace_id,optional"`
	AgentName     string            `parquet:"agent_name,optional,dict"`
	AgentVersion  string            `parquet:"agent_version,optional,dict"`
	Environment   string            `parquet:"environment,optional,dict"`
	Tags          []string          `parquet:"tags,list"`
	Metadata      map[string]string `parquet:"metadata"` // texts as they are, other values as JSON

	StartTime  *int64 `parquet:"start_time,timestamp(microsecond)"`
	EndTime    *int64 `parquet:"end_time,timestamp(microsecond)"`
	DurationMS *int64 `parquet:"duration_ms"`
	ActiveMS   *int64 `parquet:"active_ms"`
	Status     string `parquet:"status,optional,dict"`
	Outcome    string `parquet:"outcome,optional,dict"`

	InputTokens              *int64   `parquet:"input_tokens"`
	OutputTokens             *int64   `parquet:"output_tokens"`
	CacheReadInputTokens     *int64   `parquet:"cache_read_input_tokens"`
	CacheCreationInputTokens *int64   `parquet:"cache_creation_input_tokens"`
	UnknownTokens            []string `parquet:"unknown_tokens,list"`
	PeakContext              *int64   `parquet:"peak_context"`
	CostUSD                  *int64   `parquet:"cost_usd,decimal(10:18)"`
	CostSource               string   `parquet:"cost_source,optional,dict"`
	// UnassignedUSD is what of the cost no call has, see [schema.Summary.Unassigned].
	UnassignedUSD *int64 `parquet:"unassigned_usd,decimal(10:18)"`

	LLMCalls    *int64 `parquet:"llm_calls"`
	ToolCalls   *int64 `parquet:"tool_calls"`
	Subagents   *int64 `parquet:"subagents"`
	Errors      *int64 `parquet:"errors"`
	Compactions *int64 `parquet:"compactions"`

	Title           string   `parquet:"title,optional"`
	FirstPrompt     string   `parquet:"first_prompt,optional"`
	Cwd             string   `parquet:"cwd,optional,dict"`
	Project         string   `parquet:"project,optional,dict"` // the last part of Cwd, as reports say it
	Repo            string   `parquet:"repo,optional,dict"`
	GitBranch       string   `parquet:"git_branch,optional,dict"`
	UserName        string   `parquet:"user_name,optional,dict"` // user is a word of SQL's own
	Host            string   `parquet:"host,optional,dict"`
	ClientVersion   string   `parquet:"client_version,optional,dict"`
	ParentSessionID string   `parquet:"parent_session_id,optional"`
	MainAgent       string   `parquet:"main_agent,optional,dict"`
	Models          []string `parquet:"models,list"`

	Tools        map[string]int64 `parquet:"tools"` // calls
	ToolErrors   map[string]int64 `parquet:"tool_errors"`
	Skills       map[string]int64 `parquet:"skills"` // calls
	Files        map[string]int64 `parquet:"files"`  // edits
	Signals      map[string]int64 `parquet:"signals"`
	Agents       map[string]int64 `parquet:"agents"` // runs, by type
	AgentCostUSD map[string]int64 `parquet:"agent_cost_usd" parquet-value:",decimal(10:18)"`
	ModelCalls   map[string]int64 `parquet:"model_calls"`
	ModelCostUSD map[string]int64 `parquet:"model_cost_usd" parquet-value:",decimal(10:18)"`
	DayCostUSD   map[string]int64 `parquet:"day_cost_usd" parquet-value:",decimal(10:18)"` // by 2026-11-22, UTC

	Approvals           *int64   `parquet:"approvals"`
	ApprovalMS          *int64   `parquet:"approval_ms"`
	CacheRewrites       *int64   `parquet:"cache_rewrites"`
	CacheRewriteTokens  *int64   `parquet:"cache_rewrite_tokens"`
	CacheRewriteCostUSD *int64   `parquet:"cache_rewrite_cost_usd,decimal(10:18)"`
	Retries             *int64   `parquet:"retries"`
	RetryMS             *int64   `parquet:"retry_ms"`
	Cut                 []string `parquet:"cut,list"` // columns of which the record left something out
}

// SessionOf is the row of an index record: name is that of its objects, etag and record are what the store has of it, events
// how many the body has.
func SessionOf(name, etag string, record []byte, events int) (Session, error) {
	sum, err := schema.DecodeSummary(record)
	if err != nil {
		return Session{}, err
	}
	row := Session{
		SessionID: valid(sum.SessionID), Rev: revOf(sum.Stored), Name: name, IndexETag: etag, Record: valid(string(lax.Compact(record))), Events: int64(events),
		SchemaVersion: valid(sum.SchemaVersion), TraceID: valid(sum.TraceID), AgentName: valid(sum.Agent.Name), AgentVersion: valid(sum.Agent.Version),
		Environment: text(sum.Environment), Tags: sum.Tags, Metadata: map[string]string{},
		StartTime: micros(&sum.StartTime), EndTime: micros(sum.EndTime), DurationMS: sum.DurationMS, ActiveMS: sum.ActiveMS,
		Status: string(sum.Status), Outcome: text(sum.Outcome),
		InputTokens: &sum.InputTokens, OutputTokens: &sum.OutputTokens, CacheReadInputTokens: &sum.CacheReadInputTokens,
		CacheCreationInputTokens: &sum.CacheCreationInputTokens, UnknownTokens: sum.UnknownTokens, PeakContext: sum.PeakContext,
		CostUSD: USD(sum.CostUSD), CostSource: text(sum.CostSource), UnassignedUSD: USD(sum.Unassigned()),
		LLMCalls: count(sum.LLMCalls), ToolCalls: count(sum.ToolCalls), Subagents: count(sum.Subagents), Errors: count(sum.Errors),
		Title: text(sum.Title), FirstPrompt: text(sum.FirstPrompt), Cwd: text(sum.Cwd), Repo: text(sum.Repo), GitBranch: text(sum.GitBranch),
		Project:  valid(schema.FolderName(schema.OrZero(sum.Cwd))),
		UserName: text(sum.User), Host: text(sum.Host), ClientVersion: text(sum.ClientVersion),
		ParentSessionID: text(sum.ParentSessionID), MainAgent: text(sum.MainAgent), Models: sum.Models, Cut: sum.Cut,
		Tools:        mapped(sum.Tools, func(n schema.ToolCount) int64 { return int64(n.Calls) }),
		ToolErrors:   mapped(sum.Tools, func(n schema.ToolCount) int64 { return int64(n.Errors) }),
		Skills:       mapped(sum.Skills, func(n schema.ToolCount) int64 { return int64(n.Calls) }),
		Files:        mapped(sum.Files, func(n schema.FileCount) int64 { return int64(n.Edits) }),
		Signals:      mapped(sum.Signals, func(n int) int64 { return int64(n) }),
		Agents:       mapped(sum.Agents, func(a schema.AgentSums) int64 { return int64(a.Runs) }),
		AgentCostUSD: mapped(sum.Agents, func(a schema.AgentSums) int64 { return units(a.CostUSD) }),
		ModelCalls:   mapped(sum.PerModel, func(c schema.CallSums) int64 { return int64(c.Calls) }),
		ModelCostUSD: mapped(sum.PerModel, func(c schema.CallSums) int64 { return units(c.CostUSD) }),
		DayCostUSD:   mapped(sum.PerDay, func(c schema.CallSums) int64 { return units(c.CostUSD) }),
	}
	for name, value := range sum.Metadata {
		row.Metadata[valid(name)] = plain(value)
	}
	if !sum.Old() {
		row.addSums(sum)
	}
	for _, list := range []*[]string{&row.Tags, &row.UnknownTokens, &row.Models, &row.Cut} {
		*list = validAll(*list)
	}
	return row, nil
}

// addSums fills in the sums that older records have not.
func (row *Session) addSums(sum *schema.Summary) {
	row.Compactions = count(sum.Compactions)
	row.Approvals, row.ApprovalMS = count(sum.Approvals.Count), &sum.Approvals.MS
	row.CacheRewrites, row.CacheRewriteTokens, row.CacheRewriteCostUSD = count(sum.CacheRewrites.Count), &sum.CacheRewrites.Tokens, USD(&sum.CacheRewrites.CostUSD)
	row.Retries, row.RetryMS = count(sum.Retries.Count), &sum.Retries.MS
}

// Tombstone is the row that says that a session was removed.
func Tombstone(id, name string, rev int64) Session {
	return Session{SessionID: valid(id), Name: name, Rev: rev, Deleted: true}
}

// revOf is the counter that an object bears, 0 for none: what programs of before the counter stored has none.
func revOf(stored *schema.Stored) int64 {
	if stored == nil {
		return 0
	}
	return stored.Rev
}

// units is an amount of money in 1e-10 dollars, 0 for what is no amount.
func units(dollars float64) int64 {
	if !(dollars > -maxUSD && dollars < maxUSD) {
		return 0
	}
	return int64(math.Round(dollars * usdScale))
}

func count(n int) *int64 { return ptr(int64(n)) }

// micros is a time in microseconds since 1970, nil for none.
func micros(t *schema.Time) *int64 {
	if t == nil || t.IsZero() {
		return nil
	}
	return ptr(t.UnixMicro())
}

func text[T ~string](s *T) string {
	if s == nil {
		return ""
	}
	return valid(string(*s))
}

func mapped[K ~string, V any](m map[K]V, value func(V) int64) map[string]int64 {
	if m == nil {
		return nil
	}
	out := make(map[string]int64, len(m))
	for k, v := range m {
		out[valid(string(k))] = value(v)
	}
	return out
}
