// Package story tells a Session as a person reads it: what was asked, what the model thought and said, which tools ran and for how long,
// which subagent was started and why, what failed, what it cost. It is pure: a Session and [Options] in, text out.
//
// A session is first cut into passages, one per event that says something; a terminal ([Write]) and a page of Markdown ([Markdown]) are two
// ways to set the same passages.
package story

import (
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// Options say what is told, and how.
type Options struct {
	screen.Screen
	// Location is the time zone of the times shown, UTC where nil.
	Location *time.Location
	// Full shows every text whole; otherwise long ones are cut and say so.
	Full bool
	// Only bounds the story to these kinds of events; empty: all.
	Only []Kind
	// Event bounds the story to the event with this seq, whole; 0: all.
	Event int
	// Summary tells what stands above the story alone; Outline tells a line for each turn in the place of tables and story.
	Summary, Outline bool
	// Max bounds a page of Markdown to so many characters; 0: no bound. What does not fit is said.
	Max int
}

// Kind is a kind of events that a reader may want alone.
type Kind string

const (
	Errors    Kind = "errors"    // whatever failed: calls, turns, subagents
	Tools     Kind = "tools"     // tool calls
	Prompts   Kind = "prompts"   // what a person said
	Subagents Kind = "subagents" // which subagents ran, and why
)

// Kinds are all kinds, in the order in which help names them.
var Kinds = []Kind{Errors, Tools, Prompts, Subagents}

// wants reports whether an event is to be told.
func (o Options) wants(e *schema.Event) bool {
	if o.Event != 0 {
		return e.Seq == o.Event
	}
	if len(o.Only) == 0 {
		return true
	}
	return slices.ContainsFunc(o.Only, func(k Kind) bool { return k.holds(e) })
}

func (k Kind) holds(e *schema.Event) bool {
	switch k {
	case Errors:
		return e.Type == schema.ErrorEvent || e.Error != nil || e.Status == schema.Failed
	case Tools:
		return e.Tool != nil
	case Prompts:
		return e.Type == schema.UserPrompt
	case Subagents:
		return e.Subagent != nil
	}
	return false
}

// Select returns the events that [Write] would tell, in their order: for readers that want them as data.
func Select(s *schema.Session, o Options) []schema.Event {
	out := []schema.Event{}
	for i := range s.Events {
		if o.wants(&s.Events[i]) {
			out = append(out, s.Events[i])
		}
	}
	return out
}

// whole reports whether nothing is left out of the story, so that sums over the session belong under it.
func (o Options) whole() bool { return o.Event == 0 && len(o.Only) == 0 }

// nothingTold says why a story has no passage.
func nothingTold(s *schema.Session, o Options) string {
	switch {
	case len(s.Events) == 0:
		return "this session has no events"
	}
	return "nothing of that kind happened in this session"
}

func (o Options) at(t schema.Time) time.Time {
	if o.Location == nil {
		return t.UTC()
	}
	return t.In(o.Location)
}

// clock, day and moment are the layouts of times.
const (
	clock  = "15:04:05"
	day    = "Mon 2 Jan 2006"
	moment = day + " " + clock
)

// writer keeps the first error, so that tellers need not look at each.
type writer struct {
	io.Writer
	err error
}

func (w *writer) text(s string) {
	if w.err == nil {
		_, w.err = io.WriteString(w.Writer, s)
	}
}

// cutRunes is the beginning of s, of at most n bytes and whole characters.
func cutRunes(s string, n int) string {
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:min(n, len(s))]
}

// endRunes is the end of s, of at most n bytes and whole characters.
func endRunes(s string, n int) string {
	at := max(len(s)-n, 0)
	for at < len(s) && !utf8.RuneStart(s[at]) {
		at++
	}
	return s[at:]
}
