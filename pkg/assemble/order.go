package assemble

import (
	"sort"
	"time"

	"ams/pkg/schema"
)

// place sorts the events so that a reader going down the list reads the story, and numbers them from 1. An event's key is the
// greatest of its own start, its parent's key and the key of the call that asked for it: so nothing stands before what it came from,
// whatever the clocks say. On a tie what came from the other stands after it.
func (j *joiner) place() []schema.Event {
	for _, e := range j.events {
		e.settle(0)
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
		e.Seq = i + 1
		if e.parent != nil {
			e.ParentID = e.parent.ID
		}
		out[i] = e.Event
	}
	return out
}

// settle computes the event's key and depth, its parent's and asker's first. depth guards against files that name each other in a
// circle.
func (e *event) settle(depth int) {
	if e.placed || depth > 2*maxDepth {
		return
	}
	e.placed = true
	e.key = e.StartTime.Time
	for _, from := range []*event{e.parent, e.asker} {
		if from == nil || from == e {
			continue
		}
		from.settle(depth + 1)
		if from.key.After(e.key) {
			e.key = from.key
		}
		e.depth = max(e.depth, from.depth+1)
	}
}

// timeless gives events without any time the time of the event before them, and the first of all the session's start.
func (j *joiner) timeless(start time.Time) {
	for _, e := range j.events {
		if e.StartTime.IsZero() {
			e.StartTime = schema.At(start)
			e.EndTime = schema.Time{}
			e.DurationMS = nil
		}
	}
}
