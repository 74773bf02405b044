package story

import (
	"io"
	"strings"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// Follower tells a session that is at work: with each look at it what is new. An event is told once it has ended, as a
// story that goes on takes no line back. Events have no numbers, which may change while files grow.
type Follower struct {
	t     *terminal
	told  map[string]bool // by event id
	begun map[string]bool // agents that were told and are at work
	said  map[string]bool // answers that were told, by agent and text
}

// Follow returns a Follower to a terminal of o.Cells columns.
func Follow(w io.Writer, o Options) *Follower {
	return &Follower{t: &terminal{writer: writer{Writer: w}, Options: o, seq: 0, unnumbered: true}, told: map[string]bool{}, begun: map[string]bool{},
		said: map[string]bool{}}
}

// Tell tells what is new in s, which is the same session at a later time. Over says that it has ended: then what has no end is told, too,
// and what it all came to. The errors are those of the writer.
func (f *Follower) Tell(s *schema.Session, over bool) error {
	t := f.t
	if t.session == nil {
		t.session, t.start = s, t.at(s.StartTime)
		t.title()
	}
	t.session = s
	newTeller(s, t.Options).passages(func(p *passage) {
		if f.begun[p.event.ID] && (over || !p.event.EndTime.IsZero()) {
			delete(f.begun, p.event.ID)
			p.label, p.blocks = "SUBAGENT ENDED", nil
			t.passage(p)
		}
		if f.told[p.event.ID] || !over && isOpen(p.event) {
			return
		}
		f.told[p.event.ID] = true
		if f.toldAlready(p.event) {
			return
		}
		if p.event.Subagent != nil && p.event.EndTime.IsZero() {
			p.facts = nil // they count what it has done so far, and are told with its end
			f.begun[p.event.ID] = !over
		}
		t.passage(p)
	})
	if over {
		t.text("\n" + t.Paint(screen.Dim, screen.Cut("the session ended: "+outcomeRow(s).text+", cost "+costText(s), t.Cells)) + "\n")
	}
	return t.err
}

// toldAlready reports whether an answer was told as one of a transcript that is lost meanwhile: a hook knows it, too, by
// another id. Any other answer it notes.
func (f *Follower) toldAlready(e *schema.Event) bool {
	if e.LLM == nil {
		return false
	}
	key := e.AgentID + "\x00" + strings.TrimSpace(e.LLM.Text)
	if e.Provisional && f.said[key] {
		return true
	}
	f.said[key] = true
	return false
}

// isOpen reports whether an event may still change: a call that runs, an agent at work.
func isOpen(e *schema.Event) bool {
	return (e.Tool != nil || e.LLM != nil) && (e.Status == schema.Running || e.Provisional || e.EndTime.IsZero())
}
