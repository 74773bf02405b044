package ship_test

import (
	"context"
	"errors"
	"path/filepath"
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

// TestOnFinalGetsEachVersionOnce records two sessions, one of which is over.
func TestOnFinalGetsEachVersionOnce(t *testing.T) {
	dir := t.TempDir()
	spools := filepath.Join(dir, "spool")
	began := time.Now().Add(-time.Hour)
	record := func(id, raw string, at time.Time) {
		t.Helper()
		if _, err := spool.Insert(spools, id, []spool.Record{{Key: spool.KeyFor(at, []byte(raw), 0), Raw: []byte(raw)}}); err != nil {
			t.Fatal(err)
		}
	}
	record("over", `{"session_id":"over","cwd":"/p","hook_event_name":"SessionEnd","reason":"other"}`, began)
	record("works", `{"session_id":"works","cwd":"/p","hook_event_name":"UserPromptSubmit","prompt":"go on"}`, time.Now())

	var mu sync.Mutex
	var got []string
	fault := errors.New("the other side is down")
	failing := true
	run := func() ship.Tally {
		t.Helper()
		book, err := receipt.Open(filepath.Join(dir, "receipts.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close()
		prices, err := price.Embedded()
		if err != nil {
			t.Fatal(err)
		}
		sh := ship.New(ship.Options{
			Book: book, Store: upload.NewLocal(filepath.Join(dir, "store")), Jobs: 2,
			Source: recorded.Open(recorded.Options{
				SpoolDir: spools, ClaudeDir: filepath.Join(dir, "claude"), Idle: 30 * time.Minute, Now: time.Now,
				Join: assemble.Settings{ProgramVersion: "1", Prices: prices},
			}),
			OnFinal: func(_ context.Context, s *schema.Session) error {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, s.SessionID)
				if failing {
					return fault
				}
				return nil
			},
		})
		tally, err := sh.Run(t.Context(), ship.Retention{}, ship.Watch{})
		if err != nil {
			t.Fatal(err)
		}
		return tally
	}
	wants := func(what string, want int) {
		t.Helper()
		for _, id := range got {
			if id != "over" {
				t.Errorf("%s: %s was given, which is at work", what, id)
			}
		}
		if len(got) != want {
			t.Errorf("%s: given %d times, want %d", what, len(got), want)
		}
		got = nil
	}
	if tally := run(); !errors.Is(tally.Why, fault) {
		t.Errorf("the run says %v, want %v", tally.Why, fault)
	}
	wants("first", 1)
	failing = false
	run()
	wants("after a failure", 1)
	run()
	wants("taken", 0)
	record("over", `{"session_id":"over","cwd":"/p","hook_event_name":"Notification","message":"more"}`, began.Add(time.Minute))
	run()
	wants("grown", 1)
	run()
	wants("taken again", 0)
}
