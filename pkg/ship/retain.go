package ship

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ams/pkg/assemble"
	"ams/pkg/parallel"
	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/schema"
	"ams/pkg/screen"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// finished is a spool whose session is over and stored as it is.
type finished struct {
	stat spool.Stat
	r    *receipt.Receipt
}

func (f finished) bytes() int64 { return f.stat.DBBytes + f.stat.InboxBytes }

// pruner removes spools of stored sessions.
type pruner struct {
	sh    *Shipper
	keep  Retention
	watch Watch
	rd    *recorded.Reader
}

// prune removes the spools of stored sessions that are older than the retention, and while the spools are too large
// the oldest stored ones. What is not stored, or has news, is never removed. What stays is compacted, once. It
// returns how many sessions were not in the store any more and could not be stored anew.
func (p *pruner) prune(ctx context.Context, stats []spool.Stat, known map[string]*receipt.Receipt) (failed int) {
	var total int64
	var done []finished
	for _, s := range stats {
		total += s.DBBytes + s.InboxBytes
		r := known[s.Name]
		if r != nil && r.Final && r.Key != "" && receipt.Same(recorded.SpoolStats(s), r.Spool) {
			done = append(done, finished{s, r})
		}
	}
	slices.SortFunc(done, func(a, b finished) int { return a.r.LastEvent.Compare(b.r.LastEvent) })
	left := total
	var goes []finished
	for _, f := range done {
		old := p.keep.After > 0 && p.sh.opt.Source.Now().Sub(f.r.LastEvent) >= p.keep.After
		if !old && (p.keep.MaxBytes == 0 || left <= p.keep.MaxBytes) {
			p.sh.compact(f)
			continue
		}
		left -= f.bytes()
		goes = append(goes, f)
	}
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	for l := range parallel.InOrder(ctx, goes, p.look) {
		err := l.err
		if err == nil && !l.there {
			err = p.again(ctx, l.finished) // its spool goes at a later run, when the object has been seen
		}
		switch {
		case err != nil && ctx.Err() != nil: // it was told to stop
		case err != nil:
			failed++
			p.sh.opt.Note("session %s: its spool stays: %v", screen.Line(l.stat.Name), err)
			if isDead(err) {
				giveUp() // all others would wait for the same
			}
		case l.there && p.remove(l.finished):
			total -= l.bytes()
		}
	}
	if p.keep.MaxBytes > 0 && total > p.keep.MaxBytes {
		p.sh.opt.Note("the spools hold %d bytes, more than --spool-max; what is left of them is not stored yet", total)
	}
	return failed
}

// looked is a finished spool and whether its session is in the store.
type looked struct {
	finished
	there bool
	err   error
}

func (p *pruner) look(ctx context.Context, f finished) looked {
	there, err := p.sh.Has(ctx, f.stat.Name, f.r)
	return looked{f, there, err}
}

// again stores a session that its receipt says is stored and that the store has not, or not whole:
// an object may be lost, or removed by somebody else.
func (p *pruner) again(ctx context.Context, f finished) error {
	p.sh.opt.Note("session %s is no longer in the store as it was stored; it is stored anew", screen.Line(f.stat.Name))
	r := p.sh.storeOne(ctx, p.rd, f.stat.Name, f.r)
	if r.Err == nil {
		p.watch.each(r)
	}
	return r.Err
}

// remove removes a spool that has no news, and reports whether it is gone.
func (p *pruner) remove(f finished) bool {
	last, err := spool.ParseKey(f.r.LastRecord)
	if err == nil {
		err = spool.Remove(p.sh.opt.Source.SpoolDir, f.stat.Name, last, f.r.RecordCount)
	}
	switch {
	case err == nil:
		return true
	case errors.Is(err, spool.ErrChanged), errors.Is(err, spool.ErrBusy), errors.Is(err, spool.ErrNotFound): // news: the next run's
	default:
		p.sh.opt.Note("remove spool %s: %v", f.stat.Name, err)
	}
	return false
}

// Has reports whether the store has the session of a receipt, body and index record. Where the body
// is not the one that this machine stored, it is read: another machine may have united it with what
// it saw.
func (sh *Shipper) Has(ctx context.Context, name string, r *receipt.Receipt) (bool, error) {
	b, _, err := sh.opt.Store.Get(ctx, upload.IndexKey(name))
	if errors.Is(err, upload.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look whether it is stored: %w", err)
	}
	sum, err := readSummary(b)
	if err != nil || sum == nil {
		return false, err
	}
	key := upload.SessionKey(name, sum.StartTime.Time)
	there, err := upload.Look(ctx, sh.opt.Store, key)
	if err == nil && r.BodyTag != "" && there.ETag == r.BodyTag && (r.Size == 0 || there.Size == r.Size) {
		return true, nil
	}
	var body []byte
	if err == nil {
		body, _, err = sh.opt.Store.Get(ctx, key)
	}
	if errors.Is(err, upload.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look whether it is stored: %w", err)
	}
	s, err := schema.Decode(body)
	if errors.Is(err, schema.ErrNewer) {
		return true, nil // a newer program on another machine united it
	}
	return err == nil && s.SessionID == r.SessionID && s.Completeness != nil && revOf(s.Stored) >= r.Rev &&
		assemble.Covers(assemble.Inputs(s.Completeness), r.Made), nil
}

// compactFrom is the size from which a compaction pays: a database begins with 32 kB and grows in steps.
const compactFrom = 64 << 10

// compact gives the free pages of a finished spool back, once, and notes that this was no news.
func (sh *Shipper) compact(f finished) {
	if f.r.Compacted || f.stat.DBBytes < compactFrom || len(f.stat.Damaged) > 0 {
		return
	}
	err := spool.Compact(sh.opt.Source.SpoolDir, f.stat.Name)
	if err == nil {
		var now spool.Stat
		if now, err = spool.StatOf(sh.opt.Source.SpoolDir, f.stat.Name); err == nil && now.InboxCount == 0 {
			r := *f.r
			r.Compacted, r.Spool, r.LookedAt = true, recorded.SpoolStats(now), sh.opt.Source.Now() // so young a file is looked at once more
			err = sh.opt.Book.Put(f.stat.Name, r)
		}
	}
	if err != nil && !errors.Is(err, spool.ErrBusy) && !errors.Is(err, spool.ErrNotFound) {
		sh.opt.Note("compact spool %s: %v", f.stat.Name, err)
	}
}
