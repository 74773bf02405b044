package main

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ams/pkg/spool"
	"ams/pkg/upload"
)

func exists(t *testing.T, dir, name string) bool {
	t.Helper()
	_, err := spool.StatOf(dir, name)
	if err != nil && !errors.Is(err, spool.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func TestSpoolsGoWhenTheirTimeIsOver(t *testing.T) {
	dir, store := t.TempDir(), t.TempDir()
	ended := time.Now().Add(-40 * 24 * time.Hour)
	fillSpool(t, dir, "old", ended)
	fillSpool(t, dir, "young", time.Now().Add(-24*time.Hour))
	later := time.Now().Add(time.Hour)
	flags := []string{"--spool-dir", dir, "--local-dir", store, "--claude-dir", "nowhere"}
	runIt := func(args ...string) string {
		t.Helper()
		code, out, talk := runIn(t, later, append(flags, args...)...)
		if code != exitDone {
			t.Fatalf("%v: exit %d\n%s%s", args, code, out, talk)
		}
		return talk
	}
	runIt("--retain", "0")
	if !exists(t, dir, "old") || !exists(t, dir, "young") {
		t.Error("--retain 0 keeps everything")
	}
	runIt()
	if exists(t, dir, "old") || !exists(t, dir, "young") {
		t.Errorf("after 30 days: old is there: %v, young is there: %v; want young alone", exists(t, dir, "old"), exists(t, dir, "young"))
	}

	// The session stays stored, and what comes later is added to it, not put in its place.
	raw := []byte(`{"session_id":"old","cwd":"/p","hook_event_name":"Notification","message":"still there"}`)
	if _, err := spool.Insert(dir, "old", []spool.Record{{Key: spool.KeyFor(ended.Add(time.Hour), raw, 0), Raw: raw}}); err != nil {
		t.Fatal(err)
	}
	runIt("--retain", "0")
	found, err := filepath.Glob(filepath.Join(store, "sessions", "*", "*", "*", "old.json"))
	if err != nil || len(found) != 1 {
		t.Fatalf("stored: %v, %v; want one", found, err)
	}
	text := readText(t, found[0])
	for _, want := range []string{"Hello from old", "still there", `"carried_events"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %q", found[0], want)
		}
	}
}

func TestTheOldestStoredSpoolsGoWhenTheyAreTooLarge(t *testing.T) {
	dir, store := t.TempDir(), t.TempDir()
	fillSpool(t, dir, "a-new", time.Now().Add(-time.Hour))
	fillSpool(t, dir, "b-old", time.Now().Add(-3*time.Hour))
	fillSpool(t, dir, "c-older", time.Now().Add(-5*time.Hour))
	stat, err := spool.StatOf(dir, "a-new")
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	flags := []string{"--spool-dir", dir, "--local-dir", store, "--claude-dir", "nowhere", "--spool-max"}
	if code, _, talk := runIn(t, later, append(flags, time.Duration(2*stat.DBBytes).String())...); code != exitUsage || !strings.Contains(talk, "--spool-max") {
		t.Errorf("a size that is none: exit %d, %s", code, talk)
	}
	if code, _, talk := runIn(t, later, append(flags, "60kB")...); code != exitDone {
		t.Fatalf("exit %d, %s", code, talk)
	}
	if !exists(t, dir, "a-new") || !exists(t, dir, "b-old") || exists(t, dir, "c-older") {
		t.Errorf("kept: a-new %v, b-old %v, c-older %v; want the oldest gone (60 kB for three of %d)", exists(t, dir, "a-new"), exists(t, dir, "b-old"), exists(t, dir, "c-older"), stat.DBBytes)
	}
}

func TestWhatIsNotStoredIsNeverRemoved(t *testing.T) {
	dir := t.TempDir()
	fillSpool(t, dir, "one", time.Now().Add(-90*24*time.Hour))
	blocked := filepath.Join(t.TempDir(), "a-file")
	writeText(t, blocked, "no folder")
	code, _, talk := runIn(t, time.Now().Add(time.Hour), "--spool-dir", dir, "--local-dir", blocked, "--claude-dir", "nowhere", "--spool-max", "1B")
	if code != exitNothing || !exists(t, dir, "one") {
		t.Errorf("store not usable: exit %d, spool there: %v\n%s", code, exists(t, dir, "one"), talk)
	}
}

// TestASpoolStaysUntilItsObjectIsSeen takes from the store what a receipt says is there: the spool
// stays, the session is stored anew, and the run after that removes the spool.
func TestASpoolStaysUntilItsObjectIsSeen(t *testing.T) {
	const body, index = "sessions/2026/10/01/one.json", "index/one.json"
	for name, spoil := range map[string]func(t *testing.T, s upload.Store) error{
		"all gone": func(t *testing.T, s upload.Store) error {
			return errors.Join(s.Delete(t.Context(), body), s.Delete(t.Context(), index))
		},
		"body gone":  func(t *testing.T, s upload.Store) error { return s.Delete(t.Context(), body) },
		"index gone": func(t *testing.T, s upload.Store) error { return s.Delete(t.Context(), index) },
		"body empty": func(t *testing.T, s upload.Store) error {
			_, err := s.Put(t.Context(), body, nil, upload.PutOptions{})
			return err
		},
		"index damaged": func(t *testing.T, s upload.Store) error {
			_, err := s.Put(t.Context(), index, []byte(`{"schema_version":"1.1"`), upload.PutOptions{})
			return err
		},
		"another session's body": func(t *testing.T, s upload.Store) error {
			_, err := s.Put(t.Context(), body, []byte(`{"schema_version":"1.1","session_id":"two"}`), upload.PutOptions{})
			return err
		},
	} {
		for kind, open := range sharedStores {
			t.Run(kind+"/"+name, func(t *testing.T) {
				s := open(t)
				m := newMachine(t, s.flags)
				m.calls(t, time.Date(2026, 10, 1, 10, 0, 0, 0, time.UTC), "a1")
				m.run(t, "run", "--retain", "0")
				if err := spoil(t, s); err != nil {
					t.Fatal(err)
				}
				code, out, talk := runIn(t, time.Now().Add(time.Minute), m.args("run", "--retain", "1h")...)
				if code != exitDone || !strings.Contains(talk, "session one is no longer in the store as it was stored") || !exists(t, m.spool(), "one") {
					t.Errorf("exit %d, spool there: %v\n%s%s", code, exists(t, m.spool(), "one"), out, talk)
				}
				s.wants(t, "a1")
				m.run(t, "run", "--retain", "1h")
				if exists(t, m.spool(), "one") {
					t.Error("the spool is still there when its session was seen")
				}
			})
		}
	}
}

func TestASpoolGoesWhenAnotherMachineAddedToItsSession(t *testing.T) {
	s := sharedStores["bucket"](t)
	a, b := newMachine(t, s.flags), newMachine(t, s.flags)
	at := time.Date(2026, 10, 1, 10, 0, 0, 0, time.UTC)
	a.calls(t, at, "a1")
	b.calls(t, at.Add(time.Minute), "b1")
	a.run(t, "run", "--retain", "0")
	b.run(t, "run", "--retain", "0")
	a.run(t, "run", "--retain", "1h")
	if exists(t, a.spool(), "one") {
		t.Error("the spool stays although what it held is stored")
	}
	s.wants(t, "a1", "b1")
}

func TestSpoolsStayWhenTheStoreIsSilent(t *testing.T) {
	bucket, dir := newBucketServer(t), t.TempDir()
	for _, id := range []string{"one", "two", "three"} {
		fillSpool(t, dir, id, time.Date(2026, 10, 1, 10, 0, 0, 0, time.UTC))
	}
	later := time.Now().Add(time.Minute)
	if code, _, talk := runIn(t, later, append(bucket.flags(dir), "--retain", "0")...); code != exitDone {
		t.Fatal(talk)
	}
	flags := bucket.flags(dir)
	bucket.CloseClientConnections()
	bucket.Close()
	code, _, talk := runIn(t, later, append(flags, "--retain", "1h")...)
	if code != exitSome || strings.Count(talk, "its spool stays") != 1 {
		t.Errorf("exit %d\n%s", code, talk)
	}
	for _, id := range []string{"one", "two", "three"} {
		if !exists(t, dir, id) {
			t.Errorf("the spool of %s is gone", id)
		}
	}
	if code, _, _ := runIn(t, later, slices.Concat([]string{"spool", "rm", "one"}, flags)...); code == exitDone || !exists(t, dir, "one") {
		t.Errorf("spool rm: exit %d", code)
	}
}
