package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ams/pkg/commandline"
	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/screen"
	"ams/pkg/upload"
	"ams/pkg/wordindex"
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
	opt := library.Options{CacheDir: cacheDir(e, set), Unstored: unstored, Mask: set.redact, Progress: lateProgress(e, "reading the index")}
	if words := wordsOfStore(e, set); words != nil {
		opt.Words = words
	}
	return library.Open(store, opt)
}

// wordsOfStore is the word index of the store in use, nil where there is no place for it.
func wordsOfStore(e env, set settings) *wordindex.Index {
	dir := cacheDir(e, set)
	if dir == "" {
		return nil
	}
	return wordindex.Open(filepath.Join(dir, "words"))
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
		sayOf(e, list)
	}
	return list, err
}

// sayOf tells what of a store was of no use.
func sayOf(e env, list *library.List) {
	sayUnreadable(e, list.Unreadable)
	sayDoubtful(e, list.Doubtful)
	if n := len(list.BadParts); n > 0 {
		fmt.Fprintf(e.stderr, "ams-assemble: %s of the tables left out: %s: %s\n", screen.Count(n, "part"), list.BadParts[0].Key, screen.Line(list.BadParts[0].Err.Error()))
		fmt.Fprintln(e.stderr, "hint: nothing is missing from what is shown; ams-assemble tables verify names what is wrong, tables rebuild makes it anew")
	}
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

// sayNothing tells why there is nothing to show, and of a filter's value that no session has, what was meant perhaps.
func sayNothing(e env, c *cli.Context, set settings, lib *library.Library, all int) {
	if all == 0 {
		fmt.Fprintf(e.stderr, "ams-assemble: no session is stored in %s\n", set.storeName())
		fmt.Fprintln(e.stderr, "hint: ams-assemble run stores what was recorded, ams-assemble import what was not; ams-assemble doctor says whether recording works")
		return
	}
	fmt.Fprintf(e.stderr, "ams-assemble: none of %s in %s fits\n", screen.Count(all, "session"), set.storeName())
	list, err := lib.List(c.Context, query.Query{})
	if err != nil {
		return
	}
	for _, flag := range slices.Sorted(maps.Keys(storedValues)) {
		var has []string
		for _, s := range list.Sessions {
			has = append(has, storedValues[flag](s.Summary)...)
		}
		for _, v := range given(c, flag) {
			if hint := slipIn(v, has); hint != "" {
				fmt.Fprintf(e.stderr, "hint: no session has --%s %s; %s\n", flag, screen.Line(v), hint)
			}
		}
	}
}

// given are the values of a filter.
func given(c *cli.Context, flag string) []string {
	if v, ok := c.Value(flag).(string); ok && v != "" {
		return []string{v}
	}
	return c.StringSlice(flag)
}

// slipIn says what a value that no session has may be a slip for, "" where it is a part of what one has.
func slipIn(value string, has []string) string {
	lower := strings.ToLower(strings.TrimSuffix(value, "*"))
	if slices.ContainsFunc(has, func(h string) bool { return strings.Contains(strings.ToLower(h), lower) }) {
		return ""
	}
	if near := commandline.Near(value, has); near != "" {
		return "did you mean " + screen.Line(near) + "?"
	}
	slices.Sort(has)
	some := slices.DeleteFunc(slices.Compact(has), func(h string) bool { return h == "" })
	if len(some) == 0 {
		return "none has any"
	}
	const named = 8
	text := "there is " + strings.Join(some[:min(len(some), named)], ", ")
	if more := len(some) - named; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return screen.Line(text)
}
