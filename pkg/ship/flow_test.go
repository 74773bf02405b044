package ship_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/price"
	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/ship"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// farStore answers only when several requests wait for it, or after a while: one that waits for each answer alone never sees it quick.
type farStore struct {
	upload.Store
	mu            sync.Mutex
	waiting, most int
	calls         map[string]int
	together      chan struct{}
}

func (s *farStore) wait(call string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[call]++
	s.waiting++
	s.most = max(s.most, s.waiting)
	gate := s.together
	if s.waiting >= 8 {
		close(s.together)
		s.together = make(chan struct{})
	}
	s.mu.Unlock()
	select {
	case <-gate:
	case <-time.After(200 * time.Millisecond):
	}
	s.mu.Lock()
	s.waiting--
}

func (s *farStore) Put(ctx context.Context, key string, body []byte, opt upload.PutOptions) (string, error) {
	s.wait("put")
	return s.Store.Put(ctx, key, body, opt)
}

func (s *farStore) Get(ctx context.Context, key string) ([]byte, string, error) {
	s.wait("get")
	return s.Store.Get(ctx, key)
}

// TestManySessionsWaitForAStoreAtOnce stores forty sessions with one processor.
func TestManySessionsWaitForAStoreAtOnce(t *testing.T) {
	const sessions = 40
	dir := t.TempDir()
	began := time.Now().Add(-time.Hour)
	for i := range sessions {
		id := fmt.Sprintf("s%02d", i)
		raw := []byte(`{"session_id":"` + id + `","cwd":"/p","hook_event_name":"SessionEnd","reason":"other"}`)
		if _, err := spool.Insert(filepath.Join(dir, "spool"), id, []spool.Record{{Key: spool.KeyFor(began, raw, 0), Raw: raw}}); err != nil {
			t.Fatal(err)
		}
	}
	book, err := receipt.Open(filepath.Join(dir, "receipts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	prices, err := price.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	store := &farStore{Store: upload.NewLocal(filepath.Join(dir, "store")), calls: map[string]int{}, together: make(chan struct{})}
	tally, err := ship.New(ship.Options{
		Book: book, Store: store, Jobs: 1,
		Source: recorded.Open(recorded.Options{
			SpoolDir: filepath.Join(dir, "spool"), ClaudeDir: filepath.Join(dir, "claude"), Idle: time.Minute, Now: time.Now,
			Join: assemble.Settings{ProgramVersion: "1", Prices: prices},
		}),
	}).Run(t.Context(), ship.Retention{}, ship.Watch{})
	if err != nil || tally.Stored != sessions {
		t.Fatalf("%+v, %v; want %d stored", tally, err, sessions)
	}
	if store.most < 8 {
		t.Errorf("at most %d requests were on their way at once, want 8 or more", store.most)
	}
	if store.calls["put"] != 2*sessions || store.calls["get"] != 0 {
		t.Errorf("requests: %v, want two puts a session and no get", store.calls)
	}
}
