package schema

// SignalKind is the kind of a [Signal]; pkg/signal says when each is given.
type SignalKind string

const (
	SignalLoop         SignalKind = "loop"          // one call again and again, with nothing changed between
	SignalFailing      SignalKind = "failing"       // a run of failures, or most of a session's calls
	SignalChurn        SignalKind = "churn"         // one file edited again and again, edits taken back
	SignalCacheRewrite SignalKind = "cache_rewrite" // paid again for what the cache had held
	SignalContext      SignalKind = "context"       // near the model's window, or compacted more than once
	SignalRetries      SignalKind = "retries"       // the API failed before it answered
	SignalSlowTool     SignalKind = "slow_tool"     // a tool that ran for long
	SignalApproval     SignalKind = "approval"      // a long wait for a person's permission
	SignalAgentLost    SignalKind = "agent_lost"    // a subagent that was killed, failed or never answered
	SignalUnfinished   SignalKind = "unfinished"    // the end is an open call, an API error or open todos
	SignalHugeResult   SignalKind = "huge_result"   // a result that fills the context
)

// SignalKinds are all kinds of signals, in the order in which a Session holds them.
func SignalKinds() []SignalKind {
	return []SignalKind{
		SignalLoop, SignalFailing, SignalChurn, SignalCacheRewrite, SignalContext, SignalRetries, SignalSlowTool,
		SignalApproval, SignalAgentLost, SignalUnfinished, SignalHugeResult,
	}
}

// Bounds of the signals that a Session holds: they are a hint of where to look, and the events have the rest.
const (
	MaxSignals      = 40 // in a Session; pkg/signal gives at most three of a kind
	MaxSignalEvents = 50 // named by one signal
)

// Signal says that something in a Session deserves a look: a hint with its evidence, never a verdict. Count is how
// often it was seen, EventIDs the first of the events that show it. CostUSD and MS are what it cost in money and time,
// absent where that is not known.
type Signal struct {
	Kind     SignalKind `json:"kind"`
	Count    int        `json:"count"`
	Text     string     `json:"text"`
	EventIDs []string   `json:"event_ids"`
	CostUSD  *float64   `json:"cost_usd,omitzero"`
	MS       *int64     `json:"ms,omitzero"`
}
