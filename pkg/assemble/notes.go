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
	for i := range j.records {
		r := &j.records[i]
		kind, text := noteOf(r)
		if kind == "" {
			continue
		}
		j.addNote(kind, text, r.at, r.AgentID, r.PromptID)
	}
	for _, l := range j.mainLines() {
		if j.copies.lines[l] {
			continue
		}
		kind, text := lineNote(l)
		if kind != "" {
			j.addNote(kind, text, l.Time, "", l.PromptID)
		}
	}
}

// plainNotification is the kind of the client's own Notification event.
const plainNotification = "notification"

func (j *joiner) addNote(kind, text string, at time.Time, agentID, promptID string) {
	name := "notification:" + kind
	if kind == plainNotification {
		name = kind
	}
	e := &event{Event: schema.Event{
		ID: j.ids.ofText(name, text), Type: schema.Notification, Name: name, Note: text, AgentID: agentID, PromptID: promptID,
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
		if r.Source == "resume" || r.Source == "fork" || r.Source == "clear" {
			return "session_" + r.Source, "the session began by " + r.Source
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

// lineNote is the same for a line of the main file.
func lineNote(l *transcript.Line) (kind, text string) {
	switch {
	case l.Type == "system" && (l.Subtype == "model_fallback" || l.Subtype == "model_refusal_fallback"):
		return "model_fallback", lax.String(l.Content)
	case l.Type == "system" && l.Subtype == "informational":
		return "informational", lax.String(l.Content)
	case l.Type == "pr-link" && l.PRURL != "":
		return "pull_request", l.PRURL
	case l.Type != "user" || l.Message == nil || isToolResult(l) || l.IsMeta || l.IsSidechain:
		return "", ""
	}
	text = textOf(l)
	switch {
	case strings.HasPrefix(text, "[Request interrupted by user"):
		return "interrupted", strings.Trim(text, "[]")
	case strings.HasPrefix(text, "<command-name>"):
		return "command", slashText(text)
	case strings.HasPrefix(text, "<task-notification>"):
		return "task_notification", taskNote(text)
	case strings.HasPrefix(text, "Another Claude session sent a message:"), strings.HasPrefix(text, "<teammate-message"):
		return "teammate_message", text
	}
	return "", ""
}

// taskNote is what a task notification says, without its paths.
func taskNote(text string) string {
	if s := tagged(text, "summary"); s != "" {
		if status := tagged(text, "status"); status != "" {
			return s + " (" + status + ")"
		}
		return s
	}
	return text
}

// addCompactions makes one event of each compaction: of a boundary line with its PostCompact, of a PostCompact alone, or in old
// clients of a summary line alone.
func (j *joiner) addCompactions() {
	var pre, post []*record
	for i := range j.records {
		switch r := &j.records[i]; r.Event {
		case hook.PreCompact:
			pre = append(pre, r)
		case hook.PostCompact:
			post = append(post, r)
		}
	}
	boundaries := j.boundaries()
	for i, b := range boundaries {
		next := time.Time{}
		if i+1 < len(boundaries) {
			next = boundaries[i+1].at
		}
		b.post, post = takePost(post, b.at, next)
		j.addCompaction(b, pre)
	}
	for _, p := range post {
		j.addCompaction(boundary{at: p.at, post: p, trigger: p.Trigger}, pre)
	}
}

// boundary is one compaction as the transcript has it.
type boundary struct {
	at       time.Time
	trigger  string
	uuid     string
	meta     *transcript.CompactMetadata
	summary  string
	post     *record
	hasStart bool
}

// boundaries finds the compactions of the main file, in file order.
func (j *joiner) boundaries() []boundary {
	var out []boundary
	open := -1 // a boundary that still waits for its summary
	for _, l := range j.mainLines() {
		if j.copies.lines[l] {
			continue
		}
		switch {
		case l.Type == "system" && l.Subtype == "compact_boundary":
			b := boundary{at: l.Time, uuid: l.UUID, meta: l.CompactMetadata}
			if b.meta != nil {
				b.trigger = b.meta.Trigger
			}
			out = append(out, b)
			open = len(out) - 1
		case l.Type == "system" && l.Subtype == "microcompact_boundary":
			b := boundary{at: l.Time, uuid: l.UUID, meta: l.MicroMetadata, trigger: "micro"}
			if b.meta != nil {
				b.meta.PostTokens = max(b.meta.PreTokens-b.meta.TokensSaved, 0)
			}
			out = append(out, b)
		case l.Type == "user" && l.IsCompactSummary:
			if open < 0 {
				out = append(out, boundary{at: l.Time, uuid: l.UUID})
				open = len(out) - 1
			}
			out[open].summary = textOf(l)
			open = -1
		}
	}
	return out
}

// takePost takes the PostCompact of a boundary: the first that arrived after it and before the next one.
func takePost(post []*record, at, next time.Time) (*record, []*record) {
	const slack = time.Second // the line's time is cut to milliseconds, and the hook may be started first
	for i, p := range post {
		if p.at.Before(at.Add(-slack)) || (!next.IsZero() && !p.at.Before(next)) {
			continue
		}
		return p, append(append([]*record{}, post[:i]...), post[i+1:]...)
	}
	return nil, post
}

func (j *joiner) addCompaction(b boundary, pre []*record) {
	c := &schema.Compacted{Trigger: b.trigger, Summary: b.summary}
	start, end := b.at, b.at
	if b.meta != nil {
		c.TokensBefore, c.TokensAfter = b.meta.PreTokens, b.meta.PostTokens
		start = end.Add(-time.Duration(b.meta.DurationMS * float64(time.Millisecond)))
	}
	if b.post != nil {
		if b.post.CompactSummary != "" {
			c.Summary = b.post.CompactSummary
		}
		if c.Trigger == "" {
			c.Trigger = b.post.Trigger
		}
		if b.meta == nil {
			for _, p := range pre {
				if !p.at.After(b.post.at) {
					start = p.at
				}
			}
		}
	}
	// The summary is the only thing that both channels have; the boundary's uuid only one of them.
	e := &event{Event: schema.Event{
		ID: j.ids.ofText("compaction", c.Trigger), Type: schema.Compaction, Name: "compaction", Compaction: c,
		Note: compactionNote(c),
	}}
	e.span(start, end)
	j.add(e)
}

func compactionNote(c *schema.Compacted) string {
	note := strings.TrimSpace(c.Trigger + " compaction")
	if c.TokensBefore > 0 {
		note += fmt.Sprintf(", %d tokens before", c.TokensBefore)
	}
	if c.TokensAfter > 0 {
		note += fmt.Sprintf(", %d after", c.TokensAfter)
	}
	return note
}
