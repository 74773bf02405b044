package library

import (
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"ams/pkg/lax"
	"ams/pkg/schema"
	"ams/pkg/signal"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// readers is how many records are read at once: a bucket answers after tens of milliseconds, whatever the size.
const readers = 16

// index is what the index records of a store say.
type index struct {
	records    []Stored // the newest start first
	unreadable []Unreadable
	read       int // records that were read from the store, and not from the cache
}

// loadIndex reads the index of a store. cache is the path of the file that keeps what was read; "" keeps nothing. progress,
// if it is not nil, is told of every record that is read. The error is the store's, of the list or of the first record that it would not give.
func loadIndex(ctx context.Context, store upload.Store, cache string, progress func(done, of int)) (*index, error) {
	versions := map[string]string{}
	var keys []string
	err := upload.Versions(ctx, store, upload.IndexPrefix, func(key, version string) error {
		if path.Dir(key)+"/" == upload.IndexPrefix && strings.HasSuffix(key, ".json") {
			keys = append(keys, key)
			versions[key] = version
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	kept := openCache(cache)
	kept.drop(versions)
	var news []string
	for _, key := range keys {
		if kept.entries[key].version != versions[key] {
			news = append(news, key)
		}
	}
	fresh, err := readAll(ctx, store, news, versions, progress)
	if err != nil {
		return nil, err
	}
	for _, key := range news { // what was removed since it was listed must not come out of the cache
		delete(kept.entries, key)
	}
	kept.put(fresh, len(keys))
	c := &index{read: len(news)}
	c.decode(keys, kept.entries)
	return c, nil
}

// tooLarge stands in the cache for a record that no program of ours wrote: it is not read again before it changes.
const tooLarge = "too large"

// readAll reads objects, several at once, without the white space between their values: they are read again with every list. What is gone by now is left out. The version that is kept with a body is
// the one that was listed before it was read: a record that changed in between is read again the next time.
func readAll(ctx context.Context, store upload.Store, keys []string, versions map[string]string, progress func(done, of int)) ([]entry, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := make([]entry, len(keys))
	queue := make(chan int)
	var done atomic.Int64
	var workers sync.WaitGroup
	for range min(readers, len(keys)) {
		workers.Go(func() {
			for i := range queue {
				body, _, err := store.Get(ctx, keys[i])
				if n := done.Add(1); progress != nil {
					progress(int(n), len(keys))
				}
				if errors.Is(err, upload.ErrTooLarge) {
					out[i] = entry{key: keys[i], version: versions[keys[i]], body: []byte(tooLarge)}
					continue
				}
				if err != nil && !errors.Is(err, upload.ErrNotFound) {
					cancel(err)
					continue
				}
				if err == nil {
					out[i] = entry{key: keys[i], version: versions[keys[i]], body: lax.Compact(body)}
				}
			}
		})
	}
	for i := range keys {
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

// decode reads the records on all processors.
func (c *index) decode(keys []string, entries map[string]entry) {
	records, bad := make([]*schema.Summary, len(keys)), make([]error, len(keys))
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(keys); i += workers {
				if e, ok := entries[keys[i]]; ok { // else it was removed meanwhile
					records[i], bad[i] = decodeRecord(keys[i], e.body)
				}
			}
		})
	}
	wg.Wait()
	for i, key := range keys {
		switch {
		case bad[i] != nil:
			c.unreadable = append(c.unreadable, Unreadable{key, bad[i]})
		case records[i] != nil:
			c.records = append(c.records, Stored{Name: nameOf(key), Summary: records[i]})
		}
	}
	slices.SortFunc(c.records, func(a, b Stored) int {
		if n := b.StartTime.Compare(a.StartTime.Time); n != 0 {
			return n
		}
		return strings.Compare(a.Name, b.Name)
	})
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
	if err = isOf(sum, s, err); err == nil && s.ActiveMS == nil { // it is of before these were kept
		signal.Review(s)
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
