// Package view is a Session as the page shows it, and the page's own files. It is pure: a Session in; out come
//
//   - [Session.Head], what stands above and beside the story,
//   - [Session.Spans], 16 bytes for each event: when, how long, on whose lane, of what kind. By them a browser folds,
//     nests, filters and draws a session of any size without its texts,
//   - [Session.Event], one event with its texts, cut, in parts that have a kind and a plain text. What an agent wrote is
//     a text in all of them: no part is markup, an address or a script.
//
// Who serves them (pkg/web) and who writes them into a file use the same forms and the same modules, see [Files].
//
// An event is named by its index in the Session, from 0: numbers (seq) may have gaps.
package view

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"ams/pkg/schema"
	"ams/pkg/story"
)

// Session is a Session made ready to be shown. Its methods may be called by several at once.
type Session struct {
	*schema.Session
	Bytes int // that it takes in memory, about

	index   map[string]int // of events, by their ids
	lanes   []lane         // the main thread, then each subagent in the order of its event
	laneOf  map[string]int // by the id of a subagent's event
	asked   map[int]int    // the subagent that a call started: index of the call -> index of the agent
	answers map[int]int    // the last message of a subagent: index of the agent -> index of the message
	spans   []byte

	once sync.Once
	head *Head

	telling sync.Mutex // holds words
	words   *story.Words
}

// lane is an agent's: the main thread has no event.
type lane struct {
	event  int // -1 for the main thread
	parent int // the lane of the agent that it is below of
}

// Of makes a Session ready. The Session must not change after that.
func Of(s *schema.Session) *Session {
	v := &Session{Session: s, index: make(map[string]int, len(s.Events)), laneOf: map[string]int{}, asked: map[int]int{},
		answers: map[int]int{}, lanes: []lane{{event: -1}}}
	for i := range s.Events {
		e := &s.Events[i]
		v.index[e.ID] = i
		if e.Subagent != nil {
			v.laneOf[e.ID] = len(v.lanes)
			v.lanes = append(v.lanes, lane{event: i})
		}
	}
	for n := range v.lanes[1:] {
		l := &v.lanes[n+1]
		e := &s.Events[l.event]
		l.parent = v.laneOf[e.ParentID]
		if call, ok := v.index[e.Subagent.InvocationEventID]; ok {
			v.asked[call] = l.event
		}
	}
	v.cutCircles()
	for i := range s.Events {
		e := &s.Events[i]
		if e.LLM != nil && strings.TrimSpace(e.LLM.Text) != "" {
			if n := v.laneOf[e.ParentID]; n > 0 {
				v.answers[v.lanes[n].event] = i
			}
		}
	}
	v.makeSpans()
	v.words = story.NewWords(s)
	return v
}

// cutCircles takes agents that are below themselves, which no client writes, to the main thread.
func (v *Session) cutCircles() {
	for n := range v.lanes {
		seen := 0
		for at := n; at != 0; at = v.lanes[at].parent {
			if seen++; seen > len(v.lanes) {
				v.lanes[n].parent = 0
				break
			}
		}
	}
}

// Lanes is how many lanes there are, with that of the main thread.
func (v *Session) Lanes() int { return len(v.lanes) }

// Index is the index of the event with an id or, of digits, with a number; false where there is none.
func (v *Session) Index(named string) (int, bool) {
	if i, ok := v.index[named]; ok {
		return i, true
	}
	seq, err := strconv.Atoi(named)
	if err != nil {
		return 0, false
	}
	i := slices.IndexFunc(v.Events, func(e schema.Event) bool { return e.Seq == seq })
	return max(i, 0), i >= 0
}

// since is how many milliseconds after the start of the session a time is.
func (v *Session) since(t schema.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return max(t.Sub(v.StartTime.Time).Milliseconds(), 0)
}
