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
	tools  map[string]bool // ids of tool calls; a resume answers those that it finds open with lines of its own
	parent string          // session id, "" where not known
}

// findCopies tells copied lines by, in this order: the session that made the request; the same uuid in a sibling file; in a
// session whose hooks begin with SessionStart(fork), an older time. What stands before the last copied line is copied too: only
// assistant lines carry the mark.
func (j *joiner) findCopies() {
	c := copies{lines: map[*transcript.Line]bool{}, calls: map[string]bool{}, tools: map[string]bool{}}
	main := j.mainLines()
	fork, isFork := j.forkedAt()
	copied := j.copiedFrom()
	last := -1
	for i, l := range main {
		switch {
		case l.RequestSessionID != "" && l.RequestSessionID != j.in.SessionID:
			c.parent, last = l.RequestSessionID, i
		case l.UUID != "" && copied[l.UUID] != "":
			c.parent, last = copied[l.UUID], i
		case isFork && l.UUID != "" && !l.Time.IsZero() && l.Time.Before(fork):
			last = i
		}
	}
	for i := 0; i <= last; i++ {
		if l := main[i]; l.UUID != "" {
			c.lines[l] = true
			if l.Type == "assistant" && l.Message != nil && l.Message.Model != transcript.SyntheticModel {
				c.calls[callKey(l)] = true
				for _, b := range l.Message.Content.Blocks {
					c.tools[b.ID] = b.ID != ""
				}
			}
		}
	}
	j.copies = c
}

// copiedFrom tells of the lines that sibling files share with this one which are copies here, and of which session.
func (j *joiner) copiedFrom() map[string]string {
	out := map[string]string{}
	for _, s := range j.in.Siblings {
		if j.isCopyOf(s) {
			for uuid := range s.Shared {
				out[uuid] = s.SessionID
			}
		}
	}
	return out
}

// isCopyOf reports whether the lines shared with a sibling are the sibling's. The original is the session whose hooks saw them, the copy
// one that began as a fork. Hooks that came later prove nothing: they may have been registered later. Then a file that holds nothing
// else is the original of one that goes on; else the one that was begun first, by the lines that are written at once when a session
// begins; else the one that hooks did not see begin; else, so that both sides agree, the lesser id.
func (j *joiner) isCopyOf(s transcript.Sibling) bool {
	var begun, own, firstShared, lastShared time.Time
	for _, l := range j.mainLines() {
		earliest(&begun, l.Time)
		switch {
		case s.Shared[l.UUID]:
			earliest(&firstShared, l.Time)
			if l.Time.After(lastShared) {
				lastShared = l.Time
			}
		case l.UUID != "":
			earliest(&own, l.Time)
		}
	}
	hooked := len(j.records) > 0
	if hooked && !j.records[0].at.After(lastShared) {
		return false
	}
	_, isFork := j.forkedAt()
	switch {
	case isFork:
		return true
	case own.IsZero() != s.Own.IsZero():
		return s.Own.IsZero()
	case !begun.Equal(s.Begun):
		return s.Begun.Before(begun)
	case hooked:
		return true
	}
	return s.SessionID < j.in.SessionID
}

// earliest keeps the earlier time that is one.
func earliest(have *time.Time, t time.Time) {
	if !t.IsZero() && (have.IsZero() || t.Before(*have)) {
		*have = t
	}
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
