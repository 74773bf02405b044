package receipt

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestCurrentSeesEveryChange(t *testing.T) {
	dir := t.TempDir()
	file, folder, later := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "agents"), filepath.Join(dir, "b.jsonl")
	old := time.Now().Add(-time.Hour)
	write := func(path, text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	reset := func() Receipt {
		t.Helper()
		os.RemoveAll(folder)
		os.Remove(later)
		write(file, "one", old)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(folder, old, old); err != nil {
			t.Fatal(err)
		}
		return Receipt{Final: true, Program: "p", Settings: "s", LookedAt: time.Now(), Inputs: Look([]string{file, folder, later}), Spool: []Stat{{Path: "db", Size: 7, ModTime: old}}}
	}
	for _, c := range []struct {
		name   string
		change func(*Receipt)
		want   bool
	}{
		{"nothing", func(*Receipt) {}, true},
		{"file grew", func(*Receipt) { write(file, "one two", old) }, false},
		{"file rewritten at the same size", func(*Receipt) { write(file, "two", old.Add(time.Minute)) }, false},
		{"file gone", func(*Receipt) { os.Remove(file) }, false},
		{"file came", func(*Receipt) { write(later, "x", old) }, false},
		{"something came into the folder", func(*Receipt) { write(filepath.Join(folder, "x"), "x", old) }, false},
		{"not final", func(r *Receipt) { r.Final = false }, false},
		{"other program", func(r *Receipt) { r.Program = "q" }, false},
		{"other settings", func(r *Receipt) { r.Settings = "t" }, false},
		{"looked too soon", func(r *Receipt) { r.LookedAt = old.Add(time.Second) }, false},
		{"spool grew", func(r *Receipt) { r.Spool[0].Size = 6 }, false},
		{"spool was smaller", func(r *Receipt) { r.Spool = nil }, false},
	} {
		r := reset()
		c.change(&r)
		if got := r.Current("p", "s", []Stat{{Path: "db", Size: 7, ModTime: old}}); got != c.want {
			t.Errorf("%s: Current = %v, want %v", c.name, got, c.want)
		}
	}
}

func TestBookKeepsReceiptsAndTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "receipts.db")
	book, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := book.Get("none"); got != nil {
		t.Errorf("Get of a session never stored = %+v, want nil", got)
	}
	if err := book.Put("s", Receipt{SessionID: "s", Final: true, LookedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrLocked) {
		t.Errorf("second Open = %v, want ErrLocked", err)
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	book, err = Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if got := book.Get("s"); got == nil || got.SessionID != "s" || !got.Final {
		t.Errorf("Get after reopening = %+v, want the receipt of s", got)
	}
}
