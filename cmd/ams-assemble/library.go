package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"

	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/screen"
	"ams/pkg/upload"
)

// openLibrary is the library of the store in use.
func openLibrary(ctx context.Context, e env, set settings, unstored library.Unstored) (*library.Library, error) {
	store, err := set.open(ctx)
	if err != nil {
		return nil, err
	}
	return libraryOf(e, set, store, unstored), nil
}

// libraryOf is the library of an open store.
func libraryOf(e env, set settings, store upload.Store, unstored library.Unstored) *library.Library {
	return library.Open(store, library.Options{CacheDir: cacheDir(e, set), Unstored: unstored, Mask: set.redact})
}

// cacheDir is where what was read from stores is kept, "" where there is no place for it.
func cacheDir(e env, set settings) string {
	base := e.getenv("XDG_CACHE_HOME")
	switch home := homeDir(e); {
	case runtime.GOOS == "windows":
		base = e.getenv("LOCALAPPDATA")
	case runtime.GOOS == "darwin":
		base = filepath.Join(home, "Library", "Caches")
	case !filepath.IsAbs(base):
		base = filepath.Join(home, ".cache")
	}
	if !filepath.IsAbs(base) {
		return ""
	}
	return filepath.Join(base, "ams", set.storeHash())
}

// listed are the stored sessions that a query wants. What of the index cannot be used is said.
func listed(ctx context.Context, e env, lib *library.Library, q query.Query) (*library.List, error) {
	list, err := lib.List(ctx, q)
	if err == nil {
		sayUnreadable(e, list.Unreadable)
		sayDoubtful(e, list.Doubtful)
	}
	return list, err
}

// sayUnreadable tells of index records that no list can show.
func sayUnreadable(e env, bad []library.Unreadable) {
	if len(bad) == 0 {
		return
	}
	newer := 0
	for _, b := range bad {
		if errors.Is(b.Err, schema.ErrNewer) {
			newer++
		}
	}
	fmt.Fprintf(e.stderr, "ams-assemble: %s left out: %s: %v", screen.Count(len(bad), "index record"), bad[0].Key, screen.Line(bad[0].Err.Error()))
	if len(bad) > 1 {
		fmt.Fprintf(e.stderr, ", and %d more", len(bad)-1)
	}
	fmt.Fprintln(e.stderr)
	if newer > 0 {
		fmt.Fprintf(e.stderr, "hint: a newer ams-assemble wrote %d of them: update this one\n", newer)
	}
	if newer < len(bad) {
		fmt.Fprintln(e.stderr, "hint: ams-assemble session ID --store stores a session anew, ams-assemble rm ID takes a record away")
	}
}

// sayNothing tells why there is nothing to show.
func sayNothing(e env, set settings, all int) {
	if all == 0 {
		fmt.Fprintf(e.stderr, "ams-assemble: no session is stored in %s\n", set.storeName())
		fmt.Fprintln(e.stderr, "hint: ams-assemble run stores what was recorded, ams-assemble import what was not; ams-assemble doctor says whether recording works")
		return
	}
	fmt.Fprintf(e.stderr, "ams-assemble: none of %s in %s fits\n", screen.Count(all, "session"), set.storeName())
}
