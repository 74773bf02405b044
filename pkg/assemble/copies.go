package assemble

import (
	"time"

	"ams/pkg/hook"
	"ams/pkg/transcript"
)

// copies are the lines of the main file that belong to another session: a fork, and in old clients every resume, begins with the
// whole history of its parent, with the parent's uuids, message ids and tool ids, but its own session id.
type copies struct {
	lines  map[*transcript.Line]bool
	calls  map[string]bool // message ids
	parent string          // session id, "" where not known
}

// findCopies tells copied lines by, in this order: the session that made the request; the same uuid in a sibling file; in a
// session whose hooks begin with SessionStart(fork), an older time. What stands before the last copied line is copied too: only
// assistant lines carry the mark.
func (j *joiner) findCopies() {
	c := copies{lines: map[*transcript.Line]bool{}, calls: map[string]bool{}}
	main := j.mainLines()
	fork, isFork := j.forkedAt()
	last := -1
	for i, l := range main {
		switch {
		case l.RequestSessionID != "" && l.RequestSessionID != j.in.SessionID:
			c.parent, last = l.RequestSessionID, i
		case l.UUID != "" && j.in.Copied[l.UUID] != "":
			if c.parent == "" {
				c.parent = j.in.Copied[l.UUID]
			}
			last = i
		case isFork && l.UUID != "" && !l.Time.IsZero() && l.Time.Before(fork):
			last = i
		}
	}
	for i := 0; i <= last; i++ {
		if l := main[i]; l.UUID != "" {
			c.lines[l] = true
			if l.Type == "assistant" && l.Message != nil && l.Message.Model != transcript.SyntheticModel {
				c.calls[callKey(l)] = true
			}
		}
	}
	j.copies = c
}

// mainLines are the lines of the main file.
func (j *joiner) mainLines() []*transcript.Line {
	for _, f := range j.in.Files {
		if f.Agent == nil {
			return f.Lines
		}
	}
	return nil
}

// forkedAt returns when the session began, if its hooks say that it began as a fork.
func (j *joiner) forkedAt() (time.Time, bool) {
	for _, r := range j.records {
		if r.Event == hook.SessionStart {
			return r.at, r.Source == "fork"
		}
	}
	return time.Time{}, false
}
