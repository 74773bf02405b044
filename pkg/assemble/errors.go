package assemble

import (
	"strings"
	"time"

	"ams/pkg/hook"
	"ams/pkg/lax"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// streamAborted is the type of the error of an answer that was cut off.
const streamAborted = "stream_aborted"

// failure is an API error that ended a turn, from either channel.
type failure struct {
	kind, text string
	at         time.Time
	agentID    string
	promptID   string
}

// addErrors makes events of API errors that ended a turn and of streams that broke off. Errors of single attempts are
// counted as retries of the call that came of them.
func (j *joiner) addErrors() {
	failures := j.lineFailures()
	taken := map[int]bool{}
	for i := range j.records {
		r := &j.records[i]
		if r.Event != hook.StopFailure {
			continue
		}
		found := -1
		for k, f := range failures {
			if !taken[k] && f.agentID == r.AgentID && strings.TrimSpace(f.text) == strings.TrimSpace(r.LastMessage) {
				found = k
				break
			}
		}
		if found < 0 {
			failures = append(failures, failure{
				kind: errorLabel(r.Error, "", 0, r.LastMessage), text: r.LastMessage, at: r.at, agentID: r.AgentID, promptID: r.PromptID,
			})
			taken[len(failures)-1] = true
			continue
		}
		taken[found] = true
		failures[found].promptID = r.PromptID
		if failures[found].kind == "" {
			failures[found].kind = r.Error
		}
	}
	failures = append(failures, j.commandFailures()...)
	for _, f := range failures {
		e := &event{Event: schema.Event{
			ID: j.ids.ofText("error:"+f.agentID, strings.TrimSpace(f.text)), Type: schema.ErrorEvent, Name: "error",
			Status: schema.Failed, AgentID: f.agentID, PromptID: f.promptID,
			Error: &schema.Error{Type: f.kind, Message: f.text},
		}}
		e.moment(f.at)
		j.add(e)
	}
	for _, c := range j.calls {
		if !c.aborted {
			continue
		}
		e := &event{Event: schema.Event{
			ID: j.ids.of("aborted", c.key), Type: schema.ErrorEvent, Name: "error", Status: schema.Failed, AgentID: c.agentID,
			Error: &schema.Error{Type: streamAborted, Message: "the model's answer was cut off in the middle of the stream"},
		}, asker: c.event}
		e.moment(c.last)
		j.add(e)
	}
}

// lineFailures finds the client's own error messages: assistant lines of model <synthetic> that are marked so.
func (j *joiner) lineFailures() []failure {
	var out []failure
	for _, f := range j.in.Files {
		agentID := ""
		if f.Agent != nil {
			agentID = f.Agent.AgentID
		}
		for _, l := range f.Lines {
			if l.Type != "assistant" || !l.IsAPIError || j.copies.lines[l] || l.Message == nil {
				continue
			}
			who := agentID
			if who == "" {
				who = j.inline[l]
			}
			out = append(out, failure{kind: errorKind(l), text: textOf(l), at: l.Time, agentID: who})
		}
	}
	return out
}

// commandFailed is the type of the error of a command that the client ran itself, and shellFailed begins its
// text where a shell command in the command's own text failed: then nothing was asked of the model.
const (
	commandFailed = "command_failed"
	shellFailed   = "Shell command failed"
)

// commandFailures finds the commands of the client's own that failed.
func (j *joiner) commandFailures() []failure {
	var out []failure
	for _, l := range j.mainLines() {
		if l.Type != "system" || l.Subtype != "local_command" || j.copies.lines[l] {
			continue
		}
		text := tagged(lax.String(l.Content), "local-command-stderr")
		marked := l.CommandOutcome != nil && l.CommandOutcome.Kind == "failed"
		if marked && text == "" {
			text = tagged(lax.String(l.Content), "local-command-stdout")
		}
		if marked || strings.HasPrefix(text, shellFailed) {
			out = append(out, failure{kind: commandFailed, text: text, at: l.Time})
		}
	}
	return out
}

// errorKind is the client's word for an API error.
func errorKind(l *transcript.Line) string {
	if kind := lax.String(l.Error); kind != "" {
		return errorLabel(kind, l.APIErrorType, l.APIErrorStatus, textOf(l))
	}
	if l.APIErrorType != "" {
		return l.APIErrorType
	}
	return "api_error"
}
