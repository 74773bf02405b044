package table

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

func TestCompaction(t *testing.T) {
	w := newWorld(t)
	var all []string
	for i := range 5 {
		s := many(i*3, i*3+3)
		w.write(1, s...)
		all = append(all, ids(s)...)
	}
	grown := sample("s004")
	grown.Events = grown.Events[:2]
	w.write(2, grown)
	want := revs(1, all...)
	want["s004"] = 2
	w.wants(want)
	done, err := w.keep.Compact(t.Context(), "2026-11-22")
	if err != nil || done.Before != 6 || done.Sessions != 15 || len(done.Bad) != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	w.wants(want)
	w.verified(15)
	for range 2 { // a day later the old ones go, and there is nothing more to do
		w.clock.sleep(25 * time.Hour)
		if _, err := w.keep.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.wants(want)
	w.verified(15)
	if got := w.keys(prefix + "events/"); len(got) != 1 {
		t.Errorf("events parts: %q", got)
	}
	if left := w.keys(replacedPrefix); len(left) != 0 {
		t.Errorf("left over: %q", left)
	}
	if left := w.keys(claimsPrefix); len(left) != 0 {
		t.Errorf("left over: %q", left)
	}
}

// TestEachFaultOfACompactionLosesNothing stops a compaction, and what deletes afterwards, at each of its calls.
func TestEachFaultOfACompactionLosesNothing(t *testing.T) {
	clock := newClock()
	open := func(*testing.T) upload.Store { return newMemory(clock) }
	storetest.EachFault(t, open, func(t *testing.T, s, plain upload.Store) {
		w := &world{t: t, clock: clock, store: plain}
		w.keep = w.on(plain)
		first, second := many(0, 3), many(3, 5)
		w.write(1, first...)
		w.write(1, second...)
		w.write(2, first[0])
		want := revs(1, ids(append(first, second...))...)
		want["s000"] = 2
		k := w.on(s)
		_, _ = k.Compact(t.Context(), "2026-11-22")
		w.wants(want)
		w.clock.sleep(25 * time.Hour)
		_, _ = k.Tend(t.Context())
		w.wants(want)
		for range 3 { // another machine goes on
			w.clock.sleep(25 * time.Hour)
			if _, err := w.keep.Tend(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		w.wants(want)
		w.verified(5)
		if left := w.keys(replacedPrefix); len(left) != 0 {
			t.Errorf("left over: %q", left)
		}
		if got := w.keys(EventsPrefix); len(got) != 1 {
			t.Errorf("events parts: %q", got)
		}
	})
}

func TestClaims(t *testing.T) {
	w := newWorld(t)
	release, err := w.keep.claim(t.Context(), "2026-11-22")
	if err != nil {
		t.Fatal(err)
	}
	var claimed *ClaimedError
	if _, err := w.keep.claim(t.Context(), "2026-11-22"); !errors.As(err, &claimed) || claimed.Owner != "test" {
		t.Errorf("got %v", err)
	}
	if _, err := w.keep.Compact(t.Context(), "2026-11-22"); !errors.As(err, &claimed) {
		t.Errorf("got %v", err)
	}
	if other, err := w.keep.claim(t.Context(), "2026-11-23"); err != nil {
		t.Error(err)
	} else {
		other()
	}
	w.clock.sleep(61 * time.Minute)
	later, err := w.keep.claim(t.Context(), "2026-11-22")
	if err != nil {
		t.Fatal(err)
	}
	release() // of one who lost it
	if _, err := w.keep.claim(t.Context(), "2026-11-22"); !errors.As(err, &claimed) {
		t.Errorf("got %v", err)
	}
	later()
	w.clock.sleep(24 * time.Hour)
	ahead, err := w.keep.claim(t.Context(), "2026-11-22")
	if err != nil {
		t.Fatal(err)
	}
	defer ahead()
	w.clock.sleep(-23 * time.Hour) // it was a clock that was ahead
	if _, err := w.keep.claim(t.Context(), "2026-11-22"); err != nil {
		t.Errorf("got %v", err)
	}
	w.put(claimsPrefix+"2026-11-24.json", []byte("{ damaged"))
	if _, err := w.keep.claim(t.Context(), "2026-11-24"); err != nil {
		t.Errorf("got %v", err)
	}
}

// TestTwoCompactorsAtOnce lets one begin while another one, whose claim lapsed, is at each of its steps.
func TestTwoCompactorsAtOnce(t *testing.T) {
	for _, at := range []string{EventsPrefix, SessionsPrefix, replacedPrefix} {
		w := newWorld(t)
		w.write(1, many(0, 2)...)
		w.write(1, many(2, 4)...)
		w.write(2, many(1, 3)...)
		want := revs(1, "s000", "s003")
		maps.Copy(want, revs(2, "s001", "s002"))
		slow := &between{Store: w.store, when: func(_, key string) bool { return strings.HasPrefix(key, at) }, do: func() {
			w.clock.sleep(2 * time.Hour)
			if _, err := w.keep.Compact(t.Context(), "2026-11-22"); err != nil {
				t.Error(err)
			}
			w.wants(want)
		}}
		if _, err := w.on(slow).Compact(t.Context(), "2026-11-22"); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			w.wants(want)
			w.clock.sleep(25 * time.Hour)
			if _, err := w.keep.Tend(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		w.wants(want)
		w.verified(4)
		if n := len(w.keys(SessionsPrefix)); n != 1 {
			t.Errorf("%s: %d parts are left", at, n)
		}
	}
}

func TestDueDays(t *testing.T) {
	w := newWorld(t)
	w.write(1, many(0, 1)...)
	due := func() []string {
		t.Helper()
		s, err := w.keep.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s.Due
	}
	if got := due(); len(got) != 0 {
		t.Errorf("one part: %q", got)
	}
	w.write(1, many(1, 2)...)
	if got := due(); !slices.Equal(got, []string{"2026-11-22"}) {
		t.Errorf("two parts of a closed day: %q", got)
	}
	w.clock.sleep(-8 * 24 * time.Hour)
	if got := due(); len(got) != 0 {
		t.Errorf("two parts of an open day: %q", got)
	}
	for i := range 31 {
		w.write(1, many(2+i, 3+i)...)
	}
	if got := due(); len(got) != 1 {
		t.Errorf("33 parts of an open day: %q", got)
	}
	if done, err := w.keep.Tend(t.Context()); err != nil || done.Compacted == nil || done.Compacted.After != 1 || done.Compacted.Before != 33 {
		t.Errorf("%+v, %v", done.Compacted, err)
	}
	if got := due(); len(got) != 0 {
		t.Errorf("compacted: %q", got)
	}
	if done, err := w.keep.Tend(t.Context()); err != nil || done.Looked {
		t.Errorf("a second look within the hour: %+v, %v", done, err)
	}
	w.wants(revs(1, ids(many(0, 33))...))
}
