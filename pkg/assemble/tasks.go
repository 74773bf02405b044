package assemble

import (
	"bytes"
	"strings"
	"time"

	"ams/pkg/hook"
	"ams/pkg/lax"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// taskEnd is the end of something that ran in the background, as the client told the model of it.
type taskEnd struct {
	at      time.Time
	status  string // completed, failed, killed, ...
	summary string
}

// Statuses of a task, in the words of the client's notifications.
const (
	taskCompleted = "completed"
	taskKilled    = "killed"
)

// stopTools end a task of the background; a shell that they end has no notification. The names changed over the
// versions.
var stopTools = map[string]bool{"TaskStop": true, "KillShell": true, "KillBash": true}

// collectTaskEnds finds the ends of shells and agents that ran in the background, by their task ids: the last
// notification of each, else the call that stopped it. A notification stands in up to four places; it was put
// into the queue when the task ended.
func (j *joiner) collectTaskEnds() {
	j.taskEnds = map[string]taskEnd{}
	queued := map[string]bool{}
	see := func(text string, at time.Time) {
		id, status := tagged(text, "task-id"), tagged(text, "status")
		if id != "" && status != "" && !at.Before(j.taskEnds[id].at) {
			j.taskEnds[id] = taskEnd{at: at, status: status, summary: tagged(text, "summary")}
		}
	}
	for _, f := range j.in.Files {
		for _, l := range f.Lines {
			if l.Type == "queue-operation" && l.Operation == "enqueue" && !j.copies.lines[l] {
				text := strings.TrimSpace(lax.String(l.Content))
				queued[text] = true
				see(text, l.Time)
			}
		}
	}
	for _, f := range j.in.Files {
		for _, l := range f.Lines {
			if text := strings.TrimSpace(notification(l)); !queued[text] && !j.copies.lines[l] {
				see(text, l.Time)
			}
		}
	}
	for i := range j.records {
		r := &j.records[i]
		text := strings.TrimSpace(r.Prompt)
		if r.Event == hook.UserPromptSubmit && strings.HasPrefix(text, taskNotificationTag) && !queued[text] {
			see(text, r.at)
		}
	}
	for _, t := range j.tools {
		if !stopTools[t.name] || t.outcome() != schema.ToolOK {
			continue
		}
		id := field(t.input(), "task_id")
		if id == "" {
			id = field(t.input(), "shell_id")
		}
		if _, told := j.taskEnds[id]; !told && id != "" {
			j.taskEnds[id] = taskEnd{at: t.end(), status: taskKilled, summary: field(t.response(), "message")}
		}
	}
}

// taskNotificationTag begins the text of a notification.
const taskNotificationTag = "<task-notification>"

// notification is the text of a task notification, "" for any other line.
func notification(l *transcript.Line) string {
	text := ""
	switch {
	case l.Type == "attachment":
		text = contentText(l.Attachment.Prompt)
	case l.Type == "user":
		text = textOf(l)
	}
	if !strings.HasPrefix(text, taskNotificationTag) {
		return ""
	}
	return text
}

// runningWithID stands before the task's id in what the model is told of a shell in the background.
const runningWithID = "running in background with ID: "

// backgroundTask is the id of the shell that went on after the call, "" where it did not.
func (t *tool) backgroundTask() string {
	for _, raw := range t.results() {
		if bytes.Contains(raw, []byte(`"backgroundTaskId"`)) { // results may have megabytes
			if id := field(raw, "backgroundTaskId"); id != "" {
				return id
			}
		}
	}
	if t.result == nil || t.name != "Bash" || !bytes.Contains(t.result.Content, []byte(runningWithID)) {
		return ""
	}
	_, rest, _ := strings.Cut(blockText(t.result.Content), runningWithID)
	id, _, _ := strings.Cut(rest, ".")
	return strings.TrimSpace(id)
}

// background tells of a shell that went on after its call: the call's own end is the launch.
func (j *joiner) background(t *tool) *schema.Background {
	id := t.backgroundTask()
	if id == "" {
		return nil
	}
	b := &schema.Background{TaskID: id}
	if end, told := j.taskEnds[id]; told {
		b.Status, b.EndTime = end.status, schema.At(end.at)
		if ms := end.at.Sub(t.start()).Milliseconds(); ms >= 0 && !t.start().IsZero() {
			b.DurationMS = &ms
		}
	}
	return b
}
