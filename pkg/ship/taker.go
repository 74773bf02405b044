package ship

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

// Taker is told of sessions that are over, once they are stored, each version once. One that it fails for is stored
// all the same, and given to it again by the next Run; its receipt knows what each Taker took.
type Taker struct {
	// Name is what receipts know it by.
	Name string
	// FromNow asks only for what becomes final while the Taker is there: nothing that was final before, nothing of an
	// [Shipper.Import], and a final session again only when it went on. It is given them when all else is stored, as they
	// are in the store, and for some time alone: it may be slow. Without it a Taker gets each session right after it was
	// stored, each time that its body changed, and the next Run gives it all that a receipt is there of.
	FromNow bool
	// AtOnce is how many sessions it takes at once; 0 sets no bound.
	AtOnce int
	// Take takes a session, and returns the names ([Final.Name]) of those that are taken for good by now: this one,
	// none as long as it waits in a batch, or all of a batch. It is called from several goroutines. After some failures
	// in a row, or one [Declined], it is not called any more in this Run: nobody is to wait for what is down.
	Take func(context.Context, Final) (taken []string, err error)
	// Flush takes what waits in a batch. It is called at the end, failures or not; nil where there are no batches.
	Flush func(context.Context) (taken []string, err error)
}

// Final is a session that is over and stored.
type Final struct {
	Name    string          // of its spool
	Session *schema.Session // as it is stored; not to be changed
	Key     string          // of its body
	// Index is its index record as it is stored, nil where that was not read; IndexTag its ETag, "" where that is not known.
	Index    []byte
	IndexTag string
	// Since is the session's end as it was when it was taken before, or when the Taker was not there yet: what came
	// later is new. Zero where all of it is.
	Since time.Time
}

// failuresInRow is after how many failures in a row a Taker is left alone until the next Run.
const failuresInRow = 3

// errResting says that a session was not given to a Taker that had failed too often.
var errResting = errors.New("it failed before and was not asked again")

// Declined is the error of a [Taker] that takes nothing in this Run and did not fail: it is told once, and nothing counts
// as untaken.
type Declined struct{ Why error }

func (e *Declined) Error() string { return e.Why.Error() }
func (e *Declined) Unwrap() error { return e.Why }

func isDeclined(err error) bool {
	var d *Declined
	return errors.As(err, &d)
}

// hands give sessions to the Takers.
type hands struct {
	all []*hand
	// mark writes down that a Taker took sessions.
	mark func(taker string, names []string) error
}

// hand is a Taker at work.
type hand struct {
	Taker
	places chan struct{} // one for each session that it takes at once; nil sets no bound

	mu     sync.Mutex
	inRow  int   // failures
	why    error // that it declined with
	failed int   // sessions that it was asked to take and did not
	passed int   // sessions for which it was not asked
}

func newHands(takers []Taker, mark func(string, []string) error) *hands {
	h := &hands{mark: mark}
	for _, t := range takers {
		one := &hand{Taker: t}
		if t.AtOnce > 0 {
			one.places = make(chan struct{}, t.AtOnce)
		}
		h.all = append(h.all, one)
	}
	return h
}

// isDue reports whether a Taker is to get the version of a session that its receipt tells of.
func (t Taker) isDue(r *receipt.Receipt) bool {
	if !r.Final || r.Key == "" {
		return false
	}
	had, noted := r.Taken[t.Name]
	if t.FromNow {
		return noted && r.LastEvent.After(had.Until)
	}
	return had.Rev != r.Rev
}

// isDue reports whether a Taker that does not rest is to get a session. If all that are to get it rest, it is counted.
func (h *hands) isDue(r *receipt.Receipt) bool {
	var resting []*hand
	for _, t := range h.all {
		switch {
		case t.FromNow || !t.isDue(r):
		case t.rests():
			resting = append(resting, t)
		default:
			return true
		}
	}
	for _, t := range resting {
		t.pass()
	}
	return false
}

// carryTaken notes in a new receipt what was taken before, by the one before or nil. imported says that no run made it.
func (o Options) carryTaken(r, last *receipt.Receipt, imported bool) {
	r.Taken = map[string]receipt.Taken{}
	if last != nil {
		maps.Copy(r.Taken, last.Taken)
	}
	for _, t := range o.Takers {
		if _, noted := r.Taken[t.Name]; noted || !t.FromNow || !r.Final || imported {
			continue
		}
		had := receipt.Taken{}
		if last != nil && last.Final {
			had = receipt.Taken{Rev: last.Rev, Until: last.LastEvent} // it was over before this Taker was there
		}
		r.Taken[t.Name] = had
	}
}

// give gives a session to the Takers that are to get it. The error says which did not take it.
func (h *hands) give(ctx context.Context, w *recorded.Session, r *receipt.Receipt, index []byte) error {
	var errs []error
	for _, t := range h.all {
		if w.Session == nil || t.FromNow || !t.isDue(r) {
			continue
		}
		f := Final{Name: w.Name, Session: w.Session, Key: r.Key, Index: index, IndexTag: r.IndexTag, Since: r.Taken[t.Name].Until}
		if err := h.handTo(ctx, t, f); err != nil {
			errs = append(errs, err)
		}
	}
	return inOneLine(errs)
}

// inOneLine joins errors as a note to a person wants them.
func inOneLine(errs []error) (all error) {
	for _, err := range errs {
		switch {
		case all == nil:
			all = err
		case err != nil:
			all = fmt.Errorf("%w; %w", all, err)
		}
	}
	return all
}

// handTo gives a session to one Taker, unless that rests.
func (h *hands) handTo(ctx context.Context, t *hand, f Final) error {
	taken, err := t.ask(ctx, f)
	if errors.Is(err, errResting) || isDeclined(err) {
		t.pass()
		return nil
	}
	if err = errors.Join(err, h.mark(t.Name, taken)); err != nil {
		return fmt.Errorf("hand it to %s: %w", t.Name, err)
	}
	return nil
}

// ask waits for a place and has the Taker take a session.
func (t *hand) ask(ctx context.Context, f Final) ([]string, error) {
	if t.places != nil {
		select {
		case t.places <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		defer func() { <-t.places }()
	}
	if t.rests() {
		return nil, errResting
	}
	taken, err := t.Take(ctx, f)
	if err != nil {
		t.fail(err)
		return taken, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inRow = 0
	return taken, nil
}

// fail counts a session that the Taker did not take, and notes that it declined.
func (t *hand) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.inRow++; isDeclined(err) {
		t.inRow, t.why = failuresInRow, err
	} else {
		t.failed++
	}
}

// rests reports whether the Taker is to be left alone.
func (t *hand) rests() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.inRow >= failuresInRow
}

// pass counts a session for which the Taker was not asked.
func (t *hand) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.why == nil {
		t.passed++
	}
}

// flush ends the batches. It returns how many sessions were not taken, and tells of them.
func (h *hands) flush(ctx context.Context, note func(string, ...any)) (untaken int) {
	for _, t := range h.all {
		if t.Flush != nil {
			taken, err := t.Flush(ctx)
			if isDeclined(err) {
				t.why, err = err, nil
			}
			if err = errors.Join(err, h.mark(t.Name, taken)); err != nil {
				t.failed++
				note("%s: %v; the next run tries it again", t.Name, err)
			}
		}
		if t.why != nil {
			note("%v", t.why)
		}
		switch {
		case t.passed == 0:
		case t.rests():
			note("%s failed %d times in a row: %s more wait for the next run", t.Name, failuresInRow,
				screen.Count(t.passed, "session"))
		default:
			note("%s is slow: %s more wait for the next run", t.Name, screen.Count(t.passed, "session"))
		}
		untaken += t.failed + t.passed
	}
	return untaken
}

// markTaken writes into receipts that are there that a Taker took sessions. [hands] call it from several goroutines.
func (sh *Shipper) markTaken(taker string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	sh.marking.Lock()
	defer sh.marking.Unlock()
	news := map[string]receipt.Receipt{}
	for _, name := range names {
		if last := sh.opt.Book.Get(name); last != nil {
			r := *last
			r.Took(taker)
			news[name] = r
		}
	}
	return sh.opt.Book.PutAll(news)
}

// marks are notes of what Takers took of sessions whose receipts are written later.
type marks struct {
	mu sync.Mutex
	of map[string][]string // by the name of the session, the Takers
}

func (m *marks) add(taker string, names []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		m.of[name] = append(m.of[name], taker)
	}
	return nil
}
