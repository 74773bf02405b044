//go:build unix

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"ams/pkg/spool"
)

// checkBolt runs bbolt's own check on a spool's database, which need not exist.
func checkBolt(t *testing.T, dir, name string) {
	t.Helper()
	path := filepath.Join(dir, name+".db")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: generous, ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) error {
		for err := range tx.Check() {
			t.Errorf("bbolt check: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Errorf("bbolt check: %v", err)
	}
}

// crowd starts n hooks of one session, at most 16 at once, and returns the names
// of the events that they acknowledged. Those that kill picks are killed after a
// random time.
func crowd(t *testing.T, dir string, n int, kill func(i int) bool, env ...string) (acknowledged, started map[string]bool) {
	t.Helper()
	acknowledged, started = map[string]bool{}, map[string]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			raw := event("s-1", fmt.Sprintf("event-%d", i))
			cmd := exec.Command(hookPath)
			cmd.Env = append([]string{"HOME=/proc/nowhere", "AMS_SPOOL_DIR=" + dir}, env...)
			cmd.Stdin = strings.NewReader(raw)
			if err := cmd.Start(); err != nil {
				t.Error(err)
				return
			}
			if kill(i) {
				time.Sleep(time.Duration(rand.IntN(6000)) * time.Microsecond)
				_ = cmd.Process.Kill()
			}
			err := cmd.Wait()
			mu.Lock()
			defer mu.Unlock()
			started[raw] = true
			if err == nil {
				acknowledged[raw] = true
			} else if !kill(i) {
				t.Errorf("ams-hook: %v", err)
			}
		})
	}
	wg.Wait()
	return acknowledged, started
}

func TestKilledWritersLoseNothingAcknowledged(t *testing.T) {
	for _, env := range []string{"AMS_SPOOL_SYNC=1", "AMS_SPOOL_SYNC=0"} {
		t.Run(env, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			acknowledged, started := crowd(t, dir, 300, func(i int) bool { return i%2 == 1 }, env)
			c := records(t, dir, "s-1")
			got := raws(t, c)
			for raw := range acknowledged {
				if !got[raw] {
					t.Errorf("lost %q", raw)
				}
			}
			for raw := range got {
				if !started[raw] {
					t.Errorf("nobody wrote %q", raw)
				}
			}
			if len(c.Damaged) > 0 {
				t.Errorf("damaged: %v", c.Damaged)
			}
			checkBolt(t, dir, "s-1")
			t.Logf("%d started, %d acknowledged, %d there", len(started), len(acknowledged), len(got))
		})
	}
}

// TestAssemblerLosesNothing runs hooks against an assembler that reads, compacts
// and removes the same spool all the time: what was removed and what is left are
// together what was acknowledged.
func TestAssemblerLosesNothing(t *testing.T) {
	dir := t.TempDir()
	removed := map[string]bool{}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			assemble(t, dir, i, removed)
		}
	}()
	acknowledged, _ := crowd(t, dir, 600, func(int) bool { return false })
	close(stop)
	<-done
	var left map[string]bool
	if c, err := spool.Read(dir, "s-1"); err == nil {
		left = raws(t, c)
	} else if !errors.Is(err, spool.ErrNotFound) {
		t.Fatal(err)
	}
	for raw := range acknowledged {
		if removed[raw] == left[raw] {
			t.Errorf("%q: removed %v, left %v", raw, removed[raw], left[raw])
		}
	}
	t.Logf("%d removed, %d left", len(removed), len(left))
	if lines, _ := spool.ReadLog(dir); len(lines) > 0 {
		t.Errorf("log: %v", lines)
	}
	checkBolt(t, dir, "s-1")
}

// assemble is one step of an assembler.
func assemble(t *testing.T, dir string, i int, removed map[string]bool) {
	c, err := spool.Read(dir, "s-1")
	if errors.Is(err, spool.ErrNotFound) {
		return
	}
	if err != nil {
		t.Errorf("read: %v", err)
		return
	}
	n := len(c.Records)
	switch {
	case i%3 == 1:
		if err := spool.Compact(dir, "s-1"); err != nil && !errors.Is(err, spool.ErrNotFound) {
			t.Errorf("compact: %v", err)
		}
	case i%3 == 2 && n > 0:
		err := spool.Remove(dir, "s-1", c.Records[n-1].Key, n)
		switch {
		case err == nil:
			for _, rec := range c.Records {
				if removed[string(rec.Raw)] {
					t.Errorf("removed twice: %q", rec.Raw)
				}
				removed[string(rec.Raw)] = true
			}
		case !errors.Is(err, spool.ErrChanged) && !errors.Is(err, spool.ErrNotFound):
			t.Errorf("remove: %v", err)
		}
	}
}

// TestHooksDoNotWait holds the lock of a session as long as the hooks run.
func TestHooksDoNotWait(t *testing.T) {
	dir := t.TempDir()
	hook(t, dir, event("s-1", "first"))
	unlock := lockSpool(t, dir, "s-1")
	for i := range 10 {
		hook(t, dir, event("s-1", fmt.Sprint(i)))
	}
	unlock()
	if got := raws(t, records(t, dir, "s-1")); len(got) != 11 {
		t.Errorf("got %d records, want 11", len(got))
	}
}

// TestHooksDoNotWaitForReaderOfFile holds bbolt's own lock, as a copy of the file
// or the bbolt command does.
func TestHooksDoNotWaitForReaderOfFile(t *testing.T) {
	dir := t.TempDir()
	hook(t, dir, event("s-1", "first"))
	db, err := bolt.Open(filepath.Join(dir, "s-1.db"), 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		hook(t, dir, event("s-1", fmt.Sprint(i)))
	}
	db.Close()
	if got := raws(t, records(t, dir, "s-1")); len(got) != 11 {
		t.Errorf("got %d records, want 11", len(got))
	}
}

// TestFirstEventsAtOnce starts a session with many events at the same moment, in
// a spool folder that does not exist.
func TestFirstEventsAtOnce(t *testing.T) {
	for range 5 {
		dir := filepath.Join(t.TempDir(), "a", "b", "spool")
		acknowledged, _ := crowd(t, dir, 32, func(int) bool { return false })
		c := records(t, dir, "s-1")
		if got := raws(t, c); len(got) != len(acknowledged) || len(got) != 32 || len(c.Damaged) > 0 {
			t.Fatalf("got %d records of 32, damaged %v", len(got), c.Damaged)
		}
		checkBolt(t, dir, "s-1")
	}
}
