package ship_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/price"
	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/schema"
	"ams/pkg/ship"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

var errDown = errors.New("the other side is down")

// house is a machine with spools and a store.
type house struct {
	t       *testing.T
	dir     string
	began   time.Time
	program string
	said    []string

	patience time.Duration
}

func newHouse(t *testing.T) *house {
	return &house{t: t, dir: t.TempDir(), began: time.Now().Add(-time.Hour), program: "1"}
}

// record writes a hook event some minutes after the house began.
func (h *house) record(id, event string, minutes int) {
	h.t.Helper()
	raw := fmt.Sprintf(`{"session_id":%q,"cwd":"/p","hook_event_name":%q,"prompt":"go on","message":"more","reason":"other"}`, id, event)
	at := h.began.Add(time.Duration(minutes) * time.Minute)
	if _, err := spool.Insert(filepath.Join(h.dir, "spool"), id, []spool.Record{{Key: spool.KeyFor(at, []byte(raw), 0), Raw: []byte(raw)}}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) shipper(takers []ship.Taker) (sh *ship.Shipper, done func()) {
	h.t.Helper()
	book, err := receipt.Open(filepath.Join(h.dir, "receipts.db"))
	if err != nil {
		h.t.Fatal(err)
	}
	prices, err := price.Embedded()
	if err != nil {
		h.t.Fatal(err)
	}
	h.said = nil
	return ship.New(ship.Options{
		Book: book, Store: upload.NewLocal(filepath.Join(h.dir, "store")), Jobs: 2, Takers: takers, Patience: h.patience,
		Note: func(format string, args ...any) { h.said = append(h.said, fmt.Sprintf(format, args...)) },
		Source: recorded.Open(recorded.Options{
			SpoolDir: filepath.Join(h.dir, "spool"), ClaudeDir: filepath.Join(h.dir, "claude"), Idle: 30 * time.Minute, Now: time.Now,
			Join: assemble.Settings{ProgramVersion: h.program, Prices: prices},
		}),
	}), func() { book.Close() }
}

// run runs, and fails where anything but handing over did.
func (h *house) run(takers ...ship.Taker) ship.Tally {
	h.t.Helper()
	sh, done := h.shipper(takers)
	defer done()
	tally, err := sh.Run(h.t.Context(), ship.Retention{}, ship.Watch{})
	if err != nil || tally.Failed > 0 {
		h.t.Fatal(err, tally.Why)
	}
	return tally
}

// taker notes what it is given.
type taker struct {
	mu    sync.Mutex
	got   []string
	since map[string]time.Time
	err   error
}

func (k *taker) named(name string) ship.Taker {
	return ship.Taker{Name: name, Take: func(_ context.Context, f ship.Final) ([]string, error) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.got = append(k.got, f.Name)
		if k.since == nil {
			k.since = map[string]time.Time{}
		}
		k.since[f.Name] = f.Since
		if k.err != nil {
			return nil, k.err
		}
		return []string{f.Name}, nil
	}}
}

func (k *taker) wants(t *testing.T, what string, names ...string) {
	t.Helper()
	slices.Sort(k.got)
	if !slices.Equal(k.got, names) {
		t.Errorf("%s: was given %q, want %q", what, k.got, names)
	}
	k.got = nil
}

func TestATakerGetsEachVersionOnce(t *testing.T) {
	h := newHouse(t)
	h.record("over", "SessionEnd", 0)
	h.record("works", "UserPromptSubmit", 50)
	var fails, takes taker
	fails.err = errDown
	both := []ship.Taker{fails.named("a"), takes.named("b")}
	if tally := h.run(both...); tally.Untaken != 1 || tally.Stored != 2 {
		t.Errorf("%d untaken, %d stored, want 1 and 2", tally.Untaken, tally.Stored)
	}
	if said := strings.Join(h.said, "\n"); !strings.Contains(said, "session over: it is stored; hand it to a: the other side is down") {
		t.Errorf("said %q", said)
	}
	fails.wants(t, "first", "over")
	takes.wants(t, "first", "over")
	fails.err = nil
	if tally := h.run(both...); tally.Untaken != 0 {
		t.Errorf("%d untaken after it was up again", tally.Untaken)
	}
	fails.wants(t, "after a failure", "over")
	takes.wants(t, "that took it")
	h.run(both...)
	fails.wants(t, "taken")
	h.record("over", "Notification", 1)
	h.run(both...)
	fails.wants(t, "grown", "over")
	h.run(both...)
	fails.wants(t, "taken again")
	var late taker
	h.run(late.named("late"))
	late.wants(t, "that came later", "over")
}

func TestATakerFromNowGetsWhatBecomesFinal(t *testing.T) {
	h := newHouse(t)
	h.record("before", "SessionEnd", 0)
	h.record("works", "UserPromptSubmit", 50)
	h.run()
	var k taker
	one := k.named("otlp")
	one.FromNow = true
	h.run(one)
	k.wants(t, "that came later")
	h.record("works", "SessionEnd", 51)
	k.err = errDown
	h.run(one)
	k.wants(t, "ended", "works")
	k.err = nil
	h.run(one)
	k.wants(t, "ended, tried again", "works")
	if !k.since["works"].IsZero() {
		t.Errorf("since %v, want all of it", k.since["works"])
	}
	h.program = "2"
	h.run(one)
	k.wants(t, "assembled anew by another program")
	h.record("before", "UserPromptSubmit", 5)
	h.run(one)
	k.wants(t, "went on", "before")
	if since := k.since["before"]; since.Sub(h.began).Abs() > time.Second {
		t.Errorf("since %v, want its old end %v", since, h.began)
	}
}

// TestATakerThatMayBeSlowComesLast looks at what is stored when the first session is given.
func TestATakerThatMayBeSlowComesLast(t *testing.T) {
	h := newHouse(t)
	const sessions = 30 // more than are on their way at once
	for i := range sessions {
		h.record(fmt.Sprintf("s%d", i), "SessionEnd", i)
	}
	var mu sync.Mutex
	stored, given := 0, 0
	h.run(ship.Taker{Name: "otlp", FromNow: true, Take: func(_ context.Context, f ship.Final) ([]string, error) {
		files, err := filepath.Glob(filepath.Join(h.dir, "store", "index", "*.json"))
		mu.Lock()
		defer mu.Unlock()
		if given++; given == 1 {
			stored = len(files)
		}
		if sum, err := schema.DecodeSummary(f.Index); err != nil || sum.SessionID != f.Session.SessionID || f.Key == "" {
			return nil, fmt.Errorf("not all is there of %s: %v", f.Name, err)
		}
		return []string{f.Name}, err
	}})
	if stored != sessions || given != sessions {
		t.Errorf("%d were stored when the first was given, %d were given; want %d", stored, given, sessions)
	}
}

// TestARunEndsWithoutTheSlow is a run whose time for the Takers that may be slow is over when it comes to them.
func TestARunEndsWithoutTheSlow(t *testing.T) {
	h := newHouse(t)
	h.record("a", "SessionEnd", 1)
	h.record("b", "SessionEnd", 2)
	var slow, quick taker
	later := slow.named("otlp")
	later.FromNow = true
	h.patience = 1
	if tally := h.run(later, quick.named("copy")); tally.Stored != 2 || tally.Untaken != 2 {
		t.Errorf("%+v, want two sessions stored and untaken", tally)
	}
	if want := "otlp is slow: 2 sessions more wait for the next run"; !slices.Contains(h.said, want) {
		t.Errorf("said %q, want %q", h.said, want)
	}
	slow.wants(t, "too late")
	quick.wants(t, "in time", "a", "b")
	h.patience = 0
	if tally := h.run(later, quick.named("copy")); tally.Untaken != 0 {
		t.Errorf("%+v, want none untaken", tally)
	}
	slow.wants(t, "the next run", "a", "b")
	quick.wants(t, "the next run")
}

func TestATakerThatIsDownIsLeftAlone(t *testing.T) {
	h := newHouse(t)
	var names []string
	for i := range 9 {
		names = append(names, fmt.Sprintf("s%d", i))
		h.record(names[i], "SessionEnd", i)
	}
	k := taker{err: errDown}
	one := k.named("otlp")
	one.AtOnce = 1
	for range 2 {
		if tally := h.run(one); tally.Untaken != len(names) {
			t.Errorf("%d untaken, want %d", tally.Untaken, len(names))
		}
		if len(k.got) != 3 {
			t.Errorf("asked %d times, want 3", len(k.got))
		}
		if said := strings.Join(h.said, "\n"); !strings.Contains(said, "otlp failed 3 times in a row: 6 sessions more wait for the next run") {
			t.Errorf("said %q", said)
		}
		k.got = nil
	}
	k.err = nil
	h.run(one)
	k.wants(t, "up again", names...)
}

func TestATakerWithBatches(t *testing.T) {
	h := newHouse(t)
	var names []string
	for i := range 5 {
		names = append(names, fmt.Sprintf("s%d", i))
		h.record(names[i], "SessionEnd", i)
	}
	var mu sync.Mutex
	var batch, wrote []string
	var flushErr error
	write := func() []string {
		out := batch
		wrote, batch = append(wrote, out...), nil
		return out
	}
	one := ship.Taker{
		Name: "tables",
		Take: func(_ context.Context, f ship.Final) ([]string, error) {
			mu.Lock()
			defer mu.Unlock()
			if batch = append(batch, f.Name); len(batch) == 3 {
				return write(), nil
			}
			return nil, nil
		},
		Flush: func(context.Context) ([]string, error) {
			if flushErr != nil {
				batch = nil
				return nil, flushErr
			}
			return write(), nil
		},
	}
	flushErr = errDown
	if tally := h.run(one); tally.Untaken == 0 || len(wrote) != 3 {
		t.Errorf("%d untaken, wrote %q; want some and three", tally.Untaken, wrote)
	}
	flushErr = nil
	h.run(one)
	slices.Sort(wrote)
	if !slices.Equal(wrote, names) {
		t.Errorf("wrote %q, want each once", wrote)
	}
}

func TestAnImportIsForTakersOfAllAlone(t *testing.T) {
	h := newHouse(t)
	const id = "6f2b1c1e-0000-4000-8000-000000000001"
	project := filepath.Join(h.dir, "claude", "projects", "-work")
	if err := os.MkdirAll(project, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(project, id+".jsonl"), []byte(promptLine(id, "go on")), 0o600); err != nil {
		t.Fatal(err)
	}
	var all, fromNow taker
	now := fromNow.named("otlp")
	now.FromNow = true
	takers := []ship.Taker{all.named("tables"), now}
	sh, done := h.shipper(takers)
	if im, err := sh.Import(t.Context(), []string{project}, ship.Watch{}); err != nil || im.Sessions != 1 {
		t.Fatal(im, err, h.said)
	}
	done()
	all.wants(t, "imported", id)
	h.run(takers...)
	all.wants(t, "run")
	fromNow.wants(t, "import and run")
}
