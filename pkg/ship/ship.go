// Package ship is the way in: it takes what a machine recorded of its sessions and puts it into a store, masked, and
// never a poorer Session over a richer one.
//
// [Shipper.Run] stores every session with news and lets spools go that are no longer needed; [Shipper.Import] stores
// the transcripts of an archive; [Shipper.Store] stores one session; [Shipper.Remove] takes one out. What was stored
// is noted in receipts, so that the next run knows by stats alone what has news.
//
// Any number of machines may store one session, each with the part that it saw. Nothing is taken from another:
//
//  1. What is stored is looked at: the body that this machine stored last by its ETag alone, any other by reading
//     index record and body.
//  2. The Session is united with it, unless it is this machine's own and the inputs cover it.
//  3. The body is put on the condition that it is still the one that was looked at. Its counter (stored.rev) is
//     one more.
//  4. The index record is put on such a condition, too. Of two, that of the higher counter stays: its body was put
//     over the other.
//  5. Where a session turned out to begin on another day, the body under the old key goes.
//  6. The receipt is written.
//  7. At the end of the run the rows of those that are over go into the tables (ams/pkg/table), and their receipts say so.
//
// A conflict at 3, or an index record that names another key at 4, begins at 1. What a crash leaves between two steps
// has no receipt here, so it is done again.
package ship

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/redact"
	"ams/pkg/spool"
	"ams/pkg/table"
	"ams/pkg/upload"
)

// Options are what a Shipper works with.
type Options struct {
	Source *recorded.Source
	Store  upload.Store
	// Book holds the receipts of the store, and with them the lock that only one run holds. An Import without one
	// reads everything.
	Book *receipt.Book
	Mask redact.Rules
	Raw  Raw
	Jobs int // sessions that are worked on at once; at least 1
	// Note tells a person what is no result, in a sentence without an end; nil tells nobody. It is called from one
	// goroutine.
	Note func(format string, args ...any)
	// Takers are told of sessions that are over.
	Takers []Taker
	// Patience is how long a Run begins to give sessions to Takers that may be slow: as long as it goes on, no other Run
	// stores what came meanwhile. 0 is a minute.
	Patience time.Duration
	// Tables are written at the end of a Run and an Import, and lose what is removed. Nil writes none, and leaves the rows of
	// what is removed.
	Tables *table.Keeper
}

// Raw says what of the raw material of finished sessions is stored beside them.
type Raw int

const (
	NoRaw       Raw = iota
	MaskedRaw       // with the masks of the Session
	UnmaskedRaw     // as it was recorded
)

// Shipper puts sessions into a store.
type Shipper struct {
	opt  Options
	flow *flow           // of a worker that is one of several, else nil
	left context.Context // when it ends, what was not begun is left
	// isNew reports whether a session, by the name of its spool, is surely not in the store, as far as a list told;
	// nil knows of none.
	isNew func(name string) bool

	tables  *tables // nil writes none
	hands   *hands
	marking *sync.Mutex // held while receipts get a mark of what was taken
}

// New returns a Shipper.
func New(opt Options) *Shipper {
	if opt.Note == nil {
		opt.Note = func(string, ...any) {}
	}
	opt.Jobs, opt.Patience = max(opt.Jobs, 1), cmp.Or(opt.Patience, patience)
	sh := &Shipper{opt: opt, marking: new(sync.Mutex)}
	if opt.Tables != nil {
		sh.tables = &tables{keeper: opt.Tables, store: opt.Store}
		sh.opt.Takers = append(slices.Clone(opt.Takers), sh.tables.taker())
	}
	sh.hands = newHands(sh.opt.Takers, sh.markTaken)
	return sh
}

// Fingerprint is a hash of the settings that change a Session's bytes: a receipt with another one is news.
func (o Options) Fingerprint() string {
	rules := []any{o.Mask.Secrets, o.Mask.Personal}
	for _, r := range o.Mask.Custom {
		rules = append(rules, r.Name, r.Pattern.String())
	}
	join := o.Source.Join
	b, err := json.Marshal([]any{join.DropThinking, join.Status, join.Prices.Models(), join.Prices.Date(), rules, o.Raw})
	if err != nil {
		return "" // the values above always have a form
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Result is what became of one session.
type Result struct {
	Name string // of its spool
	// Session is what was recorded, nil where it went away since it was listed. Its Session is as it is stored, nil
	// where there was nothing to join.
	Session *recorded.Session
	Key     string // of the stored body, "" where nothing was stored
	Err     error
	// Untaken says which [Taker] did not take it, and why: it is stored all the same.
	Untaken error
}

// Store stores one session, whatever was stored of it before. It writes no receipt.
func (sh *Shipper) Store(ctx context.Context, w *recorded.Session) (Result, error) {
	done, err := sh.put(ctx, w, nil)
	if err != nil {
		return Result{Name: w.Name, Session: w}, err
	}
	w.Session = done.session
	return Result{Name: w.Name, Session: w, Key: done.key}, nil
}

// storeOne assembles and stores one session, then writes its receipt. last is the one before, or nil.
func (sh *Shipper) storeOne(ctx context.Context, rd *recorded.Reader, name string, last *receipt.Receipt) Result {
	way := sh.begin()
	if way == nil {
		return Result{Name: name}
	}
	defer way.end()
	w, err := rd.FromSpool(name)
	if errors.Is(err, spool.ErrNotFound) && last != nil && last.RecordCount == 0 {
		w, err = rd.FromImport(last.SessionID, mainOf(last))
	}
	var done shelved
	switch {
	case errors.Is(err, spool.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return Result{Name: name} // it went away since it was listed
	case errors.Is(err, recorded.ErrEmpty):
		err = nil // its receipt keeps the next run from saying so again
	case err != nil:
		return Result{Name: name, Err: err}
	default:
		if done, err = way.put(ctx, sh, w, last); err != nil && !isTooLarge(err) {
			return Result{Name: name, Session: w, Err: err}
		}
		w.Session = done.session
	}
	r := sh.receipt(w, done)
	r.Compacted = last != nil && last.Compacted && last.RecordCount == r.RecordCount
	sh.opt.carryTaken(&r, last, false)
	kept := sh.opt.Book.Put(name, r)
	out := Result{Name: name, Session: w, Key: done.key, Err: errors.Join(err, kept)}
	if kept == nil {
		out.Untaken = sh.handOver(ctx, w, &r, done.index)
	}
	return out
}

// handOver gives a session whose receipt is kept to the Takers.
func (sh *Shipper) handOver(ctx context.Context, w *recorded.Session, r *receipt.Receipt, index []byte) error {
	if !slices.ContainsFunc(sh.hands.all, func(t *hand) bool { return !t.FromNow }) {
		return nil
	}
	if sh.flow != nil {
		defer sh.flow.wait()() // whoever is told may be as far away as the store
	}
	return sh.hands.give(ctx, w, r, index)
}

// receipt says what the work was made of, and what was stored.
func (sh *Shipper) receipt(w *recorded.Session, done shelved) receipt.Receipt {
	r := receipt.Receipt{
		SessionID: w.Contents.SessionID, Inputs: w.Inputs, Siblings: w.Siblings, Spool: recorded.SpoolStats(w.Contents.Stat),
		LookedAt: w.LookedAt, Final: w.Final, Program: sh.opt.Source.Join.ProgramVersion, Settings: sh.opt.Fingerprint(),
		Key: done.key, Version: done.version, RecordCount: len(w.Contents.Records), LastEvent: w.LookedAt,
	}
	if w.Session != nil {
		r.Made, r.LastEvent = assemble.Inputs(w.Session.Completeness), w.Session.EndTime.Time
	}
	if n := len(w.Contents.Records); n > 0 {
		r.LastRecord = w.Contents.Records[n-1].Key.String()
	}
	return r
}
