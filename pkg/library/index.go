package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"ams/pkg/lax"
	"ams/pkg/packed"
	"ams/pkg/parallel"
	"ams/pkg/schema"
	"ams/pkg/signal"
	"ams/pkg/spool"
	"ams/pkg/table"
	"ams/pkg/upload"
)

// readers is how many records are read at once: a bucket answers after tens of milliseconds, whatever the size.
const readers = 16

// told is what an index record tells, or why a list cannot show it.
type told struct {
	sum   *schema.Summary
	doubt error // of what sum tells, that cannot be true
	bad   error
}

// ok reports whether there is anything: what the cache does not hold as it is in the store is read there.
func (t told) ok() bool { return t.sum != nil || t.bad != nil }

// index is a store's index on the way through it.
type index struct {
	store     upload.Store
	cachePath string // the file that keeps what was read; "" keeps nothing
	progress  func(done, of int)
	lent      bool                          // what visit is told is its own only until it returns
	codec     *packed.Codec[schema.Summary] // what of a record visit is told

	visit   func(key string, t told) // each index record, one after the other
	objects []object                 // what the store has
	at      map[string]int           // where in objects a key stands
	read    int                      // records that were read from the store, and not from the cache or the tables

	badParts []table.BadPart // of the tables

	mu    sync.Mutex // of visit while records are read, and of what follows
	fresh []byte     // entries of what was read that the cache has not got yet
}

// object is an index record that a store has.
type object struct{ key, version string }

// each visits every index record, in no order. The cache is read while the store is listed. The error is the store's, of the
// list or of the first record that it would not give.
func (x *index) each(ctx context.Context) error {
	var rows *tableRows
	if x.isCold() {
		rows = x.startTables(ctx, earlyRows)
		defer rows.end()
	}
	listed := make(chan error, 1)
	go func() { listed <- x.list(ctx) }()
	kept := cache{path: x.cachePath}
	state, err := x.readKept(ctx, kept, sync.OnceValue(func() error { return <-listed }))
	if err != nil {
		return err
	}
	var todo []object
	for i, o := range x.objects {
		if !state.seen[i] {
			todo = append(todo, o)
		}
	}
	kept.mend(x, state, len(todo))
	err = x.readAll(ctx, x.readTables(ctx, rows, todo))
	kept.append(x.fresh)
	return err
}

// scanned is what the cache was found to be.
type scanned struct {
	seen  []bool // of each object of the store, whether its record was told
	count int    // entries in the file, old versions among them
	torn  bool   // not all of it could be read
	gone  bool   // it has entries of what the store has no longer
}

// freshBytes is how much of what was read waits to be kept.
const freshBytes = 4 << 20

// take visits a record as the store gave it, and keeps it in the cache.
func (x *index) take(o object, body []byte, t told) {
	var e entry
	if x.cachePath != "" {
		e = newEntry(o, body, t)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.visit(o.key, t)
	if e.key == "" || e.size() > maxEntry {
		return
	}
	if x.fresh = appendEntry(x.fresh, e); len(x.fresh) > freshBytes {
		cache{x.cachePath}.append(x.fresh)
		x.fresh = x.fresh[:0]
	}
}

// readKept visits what the cache holds as it is in the store. wait returns when the store is listed.
func (x *index) readKept(ctx context.Context, kept cache, wait func() error) (scanned, error) {
	state := scanned{}
	for c := range parallel.InOrderOf(ctx, kept.chunks(x.room), func(_ context.Context, c *chunk) *chunk { return c.decode(x.codec) }) {
		if err := wait(); err != nil {
			return state, err
		}
		if state.seen == nil {
			state.seen = make([]bool, len(x.objects))
		}
		for _, r := range c.records {
			state.count++
			i, ok := x.at[r.key]
			switch {
			case !ok:
				state.gone = true
			case !state.seen[i] && r.ok() && r.version == x.objects[i].version:
				state.seen[i] = true
				x.visit(x.objects[i].key, r.told)
			}
		}
		if state.torn = c.torn; state.torn {
			break
		}
		x.giveBack(c)
	}
	err := wait()
	if err == nil && ctx.Err() != nil {
		err = fmt.Errorf("read the index: %w", context.Cause(ctx))
	}
	if state.seen == nil {
		state.seen = make([]bool, len(x.objects))
	}
	return state, err
}

// list finds what the store has.
func (x *index) list(ctx context.Context) error {
	objects, err := listIndex(ctx, x.store)
	if err != nil {
		return fmt.Errorf("list sessions: %w", err)
	}
	x.objects = slices.DeleteFunc(objects, func(o object) bool {
		name, ok := strings.CutPrefix(o.key, upload.IndexPrefix)
		return !ok || strings.Contains(name, "/") || !strings.HasSuffix(name, ".json")
	})
	x.at = make(map[string]int, len(x.objects))
	for i, o := range x.objects {
		x.at[o.key] = i
	}
	return nil
}

// lending are chunks whose records are used again: going through an index takes a tenth of the memory of a list.
var lending = sync.Pool{New: func() any { return new(chunk) }}

func (x *index) room() *chunk {
	if !x.lent {
		return new(chunk)
	}
	c := lending.Get().(*chunk)
	c.records, c.torn = c.records[:0], false
	return c
}

func (x *index) giveBack(c *chunk) {
	if x.lent {
		lending.Put(c)
	}
}

// nameBegins are the characters that a session's name begins with. What begins with another is no session's.
const nameBegins = "0123456789abcdefghijklmnopqrstuvwxyz-"

// onePage is how many keys a bucket lists with one request.
const onePage = 1000

var errMany = errors.New("there is more than a page")

// listIndex lists the index of a store: where that takes many requests, one after the other, by the first characters of the
// sessions' names at once.
func listIndex(ctx context.Context, store upload.Store) (objects []object, err error) {
	_, near := store.(upload.Near)
	err = upload.Versions(ctx, store, upload.IndexPrefix, func(key, version string) error {
		if objects = append(objects, object{key, version}); len(objects) > onePage && !near {
			return errMany
		}
		return nil
	})
	if !errors.Is(err, errMany) {
		return objects, err
	}
	objects = nil
	type list struct {
		objects []object
		err     error
	}
	lists := parallel.Each(ctx, readers, strings.Split(nameBegins, ""), func() func(string) list {
		return func(begin string) (l list) {
			l.err = upload.Versions(ctx, store, upload.IndexPrefix+begin, func(key, version string) error {
				l.objects = append(l.objects, object{key, version})
				return nil
			})
			return l
		}
	})
	err = nil
	for l := range lists {
		objects, err = append(objects, l.objects...), cmp.Or(err, l.err)
	}
	return objects, cmp.Or(err, ctx.Err())
}

// tooLarge stands in the cache for a record that no program of ours wrote: it is not read again before it changes.
const tooLarge = "too large"

// readAll reads objects, several at once, and visits them. What is gone by now is left out. The version that is kept with a
// body is the one that was listed before it was read: a record that changed in between is read again the next time.
func (x *index) readAll(ctx context.Context, objects []object) error {
	x.read += len(objects)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan int)
	var done atomic.Int64
	var workers sync.WaitGroup
	for range min(readers, len(objects)) {
		workers.Go(func() {
			for i := range queue {
				body, _, err := x.store.Get(ctx, objects[i].key)
				if n := done.Add(1); x.progress != nil {
					x.progress(int(n), len(objects))
				}
				if errors.Is(err, upload.ErrTooLarge) {
					body, err = []byte(tooLarge), nil
				}
				if err != nil && !errors.Is(err, upload.ErrNotFound) {
					cancel(err)
					continue
				}
				if err == nil {
					x.take(objects[i], body, readRecord(objects[i].key, body))
				}
			}
		})
	}
	for i := range objects {
		if ctx.Err() != nil {
			break
		}
		queue <- i
	}
	close(queue)
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("read the index: %w", err)
	}
	return nil
}

// nameOf is the name of the session whose object is under a key.
func nameOf(key string) string { return strings.TrimSuffix(path.Base(key), ".json") }

// decodeRecord reads the index record under a key, one that a list can show: with a start, and of the session that
// its key names.
func decodeRecord(key string, body []byte) (*schema.Summary, error) {
	if len(body) == 0 {
		return nil, errors.New("it is empty")
	}
	if string(body) == tooLarge {
		return nil, upload.ErrTooLarge
	}
	sum, err := schema.DecodeSummary(body)
	if err != nil {
		return nil, err
	}
	if sum.StartTime.IsZero() {
		return nil, noStart(body)
	}
	if !names(key, sum.SessionID) {
		return nil, fmt.Errorf("%w: %.80q", ErrOther, sum.SessionID)
	}
	return sum, nil
}

// noStart says why a record has no start: it may have a time that no client lived in.
func noStart(body []byte) error {
	var raw struct {
		Start lax.Raw `json:"start_time"`
	}
	if lax.Unmarshal(body, &raw) != nil || lax.IsNull(raw.Start) {
		return ErrNoStart
	}
	return fmt.Errorf("%w: %.60s is no time in the years 1 to 9999", ErrNoStart, raw.Start)
}

// names reports whether a key is that of a session. An id that was too long to be stored whole cannot tell.
func names(key, id string) bool {
	return key == upload.IndexKey(spool.FileName(id)) || strings.HasSuffix(id, lax.CutMark)
}

// decodeSession reads the Session of an index record.
func decodeSession(sum *schema.Summary, body []byte) (*schema.Session, error) {
	s, err := schema.Decode(body)
	if err = isOf(sum, s, err); err == nil && signal.Old(s) {
		signal.ReviewOld(s)
	}
	return s, err
}

// isOf checks that what was decoded is the Session of an index record.
func isOf(sum *schema.Summary, s *schema.Session, err error) error {
	if err == nil && s.SessionID != sum.SessionID {
		return fmt.Errorf("%w: %.80q, and its index record names %.80q", ErrOther, s.SessionID, sum.SessionID)
	}
	return err
}
