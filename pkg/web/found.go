package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"ams/pkg/library"
	"ams/pkg/listing"
	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/search"
)

// Bounds of searches.
const (
	keptSearches = 6                       // of the newest list: somebody goes back and forth
	settleMost   = 500                     // sessions that are read because their records do not tell
	batch        = 16                      // sessions that hold a text and are looked into for the next one at once
	lookTime     = 1500 * time.Millisecond // of one answer: the page asks again for the rest
	mostFound    = 5000                    // sessions that hold a text; nobody reads further
)

// found are the sessions that a search wants. Those that filters want are there at once; for texts the sessions are
// read, the newest first, as far as somebody looks.
type found struct {
	typed  string
	search *query.Search

	mu       sync.Mutex // of what follows
	asked    []library.Stored
	unsure   int // sessions whose records do not tell, and that were too many to be read
	facets   []facet
	totals   totals
	ordered  map[string][]library.Stored
	counted  int               // sessions that totals and facets are of
	places   map[string][]spot // by the session's name, for texts
	hits     []library.Stored
	patterns []pattern
	next     func() (library.Match, error, bool)
	stop     func()
	looked   int
	failed   int
	done     bool
}

// spot is where a text was found.
type spot struct {
	Seq    int    `json:"seq"`
	What   string `json:"what"`
	Before string `json:"before"`
	Match  string `json:"match"`
	After  string `json:"after"`
	More   int    `json:"more,omitzero"`
}

type pattern struct {
	*search.Pattern
	not bool
}

// search finds what was typed among the sessions of the catalog, or takes what was found before.
func (c *catalog) search(ctx context.Context, lib *library.Library, typed string, now time.Time) (*found, error) {
	c.mu.Lock()
	for i, f := range c.searches {
		if f.typed == typed {
			c.searches = append(append(c.searches[:i:i], c.searches[i+1:]...), f)
			c.mu.Unlock()
			return f, nil
		}
	}
	c.mu.Unlock()
	parsed, err := query.ParseSearch(typed, now)
	if err != nil {
		return nil, badRequest("%v.", err)
	}
	f := &found{typed: typed, search: parsed, ordered: map[string][]library.Stored{}, places: map[string][]spot{}}
	if err := f.choose(ctx, lib, c); err != nil {
		return nil, err
	}
	for _, t := range parsed.Texts {
		o := search.Options{}
		if t.Errors {
			o.In = []search.Part{search.Errors}
		}
		p, err := search.Compile(t.Text, o)
		if err != nil {
			return nil, badRequest("%v.", err)
		}
		f.patterns = append(f.patterns, pattern{p, t.Not})
	}
	// The longest text first, which is the rarest most likely; what must not be there last.
	order := make([]int, len(f.patterns))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := parsed.Texts[a], parsed.Texts[b]
		if x.Not != y.Not {
			if x.Not {
				return 1
			}
			return -1
		}
		return len(y.Text) - len(x.Text)
	})
	sorted := make([]pattern, len(order))
	for i, at := range order {
		sorted[i] = f.patterns[at]
	}
	f.patterns = sorted
	f.done = len(f.patterns) == 0
	if f.done {
		f.hits = f.asked
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.searches = append(c.searches, f)
	if len(c.searches) > keptSearches {
		c.searches[0].end()
		c.searches = c.searches[1:]
	}
	return f, nil
}

// choose takes the sessions that the filters want. Those whose records do not tell are read, if they are few.
func (f *found) choose(ctx context.Context, lib *library.Library, c *catalog) error {
	var open []library.Stored
	unsure := map[string]bool{}
	for _, s := range c.all() {
		switch fits, sure := f.search.Judge(s.Summary); {
		case !sure:
			open = append(open, s)
			unsure[s.Name] = true
			f.asked = append(f.asked, s)
		case fits:
			f.asked = append(f.asked, s)
		}
	}
	if len(open) == 0 {
		return nil
	}
	wanted := map[string]bool{}
	if len(open) > settleMost {
		f.unsure = len(open)
	} else {
		judged, err := library.Read(ctx, lib, c.list.Of(open), func(s library.Stored, whole *schema.Session) string {
			if fits, sure := f.search.Judge(schema.Summarize(whole)); fits && sure {
				return s.Name
			}
			return ""
		})
		if err != nil {
			return err
		}
		for name, err := range judged {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				f.failed++
			} else if name != "" {
				wanted[name] = true
			}
		}
	}
	f.asked = slices.DeleteFunc(f.asked, func(s library.Stored) bool { return unsure[s.Name] && !wanted[s.Name] })
	return nil
}

// look reads sessions until so many hold the texts, all were read, or the time is over. The lock is held.
func (f *found) look(lib *library.Library, c *catalog, want int) {
	until := time.Now().Add(lookTime)
	if f.next == nil && !f.done {
		first := f.patterns[0]
		in := slices.DeleteFunc(slices.Clone(f.asked), func(s library.Stored) bool { return s.Unstored }) // nothing of them is stored to look into
		ctx, cancel := context.WithCancel(context.Background())
		next, stop := pull(lib.Find(ctx, first.Pattern, c.list.Of(in)))
		f.next, f.stop = next, func() { cancel(); stop() }
	}
	for !f.done && len(f.hits) < min(want, mostFound) && time.Now().Before(until) {
		var some []library.Stored
		for len(some) < batch && !f.done && time.Now().Before(until) {
			m, err, ok := f.next()
			if !ok || m.Summary == nil {
				f.done = true
				break
			}
			f.looked++
			if err != nil {
				f.failed++
			} else if (len(m.Hits) > 0) != f.patterns[0].not {
				f.note(m)
				some = append(some, m.Stored)
			}
		}
		f.hits = append(f.hits, f.withOthers(lib, c, some)...)
	}
	if len(f.hits) >= mostFound {
		f.done = true
	}
	if f.done {
		f.end()
	}
}

// withOthers keeps of some sessions those that hold the other texts, too.
func (f *found) withOthers(lib *library.Library, c *catalog, some []library.Stored) []library.Stored {
	for _, p := range f.patterns[1:] {
		if len(some) == 0 {
			return nil
		}
		var left []library.Stored
		ctx, cancel := context.WithTimeout(context.Background(), loadTime)
		for m, err := range lib.Find(ctx, p.Pattern, c.list.Of(some)) {
			if err == nil && m.Summary != nil && (len(m.Hits) > 0) != p.not {
				f.note(m)
				left = append(left, m.Stored)
			}
		}
		cancel()
		some = left
	}
	return some
}

// spotsKept is how many places of a session a list shows.
const spotsKept = 3

func (f *found) note(m library.Match) {
	for i, h := range m.Hits {
		if i == spotsKept || len(f.places[m.Name]) == spotsKept {
			return
		}
		f.places[m.Name] = append(f.places[m.Name], spot{h.Seq, h.What, h.Before, h.Match, h.After, len(m.Hits) - 1})
	}
}

// end stops what is at work.
func (f *found) end() {
	if f.stop != nil {
		f.stop()
		f.stop, f.next = nil, func() (library.Match, error, bool) { return library.Match{}, errors.New("ended"), false }
	}
}

// inOrder are the sessions that were found, in an order. The lock is held.
func (f *found) inOrder(by string, reverse bool) []library.Stored {
	if by == "" && !reverse || by == "start" && !reverse {
		return f.hits
	}
	if by == "" {
		by = "start"
	}
	key := fmt.Sprint(by, reverse, len(f.hits))
	if sorted := f.ordered[key]; sorted != nil {
		return sorted
	}
	sorted := slices.Clone(f.hits)
	listing.Sort(sorted, by)
	if reverse {
		slices.Reverse(sorted)
	}
	clear(f.ordered) // one order is looked at at a time
	f.ordered[key] = sorted
	return sorted
}
