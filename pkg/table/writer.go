package table

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/parquet-go/parquet-go/compress/zstd"

	"ams/pkg/parallel"
	"ams/pkg/schema"
	"ams/pkg/upload"
)

// A part closes at partSessions sessions or when its rows have partBytes, packed: what engines like to read, and what one
// writer holds in memory at once.
const (
	partSessions = 1000
	partBytes    = 64 << 20
)

// pending is a session whose rows wait for their part.
type pending struct {
	id, name string
	part     string // that it was in, "" for none
	want     int64  // events that it has there
	rev      int64
	etag     string
	deleted  bool
	row      []frame
	events   []frame
	count    int64 // of events
}

func (p *pending) bytes() (n int64) {
	for _, f := range slices.Concat(p.row, p.events) {
		n += int64(f.len)
	}
	return n
}

// supersedes reports whether a row counts where another one of the same session is.
func (p *pending) supersedes(other *pending) bool {
	return cmp.Or(cmp.Compare(p.rev, other.rev), cmp.Compare(p.part, other.part)) > 0
}

// Writer takes sessions that are over, and writes one part for each day that they started on: nothing before Commit. Add is
// safe for concurrent use.
type Writer struct {
	k     *Keeper
	spill *spill
	pack  zstd.Codec // of all its parts: what one needs to begin with is as much as a small part has

	mu      sync.Mutex
	days    map[string]map[string]*pending // by session
	written map[string][]string            // parts, by day
}

// Writer returns a new one. Close it.
func (k *Keeper) Writer() (*Writer, error) {
	s, err := newSpill()
	if err != nil {
		return nil, fmt.Errorf("keep rows of tables: %w", err)
	}
	return &Writer{k: k, spill: s, pack: zstd.Codec{Level: quick}, days: map[string]map[string]*pending{}, written: map[string][]string{}}, nil
}

// Close lets go of what was not committed.
func (w *Writer) Close() { w.spill.close() }

// Add takes a Session as it is stored under a name, with the index record that the store has, and its ETag.
func (w *Writer) Add(s *schema.Session, name, etag string, record []byte) error {
	row, err := SessionOf(name, etag, record, len(s.Events))
	if err != nil {
		return err
	}
	if row.SessionID != valid(s.SessionID) || row.Rev != revOf(s.Stored) {
		return nil // of a version that somebody stored since: who did has its rows
	}
	p := &pending{id: row.SessionID, name: name, rev: row.Rev, etag: etag}
	if err := w.keep(p, &row, each(EventsOf(s))); err != nil {
		return fmt.Errorf("keep the rows of session %s: %w", name, err)
	}
	w.note(Day(s.StartTime.Time), p)
	return nil
}

// keep puts the rows of a session aside.
func (w *Writer) keep(p *pending, row *Session, events iter.Seq2[*Event, error]) (err error) {
	if p.row, _, err = add(w.spill, one(row)); err != nil {
		return err
	}
	var n int
	p.events, n, err = add(w.spill, events)
	p.count = int64(n)
	return err
}

// note remembers a session, in the place of an older version of it.
func (w *Writer) note(day string, p *pending) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.days[day] == nil {
		w.days[day] = map[string]*pending{}
	}
	if there := w.days[day][p.id]; there == nil || p.supersedes(there) {
		w.days[day][p.id] = p
	}
}

// Commit writes what was added, day by day, and returns the ETags of the index records of which the tables have a row now,
// by the names of their sessions. Of an error some parts may be there; the sessions that it does not return are to be
// added again.
//
//  1. Rows of sessions that were removed meanwhile are left out.
//  2. The events part is put, then the sessions part, which commits. A crash in between leaves an events part that
//     nobody reads, until the day is compacted.
//  3. Who removes a session says so before it looks for parts that hold it. So it is looked once more for such words: either
//     they are seen here, and the part is written anew without the session, or the part was there to be seen.
func (w *Writer) Commit(ctx context.Context) (map[string]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	done := map[string]string{}
	if len(w.days) == 0 {
		return done, nil
	}
	if !w.k.ready.Load() {
		if err := w.k.Ready(ctx); err != nil {
			return done, err
		}
	}
	if err := w.k.conditions(); err != nil { // what was stored since may have shown it
		return done, err
	}
	gone, err := w.k.removals(ctx, w.names())
	if err != nil {
		return done, err
	}
	return done, w.commitDays(ctx, gone, done)
}

const (
	// maxFailed is after how many failed days the others are left: the store is down.
	maxFailed = 3
	// daysAtOnce is how many days are written at once: a bucket answers after a while, and each takes three requests.
	daysAtOnce = 16
	// rowsAtOnce bounds the memory that takes: while parts of more rows are being written, no other is begun.
	rowsAtOnce = 2000
)

// commitDays writes the parts of all days, and notes what they hold in done.
func (w *Writer) commitDays(ctx context.Context, gone map[string]removal, done map[string]string) error {
	handOut, giveUp := context.WithCancel(ctx)
	defer giveUp()
	var todo []*oneDay
	for _, day := range slices.Sorted(maps.Keys(w.days)) {
		todo = append(todo, &oneDay{name: day, todo: w.days[day]})
	}
	rows := newRoom(rowsAtOnce)
	var failed []error
	for d := range parallel.Each(handOut, daysAtOnce, todo, func() func(*oneDay) *oneDay {
		return func(d *oneDay) *oneDay {
			d.err = w.commitDay(ctx, d, gone, rows)
			return d
		}
	}) {
		w.written[d.name] = append(w.written[d.name], d.parts...)
		for _, p := range d.done {
			done[p.name] = p.etag
		}
		if d.err == nil {
			delete(w.days, d.name)
			continue
		}
		if failed = append(failed, fmt.Errorf("write the tables of %s: %w", d.name, d.err)); len(failed) == maxFailed {
			giveUp()
		}
	}
	if len(failed) == 0 && len(w.days) > 0 { // the end of ctx left them
		return context.Cause(ctx)
	}
	return errors.Join(failed...)
}

// oneDay is a day that is written, and what came of it.
type oneDay struct {
	name  string
	todo  map[string]*pending
	parts []string // that were begun
	done  []*pending
	err   error
}

// commitDay writes the parts of a day.
func (w *Writer) commitDay(ctx context.Context, d *oneDay, gone map[string]removal, rows *room) error {
	todo, err := w.k.stillThere(ctx, d.name, d.todo, gone)
	if err != nil {
		return err
	}
	for _, batch := range batches(todo) {
		part := w.k.newPart("", len(batch))
		d.parts = append(d.parts, part)
		n := rows.take(countRows(batch))
		err := w.putPart(ctx, d.name, part, batch)
		rows.giveBack(n)
		if err != nil {
			return err
		}
		d.done = append(d.done, batch...)
	}
	return nil
}

// putPart writes a part of both tables, and looks whether one of its sessions was removed meanwhile.
func (w *Writer) putPart(ctx context.Context, day, part string, batch []*pending) error {
	if err := w.putEvents(ctx, day, part, batch); err != nil {
		return err
	}
	if err := w.putSessions(ctx, day, part, batch); err != nil {
		return err
	}
	return w.recheck(ctx, day, part, batch)
}

// recheck writes a part anew that was just written, where a removal began before it could be seen: without the removed
// sessions, and whole, where who removed took the events part for one that a crash left.
func (w *Writer) recheck(ctx context.Context, day, part string, batch []*pending) error {
	gone, err := w.k.removals(ctx, nil)
	if err != nil || len(gone) == 0 {
		return err
	}
	var left []*pending
	for _, p := range batch {
		isGone, err := w.k.isGone(ctx, day, p, gone)
		if err != nil {
			return err
		}
		if !isGone {
			left = append(left, p)
		}
	}
	_, err = upload.Look(ctx, w.k.opt.Store, partKey(events, day, part))
	whole := err == nil || !hasEvents(batch)
	switch {
	case err != nil && !errors.Is(err, upload.ErrNotFound):
		return err
	case len(left) == len(batch) && whole:
		return nil
	}
	if len(left) > 0 {
		if err := w.putPart(ctx, day, w.k.newPart(part, len(left)), left); err != nil {
			return err
		}
	}
	return w.k.deletePart(ctx, day, part)
}

// bytes is how much of rows waits, packed.
func (w *Writer) bytes() (n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, day := range w.days {
		for _, p := range day {
			n += p.bytes()
		}
	}
	return n
}

// names are those of the sessions that wait.
func (w *Writer) names() map[string]bool {
	names := map[string]bool{}
	for _, day := range w.days {
		for _, p := range day {
			names[p.name] = true
		}
	}
	return names
}

// batches cuts sessions into parts, sorted by session.
func batches(todo []*pending) (out [][]*pending) {
	slices.SortFunc(todo, func(a, b *pending) int { return cmp.Compare(a.id, b.id) })
	size := int64(0)
	for _, p := range todo {
		n := len(out) - 1
		if n < 0 || len(out[n]) == partSessions || size+p.bytes() > partBytes {
			out, size, n = append(out, nil), 0, n+1
		}
		out[n] = append(out[n], p)
		size += p.bytes()
	}
	return out
}

// putEvents writes an events part. It is made in a file, as its size is not known before. Sessions without events need none.
func (w *Writer) putEvents(ctx context.Context, day, part string, batch []*pending) error {
	total := countRows(batch)
	if total == 0 {
		return nil
	}
	f, err := os.CreateTemp("", "ams-tables-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	_ = os.Remove(f.Name()) // a crash leaves none, where a file that is open can go
	out := newFileWriter[Event](f, part, total, &w.pack)
	for _, p := range batch {
		for e, err := range kept[Event](w.spill, p.events) {
			if err != nil {
				return err
			}
			e.SessionID, e.Part = p.id, part
			if err := out.write(*e); err != nil {
				return err
			}
		}
	}
	if err := out.close(); err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	body := make([]byte, size)
	if _, err := f.ReadAt(body, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	_, err = w.k.opt.Store.Put(ctx, partKey(events, day, part), body, upload.PutOptions{})
	return err
}

// putSessions writes a sessions part.
func (w *Writer) putSessions(ctx context.Context, day, part string, batch []*pending) error {
	var body bytes.Buffer
	out := newFileWriter[Session](&body, part, int64(len(batch)), &w.pack)
	for _, p := range batch {
		for row, err := range kept[Session](w.spill, p.row) {
			if err != nil {
				return err
			}
			row.Part, row.Rev = part, p.rev
			if err := out.write(*row); err != nil {
				return err
			}
		}
	}
	if err := out.close(); err != nil {
		return err
	}
	_, err := w.k.opt.Store.Put(ctx, partKey(sessions, day, part), body.Bytes(), upload.PutOptions{})
	return err
}

// countRows is how many rows of events a batch has.
func countRows(batch []*pending) (n int64) {
	for _, p := range batch {
		n += p.count
	}
	return n
}

func hasEvents(batch []*pending) bool {
	return slices.ContainsFunc(batch, func(p *pending) bool { return p.count > 0 })
}

func one[R any](r *R) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) { yield(r, nil) }
}

func each(rows iter.Seq[Event]) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		for r := range rows {
			r.SessionID, r.Part = "", "" // the part says them
			if !yield(&r, nil) {
				return
			}
		}
	}
}
