package library

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/upload"
)

// TestEachSeesWhatListLists: whether a record is lent or kept, and read or out of the cache, it is the same.
func TestEachSeesWhatListLists(t *testing.T) {
	local := upload.NewLocal(t.TempDir())
	long := fmt.Sprintf("%q", strings.Repeat("long ", 2000)) // so that the cache has several chunks
	for i := range 2*256 + 10 {
		put(t, local, fmt.Sprintf("index/s-%06d.json", i), fmt.Appendf(nil, `{"schema_version":"1.2","session_id":"s-%06d",
			"start_time":"2026-01-02T10:00:00+00:00","tags":["t%d"],"title":%s,"files":{"/f%d":{"edits":%d}},"tools":{}}`,
			i, i%7, []string{"null", long}[i%2], i%5, i))
	}
	put(t, local, "index/s-huge.json", fmt.Appendf(nil, `{"schema_version":"1.2","session_id":"s-huge","start_time":"2026-01-02T10:00:00+00:00","title":%q}`,
		strings.Repeat("huge ", chunkBytes/4)))
	put(t, local, "index/s-bad.json", []byte("{"))
	l := Open(local, Options{CacheDir: t.TempDir()})
	for _, from := range []string{"the store", "the cache"} {
		seen := map[string]*schema.Summary{}
		of, err := l.Each(t.Context(), query.Query{}, func(s Stored) {
			kept := s.Clone()
			seen[s.Name] = kept.Summary
			clear(s.Tags) // it is lent, and the next one must not see what became of it
			clear(s.Files)
		})
		if err != nil {
			t.Fatal(err)
		}
		list, err := l.List(t.Context(), query.Query{})
		if err != nil {
			t.Fatal(err)
		}
		listed := map[string]*schema.Summary{}
		for _, s := range list.Sessions {
			listed[s.Name] = s.Summary
		}
		if !maps.EqualFunc(seen, listed, func(a, b *schema.Summary) bool { return reflect.DeepEqual(a, b) }) {
			t.Errorf("from %s: Each and List differ", from)
		}
		brief, err := l.ListOnly(t.Context(), query.Query{}, []string{"files"})
		if err != nil || len(brief.Sessions) != len(list.Sessions) {
			t.Fatalf("from %s: %v, %d sessions", from, err, len(brief.Sessions))
		}
		for i, s := range brief.Sessions {
			want := list.Sessions[i]
			if s.Name != want.Name || !reflect.DeepEqual(s.Title, want.Title) || !reflect.DeepEqual(s.Files, want.Files) || s.Old() != want.Old() || len(s.PerDay) > 0 {
				t.Fatalf("from %s: ListOnly lists %+v, List %+v", from, s.Summary, want.Summary)
			}
		}
		if of.Total != list.Total || of.Total != 2*256+11 || len(of.Unreadable) != 1 || len(list.Unreadable) != 1 || len(of.Sessions) != 0 {
			t.Errorf("from %s: Each counts %d, List %d; unreadable %v, %v", from, of.Total, list.Total, of.Unreadable, list.Unreadable)
		}
	}
}

// TestCacheIsCheckedBeforeItIsBelieved plants entries whose sums are right and that tell of something else.
func TestCacheIsCheckedBeforeItIsBelieved(t *testing.T) {
	local := upload.NewLocal(t.TempDir())
	put(t, local, "index/s-000001.json", record(1, "as it is stored"))
	path := filepath.Join(t.TempDir(), "index")
	load(t, local, path)
	var version string
	for c := range (cache{path}).chunks(func() *chunk { return new(chunk) }) {
		version = strings.Clone(c.decode(records).records[0].version)
	}
	of := func(id string) []byte { return entryOf("index/"+id+".json", "", record(2, "planted")).body }
	for name, body := range map[string][]byte{
		"another session": of("s-000002"), "nothing": nil, "no record": []byte("p"), "too much": append(of("s-000002"), 0),
		"no start": records.Append([]byte{asPacked}, &schema.Summary{SessionID: "s-000001"}),
	} {
		file := appendEntry([]byte(magic), entry{"index/s-000001.json", version, body})
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if c := load(t, local, path); len(c.records) != 1 || *c.records[0].Title != "as it is stored" {
			t.Errorf("%s: got %d records, unreadable %v", name, len(c.records), c.unreadable)
		}
		if c := load(t, local, path); c.read != 0 {
			t.Errorf("%s: it is read again with every list", name)
		}
	}
}
