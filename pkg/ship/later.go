package ship

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ams/pkg/parallel"
	"ams/pkg/receipt"
	"ams/pkg/schema"
	"ams/pkg/screen"
	"ams/pkg/upload"
)

const (
	// patience is [Options.Patience] where it is not set.
	patience = time.Minute
	// laterAge is how long after its end a session that such a Taker failed for is given to it again.
	laterAge = 30 * 24 * time.Hour
	// laterAtOnce is how many sessions are read for them at once.
	laterAtOnce = 4
)

// waiting is a stored session that a Taker which may be slow is to get.
type waiting struct {
	name string
	r    *receipt.Receipt
}

// later gives stored sessions to the Takers that may be slow ([Taker.FromNow]).
func (sh *Shipper) later(ctx context.Context) {
	if !slices.ContainsFunc(sh.opt.Takers, func(t Taker) bool { return t.FromNow }) {
		return
	}
	began, now := time.Now(), sh.opt.Source.Now()
	var due []waiting
	for name, r := range sh.opt.Book.All() { // a map: those that a Taker always fails for do not come first each time
		if sh.hands.isDueLater(r) && now.Sub(r.LastEvent) < laterAge {
			due = append(due, waiting{name, r})
		}
	}
	results := parallel.Each(ctx, laterAtOnce, due, func() func(waiting) Result {
		return func(w waiting) Result {
			if time.Since(began) > sh.opt.Patience || !sh.hands.isDueLater(w.r) {
				sh.hands.passLater(w.r)
				return Result{Name: w.name}
			}
			return Result{Name: w.name, Untaken: sh.giveStored(ctx, w)}
		}
	})
	for r := range results {
		if r.Untaken != nil && ctx.Err() == nil {
			sh.noteUntaken(r)
		}
	}
}

// noteUntaken tells that somebody did not take a session.
func (sh *Shipper) noteUntaken(r Result) {
	sh.opt.Note("session %s: it is stored; %v; the next run tries it again", screen.Line(r.Name), r.Untaken)
}

// giveStored reads a session from the store and gives it to those that wait for it. One that is not there any more is
// left: a Run that finds out stores it anew.
func (sh *Shipper) giveStored(ctx context.Context, w waiting) error {
	body, _, err := sh.opt.Store.Get(ctx, w.r.Key)
	if errors.Is(err, upload.ErrNotFound) {
		return nil
	}
	var s *schema.Session
	if err == nil {
		s, err = schema.Decode(body)
	}
	var index []byte
	if err == nil {
		index, _, err = sh.opt.Store.Get(ctx, upload.IndexKey(w.name))
	}
	if errors.Is(err, upload.ErrNotFound) {
		index, err = schema.EncodeSummary(schema.Summarize(s))
	}
	if err != nil {
		sh.hands.failLater(w.r)
		return fmt.Errorf("read it to hand it on: %w", err)
	}
	var errs []error
	for _, t := range sh.hands.all {
		if t.FromNow && t.isDue(w.r) {
			f := Final{Name: w.name, Session: s, Key: w.r.Key, Index: index, Since: w.r.Taken[t.Name].Until}
			errs = append(errs, sh.hands.handTo(ctx, t, f))
		}
	}
	return inOneLine(errs)
}

// isDueLater reports whether a Taker that may be slow, and does not rest, is to get a session.
func (h *hands) isDueLater(r *receipt.Receipt) bool {
	return slices.ContainsFunc(h.all, func(t *hand) bool { return t.FromNow && t.isDue(r) && !t.rests() })
}

// passLater counts a session that those who wait for it are not asked to take.
func (h *hands) passLater(r *receipt.Receipt) {
	for _, t := range h.all {
		if t.FromNow && t.isDue(r) {
			t.pass()
		}
	}
}

// failLater counts a session that could not be read for those who wait for it.
func (h *hands) failLater(r *receipt.Receipt) {
	for _, t := range h.all {
		if t.FromNow && t.isDue(r) {
			t.fail(nil)
		}
	}
}
