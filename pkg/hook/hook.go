// Package hook reads what Claude Code writes on a hook's stdin: one JSON object per event.
//
// Source: payloads of clients 2.0.56 to 2.1.330, recorded, and 12,505 published ones. No payload carries a time; the arrival
// time comes from the spool. Fields that a client does not send stay empty; fields and events that this package does not
// know are no error. Tool inputs and responses are passed on raw.
package hook

import (
	"fmt"

	"ams/pkg/lax"
)

// Names of the events that AMS makes something of, as in hook_event_name.
const (
	SessionStart        = "SessionStart"
	SessionEnd          = "SessionEnd"
	Setup               = "Setup"
	UserPromptSubmit    = "UserPromptSubmit"
	UserPromptExpansion = "UserPromptExpansion"
	PreToolUse          = "PreToolUse"
	PostToolUse         = "PostToolUse"
	PostToolUseFailure  = "PostToolUseFailure"
	PostToolBatch       = "PostToolBatch"
	PermissionRequest   = "PermissionRequest"
	PermissionDenied    = "PermissionDenied"
	SubagentStart       = "SubagentStart"
	SubagentStop        = "SubagentStop"
	Stop                = "Stop"
	StopFailure         = "StopFailure"
	Notification        = "Notification"
	PreCompact          = "PreCompact"
	PostCompact         = "PostCompact"
	PreModelSwitch      = "PreModelSwitch"
	PostModelSwitch     = "PostModelSwitch"
	Elicitation         = "Elicitation"
	ElicitationResult   = "ElicitationResult"
	TaskCreated         = "TaskCreated"
	TaskCompleted       = "TaskCompleted"
	TeammateIdle        = "TeammateIdle"
	CwdChanged          = "CwdChanged"
	DirectoryAdded      = "DirectoryAdded"
	FileChanged         = "FileChanged"
	ConfigChange        = "ConfigChange"
	InstructionsLoaded  = "InstructionsLoaded"
	WorktreeCreate      = "WorktreeCreate"
	WorktreeRemove      = "WorktreeRemove"
	MessageDisplay      = "MessageDisplay"

	// PreSkillShellCommand comes before each shell command in the text of a skill or command, from 2.1.332 on.
	PreSkillShellCommand = "PreSkillShellCommand"
)

// Payload is one hook event. Which fields are set depends on Event and on the client's version.
type Payload struct {
	Event          string `json:"hook_event_name"`
	SessionID      string `json:"session_id"`
	TranscriptPath string `json:"transcript_path"`
	Cwd            string `json:"cwd"`
	PromptID       string `json:"prompt_id"`
	AgentID        string `json:"agent_id"`
	AgentType      string `json:"agent_type"`

	Prompt           string `json:"prompt"`            // UserPromptSubmit
	Source           string `json:"source"`            // SessionStart: startup, resume, fork, clear, compact; PostModelSwitch
	Reason           string `json:"reason"`            // SessionEnd, PermissionDenied
	Trigger          string `json:"trigger"`           // PreCompact, PostCompact, Setup
	Message          string `json:"message"`           // Notification, Elicitation
	NotificationType string `json:"notification_type"` // Notification
	CompactSummary   string `json:"compact_summary"`   // PostCompact
	LastMessage      string `json:"last_assistant_message"`
	AgentTranscript  string `json:"agent_transcript_path"`
	StopHookActive   bool   `json:"stop_hook_active"`

	ToolName     string     `json:"tool_name"`
	ToolUseID    string     `json:"tool_use_id"`
	ToolInput    lax.Raw    `json:"tool_input"`
	ToolResponse lax.Raw    `json:"tool_response"`
	MCPServer    *MCPServer `json:"mcp_server"`
	Error        string     `json:"error"` // PostToolUseFailure: the text; StopFailure: the kind
	IsInterrupt  bool       `json:"is_interrupt"`
	DurationMS   *float64   `json:"duration_ms"` // PostToolUse, PostToolUseFailure: the tool's own run time

	FromModel       string `json:"from_model"`
	ToModel         string `json:"to_model"`
	TaskID          string `json:"task_id"`
	TaskSubject     string `json:"task_subject"`
	TaskDescription string `json:"task_description"`
	TeammateName    string `json:"teammate_name"`
	OldCwd          string `json:"old_cwd"`
	NewCwd          string `json:"new_cwd"`
	Directory       string `json:"directory"`
	FilePath        string `json:"file_path"`
	FileEvent       string `json:"event"`
	LoadReason      string `json:"load_reason"`
	WorktreePath    string `json:"worktree_path"`
	Name            string `json:"name"`
	MCPServerName   string `json:"mcp_server_name"`
	Action          string `json:"action"`
	CommandName     string `json:"command_name"`
	CommandSource   string `json:"command_source"`
	InvokedBy       string `json:"invoked_by"` // PreSkillShellCommand: user, claude, other
}

// MCPServer names the server of an mcp__ tool; clients from about 2.1.281 send it.
type MCPServer struct {
	Name   string `json:"name"`
	Source string `json:"source"`
}

// Parse reads one payload. It fails only where raw is not one JSON object.
func Parse(raw []byte) (*Payload, error) {
	var p Payload
	if err := lax.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("parse hook payload: %w", err)
	}
	if lax.Raw(raw).Kind() != '{' {
		return nil, fmt.Errorf("parse hook payload: not a JSON object")
	}
	return &p, nil
}

// Context is what ams-hook knew of its surroundings when an event arrived: the AMS_* variables of the team and what the
// client told of itself in the environment.
type Context struct {
	AgentName    string             `json:"agent_name"`
	AgentVersion string             `json:"agent_version"`
	Environment  string             `json:"environment"`
	Tags         []string           `json:"tags"`
	Metadata     map[string]lax.Raw `json:"metadata"`
	Host         string             `json:"host"`
	User         string             `json:"user"`
	Claude       map[string]string  `json:"claude"`
}

// ParseContext reads a record's context; an absent one is empty.
func ParseContext(b []byte) (Context, error) {
	var c Context
	if len(b) == 0 {
		return c, nil
	}
	if err := lax.Unmarshal(b, &c); err != nil {
		return Context{}, fmt.Errorf("parse hook context: %w", err)
	}
	return c, nil
}

// Known reports whether an event name is one of the client's 34, as of 2.1.332.
func Known(event string) bool {
	switch event {
	case SessionStart, SessionEnd, Setup, UserPromptSubmit, UserPromptExpansion, PreToolUse, PostToolUse, PostToolUseFailure,
		PostToolBatch, PermissionRequest, PermissionDenied, SubagentStart, SubagentStop, Stop, StopFailure, Notification,
		PreCompact, PostCompact, PreModelSwitch, PostModelSwitch, Elicitation, ElicitationResult, TaskCreated, TaskCompleted,
		TeammateIdle, CwdChanged, DirectoryAdded, FileChanged, ConfigChange, InstructionsLoaded, WorktreeCreate, WorktreeRemove,
		MessageDisplay, PreSkillShellCommand:
		return true
	}
	return false
}
