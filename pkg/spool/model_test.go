package spool

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// model is a spool as one would write it in memory.
type model struct {
	recs []Record
}

func (m *model) add(rec Record) {
	m.recs = sortRecords(append(slices.Clone(m.recs), rec))
}

// play runs random operations on a spool and on the model.
type play struct {
	t      *testing.T
	dir    string
	random *rand.Rand
	model  model
	n      int
	last   string // what was done
	drawer map[string][]byte
}

// TestModel compares a spool with a plain list over random operations: appends
// with and without the lock, in and out of order, files that come back after they
// were drained, reads, inserts, compactions and removals.
func TestModel(t *testing.T) {
	games, moves := uint64(20), 120
	if testing.Short() {
		games = 3
	}
	for seed := range games {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			p := &play{t: t, dir: t.TempDir(), random: rand.New(rand.NewPCG(seed, 1)), drawer: map[string][]byte{}}
			for range moves {
				p.move()
				p.compare()
				if t.Failed() {
					t.Fatalf("after %d moves, at last: %s", p.n, p.last)
				}
			}
			if path := filepath.Join(p.dir, "s-1.db"); fileExists(path) {
				check(t, path)
			}
			if lines, _ := ReadLog(p.dir); len(lines) > 0 {
				t.Errorf("log: %v", lines)
			}
		})
	}
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (p *play) move() {
	p.n++
	moves := []struct {
		name   string
		weight int
		fn     func()
	}{
		{"append", 30, p.append}, {"append to inbox", 30, p.inbox}, {"bring back", 5, p.bringBack},
		{"read", 10, p.read}, {"insert", 5, p.insert}, {"compact", 4, p.compact},
		{"remove", 2, p.remove}, {"remove what has changed", 4, p.removeChanged},
	}
	total := 0
	for _, m := range moves {
		total += m.weight
	}
	pick := p.random.IntN(total)
	for _, m := range moves {
		if pick -= m.weight; pick < 0 {
			p.last = m.name
			m.fn()
			return
		}
	}
}

// rec makes a record with a size and a time of all sorts.
func (p *play) rec() Record {
	sizes := []int{0, 20, 300, 2034, 2035, 2036, 2100, 4096, 9000, 70_000}
	at := start.Add(time.Duration(p.n) * time.Millisecond)
	if p.random.IntN(4) == 0 { // a clock that goes back
		at = start.Add(-time.Duration(p.random.IntN(1_000_000)))
	}
	rec := Record{
		Key: NewKey(at, p.n),
		Raw: []byte(payload("s-1", strings.Repeat("x", sizes[p.random.IntN(len(sizes))]))),
		Cut: p.random.IntN(5) == 0,
	}
	if n := p.random.IntN(5); n > 0 {
		rec.Context = fmt.Appendf(nil, `{"n":%d,"pad":%q}`, n, strings.Repeat("y", 300*n))
	}
	return rec
}

func (p *play) append() {
	rec := p.rec()
	if err := Append(p.dir, "s-1", rec, Options{NoSync: p.random.IntN(2) == 0}); err != nil {
		p.t.Errorf("append: %v", err)
	}
	p.model.add(rec)
}

func (p *play) inbox() {
	rec := p.rec()
	inboxed(p.t, p.dir, "s-1", rec)
	p.model.add(rec)
	b, err := os.ReadFile(filepath.Join(p.dir, "s-1.inbox", rec.Key.String()))
	if err != nil {
		p.t.Error(err)
	}
	p.drawer[rec.Key.String()] = b
}

// bringBack puts an inbox file back that may have been drained, as a crash of the
// machine may.
func (p *play) bringBack() {
	for name, b := range p.drawer {
		if err := os.MkdirAll(filepath.Join(p.dir, "s-1.inbox"), 0o700); err != nil {
			p.t.Error(err)
		}
		if err := os.WriteFile(filepath.Join(p.dir, "s-1.inbox", name), b, 0o600); err != nil {
			p.t.Error(err)
		}
		rec, err := decodeInbox(b)
		if err != nil {
			p.t.Error(err)
		}
		p.model.add(rec) // there already, unless the spool was removed since
		delete(p.drawer, name)
		return
	}
}

func (p *play) read() {
	c, err := Read(p.dir, "s-1")
	if errors.Is(err, ErrNotFound) && len(p.model.recs) == 0 {
		return
	}
	if err != nil {
		p.t.Errorf("read: %v", err)
	}
	mustEqual(p.t, c.Records, p.model.recs)
	if len(c.Damaged) > 0 {
		p.t.Errorf("damaged: %v", c.Damaged)
	}
	if entries, _ := os.ReadDir(p.dir); len(entries) != 1 {
		p.t.Errorf("after Read there are %v", entries)
	}
}

// insert gives some of the records that are there without their keys, and new
// ones.
func (p *play) insert() {
	var recs []Record
	for _, rec := range p.model.recs {
		if p.random.IntN(3) == 0 {
			rec.Key = KeyFor(rec.Key.Time(), rec.Raw, 0)
			recs = append(recs, rec)
		}
	}
	fresh := p.random.IntN(5)
	for range fresh {
		rec := p.rec()
		p.model.add(rec)
		recs = append(recs, rec)
	}
	added, err := Insert(p.dir, "s-1", recs)
	if err != nil || added != fresh {
		p.t.Errorf("insert: %d added, %v, want %d", added, err, fresh)
	}
}

func (p *play) compact() {
	err := Compact(p.dir, "s-1")
	if err != nil && !errors.Is(err, ErrNotFound) {
		p.t.Errorf("compact: %v", err)
	}
}

func (p *play) remove() {
	n := len(p.model.recs)
	if n == 0 {
		return
	}
	if err := Remove(p.dir, "s-1", p.model.recs[n-1].Key, n); err != nil {
		p.t.Errorf("remove: %v", err)
	}
	p.model.recs = nil
	if entries, _ := os.ReadDir(p.dir); len(entries) != 0 {
		p.t.Errorf("after Remove there are %v", entries)
	}
}

func (p *play) removeChanged() {
	n := len(p.model.recs)
	if n == 0 {
		return
	}
	if err := Remove(p.dir, "s-1", p.model.recs[n-1].Key, n-1); !errors.Is(err, ErrChanged) {
		p.t.Errorf("remove: got %v, want ErrChanged", err)
	}
}

// compare reads without changing anything: the database by ReadFile, the inbox
// file by file.
func (p *play) compare() {
	var got []Record
	if path := filepath.Join(p.dir, "s-1.db"); fileExists(path) {
		c, err := ReadFile(path)
		if err != nil || len(c.Damaged) > 0 {
			p.t.Errorf("ReadFile: %v, %v", err, c.Damaged)
		}
		got = c.Records
	}
	var c Contents
	if err := c.addInbox(filepath.Join(p.dir, "s-1.inbox"), nil); err != nil {
		p.t.Error(err)
	}
	mustEqual(p.t, sortRecords(append(got, c.Records...)), p.model.recs)
	st, err := statOf(p.dir, "s-1")
	if err != nil || st.Empty() != (len(p.model.recs) == 0) || st.InboxCount != len(c.Records) {
		p.t.Errorf("stat: %+v, %v; %d records, %d in the inbox", st, err, len(p.model.recs), len(c.Records))
	}
}
