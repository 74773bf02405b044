package assemble

import (
	"sort"
	"time"

	"ams/pkg/schema"
)

// placing says how far [event.settle] has come.
type placing uint8

const (
	unplaced placing = iota
	onTheWay         // its parent or asker is being settled
	placed
)

// place sorts the events so that a reader going down the list reads the story, and numbers them from 1. An event's
// key is the greatest of its own start, its parent's key and the key of the call that asked for it: so nothing stands
// before what it came from, whatever the clocks say. On a tie what came from the other stands after it.
func (j *joiner) place() []schema.Event {
	for _, e := range j.events {
		e.settle()
	}
	sort.SliceStable(j.events, func(a, b int) bool {
		x, y := j.events[a], j.events[b]
		if !x.key.Equal(y.key) {
			return x.key.Before(y.key)
		}
		return x.depth < y.depth
	})
	out := make([]schema.Event, len(j.events))
	for i, e := range j.events {
		j.events[i] = nil // it stands in out, and a large session has no room for both
		e.Seq = i + 1
		if e.parent != nil {
			e.ParentID = e.parent.ID
		}
		if e.asker == nil {
			e.forgetAsker()
		}
		out[i] = e.Event
	}
	return out
}

// settle computes the event's key and depth, its parent's and asker's first. Damaged files may name each other in a
// circle: the link that would close it is cut.
func (e *event) settle() {
	if e.state != unplaced {
		return
	}
	e.state = onTheWay
	e.key = e.StartTime.Time
	for _, link := range []**event{&e.parent, &e.asker} {
		from := *link
		if from == nil {
			continue
		}
		from.settle()
		if from.state == onTheWay {
			*link = nil
			continue
		}
		if from.key.After(e.key) {
			e.key = from.key
		}
		e.depth = max(e.depth, from.depth+1)
	}
	e.state = placed
}

// forgetAsker takes back the names of a link that was cut.
func (e *event) forgetAsker() {
	if e.Tool != nil {
		e.Tool.LLMEventID = ""
	}
	if e.Subagent != nil {
		e.Subagent.InvocationEventID = ""
	}
}

// timeless gives events without any time the session's start.
func (j *joiner) timeless(start time.Time) {
	for _, e := range j.events {
		if e.StartTime.IsZero() {
			e.StartTime = schema.At(start)
			e.EndTime = schema.Time{}
			e.DurationMS = nil
		}
	}
}
