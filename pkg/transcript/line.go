package transcript

import (
	"bytes"
	"time"

	"ams/pkg/lax"
)

// Line is one line of a transcript file. Which fields are set depends on Type and on the client's version; fields that this
// package does not know are dropped.
type Line struct {
	Type       string `json:"type"`
	UUID       string `json:"uuid"`
	ParentUUID string `json:"parentUuid"`
	Timestamp  Stamp  `json:"timestamp"`

	IsSidechain bool `json:"isSidechain"`
	IsMeta      bool `json:"isMeta"`
	IsAPIError  bool `json:"isApiErrorMessage"`  // assistant
	IsAborted   bool `json:"isAbortedMidStream"` // assistant

	Message    *Message    `json:"message"`    // user, assistant
	Attachment *Attachment `json:"attachment"` // attachment
	Data       *Progress   `json:"data"`       // progress

	// assistant
	RequestID        string `json:"requestId"`
	RequestRef       string `json:"requestRef"`       // id of the api-request line
	RequestSessionID string `json:"requestSessionId"` // on lines that a fork copied: the session that made the request

	*Common
	*Said
	*Rare

	// Number is the line's place in its file, from 1. Not part of the JSON.
	Number int `json:"-"`
	// Time is that of Timestamp, and zero where the line has none; who moves it leaves Timestamp.
	Time time.Time `json:"-"`
}

// Common are the fields that a line as a rule has alike with the one before it. They are kept apart because they are
// half of a Line: lines that follow each other share one, so nobody writes to it.
type Common struct {
	SessionID  string `json:"sessionId"`
	AgentID    string `json:"agentId"`
	Version    string `json:"version"`
	Cwd        string `json:"cwd"`
	GitBranch  string `json:"gitBranch"`
	Entrypoint string `json:"entrypoint"`
}

// Said are the fields that only lines of type user have. They are kept apart because most lines of a large session
// are the model's; all lines without any share one.
type Said struct {
	PromptID            string              `json:"promptId"`
	PromptSource        string              `json:"promptSource"` // typed, sdk, system
	TurnOrigin          string              `json:"turnOrigin"`   // human, sdk, task_notification
	IsCompactSummary    bool                `json:"isCompactSummary"`
	RowSource           string              `json:"rowSource"` // from 2.1.332: local, recorded, harness, hook
	TurnPosition        TurnPosition        `json:"turnPosition"`
	OwnNote             bool                `json:"ownNote"`  // from 2.1.332: the client goes on by itself
	HookText            bool                `json:"hookText"` // from 2.1.332: a hook said it
	ToolUseResult       lax.Raw             `json:"toolUseResult"`
	SourceAssistantUUID string              `json:"sourceToolAssistantUUID"`
	SourceToolUseID     string              `json:"sourceToolUseID"`
	PermissionDecision  *PermissionDecision `json:"permissionDecision"`
	DenialKind          string              `json:"toolDenialKind"` // user-rejected, permission-rule, interrupted, automode-unavailable
	DenialBeforeRun     bool                `json:"toolDenialBeforeRun"`
	UserFeedback        string              `json:"userFeedback"`      // what a person said when they refused the call
	HoldsPersonsWords   bool                `json:"holdsPersonsWords"` // a tool_result line: a person's words stand in it
	ToolEndsTurn        bool                `json:"toolEndsTurn"`      // the result is the turn's last word (StructuredOutput)
}

// Rare are the fields that few lines have. They are kept apart because a session may have hundreds of thousands of
// lines, and they are half of a Line; all lines without any share one.
type Rare struct {
	// system
	Subtype         string           `json:"subtype"`
	Content         lax.Raw          `json:"content"` // text of most subtypes; queue-operation: the prompt
	Level           string           `json:"level"`
	Error           lax.Raw          `json:"error"` // api_error: an object; a synthetic assistant line: the kind
	RetryAttempt    int64            `json:"retryAttempt"`
	RetryInMS       float64          `json:"retryInMs"`
	CompactMetadata *CompactMetadata `json:"compactMetadata"`
	MicroMetadata   *CompactMetadata `json:"microcompactMetadata"`
	OriginalModel   string           `json:"originalModel"`
	FallbackModel   string           `json:"fallbackModel"`
	Trigger         string           `json:"trigger"`
	PromptEnding    *PromptEnding    `json:"promptSubmitEnding"` // informational: what became of a prompt that did not run
	CommandOutcome  *CommandOutcome  `json:"commandOutcome"`     // local_command

	ParentTool string `json:"parentToolUseID"` // progress: the Agent call
	Operation  string `json:"operation"`       // queue-operation

	// api-request
	ID string `json:"id"`

	// cost-state
	TotalCostUSD     *float64    `json:"totalCostUSD"`
	TotalAPIDuration float64     `json:"totalAPIDuration"` // ms
	StartTimeMS      float64     `json:"startTime"`        // Unix ms
	ModelUsage       ModelUsages `json:"modelUsage"`
	UnknownModelCost bool        `json:"hasUnknownModelCost"` // a model that the client has no price for is in it, at a default

	// titles and links
	Summary     string `json:"summary"`
	AITitle     string `json:"aiTitle"`
	CustomTitle string `json:"customTitle"`
	LeafUUID    string `json:"leafUuid"`
	PRURL       string `json:"prUrl"`

	AgentName string `json:"agentName"` // of a teammate; of a session that was renamed

	// agent-setting
	AgentSetting string `json:"agentSetting"` // the agent that the main thread runs as

	Worktree *WorktreeState `json:"worktreeSession"` // worktree-state

	// assistant
	APIErrorStatus int64  `json:"apiErrorStatus"`
	APIErrorType   string `json:"apiErrorType"`
	RequestedModel string `json:"requestedModel"`
}

// noCommon, noSaid and noRare are what a line has that has none of them. Nobody writes to them.
var (
	noCommon Common
	noSaid   Said
	noRare   Rare
)

// MadeByClient reports whether the client says of a user line or a queued command that nobody said it: it is a
// notification, a continuation of its own, or what a hook said. Clients before 2.1.332 say nothing.
func (l *Line) MadeByClient() bool {
	source := l.RowSource
	if source == "" && l.Attachment != nil {
		source = l.Attachment.RowSource
	}
	return l.OwnNote || l.HookText || source == "recorded" || source == "harness" || source == "hook"
}

// Message is the API message of a user or assistant line.
type Message struct {
	ID         string  `json:"id"`
	Model      string  `json:"model"`
	StopReason string  `json:"stop_reason"`
	Content    Content `json:"content"`
	Usage      *Usage  `json:"usage"`
}

// SyntheticModel is the model of assistant lines that the client wrote itself; they are no calls.
const SyntheticModel = "<synthetic>"

// Content is a message's content: a text, or blocks.
type Content struct {
	Text   string
	Blocks []Block
	over   int // blocks beyond maxBlocks
}

// UnmarshalJSONFrom accepts a string or a list of blocks; a block that does not fit leaves its fields at zero.
func (c *Content) UnmarshalJSONFrom(d *lax.Decoder) error {
	if d.PeekKind() != '[' {
		v, err := d.ReadValue()
		*c = Content{Text: lax.String(v)}
		return err
	}
	*c = Content{}
	var err error
	c.over, err = lax.Elements(d, maxBlocks, func(d *lax.Decoder) error {
		var b Block
		if err := b.UnmarshalJSONFrom(d); err != nil {
			return err
		}
		c.Blocks = append(c.Blocks, b)
		return nil
	})
	return err
}

// Block is one content block.
type Block struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Thinking string `json:"thinking"`
	*ToolPart
}

// ToolPart are the fields of a block that a tool has to do with. They are kept apart because most blocks of a large
// session are texts; all blocks without any share one.
type ToolPart struct {
	ID        string  `json:"id"` // tool_use, server_tool_use
	Name      string  `json:"name"`
	Input     lax.Raw `json:"input"`
	ToolUseID string  `json:"tool_use_id"` // tool_result and the server tools' results
	Content   lax.Raw `json:"content"`
	IsError   bool    `json:"is_error"`
}

// noToolPart is what a block has that has none of them. Nobody writes to it.
var noToolPart ToolPart

// UnmarshalJSONFrom reads a block in one pass; what does not fit leaves its field at zero. A block holds most of a
// line's bytes: reading it as a raw value first, to be safe from fields of a wrong type, made Read a fifth slower.
func (b *Block) UnmarshalJSONFrom(d *lax.Decoder) error {
	*b = Block{ToolPart: &noToolPart}
	return readMembers(d, func(name []byte) error { return b.member(name, d) })
}

// readMembers calls read for each member of an object, which must read its value; any other value has none. A name is
// good until then: names as strings of their own were half of all that reading a transcript allocated.
func readMembers(d *lax.Decoder, read func(name []byte) error) error {
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		v, err := d.ReadValue()
		if err != nil {
			return err
		}
		name := v[1 : len(v)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name = []byte(lax.String(v))
		}
		if err := read(name); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// member reads the value of the member name.
func (b *Block) member(name []byte, d *lax.Decoder) (err error) {
	switch string(name) {
	case "type":
		b.Type, err = readString(d)
	case "text":
		b.Text, err = readString(d)
	case "thinking":
		b.Thinking, err = readString(d)
	case "id", "name", "tool_use_id", "input", "content", "is_error":
		if b.ToolPart == &noToolPart {
			b.ToolPart = new(ToolPart)
		}
		err = b.ToolPart.member(name, d)
	default:
		err = d.SkipValue()
	}
	return err
}

func (t *ToolPart) member(name []byte, d *lax.Decoder) (err error) {
	switch string(name) {
	case "id":
		t.ID, err = readString(d)
	case "name":
		t.Name, err = readString(d)
	case "tool_use_id":
		t.ToolUseID, err = readString(d)
	case "input":
		t.Input, err = readRaw(d)
	case "content":
		t.Content, err = readRaw(d)
	case "is_error":
		t.IsError = d.PeekKind() == 't'
		err = d.SkipValue()
	}
	return err
}

// readString reads the next value; what is no string is "".
func readString(d *lax.Decoder) (string, error) {
	if d.PeekKind() != '"' {
		return "", d.SkipValue()
	}
	t, err := d.ReadToken()
	if err != nil {
		return "", err
	}
	return t.String(), nil
}

// readRaw reads the next value as it stands.
func readRaw(d *lax.Decoder) (lax.Raw, error) {
	v, err := d.ReadValue()
	return v.Clone(), err
}

// TurnPosition says the how-manieth turn of its conversation a prompt begins, from 1; a compaction begins it anew.
type TurnPosition struct {
	TurnIndex int64 `json:"turnIndex"`
}

// PermissionDecision is the client's decision about a tool call and where it came from.
type PermissionDecision struct {
	Decision   string `json:"decision"` // accept, reject
	Source     string `json:"source"`   // config, hook, user_permanent, ...
	ReasonType string `json:"reasonType"`
}

// CompactMetadata belongs to compact_boundary and microcompact_boundary lines.
type CompactMetadata struct {
	Trigger     string  `json:"trigger"` // manual, auto
	PreTokens   int64   `json:"preTokens"`
	PostTokens  int64   `json:"postTokens"`
	TokensSaved int64   `json:"tokensSaved"`
	DurationMS  float64 `json:"durationMs"`
}

// WorktreeState is the worktree that the client made for a session, and where it was started.
type WorktreeState struct {
	OriginalCwd  string `json:"originalCwd"`
	WorktreePath string `json:"worktreePath"`
}

// PromptEnding says why a prompt was not given to the model.
type PromptEnding struct {
	Ending struct {
		Kind   string `json:"kind"` // blocked_by_hook, ...
		Reason string `json:"reason"`
	} `json:"ending"`
}

// CommandOutcome says how a command that the client ran itself ended.
type CommandOutcome struct {
	Kind string `json:"kind"` // failed, ...
}

// Types of attachments that a Session needs.
const (
	QueuedCommand   = "queued_command"    // a prompt or notification that came while a turn ran
	MaxTurnsReached = "max_turns_reached" // --max-turns ended the run
	BudgetUSD       = "budget_usd"        // what is left of --max-budget-usd, written before each call
)

// Attachment is what the client put beside a message.
type Attachment struct {
	Type        string  `json:"type"`
	Prompt      Content `json:"prompt"` // queued_command
	CommandMode string  `json:"commandMode"`
	SourceUUID  string  `json:"source_uuid"`
	RowSource   string  `json:"rowSource"`

	MaxTurns  float64 `json:"maxTurns"` // max_turns_reached
	TurnCount float64 `json:"turnCount"`
	Used      float64 `json:"used"` // budget_usd
	Total     float64 `json:"total"`
}

// Progress is the data of a progress line (clients 2.1.7 to 2.1.81). agent_progress carries whole subagent messages.
type Progress struct {
	Type    string  `json:"type"`
	AgentID string  `json:"agentId"`
	Prompt  string  `json:"prompt"`
	Message *Nested `json:"message"`
}

// Nested is the line of a subagent inside an agent_progress line.
type Nested struct {
	Type      string   `json:"type"`
	UUID      string   `json:"uuid"`
	Timestamp Stamp    `json:"timestamp"`
	RequestID string   `json:"requestId"`
	Message   *Message `json:"message"`
}

// Stamp is the time that stands on a line, in microseconds since 1970; 0 where none does. As a text it would take
// six times as much of every line.
type Stamp int64

// UnmarshalJSONFrom reads what is no time as none.
func (s *Stamp) UnmarshalJSONFrom(d *lax.Decoder) error {
	*s = 0
	v, err := d.ReadValue()
	if at := parseTime(lax.String(v)); !at.IsZero() {
		*s = Stamp(at.UnixMicro())
	}
	return err
}

// Time is zero where there is none.
func (s Stamp) Time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(s)).UTC()
}

// parseTime reads a line's timestamp; what is no RFC 3339 time of the years 1 to 9999 is zero.
func parseTime(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 { // an offset leads out of them
		return time.Time{}
	}
	return t.Truncate(time.Microsecond)
}
