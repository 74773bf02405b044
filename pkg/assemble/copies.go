package assemble

import (
	"cmp"
	"time"

	"ams/pkg/hook"
	"ams/pkg/transcript"
)

// copies are the lines of a session's files that belong to another session: a fork, and in old clients every resume,
// begins with the whole history of its parent, with the parent's uuids, message ids and tool ids, but its own session
// id; and people copy files.
type copies struct {
	lines  map[*transcript.Line]bool
	calls  map[string]bool // message ids
	tools  map[string]bool // ids of tool calls; a resume answers those that it finds open with lines of its own
	parent string          // session id, "" where not known
}

// findCopies tells copied lines by, in this order: the session that made the request; the same uuid or message in a
// sibling's files, where the sibling is the original; in a session whose hooks begin with SessionStart(fork), an
// older time. A line that is in no sibling is the session's own, wherever it stands. Only where the parent's file is
// gone does the mark of the last copied answer speak for the lines before it, which bear none.
func (j *joiner) findCopies() {
	j.copies = copies{lines: map[*transcript.Line]bool{}, calls: map[string]bool{}, tools: map[string]bool{}}
	fork, isFork := j.forkedAt()
	claims := j.claims()
	last, lastOfGone := -1, -1 // places in the main file
	for _, f := range j.in.Files {
		for i, l := range f.Lines {
			from, copied := "", isFork && l.UUID != "" && !l.Time.IsZero() && l.Time.Before(fork)
			switch {
			case j.isMarked(l):
				from = l.RequestSessionID
				if f.Agent == nil && !claims.known(from) {
					lastOfGone = i
				}
			default:
				from = claims.original(l)
			}
			if from == "" && !copied {
				continue
			}
			j.addCopy(l)
			if f.Agent == nil {
				last = i
				j.copies.parent = cmp.Or(from, j.copies.parent)
			}
		}
	}
	for i, l := range j.mainLines()[:last+1] {
		switch {
		case l.Type == "queue-operation": // what was queued then was asked then
			j.addCopy(l)
		case i < lastOfGone && l.UUID != "" && !isCall(l):
			j.addCopy(l)
		}
	}
}

// isMarked reports whether a line says that another session made its request.
func (j *joiner) isMarked(l *transcript.Line) bool {
	return l.RequestSessionID != "" && l.RequestSessionID != j.in.SessionID
}

func (j *joiner) addCopy(l *transcript.Line) {
	c := &j.copies
	c.lines[l] = true
	if isCall(l) {
		c.calls[callKey(l)] = true
		for _, b := range l.Message.Content.Blocks {
			c.tools[b.ID] = b.ID != ""
		}
	}
}

// claim is what a session that holds a line has to say for being the one that wrote it.
type claim struct {
	session string
	transcript.Standing
	shared map[string]bool // nil for the session that is assembled: it holds all of its lines
}

// claims are those of the session itself, first, and of its siblings.
type claims []claim

func (j *joiner) claims() claims {
	own := claim{session: j.in.SessionID, Standing: j.in.Standing}
	if len(j.records) > 0 {
		own.Hooked = j.records[0].at
		_, own.Forked = j.forkedAt()
	}
	out := claims{own}
	for _, s := range j.in.Siblings {
		out = append(out, claim{s.SessionID, s.Standing, s.Shared})
	}
	return out
}

// known reports whether a session is among the siblings.
func (c claims) known(session string) bool {
	for _, s := range c[1:] {
		if s.session == session {
			return true
		}
	}
	return false
}

// original returns the session that a line was copied from, "" where it is the session's own.
func (c claims) original(l *transcript.Line) string {
	best := &c[0]
	for i := range c[1:] {
		other := &c[i+1]
		holds := l.UUID != "" && other.shared[l.UUID] || isCall(l) && other.shared[l.Message.ID]
		if holds && other.compare(best, l.Time) < 0 {
			best = other
		}
	}
	if best == &c[0] {
		return ""
	}
	return best.session
}

// compare orders claims to a line of the time at, the better one first. Each key is told of one file alone, so that
// all who hold the line agree on its original, whoever asks and in whatever order.
func (c *claim) compare(o *claim, at time.Time) int {
	return cmp.Or(
		cmp.Compare(c.witness(at), o.witness(at)),
		truthFirst(c.Named, o.Named),
		c.LastShared.Compare(o.LastShared),   // who shares more was copied later, or copies more
		c.Begun.Compare(o.Begun),             // lines that are written at once when a session begins
		truthFirst(!c.Goes, !o.Goes),         // who holds nothing else was copied from
		truthFirst(!c.late(at), !o.late(at)), // hooks that came later: a fork that they saw from its begin, or a session of before
		cmp.Compare(c.session, o.session),
	)
}

// witness says what hooks prove of a line: 0 that the session was at work then, 2 that it began later as a fork, 1
// nothing. Hooks that came later without that word prove nothing: they may have been registered later.
func (c *claim) witness(at time.Time) int {
	switch {
	case c.Hooked.IsZero():
		return 1
	case !c.Hooked.After(at):
		return 0
	case c.Forked:
		return 2
	}
	return 1
}

// late reports whether hooks saw the session, but only after at.
func (c *claim) late(at time.Time) bool { return !c.Hooked.IsZero() && c.Hooked.After(at) }

// truthFirst orders what is true before what is not.
func truthFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
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
