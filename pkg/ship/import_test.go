package ship_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/price"
	"ams/pkg/recorded"
	"ams/pkg/redact"
	"ams/pkg/ship"
	"ams/pkg/upload"
)

// promptLine is a main file of one prompt.
func promptLine(session, prompt string) string {
	return fmt.Sprintf(`{"type":"user","uuid":"%s-1","sessionId":"%s","timestamp":"2026-11-22T10:00:00.000Z","version":"2.1.330",`+
		`"message":{"role":"user","content":"%s"}}`+"\n", session, session, prompt)
}

// weighingStore is a store that keeps nothing and weighs the heap at every Put, where a worker holds most.
type weighingStore struct {
	ship.Nowhere
	mu      sync.Mutex
	weights []uint64
}

func (s *weighingStore) Put(context.Context, string, []byte, upload.PutOptions) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.weights = append(s.weights, heapInUse())
	return "", nil
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestImportHoldsOnlyTheSessionsAtWork has an archive many times as large as what may be in memory.
func TestImportHoldsOnlyTheSessionsAtWork(t *testing.T) {
	const sessions, size, jobs = 100, 500_000, 2
	dir := t.TempDir()
	for i := range sessions {
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		if err := os.WriteFile(filepath.Join(dir, id+".jsonl"), []byte(promptLine(id, strings.Repeat("word ", size/5))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	prices, err := price.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	store := &weighingStore{}
	source := recorded.Open(recorded.Options{
		SpoolDir: t.TempDir(), Over: true, Now: time.Now, Join: assemble.Settings{ProgramVersion: "1", Prices: prices},
	})
	before := heapInUse()
	im, err := ship.New(ship.Options{Source: source, Store: store, Jobs: jobs, Mask: redact.Rules{Secrets: true}}).Import(t.Context(), []string{dir}, ship.Watch{})
	if err != nil || im.Sessions != sessions {
		t.Fatalf("%d sessions, %v; want %d: %+v", im.Sessions, err, sessions, im)
	}
	// The least of the last weights, because the other worker makes garbage while the heap is weighed: 0.6 MB as it
	// is, 47 MB where results were made to hold their sessions.
	last := slices.Min(store.weights[len(store.weights)-20:])
	if held, most := int64(last)-int64(before), int64(15_000_000); held > most {
		t.Errorf("%d bytes held by %d workers at the end, want at most %d; the archive has %d", held, jobs, most, sessions*size)
	}
}
