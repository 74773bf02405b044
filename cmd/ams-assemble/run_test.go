package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ams/pkg/price"
	"ams/pkg/receipt"
	"ams/pkg/ship"
	"ams/pkg/spool"
	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

func TestTheSecondOfTwoRunsLeavesAtOnce(t *testing.T) {
	dir, store := t.TempDir(), t.TempDir()
	fillSpool(t, dir, "one", time.Now().Add(-time.Hour))
	book, err := receipt.Open(settings{spoolDir: dir, localDir: store}.receiptsPath())
	if err != nil {
		t.Fatal(err)
	}
	flags := []string{"--spool-dir", dir, "--local-dir", store, "--claude-dir", "nowhere"}
	if code, out, talk := runIn(t, time.Now(), flags...); code != exitLocked || out != "" || !strings.Contains(talk, "another run is at work") {
		t.Errorf("exit %d\n%s%s", code, out, talk)
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	if code, out, talk := runIn(t, time.Now(), flags...); code != exitDone || !strings.HasPrefix(out, "one  ") {
		t.Errorf("after the first is gone: exit %d\n%s%s", code, out, talk)
	}
}

func TestWatchGoesOnUntilItIsStopped(t *testing.T) {
	dir, store := t.TempDir(), t.TempDir()
	fillSpool(t, dir, "one", time.Now().Add(-time.Hour))
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	seen := make(chan string, 16)
	done := make(chan int)
	home := t.TempDir()
	go func() {
		done <- run(ctx, env{
			args:   []string{"run", "--watch", "--every", "10ms", "--spool-dir", dir, "--local-dir", store, "--claude-dir", "nowhere"},
			stdout: lineWriter{seen}, stderr: &bytes.Buffer{}, now: time.Now,
			getenv: func(name string) string { return map[string]string{"HOME": home}[name] },
		})
	}()
	wait := func(what string) {
		t.Helper()
		for {
			select {
			case line := <-seen:
				if strings.HasPrefix(line, what) {
					return
				}
			case <-ctx.Done():
				t.Fatalf("%s was not stored", what)
			}
		}
	}
	wait("one  ")
	fillSpool(t, dir, "two", time.Now().Add(-time.Hour))
	wait("two  ")
	stop()
	for {
		select {
		case <-seen: // what was at work is finished
		case code := <-done:
			if code != exitDone {
				t.Errorf("stopped: exit %d, want %d", code, exitDone)
			}
			return
		}
	}
}

// lineWriter passes on what is printed.
type lineWriter struct{ lines chan<- string }

func (w lineWriter) Write(b []byte) (int, error) {
	w.lines <- string(b)
	return len(b), nil
}

// TestEveryCallOfTheStoreMayFail makes each call fail in both ways, not done and done but reported failed: the run
// says so, and the next one ends where a run without a fault ends.
func TestEveryCallOfTheStoreMayFail(t *testing.T) {
	prices, err := price.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	open := func(t *testing.T) upload.Store { return upload.NewLocal(t.TempDir()) }
	storetest.EachFault(t, open, func(t *testing.T, faulty, plain upload.Store) {
		dir := t.TempDir()
		fillSpool(t, dir, "one", time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
		set := settings{spoolDir: dir, claudeDir: "nowhere", now: true, idle: time.Hour, join: joinSettings(prices)}
		book, err := receipt.Open(filepath.Join(dir, ".receipts", "test.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close()
		run := func(store upload.Store) error {
			t.Helper()
			opt := set.shipping(env{now: time.Now})
			opt.Store, opt.Book = store, book
			tally, err := ship.New(opt).Run(t.Context(), ship.Retention{}, ship.Watch{})
			if err != nil {
				t.Fatal(err)
			}
			return tally.Why
		}
		if run(faulty) != nil && book.Get("one") != nil {
			t.Error("a receipt was written for what is not stored")
		}
		if err := run(plain); err != nil {
			t.Errorf("the next run: %v", err)
		}
		for _, key := range []string{"sessions/2026/11/22/one.json", "index/one.json"} {
			if _, _, err := plain.Get(t.Context(), key); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
	})
}

func TestOneBadSessionStopsNoOther(t *testing.T) {
	dir, store := t.TempDir(), t.TempDir()
	for i := range 5 {
		fillSpool(t, dir, fmt.Sprintf("s%d", i), time.Date(2026, 11, 22, 10, 0, i, 0, time.UTC))
	}
	// A folder stands where one session's file must go.
	if err := os.MkdirAll(filepath.Join(store, "sessions", "2026", "11", "22", "s2.json", "in-the-way"), 0o700); err != nil {
		t.Fatal(err)
	}
	code, out, talk := runIn(t, time.Now(), "--now", "--spool-dir", dir, "--local-dir", store, "--claude-dir", "nowhere")
	if code != exitSome || strings.Count(out, "\n") != 4 || !strings.Contains(talk, "session s2: ") || !strings.Contains(talk, "1 of 5 sessions failed") {
		t.Errorf("exit %d\n%s%s", code, out, talk)
	}
	if _, err := spool.StatOf(dir, "s2"); errors.Is(err, spool.ErrNotFound) {
		t.Error("the spool of the session that failed is gone")
	}
}
