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
	sum *schema.Summary
	bad error
}

// ok reports whether there is anything: what the cache does not hold as it is in the store is read there.
func (t told) ok() bool { return t.sum != nil || t.bad != nil }

// index is a store's index on the way through it.
type index struct {
	store     upload.Store
	cachePath string // the file that keeps what was read; "" keeps nothing
	progress  func(done, of int)
	lent      bool // what visit is told is its own only until it returns

	objects []object // what the store has, by key
	kept    *cache
	read    int // records that were read from the store, and not from the cache or the tables

	badParts []table.BadPart // of the tables
}

// object is an index record that a store has.
type object struct{ key, version string }

// each tells visit of every index record, one after the other by their keys; those of which the cache held something that
// cannot be believed come last. A few chunks are decoded at a time. The error is the store's, of the list or of the first
// record that it would not give.
func (x *index) each(ctx context.Context, visit func(key string, t told)) error {
	if err := x.open(ctx); err != nil {
		return err
	}
	news, err := x.readNews(ctx)
	if err != nil {
		return err
	}
	var broken []object
	done := 0
	for chunk := range parallel.InOrder(ctx, slices.Collect(slices.Chunk(x.objects, chunkSize)), x.tell) {
		for i, t := range chunk {
			if o := x.objects[done+i]; t.ok() {
				visit(o.key, t)
			} else if !news[o.key] { // else it was removed meanwhile
				broken = append(broken, o)
			}
		}
		done += len(chunk)
		x.giveBack(chunk)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("read the index: %w", context.Cause(ctx))
	}
	fresh, err := x.readAll(ctx, broken)
	if err != nil {
		return err
	}
	for _, e := range fresh {
		visit(e.key, e.tell(nil))
	}
	if len(fresh) > 0 {
		x.kept.put(fresh, len(x.objects))
	}
	return nil
}

// open lists the store and reads the cache, at once.
func (x *index) open(ctx context.Context) error {
	kept := make(chan *cache, 1)
	go func() { kept <- openCache(x.cachePath) }()
	objects, err := listIndex(ctx, x.store)
	x.objects = slices.DeleteFunc(objects, func(o object) bool {
		return path.Dir(o.key)+"/" != upload.IndexPrefix || !strings.HasSuffix(o.key, ".json")
	})
	x.kept = <-kept
	if err != nil {
		return fmt.Errorf("list sessions: %w", err)
	}
	slices.SortFunc(x.objects, func(a, b object) int { return strings.Compare(a.key, b.key) })
	return nil
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

// readNews brings the cache up to date, and returns the keys that it lacked.
func (x *index) readNews(ctx context.Context) (map[string]bool, error) {
	x.kept.drop(x.objects)
	var todo []object
	news := map[string]bool{}
	for _, o := range x.objects {
		if x.kept.entries[o.key].version != o.version {
			todo = append(todo, o)
			news[o.key] = true
		}
	}
	fresh, todo := x.readTables(ctx, todo)
	read, err := x.readAll(ctx, todo)
	if err != nil {
		return nil, err
	}
	fresh = append(fresh, read...)
	for key := range news { // what was removed since it was listed must not come out of the cache
		delete(x.kept.entries, key)
	}
	x.kept.put(fresh, len(x.objects))
	return news, nil
}

// chunkSize is how many records are decoded by one processor before the next chunk.
const chunkSize = 256

func (x *index) tell(_ context.Context, objects []object) []told {
	out := x.borrow()[:len(objects)]
	for i, o := range objects {
		if e, ok := x.kept.entries[o.key]; ok {
			out[i] = e.tell(out[i].sum)
		} else {
			out[i] = told{}
		}
	}
	return out
}

// lending are chunks whose records are used again, so that going through an index takes a tenth of the memory of a list.
var lending = sync.Pool{New: func() any { return new([chunkSize]told) }}

func (x *index) borrow() []told {
	if x.lent {
		return lending.Get().(*[chunkSize]told)[:]
	}
	return make([]told, chunkSize)
}

func (x *index) giveBack(chunk []told) {
	if x.lent {
		lending.Put((*[chunkSize]told)(chunk[:chunkSize]))
	}
}

// tooLarge stands in the cache for a record that no program of ours wrote: it is not read again before it changes.
const tooLarge = "too large"

// readAll reads objects, several at once. What is gone by now is left out. The version that is kept with a body is the one
// that was listed before it was read: a record that changed in between is read again the next time.
func (x *index) readAll(ctx context.Context, objects []object) ([]entry, error) {
	x.read += len(objects)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := make([]entry, len(objects))
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
					out[i] = newEntry(objects[i].key, objects[i].version, body)
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
		return nil, fmt.Errorf("read the index: %w", err)
	}
	return slices.DeleteFunc(out, func(e entry) bool { return e.key == "" }), nil
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
