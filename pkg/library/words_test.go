package library_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"ams/pkg/library"
	"ams/pkg/upload"
	"ams/pkg/wordindex"
)

// far is a store as a bucket is one: nothing of it is near.
type far struct{ upload.Store }

// hits are the sessions that a search finds, and how many it read.
func hits(t *testing.T, lib *library.Library, text string) (found []string, read int) {
	t.Helper()
	for m, err := range lib.Find(t.Context(), compile(t, text), listAll(t, lib)) {
		if err != nil {
			t.Fatal(err)
		}
		if m.Bytes > 0 {
			read++
		}
		if len(m.Hits) > 0 {
			found = append(found, m.Name)
		}
	}
	return found, read
}

// index fills the word index, and returns how many sessions were new to it.
func index(t *testing.T, lib *library.Library) (added int) {
	t.Helper()
	for r, err := range lib.Index(t.Context(), listAll(t, lib)) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Bytes > 0 {
			added++
		}
	}
	return added
}

func TestTheWordIndexSparesReading(t *testing.T) {
	for name, wrap := range map[string]func(upload.Store) upload.Store{
		"folder": func(s upload.Store) upload.Store { return s }, "bucket": func(s upload.Store) upload.Store { return far{s} },
	} {
		t.Run(name, func(t *testing.T) {
			store := wrap(filled(t, session("s-0", "the needle"), session("s-1", "hay"), session("s-2", "hay, and straw")))
			dir := t.TempDir()
			lib := library.Open(store, library.Options{CacheDir: dir, Words: wordindex.Open(filepath.Join(dir, "words"))})
			if added, again := index(t, lib), index(t, lib); added != 3 || again != 0 {
				t.Errorf("%d sessions were added, and then %d", added, again)
			}
			check := func(text string, read int, want ...string) {
				t.Helper()
				if found, n := hits(t, lib, text); !slices.Equal(found, want) || n != read {
					t.Errorf("%q: found %q in %d, want %q in %d", text, found, n, want, read)
				}
			}
			check("eedl", 1, "s-0")
			check("nowhere", 0)
			check("hay", 2, "s-2", "s-1")
			check("dl", 3, "s-0") // too short to be asked for

			// A session that changed is read, until it is known anew; one that left is forgotten, whoever removed it.
			if err := put(t.Context(), store, later(session("s-1", "a needle in hay"), time.Hour)); err != nil {
				t.Fatal(err)
			}
			check("a needle", 2, "s-1") // and s-0, where the words are, if not in this order
			if added := index(t, lib); added > 1 {
				t.Errorf("%d sessions were added, want the changed one, if the search did not do it", added)
			}
			check("straw", 1, "s-2")
			s := listAll(t, lib).Sessions[0]
			if err := errors.Join(store.Delete(t.Context(), s.Key()), store.Delete(t.Context(), upload.IndexKey(s.Name))); err != nil {
				t.Fatal(err)
			}
			check("straw", 0)
			words := wordindex.Open(filepath.Join(dir, "words"))
			if known := words.Known(t.Context()); !known("s-0", version(t, store, "s-0")) {
				t.Error("the others are not known any more")
			}
			if strays := words.Strays(func(name string) bool { return name != "s-2" }); len(strays) > 0 {
				t.Errorf("what the store has no longer is in the index: %q", strays)
			}
			lib.Forget("s-0")
			words.Known(t.Context())
			if strays := words.Strays(func(name string) bool { return name == "s-1" }); len(strays) > 0 {
				t.Errorf("what was forgotten is in the index: %q", strays)
			}
		})
	}
}

// version is the version of a session's body.
func version(t *testing.T, store upload.Store, name string) (found string) {
	t.Helper()
	if err := upload.Versions(t.Context(), store, "sessions/", func(key, version string) error {
		if filepath.Base(key) == name+".json" {
			found = version
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

// TestASearchFeedsTheWordIndex searches until all is known: each search leaves what it had time for.
func TestASearchFeedsTheWordIndex(t *testing.T) {
	store, dir := filled(t), t.TempDir()
	for i := range 8 {
		if err := put(t.Context(), store, session(fmt.Sprintf("s-%d", i), "text")); err != nil {
			t.Fatal(err)
		}
	}
	lib := library.Open(store, library.Options{CacheDir: dir, Words: wordindex.Open(filepath.Join(dir, "words"))})
	const patience = 10_000
	for range patience {
		found, read := hits(t, lib, "nowhere")
		if len(found) > 0 {
			t.Fatalf("found in %q", found)
		}
		if read == 0 {
			return
		}
	}
	t.Error("nothing was fed")
}

func TestAnIndexNeedsAFolder(t *testing.T) {
	lib := library.Open(filled(t, session("s", "x")), library.Options{})
	var last error
	for _, last = range lib.Index(t.Context(), listAll(t, lib)) {
	}
	if last == nil {
		t.Error("no error")
	}
}
