// Package storetest holds the suite that every [upload.Store] must pass, and a
// wrapper that makes a store's calls fail.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ams/pkg/upload"
)

// Option loosens the suite for a server that cannot do better.
type Option int

// RacyIfMatch is for servers whose conditional puts, IfAbsent's too, are not
// atomic: of several at once more than one may win (seen with gofakes3's memory
// backend).
const RacyIfMatch Option = 1

// LosesUpdates is for servers that compare the ETag and put in two steps: of
// several IfMatch at once more than one may win (seen with versitygw 1.8's POSIX
// backend: 5 of 24 puts were lost). IfAbsent holds there.
const LosesUpdates Option = 2

// Run tests the store that open returns: a new and empty one for each call,
// which open cleans up by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) upload.Store, opts ...Option) {
	for _, c := range []struct {
		name string
		test func(*testing.T, upload.Store)
	}{
		{"GetReturnsWhatWasPut", roundTrip},
		{"PutReplaces", replaces},
		{"PutKeepsNoHoldOfTheBody", bodyIsTheCallers},
		{"EmptyBody", emptyBody},
		{"LargeBody", largeBody},
		{"GetOfAbsentIsErrNotFound", absent},
		{"IfMatchReplacesOnlyThatVersion", ifMatch},
		{"IfMatchOfAbsentIsErrChanged", ifMatchAbsent},
		{"IfAbsentPutsOnlyWhereNothingIs", ifAbsent},
		{"IfMatchAndIfAbsentExcludeEachOther", bothConditions},
		{"IfMatchOfABodyThatCameBack", bodyCameBack},
		{"WritersInTurnLoseNothing", writersInTurn},
		{"LookTellsWhatGetTells", lookTells},
		{"ListIsAscendingAndByPrefix", list},
		{"ListOfNothing", listNothing},
		{"ListEndsWithTheCallbacksError", listStops},
		{"ListsCallbackMayUseTheStore", listReenters},
		{"DeleteRemovesAndIsNoErrorWhenAbsent", deletes},
		{"HostileKeysAreErrKey", hostileKeys},
		{"EndedContext", endedContext},
		{"ConcurrentPutsOfOneKeyLeaveOneWhole", concurrentPuts},
		{"ConcurrentPutsOfManyKeys", concurrentKeys},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
	if slices.Contains(opts, RacyIfMatch) {
		return
	}
	t.Run("OneOfConcurrentIfAbsentWins", func(t *testing.T) { concurrentIfAbsent(t, open(t)) })
	if slices.Contains(opts, LosesUpdates) {
		return
	}
	t.Run("OneOfConcurrentIfMatchWins", func(t *testing.T) { concurrentIfMatch(t, open(t)) })
	t.Run("WritersAtOnceLoseNothing", func(t *testing.T) { writersAtOnce(t, open(t)) })
}

func put(t *testing.T, s upload.Store, key, body string) (etag string) {
	t.Helper()
	etag, err := s.Put(t.Context(), key, []byte(body), upload.PutOptions{})
	if err != nil {
		t.Fatalf("Put(%s): %v", key, err)
	}
	if etag == "" {
		t.Fatalf("Put(%s): got no ETag", key)
	}
	return etag
}

func wantBody(t *testing.T, s upload.Store, key, want string) (etag string) {
	t.Helper()
	body, etag, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get(%s): %v", key, err)
	}
	if string(body) != want {
		t.Fatalf("Get(%s): got %d bytes %.80q, want %d bytes %.80q", key, len(body), body, len(want), want)
	}
	return etag
}

func keys(t *testing.T, s upload.Store, prefix string) []string {
	t.Helper()
	got := []string{}
	err := s.List(t.Context(), prefix, func(o upload.Object) error {
		got = append(got, o.Key)
		return nil
	})
	if err != nil {
		t.Fatalf("List(%q): %v", prefix, err)
	}
	return got
}

func roundTrip(t *testing.T, s upload.Store) {
	for _, key := range []string{
		upload.SessionKey("4eaac988-79e9-48db-88c6-0f231988ff78", time.Now()),
		upload.IndexKey("x" + strings.Repeat("0f", 32)),
		"a",
		"raw/2026/11/22/a_b-c.tar.zst",
		"tables/sessions/dt=2026-11-22/0a-01.parquet",
	} {
		body := "{\"key\": \"" + key + "\", \"text\": \"\x00\xff\r\n<>&é\"}"
		etag := put(t, s, key, body)
		if got := wantBody(t, s, key, body); got != etag {
			t.Errorf("%s: ETag of Get: got %q, want Put's %q", key, got, etag)
		}
	}
}

func replaces(t *testing.T, s upload.Store) {
	long := put(t, s, "index/a.json", strings.Repeat("long ", 1000))
	short := put(t, s, "index/a.json", "short")
	wantBody(t, s, "index/a.json", "short")
	if long == short {
		t.Errorf("two bodies have one ETag %q", long)
	}
	if got := keys(t, s, ""); !slices.Equal(got, []string{"index/a.json"}) {
		t.Errorf("keys: got %q", got)
	}
}

func bodyIsTheCallers(t *testing.T, s upload.Store) {
	body := []byte("before")
	if _, err := s.Put(t.Context(), "a", body, upload.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	copy(body, "after!")
	wantBody(t, s, "a", "before")
}

func emptyBody(t *testing.T, s upload.Store) {
	if _, err := s.Put(t.Context(), "index/empty.json", nil, upload.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	wantBody(t, s, "index/empty.json", "")
	if got := keys(t, s, "index/"); !slices.Equal(got, []string{"index/empty.json"}) {
		t.Errorf("keys: got %q", got)
	}
}

// largeBody has the size of the largest session seen.
func largeBody(t *testing.T, s upload.Store) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 20<<20/16)
	body[0], body[len(body)-1] = '<', '>'
	etag, err := s.Put(t.Context(), "sessions/large.json", body, upload.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, gotETag, err := s.Get(t.Context(), "sessions/large.json")
	if err != nil || !bytes.Equal(got, body) || gotETag != etag {
		t.Fatalf("got %d bytes with ETag %q, error %v; want %d with %q", len(got), gotETag, err, len(body), etag)
	}
}

func absent(t *testing.T, s upload.Store) {
	put(t, s, "index/there.json", "{}")
	for _, key := range []string{"index/gone.json", "index", "index/there.json/below", "index/the", "other/there.json"} {
		body, etag, err := s.Get(t.Context(), key)
		if !errors.Is(err, upload.ErrNotFound) || body != nil || etag != "" {
			t.Errorf("Get(%s): got %q, %q, %v, want ErrNotFound", key, body, etag, err)
		} else if !strings.Contains(err.Error(), key) {
			t.Errorf("Get(%s): the error does not name the key: %v", key, err)
		}
	}
}

func ifMatch(t *testing.T, s upload.Store) {
	ctx, key := t.Context(), "index/a.json"
	first := put(t, s, key, "1")
	second, err := s.Put(ctx, key, []byte("2"), upload.PutOptions{IfMatch: first})
	if err != nil {
		t.Fatalf("put with the current ETag: %v", err)
	}
	if _, err := s.Put(ctx, key, []byte("3"), upload.PutOptions{IfMatch: first}); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("put with an old ETag: got %v, want ErrChanged", err)
	}
	if etag := wantBody(t, s, key, "2"); etag != second {
		t.Errorf("ETag: got %q, want %q", etag, second)
	}
	err = s.List(ctx, key, func(o upload.Object) error {
		_, err := s.Put(ctx, key, []byte("4"), upload.PutOptions{IfMatch: o.ETag})
		return err
	})
	if err != nil {
		t.Errorf("put with the ETag of List: %v", err)
	}
	wantBody(t, s, key, "4")
}

func ifMatchAbsent(t *testing.T, s upload.Store) {
	etag := put(t, s, "a", "1")
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "never/was"} {
		_, err := s.Put(t.Context(), key, []byte("2"), upload.PutOptions{IfMatch: etag})
		if !errors.Is(err, upload.ErrChanged) {
			t.Errorf("Put(%s): got %v, want ErrChanged", key, err)
		}
	}
	if got := keys(t, s, ""); len(got) != 0 {
		t.Errorf("keys: got %q, want none", got)
	}
}

func ifAbsent(t *testing.T, s upload.Store) {
	ctx, key := t.Context(), "index/a.json"
	etag, err := s.Put(ctx, key, []byte("1"), upload.PutOptions{IfAbsent: true})
	if err != nil {
		t.Fatalf("put where nothing is: %v", err)
	}
	if got := wantBody(t, s, key, "1"); got != etag {
		t.Errorf("ETag: got %q, want %q", got, etag)
	}
	for _, body := range []string{"2", "1"} { // the same body is no excuse
		if _, err := s.Put(ctx, key, []byte(body), upload.PutOptions{IfAbsent: true}); !errors.Is(err, upload.ErrChanged) {
			t.Errorf("put %q over an object: got %v, want ErrChanged", body, err)
		}
	}
	if got := wantBody(t, s, key, "1"); got != etag {
		t.Errorf("ETag after refused puts: got %q, want %q", got, etag)
	}
	if err := s.Delete(ctx, key); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(ctx, key, []byte("3"), upload.PutOptions{IfAbsent: true}); err != nil {
		t.Errorf("put after Delete: %v", err)
	}
	wantBody(t, s, key, "3")
}

func bothConditions(t *testing.T, s upload.Store) {
	etag := put(t, s, "a", "1")
	_, err := s.Put(t.Context(), "a", []byte("2"), upload.PutOptions{IfMatch: etag, IfAbsent: true})
	if err == nil || errors.Is(err, upload.ErrChanged) {
		t.Errorf("got %v, want an error of its own", err)
	}
	wantBody(t, s, "a", "1")
}

// bodyCameBack holds that a refused Put changes nothing, and that an ETag is the body's and no
// place in a row of puts.
func bodyCameBack(t *testing.T, s upload.Store) {
	ctx, key := t.Context(), "index/a.json"
	first := put(t, s, key, "1")
	put(t, s, key, "2")
	for range 2 {
		if _, err := s.Put(ctx, key, []byte("3"), upload.PutOptions{IfMatch: first}); !errors.Is(err, upload.ErrChanged) {
			t.Errorf("got %v, want ErrChanged", err)
		}
	}
	wantBody(t, s, key, "2")
	put(t, s, key, "1")
	if _, err := s.Put(ctx, key, []byte("4"), upload.PutOptions{IfMatch: wantBody(t, s, key, "1")}); err != nil {
		t.Errorf("put with the current ETag: %v", err)
	}
}

// add reads the object, adds a line to it and puts it on the condition that nobody else did, until that holds.
func add(t *testing.T, s upload.Store, key, line string) {
	for {
		body, etag, err := s.Get(t.Context(), key)
		if err != nil && !errors.Is(err, upload.ErrNotFound) {
			t.Errorf("Get(%s): %v", key, err)
			return
		}
		opt := upload.PutOptions{IfMatch: etag, IfAbsent: err != nil}
		if _, err = s.Put(t.Context(), key, append(body, line+"\n"...), opt); !errors.Is(err, upload.ErrChanged) {
			if err != nil {
				t.Errorf("Put(%s): %v", key, err)
			}
			return
		}
	}
}

// wantLines holds that every writer's every line is there, once.
func wantLines(t *testing.T, s upload.Store, key string, want []string) {
	t.Helper()
	body, _, err := s.Get(t.Context(), key)
	got := strings.Fields(string(body))
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got lines %q, %v; want %q", got, err, want)
	}
}

func writersInTurn(t *testing.T, s upload.Store) {
	var want []string
	for round := range 3 {
		for writer := range 3 {
			line := fmt.Sprintf("%d-%d", writer, round)
			want = append(want, line)
			add(t, s, "sessions/a", line)
		}
	}
	wantLines(t, s, "sessions/a", want)
}

func writersAtOnce(t *testing.T, s upload.Store) {
	const writers, rounds = 6, 4
	var want []string
	for writer := range writers {
		for round := range rounds {
			want = append(want, fmt.Sprintf("%d-%d", writer, round))
		}
	}
	together(writers, func(writer int) {
		for round := range rounds {
			add(t, s, "sessions/a", fmt.Sprintf("%d-%d", writer, round))
		}
	})
	wantLines(t, s, "sessions/a", want)
}

func lookTells(t *testing.T, s upload.Store) {
	if _, err := upload.Look(t.Context(), s, "sessions/a"); !errors.Is(err, upload.ErrNotFound) {
		t.Errorf("where nothing is: got %v, want ErrNotFound", err)
	}
	etag := put(t, s, "sessions/a", "12345")
	if o, err := upload.Look(t.Context(), s, "sessions/a"); err != nil || o.Key != "sessions/a" || o.Size != 5 || o.ETag != etag {
		t.Errorf("got %+v, %v; want 5 bytes with ETag %q", o, err, etag)
	}
}

func list(t *testing.T, s upload.Store) {
	all := []string{ // ascending by byte: "-" and "." before "/", "/" before "0" and letters
		"index/a-b.json", "index/a.json", "index/a/b.json", "index/a0.json", "index/b.json",
		"sessions/2025/12/31/z.json", "sessions/2026/01/01/a.json", "sessions/2026/11/22/a.json", "sessions/2026/11/22/b.json", "z",
	}
	etags := map[string]string{}
	for i := range all {
		key := all[(i*7+3)%len(all)]
		etags[key] = put(t, s, key, strings.Repeat("x", i))
	}
	for _, prefix := range []string{"", "i", "index", "index/", "index/a", "index/a/", "index/a.json", "index/a.json/",
		"sessions/2026", "sessions/2026/11/22/", "sessions/2026/1", "none", "../", "/", "."} {
		want := slices.DeleteFunc(slices.Clone(all), func(k string) bool { return !strings.HasPrefix(k, prefix) })
		if got := keys(t, s, prefix); !slices.Equal(got, want) {
			t.Errorf("List(%q): got %q, want %q", prefix, got, want)
		}
	}
	err := s.List(t.Context(), "", func(o upload.Object) error {
		body, etag, err := s.Get(t.Context(), o.Key)
		if err != nil || o.Size != int64(len(body)) || o.ETag != etag || etag != etags[o.Key] {
			t.Errorf("%+v: Get has %d bytes, ETag %q, error %v; Put gave %q", o, len(body), etag, err, etags[o.Key])
		}
		if age := time.Since(o.ModTime); age < -time.Hour || age > time.Hour {
			t.Errorf("%s: modified at %v", o.Key, o.ModTime)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func listNothing(t *testing.T, s upload.Store) {
	for _, prefix := range []string{"", "index/"} {
		if got := keys(t, s, prefix); len(got) != 0 {
			t.Errorf("List(%q): got %q, want nothing", prefix, got)
		}
	}
}

func listStops(t *testing.T, s upload.Store) {
	put(t, s, "a", "1")
	put(t, s, "b", "2")
	stop, n := errors.New("stop"), 0
	err := s.List(t.Context(), "", func(upload.Object) error { n++; return stop })
	if err != stop || n != 1 {
		t.Errorf("got %v after %d calls, want the callback's own error after 1", err, n)
	}
}

func listReenters(t *testing.T, s upload.Store) {
	put(t, s, "index/a.json", "1")
	put(t, s, "index/b.json", "2")
	err := s.List(t.Context(), "index/", func(o upload.Object) error {
		if _, err := s.Put(t.Context(), "seen/"+o.Key, nil, upload.PutOptions{}); err != nil {
			return err
		}
		return s.Delete(t.Context(), o.Key)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := keys(t, s, ""), []string{"seen/index/a.json", "seen/index/b.json"}; !slices.Equal(got, want) {
		t.Errorf("keys: got %q, want %q", got, want)
	}
}

func deletes(t *testing.T, s upload.Store) {
	if err := s.Delete(t.Context(), "index/a.json"); err != nil {
		t.Errorf("in an empty store: %v", err)
	}
	put(t, s, "index/a.json", "1")
	put(t, s, "index/b.json", "2")
	for range 2 {
		if err := s.Delete(t.Context(), "index/a.json"); err != nil {
			t.Errorf("Delete: %v", err)
		}
	}
	for _, key := range []string{"index", "index/b.json/below", "inde"} {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete(%s): %v", key, err)
		}
	}
	if got, want := keys(t, s, ""), []string{"index/b.json"}; !slices.Equal(got, want) {
		t.Errorf("keys: got %q, want %q", got, want)
	}
	put(t, s, "index/a.json", "3")
	wantBody(t, s, "index/a.json", "3")
}

func hostileKeys(t *testing.T, s upload.Store) {
	put(t, s, "index/a.json", "1")
	for _, key := range []string{
		"", ".", "..", "/", "../a", "a/../b", "a/..", "index/../../etc/passwd", "/etc/passwd", "/a", "a/", "a//b", "./a", "a/./b",
		`a\b`, `..\a`, `c:\a`, "c:a", "a\x00b", "a\nb", "a b", "a%2e%2eb", "A", "é", "\xff", ".hidden", "a/.tmp-x", ".lock", "a.", "a*", "a?b#c",
		strings.Repeat("a", 4000), strings.Repeat("a/", 2000) + "a",
	} {
		if _, err := s.Put(t.Context(), key, []byte("x"), upload.PutOptions{}); !errors.Is(err, upload.ErrKey) {
			t.Errorf("Put(%.40q): got %v, want ErrKey", key, err)
		}
		if _, _, err := s.Get(t.Context(), key); !errors.Is(err, upload.ErrKey) {
			t.Errorf("Get(%.40q): got %v, want ErrKey", key, err)
		}
		if err := s.Delete(t.Context(), key); !errors.Is(err, upload.ErrKey) {
			t.Errorf("Delete(%.40q): got %v, want ErrKey", key, err)
		}
	}
	if got, want := keys(t, s, ""), []string{"index/a.json"}; !slices.Equal(got, want) {
		t.Errorf("keys: got %q, want %q", got, want)
	}
}

func endedContext(t *testing.T, s upload.Store) {
	put(t, s, "a", "1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, putErr := s.Put(ctx, "a", []byte("2"), upload.PutOptions{})
	_, _, getErr := s.Get(ctx, "a")
	listErr := s.List(ctx, "", func(upload.Object) error { t.Error("List called back"); return nil })
	deleteErr := s.Delete(ctx, "a")
	for i, err := range []error{putErr, getErr, listErr, deleteErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want context.Canceled", []string{"Put", "Get", "List", "Delete"}[i], err)
		}
	}
	wantBody(t, s, "a", "1")
}

func concurrentPuts(t *testing.T, s upload.Store) {
	const writers = 16
	bodies := map[string]string{} // by ETag
	var mu sync.Mutex
	put(t, s, "index/a.json", "first")
	together(writers, func(i int) {
		body := fmt.Sprintf("%d:", i) + strings.Repeat(string(rune('a'+i)), 100_000+i)
		etag, err := s.Put(t.Context(), "index/a.json", []byte(body), upload.PutOptions{})
		if err != nil {
			t.Errorf("Put %d: %v", i, err)
			return
		}
		mu.Lock()
		bodies[etag] = body
		mu.Unlock()
		got, _, err := s.Get(t.Context(), "index/a.json")
		if err != nil || len(got) < 100_000 || strings.Trim(string(got[len(got)-100_000:]), string(got[len(got)-1])) != "" {
			t.Errorf("a reader saw %d bytes that no writer wrote, error %v", len(got), err)
		}
	})
	body, etag, err := s.Get(t.Context(), "index/a.json")
	if err != nil || string(body) != bodies[etag] {
		t.Errorf("got %d bytes under ETag %q, which was given for %d; error %v", len(body), etag, len(bodies[etag]), err)
	}
}

func concurrentKeys(t *testing.T, s upload.Store) {
	start := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	together(32, func(i int) {
		key := upload.SessionKey(fmt.Sprintf("s-%02d", i), start.AddDate(0, 0, i%3))
		if _, err := s.Put(t.Context(), key, []byte(key), upload.PutOptions{}); err != nil {
			t.Errorf("Put(%s): %v", key, err)
		}
	})
	got := keys(t, s, "sessions/")
	if len(got) != 32 || !slices.IsSorted(got) {
		t.Errorf("got %d keys: %q", len(got), got)
	}
	for _, key := range got {
		wantBody(t, s, key, key)
	}
}

func concurrentIfMatch(t *testing.T, s upload.Store) {
	oneWins(t, s, func(key string) upload.PutOptions { return upload.PutOptions{IfMatch: put(t, s, key, "first")} })
}

func concurrentIfAbsent(t *testing.T, s upload.Store) {
	oneWins(t, s, func(string) upload.PutOptions { return upload.PutOptions{IfAbsent: true} })
}

func oneWins(t *testing.T, s upload.Store, condition func(key string) upload.PutOptions) {
	for round := range 5 {
		key := fmt.Sprintf("index/%d.json", round)
		opt := condition(key)
		var mu sync.Mutex
		var won []string
		together(8, func(i int) {
			body := fmt.Sprint("writer ", i)
			switch _, err := s.Put(t.Context(), key, []byte(body), opt); {
			case err == nil:
				mu.Lock()
				won = append(won, body)
				mu.Unlock()
			case !errors.Is(err, upload.ErrChanged):
				t.Errorf("%s: got %v, want ErrChanged", body, err)
			}
		})
		if len(won) != 1 {
			t.Fatalf("%d writers won: %q, want one", len(won), won)
		}
		wantBody(t, s, key, won[0])
	}
}

// together runs n calls that begin at the same moment.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}
