package web

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"sync"
	"time"

	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/schema"
)

// lookAgain is how old a list may be before it is read again, while the old one is shown; it is longer where reading
// takes long.
const lookAgain = 5 * time.Second

// records are the index records of the store.
type records struct {
	lib *library.Library

	loading sync.Mutex // held by who reads them

	mu   sync.Mutex // of what follows
	now  *catalog
	busy bool // somebody reads them
}

// catalog is what was in the store at one moment.
type catalog struct {
	list    *library.List // all sessions
	waiting []library.Stored
	more    int    // that wait, too, and were not looked at
	version string // of all of it

	mu       sync.Mutex // of what follows
	searches []*found   // the newest last
	at       time.Time  // when it was read
	took     time.Duration
}

// get returns the records as they were a moment ago. Only who asks first waits for them to be read.
func (r *records) get(ctx context.Context) (*catalog, error) {
	r.mu.Lock()
	c := r.now
	stale := c != nil && !r.busy && time.Since(c.at) > max(lookAgain, 10*c.took)
	if stale {
		r.busy = true
	}
	r.mu.Unlock()
	switch {
	case c == nil:
		return r.load(ctx)
	case stale:
		go func() {
			defer func() {
				r.mu.Lock()
				r.busy = false
				r.mu.Unlock()
			}()
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTime)
			defer cancel()
			_, _ = r.read(ctx, true) // what fails is tried again, and the old list is shown meanwhile
		}()
	}
	return c, nil
}

// loadTime bounds reading the records behind a reader's back.
const loadTime = 5 * time.Minute

// load reads the records for somebody who waits. Sessions that wait to be stored take long and come with the next look.
func (r *records) load(ctx context.Context) (*catalog, error) {
	r.loading.Lock()
	defer r.loading.Unlock()
	r.mu.Lock()
	c := r.now
	r.mu.Unlock()
	if c != nil {
		return c, nil
	}
	return r.read(ctx, false)
}

func (r *records) read(ctx context.Context, waiting bool) (*catalog, error) {
	began := time.Now()
	list, err := r.lib.List(ctx, query.Query{})
	if err != nil {
		return nil, err
	}
	c := &catalog{list: list}
	c.took = time.Since(began)
	if waiting {
		c.waiting, c.more, _ = r.lib.Waiting(ctx, list, query.Query{}) // a run may be just storing them
	}
	c.version = versionOf(c)
	c.at = time.Now()
	if !waiting {
		c.at = time.Time{} // those that wait are still to be looked for
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.now; old != nil && old.version == c.version {
		old.at = c.at // what was found in it is still right
		return old, nil
	}
	r.now = c
	return c, nil
}

// versionOf changes with whatever a list shows.
func versionOf(c *catalog) string {
	h := fnv.New64a()
	for _, s := range slices.Concat(c.waiting, c.list.Sessions) {
		_, _ = io.WriteString(h, s.Name)
		fmt.Fprint(h, schema.OrZero(s.Stored).Rev, s.LLMCalls, s.ToolCalls, s.Errors, schema.OrZero(s.DurationMS), schema.OrZero(s.Outcome))
	}
	fmt.Fprint(h, c.more, len(c.list.Unreadable))
	return fmt.Sprintf("%016x", h.Sum64())
}

// all are the sessions that are stored and those that wait, the newest first.
func (c *catalog) all() []library.Stored {
	if len(c.waiting) == 0 {
		return c.list.Sessions
	}
	all := slices.Concat(c.waiting, c.list.Sessions)
	slices.SortStableFunc(all, func(a, b library.Stored) int { return b.StartTime.Compare(a.StartTime.Time) })
	return all
}
