package assemble

import (
	"strings"

	"ams/pkg/hook"
	"ams/pkg/lax"
	"ams/pkg/schema"
)

// Texts by which the client itself says how a call ended. Measured with client 2.1.330; older clients use the same words.
const (
	toolRefused      = "The user doesn't want to proceed with this tool use"
	toolCutOff       = "[Tool call interrupted"
	toolHookBlocked  = " hook error: "
	toolBadInput     = "<tool_use_error>"
	toolTimedOutText = "timed out after"
	toolUserSaid     = "the user said:" // a refusal with a word; it never ran
)

// outcome tells how a call ended.
func (t *tool) outcome() schema.ToolOutcome {
	if t.post != nil {
		return t.hookOutcome()
	}
	if t.result == nil {
		if t.refused != nil {
			return schema.ToolDenied
		}
		return schema.ToolUnknown
	}
	text := blockText(t.result.Content)
	switch {
	case strings.HasPrefix(text, toolCutOff):
		return schema.ToolInterrupted
	case strings.HasPrefix(text, toolRefused):
		return t.refusal(text)
	case !t.result.IsError:
		return schema.ToolOK
	case strings.HasPrefix(text, "PreToolUse:") && strings.Contains(text, toolHookBlocked), t.decidedBy("hook"):
		return schema.ToolBlocked
	case t.refused != nil, t.resLine.DenialKind != "" && t.resLine.DenialKind != "interrupted", t.decidedBy(""):
		return schema.ToolDenied
	case t.resLine.DenialKind == "interrupted":
		return schema.ToolInterrupted
	case strings.HasPrefix(text, toolBadInput) && t.pre == nil:
		return schema.ToolUnreached
	case timedOut(text):
		return schema.ToolTimedOut
	}
	return schema.ToolFailed
}

// hookOutcome tells it by the Post hook, which fires only for calls that ran.
func (t *tool) hookOutcome() schema.ToolOutcome {
	if t.post.Event == hook.PostToolUse {
		return schema.ToolOK
	}
	switch {
	case t.post.IsInterrupt:
		return schema.ToolInterrupted
	case timedOut(t.post.Error):
		return schema.ToolTimedOut
	}
	return schema.ToolFailed
}

// refusal tells a call that a person refused in the dialog from one that was interrupted while it ran: both
// begin with the same text. What says that it never ran: the client's mark (toolDenialBeforeRun), its decision,
// or a word of the person's, whom nobody asks for one when they interrupt. Client 2.1.330 names the kind of
// both; for older ones a dialog that a hook saw tells.
func (t *tool) refusal(text string) schema.ToolOutcome {
	switch {
	case t.resLine.DenialBeforeRun, t.resLine.UserFeedback != "", t.decidedBy(""), strings.Contains(text, toolUserSaid):
		return schema.ToolDenied
	case t.resLine.DenialKind != "":
		return schema.ToolInterrupted
	case t.asked != nil, t.pre == nil: // without a hook nothing tells: the client's own words
		return schema.ToolDenied
	}
	return schema.ToolInterrupted
}

// decidedBy reports whether the client recorded that it rejected the call, by a source if one is given.
func (t *tool) decidedBy(source string) bool {
	d := t.resLine.PermissionDecision
	return d != nil && d.Decision == "reject" && (source == "" || d.Source == source)
}

func timedOut(text string) bool {
	return strings.HasPrefix(text, "Exit code 143") && strings.Contains(text, toolTimedOutText) ||
		strings.HasPrefix(text, "Command timed out")
}

// permission is the client's decision on the call, as far as either channel knows it.
func (t *tool) permission() *schema.Permission {
	if t.resLine != nil && t.resLine.PermissionDecision != nil {
		d := t.resLine.PermissionDecision
		return &schema.Permission{Decision: d.Decision, Source: d.Source}
	}
	switch {
	case t.resLine != nil && t.resLine.DenialBeforeRun, t.result != nil && t.outcome() == schema.ToolDenied:
		source := t.resLine.DenialKind
		if t.asked != nil || source == "user-rejected" {
			source = "user"
		}
		return &schema.Permission{Decision: "reject", Source: source}
	case t.refused != nil:
		return &schema.Permission{Decision: "reject", Source: "classifier"}
	case t.asked != nil && (t.post != nil || (t.result != nil && t.outcome() == schema.ToolInterrupted)):
		return &schema.Permission{Decision: "accept", Source: "user"}
	}
	return nil
}

// response is the result of a call that ended well.
func (t *tool) response() schema.Raw {
	switch {
	case t.post != nil && t.post.Event == hook.PostToolUse && !lax.IsNull(t.post.ToolResponse):
		return t.post.ToolResponse
	case t.resLine != nil && !lax.IsNull(t.resLine.ToolUseResult) && onlyResult(t.resLine):
		return t.resLine.ToolUseResult
	case t.result != nil:
		return t.result.Content
	}
	return nil
}

// message is the text of a failure: the hook's, else the transcript's.
func (t *tool) message() string {
	switch {
	case t.post != nil && t.post.Error != "":
		return t.post.Error
	case t.result != nil:
		return blockText(t.result.Content)
	case t.refused != nil:
		return t.refused.Reason
	}
	return ""
}
