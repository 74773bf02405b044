package spool

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// dumped is a record as a dump of the spool tells it, without its key.
type dumped struct {
	at      time.Time
	raw     string
	context string
	cut     bool
}

func dump(c Contents) []dumped {
	var list []dumped
	for _, rec := range c.Records {
		list = append(list, dumped{rec.Key.Time(), string(rec.Raw), string(rec.Context), rec.Cut})
	}
	return list
}

// undump gives the lines of a dump keys, as a loader does.
func undump(list []dumped) []Record {
	var recs []Record
	for _, d := range list {
		rec := Record{Key: KeyFor(d.at, []byte(d.raw), 0), Raw: []byte(d.raw), Cut: d.cut}
		if d.context != "" {
			rec.Context = []byte(d.context)
		}
		recs = append(recs, rec)
	}
	return recs
}

// fullSpool has equal payloads at one moment, different ones at one moment, and
// some in the inbox.
func fullSpool(t *testing.T) (dir string, c Contents) {
	t.Helper()
	dir = t.TempDir()
	for i, raw := range []string{"a", "a", "b", "z", "a", "y", "x", "c"} {
		rec := record(i, raw)
		if i < 7 {
			rec.Key = NewKey(start, 7+i%2)
		}
		rec.Context = fmt.Appendf(nil, `{"n":%d}`, i%3)
		rec.Cut = i == 2
		if i%2 == 0 {
			inboxed(t, dir, "s-1", rec)
		} else {
			mustAppend(t, dir, "s-1", rec)
		}
	}
	return dir, mustRead(t, dir, "s-1")
}

func mustInsert(t *testing.T, dir string, recs []Record, want int) {
	t.Helper()
	added, err := Insert(dir, "s-1", recs)
	if err != nil || added != want {
		t.Fatalf("insert: %d added, %v, want %d", added, err, want)
	}
}

func TestInsertOfADumpAddsNothing(t *testing.T) {
	dir, c := fullSpool(t)
	mustInsert(t, dir, undump(dump(c)), 0)
	mustEqual(t, mustRead(t, dir, "s-1").Records, c.Records)
}

func TestInsertIntoNothingMakesAnEqualSpool(t *testing.T) {
	_, c := fullSpool(t)
	dir := filepath.Join(t.TempDir(), "new", "spool")
	mustInsert(t, dir, undump(dump(c)), len(c.Records))
	for range 2 {
		again := mustRead(t, dir, "s-1")
		if !slices.Equal(dump(again), dump(c)) {
			t.Errorf("got %v\nwant %v", dump(again), dump(c))
		}
		mustInsert(t, dir, undump(dump(again)), 0)
	}
}

// TestInsertInParts inserts random parts of a dump, in any order.
func TestInsertInParts(t *testing.T) {
	_, c := fullSpool(t)
	want := dump(c)
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		dir := t.TempDir()
		for range 4 {
			part := slices.DeleteFunc(slices.Clone(want), func(dumped) bool { return random.IntN(2) == 0 })
			random.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
			if _, err := Insert(dir, "s-1", undump(part)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Insert(dir, "s-1", undump(want)); err != nil {
			t.Fatal(err)
		}
		got := dump(mustRead(t, dir, "s-1"))
		count := func(list []dumped) map[dumped]int {
			n := map[dumped]int{}
			for _, d := range list {
				d.context, d.cut = "", false
				n[d]++
			}
			return n
		}
		if g, w := fmt.Sprint(count(got)), fmt.Sprint(count(want)); g != w {
			t.Errorf("got %s\nwant %s", g, w)
		}
	}
}

func TestInsertKeepsKeysThatAreReal(t *testing.T) {
	dir, c := fullSpool(t)
	other := t.TempDir()
	if _, err := Insert(other, "s-1", c.Records); err != nil {
		t.Fatal(err)
	}
	mustEqual(t, mustRead(t, other, "s-1").Records, c.Records)
	_ = dir
}

func TestInsertRefusesWhatNoHookWrites(t *testing.T) {
	rec := record(0, "x")
	rec.Context = bytes.Repeat([]byte("x"), maxContext+1)
	if _, err := Insert(t.TempDir(), "s-1", []Record{rec}); err == nil {
		t.Error("inserted a record with a huge context")
	}
}

func TestRemove(t *testing.T) {
	dir, c := fullSpool(t)
	n := len(c.Records)
	last := c.Records[n-1].Key
	for _, wrong := range []struct {
		last  Key
		count int
	}{{last, n - 1}, {last, n + 1}, {c.Records[0].Key, n}, {Key{}, 0}} {
		if err := Remove(dir, "s-1", wrong.last, wrong.count); !errors.Is(err, ErrChanged) {
			t.Errorf("%d records, last %s: got %v, want ErrChanged", wrong.count, wrong.last, err)
		}
	}
	inboxed(t, dir, "s-1", record(100, "news"))
	if err := Remove(dir, "s-1", last, n); !errors.Is(err, ErrChanged) {
		t.Errorf("with news: got %v, want ErrChanged", err)
	}
	c = mustRead(t, dir, "s-1")
	mustEqual(t, c.Records[n:], []Record{{Key: c.Records[n].Key, Raw: []byte("news"), Context: []byte(`{"host":"h"}`)}})
	if err := os.WriteFile(filepath.Join(dir, "s-1.new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Remove(dir, "s-1", c.Records[n].Key, n+1); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left %v behind", entries)
	}
}

// TestRemoveTakesWhatWasSetAside removes a session that had a damaged database.
func TestRemoveTakesWhatWasSetAside(t *testing.T) {
	file, recs := template(t)
	dir := t.TempDir()
	file[40]++
	if err := os.WriteFile(filepath.Join(dir, "s-1.db"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, dir, "s-1", record(100, "new"))
	c := mustRead(t, dir, "s-1")
	n := len(c.Records)
	if n != len(recs)+1 || len(c.Damaged) != 1 {
		t.Fatalf("got %d records, damaged %v", n, c.Damaged)
	}
	if err := Remove(dir, "s-1", c.Records[n-1].Key, n); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"s-1.db", "s-1.damaged"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
}

// TestRemoveLeavesWhatComesMeanwhile lets a hook write into the inbox between the
// count and the removal: the folder stays.
func TestRemoveLeavesWhatComesMeanwhile(t *testing.T) {
	dir, c := fullSpool(t)
	l, err := openLock(dir, "s-1")
	if err != nil || !l.held {
		t.Fatal(err)
	}
	defer l.close()
	n := len(c.Records)
	counted, err := l.collect(dir, "s-1", true, nil)
	if err != nil || len(counted.Records) != n {
		t.Fatal(err)
	}
	news := record(100, "news")
	mustAppend(t, dir, "s-1", news)
	if err := l.removeFiles(dir, counted); err != nil {
		t.Fatal(err)
	}
	l.close()
	mustEqual(t, mustRead(t, dir, "s-1").Records, []Record{news})
}
