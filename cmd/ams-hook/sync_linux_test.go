package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ams/cmd/ams-hook/internal/ptrace"
)

// auditor follows the system calls of one operation and knows what a crash of the
// machine could lose at each moment: what was written and not synced since.
type auditor struct {
	dir     string
	data    map[string]bool            // files with unsynced bytes, but for meta pages
	meta    map[string]bool            // databases with unsynced meta pages
	entries map[string]map[string]bool // folders with unsynced entries
	synced  map[string]int             // folders, how often
	existed bool                       // of the file being opened
	faults  []string
}

func newAuditor(dir string) *auditor {
	return &auditor{
		dir:  dir,
		data: map[string]bool{}, meta: map[string]bool{},
		entries: map[string]map[string]bool{}, synced: map[string]int{},
	}
}

// free are files whose bytes and entries nobody relies on after a crash.
func free(path string) bool {
	return strings.HasSuffix(path, ".lock") || strings.Contains(path, "ams-hook.log")
}

func (a *auditor) fault(format string, args ...any) {
	a.faults = append(a.faults, fmt.Sprintf(format, args...))
}

func (a *auditor) call(c *ptrace.Call) ptrace.Action {
	if !c.Done {
		_, err := os.Lstat(c.Path)
		a.existed = err == nil
		a.before(c)
		return ptrace.Action{}
	}
	if c.Ret < 0 || free(c.Path) {
		return ptrace.Action{}
	}
	switch c.Name {
	case "openat":
		if c.Args[2]&syscall.O_CREAT != 0 && !a.existed {
			a.entry(c.Path)
		}
	case "mkdir":
		a.entry(c.Path)
	case "write", "ftruncate":
		a.data[c.Path] = true
	case "pwrite":
		if strings.HasSuffix(c.Path, ".db") && c.Args[3] < 8192 {
			a.meta[c.Path] = true
		} else {
			a.data[c.Path] = true
		}
	case "fsync", "fdatasync":
		delete(a.data, c.Path)
		delete(a.meta, c.Path)
		delete(a.entries, c.Path)
		a.synced[c.Path]++
	case "rename":
		a.data[c.To] = a.data[c.Path]
		a.forget(c.Path)
		a.entry(c.To)
	case "unlink":
		a.forget(c.Path)
	}
	return ptrace.Action{}
}

// before holds the order in which things must become durable.
func (a *auditor) before(c *ptrace.Call) {
	switch {
	case c.Name == "pwrite" && strings.HasSuffix(c.Path, ".db") && c.Args[3] < 8192 && a.data[c.Path]:
		a.fault("the meta page of %s is written before its pages are synced", c.Path)
	case c.Name == "rename" && a.data[c.Path]:
		a.fault("%s is renamed before its bytes are synced", c.Path)
	case c.Name == "unlink" && strings.Contains(c.Path, ".inbox/") && !strings.HasSuffix(c.Path, ".tmp"):
		db := filepath.Join(a.dir, "s-1.db")
		if a.data[db] || a.meta[db] || a.entries[a.dir][db] {
			a.fault("%s is removed before the database is synced", c.Path)
		}
	}
}

func (a *auditor) entry(path string) {
	folder := filepath.Dir(path)
	if a.entries[folder] == nil {
		a.entries[folder] = map[string]bool{}
	}
	a.entries[folder][path] = true
}

func (a *auditor) forget(path string) {
	delete(a.data, path)
	delete(a.meta, path)
	delete(a.entries[filepath.Dir(path)], path)
}

// end holds that nothing is left that a crash could lose.
func (a *auditor) end() {
	for path, dirty := range a.data {
		if dirty {
			a.fault("%s is not synced", path)
		}
	}
	for path := range a.meta {
		a.fault("the meta page of %s is not synced", path)
	}
	for folder, entries := range a.entries {
		for path := range entries {
			a.fault("the entry of %s in %s is not synced", filepath.Base(path), folder)
		}
	}
}

// TestSyncsInOrder holds that every operation has on disk what it acknowledges,
// and in an order that no crash of the machine can harm. It reads the system
// calls, for no test can pull the plug.
func TestSyncsInOrder(t *testing.T) {
	needPtrace(t)
	for _, s := range scenes {
		if s.name == "second event without sync" {
			continue // one that drains syncs nevertheless
		}
		t.Run(s.name, func(t *testing.T) {
			g := s.stage(t)
			dir, end := g.world(t)
			defer end()
			a := newAuditor(dir)
			if ws := g.run(t, dir, a.call); ws.ExitStatus() != 0 {
				t.Fatalf("ended with %#x", ws)
			}
			a.end()
			for _, f := range a.faults {
				t.Error(f)
			}
		})
	}
}

// TestSyncsWhatAnotherMade holds that a hook does not trust what it finds: a
// process before it may have died between making a file and syncing its entry.
func TestSyncsWhatAnotherMade(t *testing.T) {
	needPtrace(t)
	for _, held := range []bool{false, true} {
		t.Run(fmt.Sprintf("lock held %v", held), func(t *testing.T) {
			g := scene{prepare: withInbox, held: held}.stage(t)
			// Without the lock file there are no marks.
			if err := os.Remove(filepath.Join(g.template, "s-1.lock")); err != nil {
				t.Fatal(err)
			}
			for run, want := range []int{1, 0} {
				dir, end := g.world(t)
				if run == 1 { // a second hook finds the marks that the first one set
					end()
					hook(t, dir, event("s-1", "marks"))
					if held {
						end = lockSpool(t, dir, "s-1")
					}
				}
				a := newAuditor(dir)
				g.run(t, dir, a.call)
				end()
				if got := a.synced[dir]; got != want {
					t.Errorf("run %d: got %d syncs of the folder, want %d", run, got, want)
				}
			}
		})
	}
}
