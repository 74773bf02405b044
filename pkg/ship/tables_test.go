package ship_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/price"
	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/ship"
	"ams/pkg/table"
	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

// tabled is a machine that writes tables, on a store whose calls may fail.
func (h *house) tabled(plan func(storetest.Call) storetest.Fault, wrap func(upload.Store) upload.Store) (*ship.Shipper, *receipt.Book) {
	h.t.Helper()
	book, err := receipt.Open(filepath.Join(h.dir, "receipts.db"))
	if err != nil {
		h.t.Fatal(err)
	}
	prices, err := price.Embedded()
	if err != nil {
		h.t.Fatal(err)
	}
	h.said = nil
	store := wrap(storetest.Faulty(upload.NewLocal(filepath.Join(h.dir, "store")), plan))
	note := func(format string, args ...any) { h.said = append(h.said, format) }
	return ship.New(ship.Options{
		Book: book, Store: store, Jobs: 2, Note: note, Tables: table.New(table.Options{Store: store, Now: time.Now, Note: note}),
		Source: recorded.Open(recorded.Options{
			SpoolDir: filepath.Join(h.dir, "spool"), ClaudeDir: filepath.Join(h.dir, "claude"), Idle: 30 * time.Minute, Now: time.Now,
			Join: assemble.Settings{ProgramVersion: h.program, Prices: prices},
		}),
	}), book
}

func (h *house) runTabled(plan func(storetest.Call) storetest.Fault, wrap func(upload.Store) upload.Store) ship.Tally {
	h.t.Helper()
	sh, book := h.tabled(plan, wrap)
	defer book.Close()
	tally, err := sh.Run(h.t.Context(), ship.Retention{}, ship.Watch{})
	if err != nil || tally.Failed > 0 {
		h.t.Fatal(err, tally.Why)
	}
	return tally
}

func noFault(storetest.Call) storetest.Fault { return storetest.None }

func bare(s upload.Store) upload.Store { return s }

// verified holds that so many sessions have their rows, and that nothing else is wrong than what is named.
func (h *house) verified(sessions, open int, findings ...string) {
	h.t.Helper()
	v, err := table.New(table.Options{Store: upload.NewLocal(filepath.Join(h.dir, "store")), Now: time.Now}).Verify(h.t.Context())
	if err != nil || v.Sessions != sessions || v.Open != open || len(v.Findings) != len(findings) {
		h.t.Errorf("verified %+v, %v; want %d, %d open, and %q", v, err, sessions, open, findings)
		return
	}
	for i, f := range v.Findings {
		if !strings.Contains(f, findings[i]) {
			h.t.Errorf("found %q, want %q", f, findings[i])
		}
	}
}

func TestTablesHoldWhatIsOver(t *testing.T) {
	h := newHouse(t)
	h.record("over", "SessionEnd", 0)
	h.record("works", "UserPromptSubmit", 59)
	h.runTabled(noFault, bare)
	h.verified(1, 1)
	h.record("over", "Notification", 5)
	h.runTabled(noFault, bare)
	h.verified(1, 1)
	asked := 0
	h.runTabled(func(c storetest.Call) storetest.Fault {
		if strings.HasPrefix(c.Key, "tables/") {
			asked++
		}
		return storetest.None
	}, bare)
	if asked > 0 {
		t.Errorf("a run without finished sessions asked %d times for tables", asked)
	}
}

// TestAFailedTableFailsNoSession fails every call for tables, then each of them alone, in both ways.
func TestAFailedTableFailsNoSession(t *testing.T) {
	for _, fault := range []storetest.Fault{storetest.NotDone, storetest.DoneButLost} {
		h := newHouse(t)
		h.record("over", "SessionEnd", 0)
		tally := h.runTabled(func(c storetest.Call) storetest.Fault {
			if strings.HasPrefix(c.Key, "tables/") {
				return fault
			}
			return storetest.None
		}, bare)
		if tally.Stored != 1 || tally.Untaken != 1 {
			t.Errorf("%v: %+v, want one session stored and untaken", fault, tally)
		}
		if tally = h.runTabled(noFault, bare); tally.Untaken != 0 {
			t.Errorf("%v: %+v", fault, tally)
		}
		h.verified(1, 0)
	}
	for n := 1; ; n++ {
		h := newHouse(t)
		h.record("over", "SessionEnd", 0)
		seen, failed := 0, false
		h.runTabled(func(c storetest.Call) storetest.Fault {
			if !strings.HasPrefix(c.Key, "tables/") {
				return storetest.None
			}
			if seen++; seen != n {
				return storetest.None
			}
			failed = true
			return storetest.NotDone
		}, bare)
		h.runTabled(noFault, bare)
		v, err := table.New(table.Options{Store: upload.NewLocal(filepath.Join(h.dir, "store")), Now: time.Now}).Verify(t.Context())
		if err != nil || v.Sessions != 1 {
			t.Errorf("call %d: %+v, %v", n, v, err)
		}
		if !failed {
			return
		}
	}
}

// unconditional is a server without conditional writes.
type unconditional struct{ upload.Store }

func (unconditional) Lacks() []string { return []string{"If-None-Match"} }

func TestARefusedTableIsSaidAndFailsNothing(t *testing.T) {
	h := newHouse(t)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		h.record(id, "SessionEnd", 0)
	}
	tally := h.runTabled(noFault, func(s upload.Store) upload.Store { return unconditional{s} })
	if tally.Stored != 5 || tally.Untaken != 0 || len(h.said) != 1 {
		t.Errorf("%+v, said %q", tally, h.said)
	}
	h.runTabled(noFault, bare) // the server learned it
	h.verified(5, 0)
}

func TestRemoveTakesRowsAway(t *testing.T) {
	h := newHouse(t)
	h.record("gone", "SessionEnd", 0)
	h.record("stays", "SessionEnd", 0)
	h.runTabled(noFault, bare)
	sh, book := h.tabled(noFault, bare)
	if err := sh.Remove(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	book.Close()
	h.verified(1, 0)
	h.record("gone", "Notification", 5)
	h.runTabled(noFault, bare)
	h.verified(2, 0)
}

// TestAnInterruptedRemoveIsDoneByTheNext fails each call of a removal once.
func TestAnInterruptedRemoveIsDoneByTheNext(t *testing.T) {
	for n := 1; ; n++ {
		h := newHouse(t)
		h.record("gone", "SessionEnd", 0)
		h.record("stays", "SessionEnd", 0)
		h.runTabled(noFault, bare)
		failed := false
		sh, book := h.tabled(func(c storetest.Call) storetest.Fault {
			failed = failed || c.N == n
			return map[bool]storetest.Fault{true: storetest.NotDone}[c.N == n && !strings.HasPrefix(c.Key, "tables/claims/")]
		}, bare)
		err := sh.Remove(t.Context(), "gone")
		book.Close()
		if err != nil {
			sh, book := h.tabled(noFault, bare)
			if err := sh.Remove(t.Context(), "gone"); err != nil {
				t.Errorf("call %d: removed again: %v", n, err)
			}
			book.Close()
		}
		v, err := table.New(table.Options{Store: upload.NewLocal(filepath.Join(h.dir, "store")), Now: time.Now}).Verify(t.Context())
		if err != nil || v.Sessions != 1 {
			t.Errorf("call %d: %+v, %v", n, v, err)
		}
		for _, f := range v.Findings {
			if !strings.Contains(f, "no sessions part names it") {
				t.Errorf("call %d: %s", n, f)
			}
		}
		if !failed {
			return
		}
	}
}
