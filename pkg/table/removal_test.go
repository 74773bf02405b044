package table

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"ams/pkg/schema"
	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

// told is a session with a text that is to be gone.
func told(id string) *schema.Session {
	s := sample(id)
	s.Events[0].Prompt, s.Title = secret, secret
	return s
}

// remove removes a session as ship does.
func (w *world) remove(k *Keeper, s *schema.Session, rev int64) error {
	return k.Remove(w.t.Context(), Removal{SessionID: s.SessionID, Name: s.SessionID, Days: []string{Day(s.StartTime.Time)}, Rev: rev}, func(ctx context.Context) error {
		return errors.Join(w.store.Delete(ctx, upload.IndexKey(s.SessionID)), w.store.Delete(ctx, upload.SessionKey(s.SessionID, s.StartTime.Time)))
	})
}

func TestARemovalLeavesNothing(t *testing.T) {
	w := newWorld(t)
	gone, stays := told("gone"), many(0, 3)
	w.write(1, append(stays, gone)...)
	w.write(2, gone)
	w.write(1, many(3, 4)...)
	if _, err := w.keep.Compact(t.Context(), "2026-11-22"); err != nil { // replaced parts hold it, too
		t.Fatal(err)
	}
	if err := w.remove(w.keep, gone, 2); err != nil {
		t.Fatal(err)
	}
	want := revs(1, ids(many(0, 4))...)
	w.wants(want)
	w.lacks(secret)
	w.verified(4)
	for range 3 {
		w.clock.sleep(25 * time.Hour)
		if _, err := w.keep.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.wants(want)
	}
	if got := w.keys(removingPrefix); len(got) != 0 {
		t.Errorf("left over: %q", got)
	}
	w.write(w.clock.now().UnixMilli(), sample("gone")) // it comes back
	if r := w.view()["gone"]; r.SessionID == "" {
		t.Error("it came back, and has no row")
	}
	w.verified(5)
}

// TestASessionThatComesBackByASlowClockIsThereAgain has it stored by a machine whose clock was a year ahead before.
func TestASessionThatComesBackByASlowClockIsThereAgain(t *testing.T) {
	w := newWorld(t)
	ahead := w.clock.now().AddDate(1, 0, 0).UnixMilli()
	w.write(ahead, told("a"))
	if err := w.remove(w.keep, told("a"), ahead); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		w.write(w.clock.now().UnixMilli()+int64(i), sample("a"))
		w.clock.sleep(time.Minute)
		if w.view()["a"].SessionID == "" {
			t.Fatal("it has no row")
		}
		w.verified(1)
		w.clock.sleep(40 * 24 * time.Hour)
		if _, err := w.keep.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEachFaultOfARemovalIsMended stops a removal at each of its calls. Whoever removes again, or tends, does the rest.
func TestEachFaultOfARemovalIsMended(t *testing.T) {
	clock := newClock()
	open := func(*testing.T) upload.Store { return newMemory(clock) }
	storetest.EachFault(t, open, func(t *testing.T, s, plain upload.Store) {
		w := &world{t: t, clock: clock, store: plain}
		w.keep = w.on(plain)
		gone := told("gone")
		w.write(1, append(many(0, 2), gone)...)
		w.write(2, gone)
		err := w.remove(w.on(s), gone, 2)
		w.clock.sleep(2 * time.Hour)
		if err != nil && len(w.keys(upload.IndexKey("gone"))) > 0 {
			if err = w.remove(w.keep, gone, 2); err != nil {
				t.Fatal(err)
			}
		} else if _, err := w.keep.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.wants(revs(1, ids(many(0, 2))...))
		w.lacks(secret)
		w.clock.sleep(25 * time.Hour) // an events part that nobody named goes with a compaction
		if _, err := w.keep.Compact(t.Context(), "2026-11-22"); err != nil {
			t.Fatal(err)
		}
		w.clock.sleep(25 * time.Hour)
		if _, err := w.keep.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.verified(2)
	})
}

// between is a store that lets something happen before the nth call of one kind.
type between struct {
	upload.Store
	when func(op, key string) bool
	do   func()
	once sync.Once
}

func (b *between) Put(ctx context.Context, key string, body []byte, opt upload.PutOptions) (string, error) {
	if b.when("put", key) {
		b.once.Do(b.do)
	}
	return b.Store.Put(ctx, key, body, opt)
}

// TestARemovalBesideAWriter removes a session at each put of a writer, and of a compactor whose claim lapsed, that have
// read it before.
func TestARemovalBesideAWriter(t *testing.T) {
	for _, at := range []string{EventsPrefix, SessionsPrefix, replacedPrefix} {
		for _, compacts := range []bool{false, true} {
			if at == replacedPrefix && !compacts {
				continue
			}
			t.Run(fmt.Sprint(at, compacts), func(t *testing.T) {
				w := newWorld(t)
				gone, others := told("gone"), many(0, 2)
				w.write(1, others...)
				if compacts {
					w.write(1, gone)
				}
				slow := &between{Store: w.store, when: func(_, key string) bool { return strings.HasPrefix(key, at) }, do: func() {
					w.clock.sleep(2 * time.Hour)
					if err := w.remove(w.keep, gone, 2); err != nil {
						t.Error(err)
					}
				}}
				if compacts {
					if _, err := w.on(slow).Compact(t.Context(), "2026-11-22"); err != nil && !errors.Is(err, errRemovedMeanwhile) {
						t.Fatal(err)
					}
				} else if _, err := w.add(w.on(slow), 2, gone, sample("s001")).Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
				want := revs(1, ids(others)...)
				if !compacts {
					want["s001"] = 2
				}
				w.wants(want)
				w.lacks(secret)
				w.verified(2)
			})
		}
	}
}

func TestARemovalWaitsForACompaction(t *testing.T) {
	w := newWorld(t)
	w.write(1, told("gone"))
	w.write(1, many(0, 1)...)
	removed := make(chan error, 1)
	slow := &between{Store: w.store, when: func(_, key string) bool { return strings.HasPrefix(key, SessionsPrefix) }, do: func() {
		go func() { removed <- w.remove(w.keep, told("gone"), 1) }()
	}}
	if _, err := w.on(slow).Compact(t.Context(), "2026-11-22"); err != nil {
		t.Fatal(err)
	}
	if err := <-removed; err != nil {
		t.Fatal(err)
	}
	w.wants(revs(1, "s000"))
	w.lacks(secret)
}
