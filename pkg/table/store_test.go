package table

import (
	"errors"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ams/pkg/schema"
	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

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

// onDays are sessions of so many days, one each.
func onDays(n int) (all []*schema.Session) {
	for i, s := range many(0, n) {
		s.StartTime = schema.At(began.AddDate(0, 0, -i))
		all = append(all, s)
	}
	return all
}

// TestDaysAreWrittenAtOnce fails the parts of some of many days: the others are written, and the rest at the next Commit.
func TestDaysAreWrittenAtOnce(t *testing.T) {
	w := newWorld(t)
	all := onDays(60)
	bad := map[string]bool{Day(began): true, Day(began.AddDate(0, 0, -30)): true}
	var down atomic.Bool
	down.Store(true)
	out := w.add(w.on(storetest.Faulty(w.store, func(c storetest.Call) storetest.Fault {
		if c.Op == "put" && down.Load() && bad[strings.TrimPrefix(path.Base(path.Dir(c.Key)), "dt=")] {
			return storetest.NotDone
		}
		return storetest.None
	})), 1, all...)
	done, err := out.Commit(t.Context())
	if err == nil || len(done) != len(all)-len(bad) {
		t.Errorf("%d are written, %v; want all but %d", len(done), err, len(bad))
	}
	down.Store(false)
	if done, err = out.Commit(t.Context()); err != nil || len(done) != len(bad) {
		t.Errorf("%d are written at the next, %v; want %d", len(done), err, len(bad))
	}
	w.wants(revs(1, ids(all)...))
}

// TestAStoreThatIsDownIsLeftAlone fails all parts: of many days some are tried.
func TestAStoreThatIsDownIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	var tried atomic.Int64
	out := w.add(w.on(storetest.Faulty(w.store, func(c storetest.Call) storetest.Fault {
		if c.Op == "put" && strings.HasPrefix(c.Key, EventsPrefix) {
			tried.Add(1)
			return storetest.NotDone
		}
		return storetest.None
	})), 1, onDays(100)...)
	done, err := out.Commit(t.Context())
	if err == nil || len(done) != 0 || tried.Load() > maxFailed+2*daysAtOnce {
		t.Errorf("%d days were tried, %d sessions written, %v", tried.Load(), len(done), err)
	}
}

const secret = "text of the session that goes"

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
