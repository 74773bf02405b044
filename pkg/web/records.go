package web

import (
	"context"
	"sync"
	"time"

	"ams/pkg/library"
	"ams/pkg/query"
)

// lookAgain is how old a list may be before it is read again, while the old one is shown; it is longer where reading
// takes long.
const lookAgain = 5 * time.Second

// loadTime bounds reading the records behind a reader's back.
const loadTime = 5 * time.Minute

// records are the index records of the store, read again from time to time.
type records struct {
	lib *library.Library

	loading sync.Mutex // held by who reads them for a reader who waits

	mu   sync.Mutex // of what follows
	now  *catalog
	at   time.Time     // when it was read
	took time.Duration // to read it
	busy bool          // somebody reads it
}

// get returns the records as they were a moment ago. Only who asks first waits for them to be read.
func (r *records) get(ctx context.Context) (*catalog, error) {
	r.mu.Lock()
	c := r.now
	r.mu.Unlock()
	if c == nil {
		var err error
		if c, err = r.load(ctx); err != nil {
			return nil, err
		}
	}
	r.refresh(ctx)
	return c, nil
}

// refresh reads the records behind a reader's back, if they are old.
func (r *records) refresh(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy || time.Since(r.at) < max(lookAgain, 10*r.took) {
		return
	}
	r.busy = true
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTime)
		defer cancel()
		_, _ = r.read(ctx, true) // what fails is tried again, and the old list is shown meanwhile
		r.mu.Lock()
		defer r.mu.Unlock()
		r.busy, r.at = false, time.Now()
	}()
}

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

// read reads the records, if the store has others than before.
func (r *records) read(ctx context.Context, waiting bool) (*catalog, error) {
	began := time.Now()
	version, err := r.lib.Version(ctx) // before the records are read: what changes meanwhile is read the next time
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	old := r.now
	r.mu.Unlock()
	c := &catalog{stored: version}
	if old != nil && old.stored == version {
		c.takeStored(old)
	} else {
		c.shareWith(old)
		if c.list, err = r.lib.Each(ctx, query.Query{}, c.add); err != nil {
			return nil, err
		}
	}
	took := time.Since(began)
	if waiting {
		var some []library.Stored
		if some, c.more, err = r.lib.Waiting(ctx, c.list, query.Query{}); err == nil { // else a run is just storing them
			for _, s := range some {
				c.add(s)
			}
		}
	}
	c.finish()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took = took
	if r.now != nil && r.now.version == c.version {
		return r.now, nil // what was found in it is still right
	}
	if old := r.now; old != nil {
		go old.end() // somebody may be looking through it
	}
	r.now = c
	return c, nil
}
