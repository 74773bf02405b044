package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ams/pkg/schema"
	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

// clock is the time of a test: some days after the sessions began, so that their day is closed.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: began.AddDate(0, 0, 9)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) sleep(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// world is a store with sessions and their tables.
type world struct {
	t     *testing.T
	clock *clock
	store upload.Store
	keep  *Keeper
	notes []string
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, clock: newClock()}
	w.store = newMemory(w.clock)
	w.keep = w.on(w.store)
	return w
}

// on is a Keeper of another machine, or of one whose calls fail.
func (w *world) on(store upload.Store) *Keeper {
	return New(Options{Store: store, Owner: "test", Now: w.clock.now, Note: func(format string, args ...any) {
		w.notes = append(w.notes, fmt.Sprintf(format, args...))
	}})
}

// save stores a session as ship does, without rows.
func (w *world) save(s *schema.Session, rev int64) (etag string, record []byte) {
	w.t.Helper()
	s.Stored = &schema.Stored{Rev: rev}
	body, err := schema.Encode(s)
	if err != nil {
		w.t.Fatal(err)
	}
	if record, err = schema.EncodeSummary(schema.Summarize(s)); err != nil {
		w.t.Fatal(err)
	}
	w.put(upload.SessionKey(s.SessionID, s.StartTime.Time), body)
	return w.put(upload.IndexKey(s.SessionID), record), record
}

func (w *world) put(key string, body []byte) string {
	w.t.Helper()
	etag, err := w.store.Put(w.t.Context(), key, body, upload.PutOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return etag
}

// add saves sessions and adds them to a Writer of a Keeper.
func (w *world) add(k *Keeper, rev int64, all ...*schema.Session) *Writer {
	w.t.Helper()
	out, err := k.Writer()
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(out.Close)
	for _, s := range all {
		etag, record := w.save(s, rev)
		if err := out.Add(s, s.SessionID, etag, record); err != nil {
			w.t.Fatal(err)
		}
	}
	return out
}

// write saves sessions and writes their rows as one run does.
func (w *world) write(rev int64, all ...*schema.Session) {
	w.t.Helper()
	done, err := w.add(w.keep, rev, all...).Commit(w.t.Context())
	if err != nil || len(done) != len(all) {
		w.t.Fatalf("%d of %d rows are written, %v", len(done), len(all), err)
	}
}

// many are sessions of one day.
func many(from, to int) (out []*schema.Session) {
	for i := from; i < to; i++ {
		out = append(out, sample(fmt.Sprintf("s%03d", i)))
	}
	return out
}

// counted is what the view needs of a row of sessions.
type counted struct {
	SessionID string `parquet:"session_id"`
	Part      string `parquet:"part"`
	Rev       int64  `parquet:"rev"`
	Deleted   bool   `parquet:"deleted"`
	Events    int64  `parquet:"events"`
}

// saidRow is what it needs of a row of events.
type saidRow struct {
	SessionID string `parquet:"session_id"`
	Part      string `parquet:"part"`
	Text      string `parquet:"text,optional"`
}

// columns are some of the columns of a part, as far as they can be read.
func columns[R row, T any](b []byte) (out []T, err error) {
	p, err := open[R](bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	for row, err := range rows[T](p) {
		if err != nil {
			return out, err
		}
		out = append(out, *row)
	}
	return out, nil
}

// view is what the documented rules make of the parts: the sessions that count. Each has all of its events, once.
func (w *world) view() map[string]counted {
	w.t.Helper()
	current := map[string]counted{}
	events := map[string]int64{}
	for _, key := range w.keys(prefix) {
		body, _, err := w.store.Get(w.t.Context(), key)
		if err != nil {
			w.t.Fatal(err)
		}
		if strings.HasPrefix(key, SessionsPrefix) {
			got, _ := columns[Session, counted](body)
			for _, r := range got {
				if there, ok := current[r.SessionID]; !ok || r.Rev > there.Rev || r.Rev == there.Rev && r.Part > there.Part {
					current[r.SessionID] = r
				}
			}
		} else if strings.HasPrefix(key, EventsPrefix) {
			got, _ := columns[Event, saidRow](body)
			for _, e := range got {
				events[e.SessionID+" "+e.Part]++
			}
		}
	}
	for id, r := range current {
		if r.Deleted {
			delete(current, id)
		} else if n := events[id+" "+r.Part]; n != r.Events {
			w.t.Errorf("session %s has %d events in part %s, want %d", id, n, r.Part, r.Events)
		}
	}
	return current
}

func (w *world) keys(prefix string) (keys []string) {
	w.t.Helper()
	err := w.store.List(w.t.Context(), prefix, func(o upload.Object) error {
		keys = append(keys, o.Key)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return keys
}

// wants holds that exactly these sessions count, with these counters, and that nothing is wrong with the tables.
func (w *world) wants(want map[string]int64) {
	w.t.Helper()
	got := map[string]int64{}
	for id, r := range w.view() {
		got[id] = r.Rev
	}
	if !maps.Equal(got, want) {
		w.t.Errorf("the view has %v, want %v", got, want)
	}
}

func (w *world) verified(sessions int, findings ...string) {
	w.t.Helper()
	v, err := w.keep.Verify(w.t.Context())
	if err != nil || v.Sessions != sessions || len(v.Findings) != len(findings) {
		w.t.Errorf("verified %+v, %v; want %d sessions and %q", v, err, sessions, findings)
		return
	}
	for i, f := range findings {
		if !strings.Contains(v.Findings[i], f) {
			w.t.Errorf("found %q, want %q", v.Findings[i], f)
		}
	}
}

// lacks holds that no object of the store has the text.
func (w *world) lacks(text string) {
	w.t.Helper()
	for _, key := range w.keys("") {
		body, _, err := w.store.Get(w.t.Context(), key)
		if err != nil {
			w.t.Fatal(err)
		}
		found := strings.Contains(string(body), text)
		if strings.HasPrefix(key, EventsPrefix) {
			got, err := columns[Event, saidRow](body)
			found = err != nil || slices.ContainsFunc(got, func(e saidRow) bool { return e.Text == text })
		}
		if found {
			w.t.Errorf("%s has %q", key, text)
		}
	}
}

func revs(rev int64, ids ...string) map[string]int64 {
	m := map[string]int64{}
	for _, id := range ids {
		m[id] = rev
	}
	return m
}

func ids(all []*schema.Session) (out []string) {
	for _, s := range all {
		out = append(out, s.SessionID)
	}
	return out
}

func TestASessionThatGrowsHasItsNewestRow(t *testing.T) {
	w := newWorld(t)
	a, b := sample("a"), sample("b")
	w.write(1, a, b)
	a.Events = a.Events[:4]
	w.write(2, a)
	w.wants(map[string]int64{"a": 2, "b": 1})
	w.verified(2)
	day := "2026-11-22"
	if n := len(w.keys(SessionsPrefix + "dt=" + day + "/")); n != 2 {
		t.Errorf("%d parts of the day", n)
	}
	w.save(a, 3) // and its row is late
	w.verified(1, "session a: the tables have no row of it as it is stored")
}

// TestEachFaultOfAWriteIsRepaired fails each call of a run once, in both ways; the next run gives the same again.
func TestEachFaultOfAWriteIsRepaired(t *testing.T) {
	clock := newClock()
	open := func(*testing.T) upload.Store { return newMemory(clock) }
	storetest.EachFault(t, open, func(t *testing.T, s, plain upload.Store) {
		w := &world{t: t, clock: clock, store: plain}
		w.keep = w.on(plain)
		all := many(0, 3)
		next := sample("next-day")
		next.StartTime = schema.At(began.AddDate(0, 0, 1))
		all = append(all, next)
		done, err := w.add(w.on(s), 1, all...).Commit(t.Context())
		for name := range done {
			if _, ok := w.view()[name]; !ok {
				t.Errorf("%s is said to be written, and is not", name)
			}
		}
		if len(done) < len(all) && err == nil {
			t.Errorf("%d of %d are written, and no error", len(done), len(all))
		}
		w.view() // whatever is there is whole
		w.write(1, all...)
		w.wants(revs(1, ids(all)...))
	})
}

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

const secret = "text of the session that goes"

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

func TestBadPartsAreLeftAloneAndNamed(t *testing.T) {
	w := newWorld(t)
	w.write(1, many(0, 2)...)
	w.write(1, many(2, 4)...)
	bad := w.keys(SessionsPrefix)[0]
	w.put(bad, []byte("PAR1 damaged"))
	w.put(SessionsPrefix+"dt=2026-11-22/theirs.parquet", file[Session](t))
	w.put(SessionsPrefix+"dt=2026-11-22/readme.txt", []byte("not ours"))
	w.put(SessionsPrefix+"other.parquet", []byte("not ours"))
	done, err := w.keep.Compact(t.Context(), "2026-11-22")
	if err != nil || len(done.Bad) != 2 {
		t.Errorf("%+v, %v", done, err)
	}
	v, err := w.keep.Verify(t.Context())
	if err != nil || v.Sessions != 2 || len(v.Findings) != 4 || !strings.Contains(strings.Join(v.Findings, "\n"), bad+": damaged") {
		t.Errorf("%+v, %v", v, err)
	}
	out, err := w.keep.Rebuild(t.Context(), Watch{Begin: func(int) {}, Each: func(string, error) {}})
	if err != nil || out.Sessions != 4 || out.Failed != 0 {
		t.Errorf("%+v, %v", out, err)
	}
	w.wants(revs(1, ids(many(0, 4))...))
	for range 2 {
		w.clock.sleep(25 * time.Hour)
		if _, err := w.keep.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.wants(revs(1, ids(many(0, 4))...))
	w.verified(4, "theirs.parquet: empty")
}

func TestVerifyNamesWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	w.write(1, many(0, 5)...)
	open := sample("open")
	open.Status, open.Outcome = schema.Running, schema.StillOpen
	w.save(open, 1)
	w.save(sample("never"), 1)
	ctx := t.Context()
	w.put(upload.SessionKey("orphan", began), []byte("{}"))
	w.store.Delete(ctx, upload.IndexKey("s000"))
	w.store.Delete(ctx, upload.SessionKey("s001", began))
	other := sample("s002") // a body that is not the one of the row
	other.Events[1].LLM.Text = "other"
	other.Stored = &schema.Stored{Rev: 1}
	body, err := schema.Encode(other)
	if err != nil {
		t.Fatal(err)
	}
	w.put(upload.SessionKey("s002", began), body)
	w.put(EventsPrefix+"dt=2026-11-22/0000000000001-0001-0000000000000001.parquet", file(t, slices.Collect(EventsOf(sample("x")))...))
	v, err := w.keep.Verify(ctx)
	got := strings.Join(v.Findings, "\n")
	for _, want := range []string{"0000000000001-0001-0000000000000001.parquet: no sessions part", "session s000: it has a row in dt=2026-11-22, and is not stored",
		"session s001: it has a row, and its body is not there", "session s002: the row of event l has another text than its body",
		"session never: the tables have no row", "orphan.json: no index record", "s000.json: no index record"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if err != nil || v.Sessions != 2 || v.Open != 1 || len(v.Findings) != 7 {
		t.Errorf("%+v, %v", v, err)
	}
}

// lacking is a server without conditions.
type lacking struct{ upload.Store }

func (lacking) Lacks() []string { return []string{"If-None-Match"} }

func TestTablesAreRefusedWhereTheyMustNotBeWritten(t *testing.T) {
	w := newWorld(t)
	if done, err := w.add(w.on(lacking{w.store}), 1, sample("a")).Commit(t.Context()); !errors.Is(err, ErrConditions) || len(done) > 0 || !IsRefused(err) {
		t.Errorf("%v, %v", done, err)
	}
	if keys := append(w.keys(EventsPrefix), w.keys(SessionsPrefix)...); len(keys) > 0 {
		t.Errorf("written: %q", keys)
	}
	alone := New(Options{Store: lacking{w.store}, Now: w.clock.now, Alone: true})
	if done, err := w.add(alone, 1, sample("a")).Commit(t.Context()); err != nil || len(done) != 1 {
		t.Errorf("%v, %v", done, err)
	}
	w.put(formatKey, []byte(`{"version":2}`))
	if _, err := w.add(w.keep, 2, sample("a")).Commit(t.Context()); !errors.Is(err, ErrNewer) || !IsRefused(err) {
		t.Errorf("%v", err)
	}
	w.wants(revs(1, "a"))
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

// TestASessionMovesToAnEarlierDay has a writer of the old day at work meanwhile, before and after its put. What is
// removed then is removed from both days.
func TestASessionMovesToAnEarlierDay(t *testing.T) {
	for _, at := range []string{formatKey, EventsPrefix, SessionsPrefix} {
		w := newWorld(t)
		w.write(1, told("a"), sample("b"))
		earlier := told("a")
		earlier.StartTime = schema.At(began.AddDate(0, 0, -1))
		slow := &between{Store: w.store, when: func(_, key string) bool { return strings.HasPrefix(key, at) }, do: func() {
			etag, record := w.save(earlier, 3)
			if err := w.keep.Forget(t.Context(), "2026-11-22", "a", "a"); err != nil {
				t.Error(err)
			}
			if err := w.store.Delete(t.Context(), upload.SessionKey("a", began)); err != nil {
				t.Error(err)
			}
			out, err := w.keep.Writer()
			if err == nil {
				err = out.Add(earlier, "a", etag, record)
			}
			if err != nil {
				t.Fatal(err)
			}
			if done, err := out.Commit(t.Context()); err != nil || len(done) != 1 {
				t.Error(done, err)
			}
		}}
		if _, err := w.add(w.on(slow), 2, told("a"), sample("c")).Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.wants(map[string]int64{"a": 3, "b": 1, "c": 2})
		w.verified(3)
		if err := w.remove(w.keep, earlier, 3); err != nil {
			t.Fatal(err)
		}
		w.wants(map[string]int64{"b": 1, "c": 2})
		w.lacks(secret)
	}
}
