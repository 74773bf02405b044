package web

import (
	"context"
	"iter"
	"time"

	"ams/pkg/library"
	"ams/pkg/query"
)

// look goes through sessions for texts, as far as somebody wants to see.
type look struct {
	patterns []pattern
	spots    map[int32][]spot // where they stand
	at       int              // how many of the sessions were handed to a search
	looked   int              // how many were read
	failed   int

	next1 func() (library.Match, error, bool) // of the search that is at work, nil without
	stop  func()
	among []int32 // that it looks through
	done  int     // of them
}

// spot is where a text was found.
type spot struct {
	Seq    int    `json:"seq"`
	What   string `json:"what"`
	Before string `json:"before"`
	Match  string `json:"match"`
	After  string `json:"after"`
	More   int    `json:"more,omitzero"` // places of the session
	Many   bool   `json:"many,omitzero"` // there are more than those
}

// Sizes of what is looked through at once: the first page must come quickly, and what follows with little ado.
const (
	firstLook = 200
	mostLook  = 2000
	batch     = 16 // sessions that hold a text and are looked into for the next one at once
	spotsKept = 3  // places of a session that a list may show
)

func newLook(texts []query.Text) (*look, error) {
	p, err := patterns(texts)
	return &look{patterns: p, spots: map[int32][]spot{}}, err
}

// next are some more sessions that hold the texts; more is false where all were looked through.
func (l *look) next(lib *library.Library, c *catalog, asked []int32, until time.Time) (hits []int32, more bool) {
	var some []int32
	for len(some) < batch && time.Now().Before(until) {
		if l.next1 == nil {
			if l.at >= len(asked) {
				return l.withOthers(lib, c, some), false
			}
			l.begin(lib, c, asked)
		}
		m, err, ok := l.next1()
		if !ok || m.Summary == nil {
			l.end()
			continue
		}
		i := l.among[l.done]
		l.done++
		l.looked++
		switch {
		case err != nil:
			l.failed++
		case (len(m.Hits) > 0) != l.patterns[0].not:
			l.note(i, m)
			some = append(some, i)
		}
	}
	return l.withOthers(lib, c, some), true
}

// begin looks through the next of the sessions.
func (l *look) begin(lib *library.Library, c *catalog, asked []int32) {
	size := firstLook
	if l.at > 0 {
		size = mostLook
	}
	l.among, l.done = asked[l.at:min(l.at+size, len(asked))], 0
	l.at += len(l.among)
	ctx, cancel := context.WithCancel(context.Background())
	next, stop := iter.Pull2(lib.Find(ctx, l.patterns[0].Pattern, c.list.Of(c.some(l.among))))
	l.next1, l.stop = next, func() { cancel(); stop() }
}

// withOthers keeps of some sessions those that hold the other texts, too.
func (l *look) withOthers(lib *library.Library, c *catalog, some []int32) []int32 {
	for _, p := range l.patterns[1:] {
		if len(some) == 0 {
			return nil
		}
		var left []int32
		ctx, cancel := context.WithTimeout(context.Background(), loadTime)
		n := 0
		for m, err := range lib.Find(ctx, p.Pattern, c.list.Of(c.some(some))) {
			if m.Summary == nil {
				break
			}
			if err == nil && (len(m.Hits) > 0) != p.not {
				l.note(some[n], m)
				left = append(left, some[n])
			}
			n++
		}
		cancel()
		some = left
	}
	return some
}

func (l *look) note(i int32, m library.Match) {
	for _, h := range m.Hits {
		if len(l.spots[i]) == spotsKept {
			return
		}
		l.spots[i] = append(l.spots[i], spot{h.Seq, h.What, h.Before, h.Match, h.After, min(len(m.Hits), spotsKept) - 1, len(m.Hits) > spotsKept})
	}
}

// end stops what is at work.
func (l *look) end() {
	if l.stop != nil {
		l.stop()
		l.stop, l.next1 = nil, nil
	}
}
