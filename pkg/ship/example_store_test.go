package ship_test

import (
	"context"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/price"
	"ams/pkg/recorded"
	"ams/pkg/redact"
	"ams/pkg/ship"
	"ams/pkg/upload"
)

// memory is a store of one's own: the smallest that keeps the contract of [upload.Store], and passes storetest.
type memory struct {
	mu      sync.Mutex
	puts    int
	objects map[string]kept
}

type kept struct {
	body []byte
	etag string
	at   time.Time
}

func (m *memory) Put(ctx context.Context, key string, body []byte, opt upload.PutOptions) (string, error) {
	if err := firstOf(ctx.Err(), upload.CheckKey(key)); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now, there := m.objects[key]
	switch {
	case opt.IfMatch != "" && opt.IfAbsent:
		return "", fmt.Errorf("put %s: two conditions", key)
	case opt.IfMatch != "" && now.etag != opt.IfMatch, opt.IfAbsent && there:
		return "", fmt.Errorf("put %s: %w", key, upload.ErrChanged)
	}
	m.puts++
	m.objects[key] = kept{slices.Clone(body), strconv.Itoa(m.puts), time.Now()}
	return m.objects[key].etag, nil
}

func (m *memory) Get(ctx context.Context, key string) ([]byte, string, error) {
	if err := firstOf(ctx.Err(), upload.CheckKey(key)); err != nil {
		return nil, "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o, there := m.objects[key]
	if !there {
		return nil, "", fmt.Errorf("get %s: %w", key, upload.ErrNotFound)
	}
	return slices.Clone(o.body), o.etag, nil
}

func (m *memory) List(ctx context.Context, prefix string, fn func(upload.Object) error) error {
	m.mu.Lock()
	all := maps.Clone(m.objects)
	m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		o := all[key]
		if err := fn(upload.Object{Key: key, Size: int64(len(o.body)), ETag: o.etag, ModTime: o.at}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (m *memory) Delete(ctx context.Context, key string) error {
	if err := firstOf(ctx.Err(), upload.CheckKey(key)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// A store of one's own takes what is below a folder of transcripts.
func Example_store() {
	dir, err := os.MkdirTemp("", "ams-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	const id = "6f2b1c1e-0000-4000-8000-000000000002"
	project := filepath.Join(dir, "projects", "-work")
	if err := os.MkdirAll(project, 0o700); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(project, id+".jsonl"), []byte(promptLine(id, "What is in here?")), 0o600); err != nil {
		log.Fatal(err)
	}
	prices, err := price.Embedded()
	if err != nil {
		log.Fatal(err)
	}
	store := &memory{objects: map[string]kept{}}
	shipper := ship.New(ship.Options{
		Source: recorded.Open(recorded.Options{
			SpoolDir: filepath.Join(dir, "spool"), ClaudeDir: dir,
			Join: assemble.Settings{ProgramVersion: "mine 1.0", Prices: prices}, Idle: 30 * time.Minute, Now: time.Now,
		}),
		Store: store, Mask: redact.Rules{Secrets: true},
	})
	if _, err := shipper.Import(context.Background(), []string{filepath.Join(dir, "projects")}, ship.Watch{}); err != nil {
		log.Fatal(err)
	}
	for _, key := range slices.Sorted(maps.Keys(store.objects)) {
		fmt.Println(key)
	}
	// Output:
	// index/6f2b1c1e-0000-4000-8000-000000000002.json
	// sessions/2026/11/22/6f2b1c1e-0000-4000-8000-000000000002.json
}
