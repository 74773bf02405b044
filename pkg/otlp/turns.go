package otlp

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"ams/pkg/schema"
)

// turn is what a prompt of the main thread set off, until the next one. Work of subagents belongs to the turn that
// started them, however long it took.
type turn struct {
	first      *schema.Event // the prompt, or the first event of a session that begins without
	events     []*schema.Event
	start, end time.Time
	cost       float64
	unpriced   bool // a call of unknown cost is in it
	failed     bool
	answer     string // the main thread's last words
}

// turns divides a session.
func turns(s *schema.Session) []*turn {
	var out []*turn
	of := map[string]*turn{} // by the ids of events
	for i := range s.Events {
		e := &s.Events[i]
		t := turnOf(e, of)
		switch {
		case e.Type == schema.UserPrompt && e.AgentID == "" || len(out) == 0:
			t = &turn{first: e, start: e.StartTime.Time, end: e.StartTime.Time}
			out = append(out, t)
		case t == nil:
			t = out[len(out)-1]
		}
		of[e.ID] = t
		t.add(e)
	}
	return out
}

// turnOf is the turn of what an event belongs to, nil where nothing tells.
func turnOf(e *schema.Event, of map[string]*turn) *turn {
	if t := of[e.ParentID]; t != nil {
		return t
	}
	switch {
	case e.Subagent != nil:
		return of[e.Subagent.InvocationEventID]
	case e.Tool != nil:
		return of[e.Tool.LLMEventID]
	}
	return nil
}

func (t *turn) add(e *schema.Event) {
	t.events = append(t.events, e)
	if start := e.StartTime.Time; !start.IsZero() && (t.start.IsZero() || start.Before(t.start)) {
		t.start = start
	}
	if end := endOf(e); end.After(t.end) {
		t.end = end
	}
	switch {
	case e.LLM != nil:
		if e.LLM.CostUSD == nil {
			t.unpriced = true
		} else {
			t.cost += *e.LLM.CostUSD
		}
		if e.AgentID == "" && e.LLM.Text != "" {
			t.answer = e.LLM.Text
		}
	case e.Type == schema.ErrorEvent && e.AgentID == "":
		t.failed = true
	}
}

// costUSD is what the calls of the turn cost, nil where that is not known.
func (t *turn) costUSD() *float64 {
	if t.unpriced {
		return nil
	}
	return &t.cost
}

// endOf is when an event ended, or began where no end is known.
func endOf(e *schema.Event) time.Time {
	if e.EndTime.After(e.StartTime.Time) {
		return e.EndTime.Time
	}
	return e.StartTime.Time
}

// isSince reports whether something of the turn happened after a time.
func (t *turn) isSince(since time.Time) bool { return since.IsZero() || t.end.After(since) }

// The kinds of what has an id of its own.
const (
	traceOfTurn = "turn trace"
	spanOfTurn  = "turn"
	spanOfAll   = "session"
	spanOfEvent = "event"
)

// idOf is an id of so many bytes, the same each time.
func idOf(bytes int, kind, sessionID, eventID string) []byte {
	sum := sha256.Sum256([]byte("ams\x00" + kind + "\x00" + sessionID + "\x00" + eventID))
	return sum[:bytes] // all zero, which is no id, is as likely as any other
}

const (
	traceBytes = 16
	spanBytes  = 8
)

// traceOf is the id of a session's trace: the Session's own, where it has one.
func traceOf(s *schema.Session) []byte {
	id, err := hex.DecodeString(s.TraceID)
	if err != nil || len(id) != traceBytes || string(id) == string(make([]byte, traceBytes)) {
		return idOf(traceBytes, spanOfAll, s.SessionID, "")
	}
	return id
}
