package assemble

import (
	"fmt"
	"strings"
	"time"

	"ams/pkg/hook"
	"ams/pkg/lax"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// addNotes makes events of what is worth knowing and is no prompt, call, agent, compaction or error.
func (j *joiner) addNotes() {
	told := map[string]int{} // task notifications in the transcript: hooks have them too, as prompts
	asked := j.askedCommands()
	for _, f := range j.in.Files {
		agentID := ""
		if f.Agent != nil {
			agentID = f.Agent.AgentID
		}
		for i, l := range f.Lines {
			first := agentID != "" && i == 0 // an agent's prompt, whoever wrote it
			if j.copies.lines[l] || first || j.inline[l] != "" || isHelper(agentID) {
				continue
			}
			kind, text := lineNote(l)
			if lead, others := teamMessages(text); kind == teammateMessage && agentID == "" && lead != "" {
				text = others // what the lead said is the prompt of a teammate's own session
				if others == "" {
					continue
				}
			}
			if kind == slashCommand && asked.take(l.PromptID, text) {
				continue
			}
			if kind != "" {
				j.addNote(kind, text, l.Time, agentID, l.PromptID)
				told[kind+text]++
			}
		}
	}
	for i := range j.records {
		r := &j.records[i]
		kind, text := noteOf(r)
		if kind == "" {
			continue
		}
		if kind == taskNotification && told[kind+text] > 0 {
			told[kind+text]--
			continue
		}
		j.addNote(kind, text, r.at, r.AgentID, r.PromptID)
	}
}

// commands are prompts of hooks that the transcript may have as commands.
type commands struct {
	byID  map[string]string    // texts by the prompts' ids
	loose map[string][]*prompt // by their texts, in order: those that no line of the transcript is
}

func (j *joiner) askedCommands() commands {
	c := commands{map[string]string{}, map[string][]*prompt{}}
	for _, p := range j.prompts {
		text := strings.TrimSpace(p.text)
		if p.record != nil && p.id != "" {
			c.byID[p.id] = text
		}
		if p.record != nil && p.line == nil {
			c.loose[text] = append(c.loose[text], p)
		}
	}
	return c
}

// take reports whether a prompt is the command of a line. Where one of the two has no prompt id, as in older clients,
// each prompt is one command of the same text.
func (c commands) take(promptID, text string) bool {
	if promptID != "" && c.byID[promptID] == text {
		return true
	}
	if list := c.loose[text]; len(list) > 0 && (promptID == "" || list[0].id == "") {
		c.loose[text] = list[1:]
		return true
	}
	return false
}

// taskNotification is the kind of what a background task says when it ends.
const taskNotification = "task_notification"

// slashCommand is the kind of a command of a person's that made no prompt.
const slashCommand = "command"

// teammateMessage is the kind of what another session of a team said.
const teammateMessage = "teammate_message"

// clientNote is the kind of what the client gave the model by itself, and says so.
const clientNote = "client_note"

// requestInterrupted begins the line that the client writes when somebody stops it.
const requestInterrupted = "[Request interrupted by user"

// plainNotification is the kind of the client's own Notification event.
const plainNotification = "notification"

func (j *joiner) addNote(kind, text string, at time.Time, agentID, promptID string) {
	name := "notification:" + kind
	if kind == plainNotification {
		name = kind
	}
	e := &event{Event: schema.Event{
		ID: j.ids.ofText(name+agentID, text), Type: schema.Notification, Name: name, Note: text, AgentID: agentID, PromptID: promptID,
	}}
	e.moment(at)
	j.add(e)
}

// noteOf is the kind and text of a hook event that becomes a notification, "" for one that does not.
func noteOf(r *record) (kind, text string) {
	switch r.Event {
	case hook.Notification:
		return plainNotification, r.Message
	case hook.SessionStart:
		switch r.Source {
		case "resume":
			return "session_resume", "the session was resumed"
		case "fork":
			return "session_fork", "the session began as a fork"
		case "clear":
			return "session_clear", "the session began with /clear"
		}
	case hook.Setup:
		return "setup", r.Trigger
	case hook.UserPromptSubmit:
		if strings.HasPrefix(r.Prompt, "<task-notification>") {
			return taskNotification, taskNote(r.Prompt)
		}
	case hook.Elicitation:
		return "elicitation", fmt.Sprintf("%s asks: %s", r.MCPServerName, r.Message)
	case hook.ElicitationResult:
		return "elicitation_result", fmt.Sprintf("%s was answered: %s", r.MCPServerName, r.Action)
	case hook.PostModelSwitch:
		return "model_switch", fmt.Sprintf("%s -> %s (%s)", r.FromModel, r.ToModel, r.Source)
	case hook.TaskCreated:
		return "task_created", strings.TrimSpace(r.TaskID + " " + r.TaskSubject)
	case hook.TaskCompleted:
		return "task_completed", strings.TrimSpace(r.TaskID + " " + r.TaskSubject)
	case hook.CwdChanged:
		return "cwd_changed", r.OldCwd + " -> " + r.NewCwd
	case hook.DirectoryAdded:
		return "directory_added", r.Directory
	case hook.FileChanged:
		return "file_changed", strings.TrimSpace(r.FilePath + " " + r.FileEvent)
	case hook.ConfigChange:
		return "config_changed", strings.TrimSpace(r.Source + " " + r.FilePath)
	case hook.WorktreeRemove:
		return "worktree_removed", r.WorktreePath
	case hook.TeammateIdle:
		return "teammate_idle", r.TeammateName
	}
	return "", ""
}

// lineNote is the same for a line of a transcript.
func lineNote(l *transcript.Line) (kind, text string) {
	switch {
	case l.Type == "attachment" && l.Attachment.CommandMode == "task-notification":
		return taskNotification, taskNote(contentText(l.Attachment.Prompt))
	case l.Type == "attachment" && l.MadeByClient():
		return clientNote, contentText(l.Attachment.Prompt)
	case l.Type == "system" && (l.Subtype == "model_fallback" || l.Subtype == "model_refusal_fallback"):
		return "model_fallback", lax.String(l.Content)
	case l.Type == "system" && l.Subtype == "informational":
		return "informational", lax.String(l.Content)
	case l.Type == "pr-link" && l.PRURL != "":
		return "pull_request", l.PRURL
	case l.Type != "user" || l.Message == nil || isToolResult(l):
		return "", ""
	}
	text = unwrapped(textOf(l))
	switch {
	case strings.HasPrefix(text, "Stop hook feedback:"):
		return "hook_feedback", text
	case l.IsMeta:
		return "", ""
	case strings.HasPrefix(text, requestInterrupted):
		return "interrupted", strings.Trim(text, "[]")
	case strings.HasPrefix(text, "<command-name>"):
		return slashCommand, slashText(text)
	case strings.HasPrefix(text, "<task-notification>"):
		return taskNotification, taskNote(text)
	case strings.HasPrefix(text, "Another Claude session sent a message:"), strings.HasPrefix(text, "<teammate-message"),
		strings.HasPrefix(text, "<cross-session-message"):
		return teammateMessage, text
	case l.MadeByClient() && text != "" && !isMachineMade(text):
		return clientNote, text // nobody's prompt, and nothing that this version knows
	}
	return "", ""
}

// taskNote is what a task notification says, without its paths. The status follows where the summary's own
// words, those after the quoted name of the task, lack it.
func taskNote(text string) string {
	summary, status := tagged(text, "summary"), tagged(text, "status")
	switch said := summary[strings.LastIndex(summary, `"`)+1:]; {
	case summary == "":
		return text
	case strings.Contains(said, status):
		return summary
	}
	return summary + " (" + status + ")"
}
