package table

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ams/pkg/schema"
	"ams/pkg/upload"
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
