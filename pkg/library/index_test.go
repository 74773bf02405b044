package library

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ams/pkg/schema"
	"ams/pkg/upload"
)

// counting counts what is read of a store, and hides whatever it can do beside [upload.Store], as a bucket does.
type counting struct {
	upload.Store
	gets atomic.Int64
}

func (c *counting) Get(ctx context.Context, key string) ([]byte, string, error) {
	c.gets.Add(1)
	return c.Store.Get(ctx, key)
}

func record(i int, title string) []byte {
	return fmt.Appendf(nil, `{"schema_version":"1.1","session_id":"s-%06d","start_time":"2026-01-%02dT%02d:00:00+00:00","status":"ok","title":%q}`,
		i, 1+i/24%28, i%24, title)
}

func put(t testing.TB, store upload.Store, key string, body []byte) {
	t.Helper()
	if _, err := store.Put(t.Context(), key, body, upload.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

func entryOf(key, version string, body []byte) entry {
	return newEntry(object{key, version}, body, readRecord(key, body))
}

// loaded is what an index told.
type loaded struct {
	records    []Stored // the last of them first
	unreadable []Unreadable
	read       int
}

func loadIndex(ctx context.Context, store upload.Store, cache string) (*loaded, error) {
	out := &loaded{}
	x := &index{store: store, cachePath: cache, codec: records}
	x.visit = func(key string, s told) {
		if s.bad != nil {
			out.unreadable = append(out.unreadable, Unreadable{key, s.bad})
			return
		}
		out.records = append(out.records, Stored{Name: nameOf(key), Summary: s.sum})
	}
	err := x.each(ctx)
	slices.SortFunc(out.records, func(a, b Stored) int { return strings.Compare(b.Name, a.Name) })
	out.read = x.read
	return out, err
}

func load(t testing.TB, store upload.Store, cache string) *loaded {
	t.Helper()
	c, err := loadIndex(t.Context(), store, cache)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNothingIsReadTwice(t *testing.T) {
	local := upload.NewLocal(t.TempDir())
	for i := range 50 {
		put(t, local, fmt.Sprintf("index/s-%06d.json", i), record(i, "first"))
	}
	put(t, local, "sessions/2026/01/01/s-000000.json", []byte("{}"))
	for name, store := range map[string]upload.Store{"stats": local, "etags": &counting{Store: local}} {
		t.Run(name, func(t *testing.T) {
			cache := filepath.Join(t.TempDir(), "deep", "index")
			if c := load(t, store, cache); c.read != 50 || len(c.records) != 50 || c.records[0].Name != "s-000049" {
				t.Fatalf("first: read %d, got %d", c.read, len(c.records))
			}
			if c := load(t, store, cache); c.read != 0 || len(c.records) != 50 {
				t.Errorf("again: read %d, got %d; want 0 and 50", c.read, len(c.records))
			}
			put(t, local, "index/s-000007.json", record(7, "changed by "+name))
			put(t, local, "index/s-000050.json", record(50, "new"))
			if err := local.Delete(t.Context(), "index/s-000008.json"); err != nil {
				t.Fatal(err)
			}
			c := load(t, store, cache)
			if c.read != 2 || len(c.records) != 50 {
				t.Errorf("after a change: read %d, got %d; want 2 and 50", c.read, len(c.records))
			}
			for _, r := range c.records {
				if r.Name == "s-000008" || r.Name == "s-000007" && *r.Title != "changed by "+name {
					t.Errorf("got %s %q", r.Name, *r.Title)
				}
			}
			put(t, local, "index/s-000008.json", record(8, "back"))
			if err := local.Delete(t.Context(), "index/s-000050.json"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestAnyCacheWillDo plants caches that cannot be used.
func TestAnyCacheWillDo(t *testing.T) {
	local := upload.NewLocal(t.TempDir())
	for i := range 20 {
		put(t, local, fmt.Sprintf("index/s-%06d.json", i), record(i, "title"))
	}
	good := filepath.Join(t.TempDir(), "index")
	load(t, local, good)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte(nil), whole...)
	flipped[len(flipped)/2] ^= 1
	for name, b := range map[string][]byte{
		"empty": {}, "of another kind": []byte("#!/bin/sh\n"), "cut": whole[:len(whole)-5], "cut in a head": whole[:len(magic)+7],
		"damaged": flipped, "a length of gigabytes": append([]byte(magic), 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
	} {
		path := filepath.Join(t.TempDir(), "index")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if c := load(t, local, path); len(c.records) != 20 {
			t.Errorf("%s: got %d records, want 20", name, len(c.records))
		}
		if c := load(t, local, path); c.read != 0 {
			t.Errorf("%s: %d were read again after the cache was mended", name, c.read)
		}
	}
	for name, path := range map[string]string{"none": "", "a folder": t.TempDir(), "below a file": filepath.Join(good, "index")} {
		if c := load(t, local, path); len(c.records) != 20 {
			t.Errorf("%s: got %d records, want 20", name, len(c.records))
		}
	}
}

func TestCacheDoesNotGrowForEver(t *testing.T) {
	local := upload.NewLocal(t.TempDir())
	cache := filepath.Join(t.TempDir(), "index")
	for i := range 1300 {
		put(t, local, "index/s-000000.json", record(0, fmt.Sprint("title ", i)))
		load(t, local, cache)
	}
	info, err := os.Stat(cache)
	if err != nil || info.Size() > 1100*int64(len(record(0, "title 1000"))+100) {
		t.Errorf("%d bytes for one record, %v", info.Size(), err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

// TestWhatIsRemovedIsForgotten: a title that left the store must not stay on every machine that read it.
func TestWhatIsRemovedIsForgotten(t *testing.T) {
	local := upload.NewLocal(t.TempDir())
	for i := range 3 {
		put(t, local, fmt.Sprintf("index/s-%06d.json", i), record(i, fmt.Sprint("a secret plan ", i)))
	}
	cache := filepath.Join(t.TempDir(), "index")
	load(t, local, cache)
	holds := func(text string) bool {
		b, err := os.ReadFile(cache)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(b, []byte(text))
	}
	if err := local.Delete(t.Context(), "index/s-000001.json"); err != nil {
		t.Fatal(err)
	}
	if load(t, local, cache); holds("a secret plan 1") || !holds("a secret plan 2") {
		t.Error("what was removed from the store is still kept, or more than that is gone")
	}
	if forgetRecord(cache, "s-000002"); holds("a secret plan 2") || !holds("a secret plan 0") {
		t.Error("what was to be forgotten is still kept, or more than that is gone")
	}
	forgetRecord(cache, "no-such-session")
	forgetRecord("", "s-000000")
	if c := load(t, local, cache); len(c.records) != 2 || c.read != 1 {
		t.Errorf("got %d records, read %d; want 2 and 1", len(c.records), c.read)
	}
}

// FuzzCache reads files that nobody wrote.
func FuzzCache(f *testing.F) {
	f.Add(appendEntry([]byte(magic), entryOf("index/a.json", "v", []byte(`{"session_id":"a","start_time":"2026-11-22T10:00:00+00:00"}`))))
	f.Add(appendEntry([]byte(magic), entry{key: "index/a.json", version: "v", body: []byte("p\x00")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "index")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		for c := range (cache{path}).chunks(func() *chunk { return new(chunk) }) {
			for _, r := range c.decode(records).records {
				if r.sum != nil && !names(r.key, r.sum.SessionID) {
					t.Errorf("%q stands under %q", r.sum.SessionID, r.key)
				}
			}
		}
	})
}

func TestSeveralAtOnce(t *testing.T) {
	local := upload.NewLocal(t.TempDir())
	for i := range 200 {
		put(t, local, fmt.Sprintf("index/s-%06d.json", i), record(i, "title"))
	}
	cache := filepath.Join(t.TempDir(), "index")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if c := load(t, local, cache); len(c.records) != 200 {
					t.Errorf("got %d records, want 200", len(c.records))
				}
			}
		})
	}
	wg.Wait()
}

func TestBadRecordsAreNamed(t *testing.T) {
	local := upload.NewLocal(t.TempDir())
	for key, body := range map[string]string{
		"index/good.json":    `{"schema_version":"1.0","session_id":"good","start_time":"2025-01-01T00:00:00+00:00"}`,
		"index/newer.json":   `{"schema_version":"2.0","session_id":"newer","start_time":"2025-01-01T00:00:00+00:00"}`,
		"index/foreign.json": `{"hello":"world"}`,
		"index/broken.json":  `{"schema_version":"1.1","sess`,
		"index/notime.json":  `{"schema_version":"1.1","session_id":"notime"}`,
		"index/empty.json":   "",
		"index/deep/x.json":  `{}`,
		"index/readme.txt":   `hello`,
		"doctor/probe.json":  `{}`,
	} {
		put(t, local, key, []byte(body))
	}
	c := load(t, local, "")
	if len(c.records) != 1 || c.records[0].Name != "good" || c.records[0].Key() != "sessions/2025/01/01/good.json" {
		t.Errorf("got %+v", c.records)
	}
	if len(c.unreadable) != 5 {
		t.Errorf("got %v, want five bad records", c.unreadable)
	}
	for _, b := range c.unreadable {
		if b.Key == "index/newer.json" != errors.Is(b.Err, schema.ErrNewer) || b.Key == "index/notime.json" != errors.Is(b.Err, ErrNoStart) {
			t.Errorf("%s: %v", b.Key, b.Err)
		}
	}
}

// failing is a store that gives lists and no objects.
type failing struct{ upload.Store }

func (failing) Get(context.Context, string) ([]byte, string, error) {
	return nil, "", errors.New("no such luck")
}

func TestAStoreThatFailsIsSaid(t *testing.T) {
	local := upload.NewLocal(t.TempDir())
	for i := range 100 {
		put(t, local, fmt.Sprintf("index/s-%06d.json", i), record(i, "title"))
	}
	if _, err := loadIndex(t.Context(), failing{local}, ""); err == nil || err.Error() != "read the index: no such luck" {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := loadIndex(ctx, local, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if c := load(t, upload.NewLocal(filepath.Join(t.TempDir(), "none")), ""); len(c.records) != 0 {
		t.Errorf("got %v of a store that is not there", c.records)
	}
}

// BenchmarkLoad lists 100,000 sessions from a folder, with and without what was read before.
func BenchmarkLoad(b *testing.B) {
	const n = 100_000
	dir := b.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "index"), 0o700); err != nil {
		b.Fatal(err)
	}
	filler := make([]byte, 900) // a record has 1.2 kB
	for i := range filler {
		filler[i] = 'a' + byte(i%26)
	}
	for i := range n {
		path := filepath.Join(dir, "index", fmt.Sprintf("s-%06d.json", i))
		if err := os.WriteFile(path, record(i, string(filler)), 0o600); err != nil { // Put would sync each
			b.Fatal(err)
		}
	}
	store := upload.NewLocal(dir)
	warm := filepath.Join(b.TempDir(), "index")
	load(b, store, warm)
	for name, cache := range map[string]string{"warm": warm, "none": ""} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if c := load(b, store, cache); len(c.records) != n {
					b.Fatal(len(c.records))
				}
			}
		})
	}
}
