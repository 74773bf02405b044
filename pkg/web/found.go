package web

import (
	"context"
	"slices"
	"sync"
	"time"

	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/search"
)

// Bounds of searches.
const (
	keptSearches = 6                       // of the newest list: somebody goes back and forth
	settleMost   = 500                     // sessions that are read because their records do not tell
	lookTime     = 1500 * time.Millisecond // of one answer: the page asks again for the rest
	mostFound    = 5000                    // sessions that hold a text; nobody reads further
)

// found are the sessions that a search wants. Those that filters want are there at once; for texts the sessions are
// read, the newest first, as far as somebody looks.
type found struct {
	typed  string
	search *query.Search

	mu      sync.Mutex // of what follows
	asked   []int32    // that the filters want
	hits    []int32    // of those, that hold the texts
	unsure  int        // sessions whose records do not tell, and that were too many to be read
	failed  int        // that could not be read
	done    bool
	look    *look // nil without texts
	sums    *totals
	facets  []facet
	order   string // of ordered
	ordered []int32
}

// search finds what was typed among the sessions of the catalog, or takes what was found before.
func (c *catalog) search(ctx context.Context, lib *library.Library, typed string, now time.Time) (*found, error) {
	if f := c.earlier(typed); f != nil {
		return f, nil
	}
	parsed, err := query.ParseSearch(typed, now)
	if err != nil {
		return nil, badRequest("%v.", err)
	}
	f := &found{typed: typed, search: parsed}
	if err := f.choose(ctx, lib, c); err != nil {
		return nil, err
	}
	if len(parsed.Texts) == 0 {
		f.hits, f.done = f.asked, true
	} else if f.look, err = newLook(parsed.Texts); err != nil {
		return nil, badRequest("%v.", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.searches = append(c.searches, f); len(c.searches) > keptSearches {
		old := c.searches[0]
		c.searches = c.searches[1:]
		go old.end() // somebody may be looking through it
	}
	return f, nil
}

// earlier is a search that was made before, nil where it was not.
func (c *catalog) earlier(typed string) *found {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, f := range c.searches {
		if f.typed == typed {
			c.searches = append(append(c.searches[:i:i], c.searches[i+1:]...), f)
			return f
		}
	}
	return nil
}

// choose takes the sessions that the filters want. Those whose records do not tell are read, if they are few.
func (f *found) choose(ctx context.Context, lib *library.Library, c *catalog) error {
	if len(f.search.Terms) == len(f.search.Texts) { // no filter
		f.asked = c.every()
		return nil
	}
	type chosen struct{ fit, open []int32 }
	var open []int32
	for _, part := range each(ctx, c, c.every(), mapsOf(f.search), func(part *chosen, i int32, s library.Stored) {
		switch fits, sure := f.search.Judge(s.Summary); {
		case !sure:
			part.open = append(part.open, i)
		case fits:
			part.fit = append(part.fit, i)
		}
	}) {
		f.asked = append(f.asked, part.fit...)
		open = append(open, part.open...)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	slices.Sort(f.asked)
	slices.Sort(open)
	if len(open) > settleMost {
		f.unsure = len(open)
		return nil
	}
	return f.settle(ctx, lib, c, open)
}

// settle reads sessions whose records do not tell, and takes those that the filters want.
func (f *found) settle(ctx context.Context, lib *library.Library, c *catalog, open []int32) error {
	if len(open) == 0 {
		return nil
	}
	judged, err := library.Read(ctx, lib, c.list.Of(c.some(open)), func(_ library.Stored, s *schema.Session) bool {
		fits, sure := f.search.Judge(schema.Summarize(s))
		return fits && sure
	})
	if err != nil {
		return err
	}
	n := 0
	for fits, err := range judged {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case n == len(open):
			return err
		case err != nil:
			f.failed++
		case fits:
			f.asked = append(f.asked, open[n])
		}
		n++
	}
	slices.Sort(f.asked)
	return nil
}

// further reads sessions until so many hold the texts, all were read, or the time is over. The lock is held.
func (f *found) further(lib *library.Library, c *catalog, want int) {
	if f.done {
		return
	}
	until := time.Now().Add(lookTime)
	for !f.done && len(f.hits) < min(want, mostFound) && time.Now().Before(until) {
		hits, more := f.look.next(lib, c, f.asked, until)
		f.hits = append(f.hits, hits...)
		f.done = !more || len(f.hits) >= mostFound
	}
	if f.done {
		f.look.end()
	}
}

// end stops what is at work.
func (f *found) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = true
	if f.look != nil {
		f.look.end()
	}
}

// end stops all searches of a catalog that another one takes the place of.
func (c *catalog) end() {
	c.mu.Lock()
	searches := c.searches
	c.searches = nil
	c.mu.Unlock()
	for _, f := range searches {
		f.end()
	}
}

// inOrder are the sessions that were found, in an order. The lock is held.
func (f *found) inOrder(ctx context.Context, c *catalog, by string, reverse bool) []int32 {
	if by == "start" && !reverse {
		return f.hits
	}
	key := by
	if reverse {
		key = "-" + by
	}
	if f.order != key || len(f.ordered) != len(f.hits) { // one order is looked at at a time
		f.order, f.ordered = key, sorted(ctx, c, f.hits, orders[by], reverse)
	}
	return f.ordered
}

// patterns are the texts of a search as patterns: the longest first, which is the rarest most likely, and what must not
// be there last.
func patterns(texts []query.Text) ([]pattern, error) {
	texts = slices.Clone(texts)
	slices.SortStableFunc(texts, func(a, b query.Text) int {
		if a.Not != b.Not {
			if a.Not {
				return 1
			}
			return -1
		}
		return len(b.Text) - len(a.Text)
	})
	var out []pattern
	for _, t := range texts {
		o := search.Options{Most: spotsKept}
		if t.Errors {
			o.In = []search.Part{search.Errors}
		}
		p, err := search.Compile(t.Text, o)
		if err != nil {
			return nil, err
		}
		out = append(out, pattern{p, t.Not})
	}
	return out, nil
}

// pattern is a text that must be there, or must not.
type pattern struct {
	*search.Pattern
	not bool
}
