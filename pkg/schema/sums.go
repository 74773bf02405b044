package schema

import (
	"path"
	"slices"
	"strings"
)

// What the sums of an index record call those that have no name of their own. No client gives such names.
const (
	MainThread = "(main)"    // in agents: the session's own thread
	WarmUps    = "(warm-up)" // in agents: what the client started by itself to be ready
	Unnamed    = "(unnamed)" // an agent without a type, a call without a model
)

// CallSums adds up calls of models. CostUSD is without the UnknownCalls, whose cost is not known.
type CallSums struct {
	Calls                    int     `json:"calls"`
	InputTokens              int64   `json:"input_tokens"`
	OutputTokens             int64   `json:"output_tokens"`
	CacheReadInputTokens     int64   `json:"cache_read_input_tokens"`
	CacheCreationInputTokens int64   `json:"cache_creation_input_tokens"`
	CostUSD                  float64 `json:"cost_usd"`
	UnknownCalls             int     `json:"unknown_calls,omitzero"`
}

// AgentSums adds up the agents of one type: how many there were, and their calls of models.
type AgentSums struct {
	Runs         int     `json:"runs"`
	Calls        int     `json:"calls"`
	CostUSD      float64 `json:"cost_usd"`
	UnknownCalls int     `json:"unknown_calls,omitzero"`
}

// FileCount counts the edits of one file, and the lines that they added and removed.
type FileCount struct {
	Edits   int `json:"edits"`
	Added   int `json:"added"`
	Removed int `json:"removed"`
}

// Waits counts how often something was waited for, and how long in all.
type Waits struct {
	Count int   `json:"count"`
	MS    int64 `json:"ms"`
}

// Rewrites adds up the cache rewrites of a session.
type Rewrites struct {
	Count   int     `json:"count"`
	Tokens  int64   `json:"tokens"`
	CostUSD float64 `json:"cost_usd"`
}

// Lacks reports whether a record cannot tell a field of its Session: it was cut, or the record is older than the field.
func (s *Summary) Lacks(field string) bool {
	return slices.Contains(s.Cut, field) || s.Old() && slices.Contains(since12, field)
}

// Old reports whether a record is from before the fields that [Summary.Lacks] tells of: it has no files, not even none.
func (s *Summary) Old() bool { return s.Files == nil }

// since12 are the fields that older records have not.
var since12 = []string{
	"user", "host", "git_branch", "repo", "parent_session_id", "main_agent", "active_ms", "per_model", "agents", "per_day",
	"skills", "files", "compactions", "approvals", "cache_rewrites", "retries", "peak_context", "signals",
}

// Unassigned is what of the cost no call has, above zero where the client's bill holds more than the calls of its
// transcript, below where it holds less: what the sums by model, by day or by agent lack to the session's cost. It is
// nil where that is not known.
func (s *Summary) Unassigned() *float64 {
	if s.CostUSD == nil || s.PerModel == nil || s.Lacks("per_model") {
		return nil
	}
	rest := *s.CostUSD
	for _, m := range s.PerModel {
		rest -= m.CostUSD
	}
	return &rest
}

// addSums fills in what is summed up of the events.
func (sum *Summary) addSums(s *Session) {
	sum.User, sum.Host, sum.GitBranch, sum.Repo = orNull(s.User), orNull(s.Host), orNull(s.GitBranch), orNull(s.RepoName())
	sum.ParentSessionID, sum.MainAgent, sum.ActiveMS = orNull(s.ParentSessionID), orNull(s.MainAgent), s.ActiveMS
	sum.PerModel, sum.PerDay, sum.Agents = map[string]CallSums{}, map[string]CallSums{}, map[string]AgentSums{}
	sum.Skills, sum.Files, sum.Signals = map[string]ToolCount{}, map[string]FileCount{}, map[SignalKind]int{}
	types := map[string]string{"": MainThread}
	for i := range s.Events {
		if a := s.Events[i].Subagent; a != nil {
			types[a.AgentID] = orUnnamed(a.AgentType)
			sums := sum.Agents[types[a.AgentID]]
			sums.Runs++
			sum.Agents[types[a.AgentID]] = sums
		}
	}
	for i := range s.Events {
		e := &s.Events[i]
		switch {
		case e.Tool != nil:
			sum.addTool(e.Tool)
		case e.LLM != nil && !e.Provisional:
			sum.addCall(e, types)
		case e.Compaction != nil:
			sum.Compactions++
		}
	}
	for _, signal := range s.Signals {
		sum.Signals[signal.Kind] += signal.Count
	}
}

// KeepSums takes the sums of calls from the record of the same Session before some of its messages were left out.
func (sum *Summary) KeepSums(whole *Summary) {
	sum.PerModel, sum.PerDay, sum.Agents = whole.PerModel, whole.PerDay, whole.Agents
	sum.CacheRewrites, sum.Retries, sum.PeakContext = whole.CacheRewrites, whole.Retries, whole.PeakContext
	sum.Cut = slices.DeleteFunc(sum.Cut, func(field string) bool { return slices.Contains(ofCalls, field) && !slices.Contains(whole.Cut, field) })
}

// ofCalls are the sums that lack what was left out of a body: [Summarize] says so, and [Summary.KeepSums] mends it.
var ofCalls = []string{"per_model", "per_day", "agents"}

// addCall adds a call of a model to the sums.
func (sum *Summary) addCall(e *Event, types map[string]string) {
	model, day := orUnnamed(e.LLM.Model), e.StartTime.UTC().Format("2006-01-02")
	sum.PerModel[model] = sum.PerModel[model].plus(e.LLM)
	sum.PerDay[day] = sum.PerDay[day].plus(e.LLM)
	kind := orUnnamed(types[e.AgentID])
	if e.Note == WarmUpNote {
		kind = WarmUps
	}
	agent := sum.Agents[kind]
	if kind == MainThread {
		agent.Runs = 1
	}
	agent.Calls++
	if e.LLM.CostUSD != nil {
		agent.CostUSD += *e.LLM.CostUSD
	} else {
		agent.UnknownCalls++
	}
	sum.Agents[kind] = agent
	if n := e.LLM.Retries; n > 0 {
		sum.Retries.Count += n
		sum.Retries.MS += e.LLM.RetryMS
	}
	if r := e.LLM.CacheRewrite; r != nil {
		sum.CacheRewrites.Count++
		sum.CacheRewrites.Tokens += r.Tokens
		sum.CacheRewrites.CostUSD += OrZero(r.CostUSD)
	}
	if e.LLM.Usage != nil {
		if n, _ := e.LLM.Usage.Input(); n > OrZero(sum.PeakContext) {
			sum.PeakContext = &n
		}
	}
}

func (c CallSums) plus(m *LLM) CallSums {
	c.Calls++
	if u := m.Usage; u != nil {
		c.InputTokens += u.InputTokens
		c.OutputTokens += u.OutputTokens
		c.CacheReadInputTokens += u.CacheReadInputTokens
		c.CacheCreationInputTokens += u.CacheCreationInputTokens
	}
	if m.CostUSD != nil {
		c.CostUSD += *m.CostUSD
	} else {
		c.UnknownCalls++
	}
	return c
}

// addTool adds a call of a tool to the sums.
func (sum *Summary) addTool(t *Tool) {
	sum.Tools[t.Name] = sum.Tools[t.Name].plus(t)
	if t.ApprovalMS != nil {
		sum.Approvals.Count++
		sum.Approvals.MS += *t.ApprovalMS
	}
	if skill := t.Skill(); skill != "" {
		sum.Skills[skill] = sum.Skills[skill].plus(t)
	}
	if edit, ok := t.Edit(); ok {
		n := sum.Files[edit.Path]
		sum.Files[edit.Path] = FileCount{n.Edits + 1, n.Added + edit.Added, n.Removed + edit.Removed}
	}
}

func (n ToolCount) plus(t *Tool) ToolCount {
	n.Calls++
	if t.IsError {
		n.Errors++
	}
	return n
}

// worktrees is where the client keeps the worktrees that it makes, in the main folder of the repository.
const worktrees = "/.claude/worktrees/"

// RepoName is the folder name of the session's repository: of the main folder where the session ran in a worktree of
// it, as far as that was recorded, else the last part of its working folder.
func (s *Session) RepoName() string {
	if s.Repo != "" {
		return s.Repo
	}
	if name, ok := MainFolder(s.Cwd); ok {
		return name
	}
	return FolderName(s.Cwd)
}

// MainFolder is the folder name of the repository of which a folder is a worktree that the client made, false for any
// other folder.
func MainFolder(cwd string) (name string, ok bool) {
	main, _, ok := strings.Cut(strings.ReplaceAll(cwd, `\`, "/"), worktrees)
	if !ok {
		return "", false
	}
	return FolderName(main), true
}

// FolderName is the last part of a path of any system, "" where it has none.
func FolderName(p string) string {
	p = strings.TrimRight(strings.ReplaceAll(p, `\`, "/"), "/")
	if p == "" {
		return ""
	}
	return path.Base(p)
}

func orUnnamed(name string) string {
	if name == "" {
		return Unnamed
	}
	return name
}
