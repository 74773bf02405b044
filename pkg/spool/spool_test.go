package spool

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// record returns the i-th record of a session, a second after the one before.
func record(i int, raw string) Record {
	return Record{
		Key:     NewKey(start.Add(time.Duration(i)*time.Second), 1000+i),
		Raw:     []byte(raw),
		Context: []byte(`{"host":"h"}`),
	}
}

// payload is an event of a session that carries a name.
func payload(session, name string) string {
	return fmt.Sprintf(`{"session_id":%q,"name":%q}`, session, name)
}

func mustAppend(t *testing.T, dir, session string, rec Record) {
	t.Helper()
	if err := Append(dir, session, rec, Options{}); err != nil {
		t.Fatalf("append: %v", err)
	}
}

func mustRead(t *testing.T, dir, name string) Contents {
	t.Helper()
	c, err := Read(dir, name)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return c
}

func mustEqual(t *testing.T, got, want []Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d records, want %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if g.Key != w.Key || g.Cut != w.Cut || !bytes.Equal(g.Raw, w.Raw) || !bytes.Equal(g.Context, w.Context) {
			t.Errorf("record %d: got %s %v %.80q %q, want %s %v %.80q %q",
				i, g.Key, g.Cut, g.Raw, g.Context, w.Key, w.Cut, w.Raw, w.Context)
		}
	}
}

// inboxed appends while the lock is held, so that the record goes to the inbox.
func inboxed(t *testing.T, dir, session string, rec Record) {
	t.Helper()
	l, err := openLock(dir, FileName(session))
	if err != nil || !l.held {
		t.Fatalf("lock: %v", err)
	}
	defer l.close()
	mustAppend(t, dir, session, rec)
}

// check runs bbolt's own check. What is ignored may be found, such as a page that
// is lost to the file.
func check(t *testing.T, path string, ignore ...string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, PreLoadFreelist: true, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) error {
		for err := range tx.Check() {
			if !slices.ContainsFunc(ignore, func(s string) bool { return strings.Contains(err.Error(), s) }) {
				t.Errorf("bbolt check: %v", err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAppendAndRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	var want []Record
	for i, size := range []int{0, 10, 1000, 2034, 2035, 2036, 4096, 5000, 277_000, 2_400_000, 10, 10} {
		rec := record(i, payload("s-1", strings.Repeat("x", size)))
		rec.Cut = i%3 == 0
		if i%4 == 1 {
			rec.Context = nil
		}
		if i%4 == 2 {
			rec.Context = []byte(`{"host":"` + strings.Repeat("y", 3000) + `"}`)
		}
		mustAppend(t, dir, "s-1", rec)
		want = append(want, rec)
	}
	c := mustRead(t, dir, "s-1")
	mustEqual(t, c.Records, want)
	if c.SessionID != "s-1" || c.Name != "s-1" || len(c.Damaged) != 0 {
		t.Errorf("got %q, %q, %v", c.SessionID, c.Name, c.Damaged)
	}
	path := filepath.Join(dir, "s-1.db")
	check(t, path)
	file, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, file.Records, want)
	if file.Name != "s-1" || file.SessionID != "s-1" {
		t.Errorf("ReadFile: got %q, %q", file.Name, file.SessionID)
	}
	if err := Compact(dir, "s-1"); err != nil {
		t.Fatal(err)
	}
	mustEqual(t, mustRead(t, dir, "s-1").Records, want)
	check(t, path)
}

// TestReadAgreesWithBolt reads a spool of many pages by bbolt.
func TestReadAgreesWithBolt(t *testing.T) {
	dir := t.TempDir()
	var recs []Record
	for i := range 3000 {
		rec := record(i, payload("s-1", strings.Repeat("x", i)))
		rec.Context = fmt.Appendf(nil, `{"host":"h%d"}`, i%200)
		recs = append(recs, rec)
	}
	if _, err := Insert(dir, "s-1", recs); err != nil {
		t.Fatal(err)
	}
	mustEqual(t, mustRead(t, dir, "s-1").Records, recs)
	path := filepath.Join(dir, "s-1.db")
	check(t, path)
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	n := 0
	err = db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketRecords)
		return b.ForEach(func(k, v []byte) error {
			if v == nil {
				v = b.Bucket(k).Get(k)
			}
			rec, id, err := decodeValue(Key(k), v)
			if err != nil {
				return err
			}
			rec.Context = tx.Bucket(bucketContexts).Get(id[:])
			mustEqual(t, []Record{rec}, recs[n:n+1])
			n++
			return nil
		})
	})
	if err != nil || n != len(recs) {
		t.Errorf("got %d records, %v", n, err)
	}
}

// TestTreesOfAllShapes inserts in random order, in transactions of all sizes, and
// holds that the trees that bbolt makes are those that the reader expects.
func TestTreesOfAllShapes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		dir := t.TempDir()
		var all []Record
		for len(all) < 4000 {
			recs := make([]Record, 1+random.IntN(800))
			for i := range recs {
				recs[i] = record(random.IntN(1_000_000), payload("s-1", strings.Repeat("x", random.IntN(100)*random.IntN(30))))
				recs[i].Context = fmt.Appendf(nil, `{"n":%d}`, random.IntN(1000))
			}
			if _, err := Insert(dir, "s-1", recs); err != nil {
				t.Fatal(err)
			}
			all = append(all, recs...)
			one := record(random.IntN(1_000_000), payload("s-1", "one"))
			mustAppend(t, dir, "s-1", one)
			all = append(all, one)
		}
		all = sortRecords(all)
		mustEqual(t, mustRead(t, dir, "s-1").Records, all)
		if err := Compact(dir, "s-1"); err != nil {
			t.Fatal(err)
		}
		c := mustRead(t, dir, "s-1")
		mustEqual(t, c.Records, all)
		if len(c.Damaged) > 0 {
			t.Errorf("damaged: %v", c.Damaged)
		}
		check(t, filepath.Join(dir, "s-1.db"))
	}
}

func TestContextsThatCollideStayApart(t *testing.T) {
	dir := t.TempDir()
	a := record(0, "a")
	mustAppend(t, dir, "s-1", a)
	// Another context takes the id of the next one first.
	b := record(1, "b")
	b.Context = []byte(`{"host":"other"}`)
	db, err := openDB(filepath.Join(dir, "s-1.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.do(func(db *bolt.DB) error {
		return db.Update(func(tx *bolt.Tx) error {
			id := hashContext(b.Context)
			return tx.Bucket(bucketContexts).Put(id[:], []byte("taken"))
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, dir, "s-1", b)
	mustEqual(t, mustRead(t, dir, "s-1").Records, []Record{a, b})
}

func TestInboxIsDrainedByTheNextHook(t *testing.T) {
	dir := t.TempDir()
	var want []Record
	for i := range 100 {
		rec := record(i, payload("s-1", strings.Repeat("x", i*50)))
		inboxed(t, dir, "s-1", rec)
		want = append(want, rec)
	}
	st, err := StatOf(dir, "s-1")
	if err != nil || st.InboxCount != 100 || !st.DBModTime.IsZero() {
		t.Fatalf("got %+v, %v, want 100 in the inbox", st, err)
	}
	last := record(100, payload("s-1", "last"))
	mustAppend(t, dir, "s-1", last)
	if st, _ := StatOf(dir, "s-1"); st.InboxCount != 100-drainFiles {
		t.Errorf("got %d in the inbox, want %d", st.InboxCount, 100-drainFiles)
	}
	mustEqual(t, mustRead(t, dir, "s-1").Records, append(want, last))
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("after Read: got %v, %v, want the database alone", entries, err)
	}
}

// TestDrainedTwiceIsThereOnce puts the files of a drained inbox back, as a crash
// of the machine may.
func TestDrainedTwiceIsThereOnce(t *testing.T) {
	dir := t.TempDir()
	var want []Record
	saved := map[string][]byte{}
	inbox := filepath.Join(dir, "s-1.inbox")
	for i, size := range []int{10, 3000, 300_000} {
		rec := record(i, payload("s-1", strings.Repeat("x", size)))
		inboxed(t, dir, "s-1", rec)
		want = append(want, rec)
		b, err := os.ReadFile(filepath.Join(inbox, rec.Key.String()))
		if err != nil {
			t.Fatal(err)
		}
		saved[rec.Key.String()] = b
	}
	restore := func() {
		t.Helper()
		if err := os.MkdirAll(inbox, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, b := range saved {
			if err := os.WriteFile(filepath.Join(inbox, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 3 {
		rec := record(10+i, payload("s-1", fmt.Sprint(i)))
		mustAppend(t, dir, "s-1", rec) // by a hook
		want = append(want, rec)
		restore()
		mustEqual(t, mustRead(t, dir, "s-1").Records, want) // by the assembler
		restore()
	}
	if lines, _ := ReadLog(dir); len(lines) > 0 {
		t.Errorf("log: %v", lines)
	}
}

func TestLargeInboxFilesWaitForTheAssembler(t *testing.T) {
	dir := t.TempDir()
	large, small := record(0, payload("s-1", strings.Repeat("x", drainBytes+1))), record(1, "small")
	inboxed(t, dir, "s-1", large)
	inboxed(t, dir, "s-1", small)
	last := record(2, "last")
	mustAppend(t, dir, "s-1", last)
	if st, _ := StatOf(dir, "s-1"); st.InboxCount != 1 {
		t.Errorf("got %d in the inbox, want the large one", st.InboxCount)
	}
	mustEqual(t, mustRead(t, dir, "s-1").Records, []Record{large, small, last})
}

func TestUnfinishedInboxFiles(t *testing.T) {
	dir := t.TempDir()
	rec, lost, fresh := record(0, "whole"), record(1, "cut short"), record(2, "fresh")
	for _, r := range []Record{rec, lost, fresh} {
		inboxed(t, dir, "s-1", r)
	}
	inbox := filepath.Join(dir, "s-1.inbox")
	old := time.Now().Add(-2 * tempAge)
	for _, r := range []Record{rec, lost, fresh} {
		path := filepath.Join(inbox, r.Key.String())
		if r.Key == lost.Key {
			if err := os.Truncate(path, 50); err != nil {
				t.Fatal(err)
			}
		}
		if r.Key != fresh.Key {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Rename(path, path+".tmp"); err != nil {
			t.Fatal(err)
		}
	}
	c := mustRead(t, dir, "s-1")
	mustEqual(t, c.Records, []Record{rec})
	if _, err := os.Stat(filepath.Join(inbox, fresh.Key.String()+".tmp")); err != nil {
		t.Errorf("the file of a hook that may live is gone: %v", err)
	}
	if _, err := os.Stat(filepath.Join(inbox, lost.Key.String()+".tmp")); err == nil {
		t.Error("the file that was cut short is still there")
	}
}

func TestUnassigned(t *testing.T) {
	dir := t.TempDir()
	rec := record(0, "")
	mustAppend(t, dir, "", rec)
	c := mustRead(t, dir, Unassigned)
	mustEqual(t, c.Records, []Record{rec})
	if c.SessionID != "" {
		t.Errorf("got session id %q", c.SessionID)
	}
}

func TestHashedSessionIDIsKept(t *testing.T) {
	for _, id := range []string{"../evil", strings.Repeat("long", 2000)} {
		dir := t.TempDir()
		rec := record(0, payload(id, "x"))
		mustAppend(t, dir, id, rec)
		if got := mustRead(t, dir, FileName(id)).SessionID; got != id {
			t.Errorf("got session id %.40q, want %.40q", got, id)
		}
		other := t.TempDir()
		inboxed(t, other, id, rec)
		if got := mustRead(t, other, FileName(id)).SessionID; got != id {
			t.Errorf("from the inbox: got session id %.40q, want %.40q", got, id)
		}
	}
}

func TestAppendCutsWhatIsTooLarge(t *testing.T) {
	dir := t.TempDir()
	rec := record(0, strings.Repeat("x", MaxRaw+1))
	rec.Context = make([]byte, maxContext+1)
	mustAppend(t, dir, "s-1", rec)
	rec.Raw, rec.Cut, rec.Context = rec.Raw[:MaxRaw], true, nil
	mustEqual(t, mustRead(t, dir, "s-1").Records, []Record{rec})
}

func TestReadOfNothing(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"s-1", "../s-1", ""} {
		if _, err := Read(dir, name); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", name, err)
		}
		if err := Remove(dir, name, Key{}, 0); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", name, err)
		}
		if err := Compact(dir, name); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", name, err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("left %v behind", entries)
	}
	if list, err := List(filepath.Join(dir, "nowhere")); err != nil || len(list) != 0 {
		t.Errorf("got %v, %v", list, err)
	}
	if _, err := ReadFile(filepath.Join(dir, "no.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	mustAppend(t, dir, "b", record(0, "x"))
	mustAppend(t, dir, "a", record(0, "x"))
	inboxed(t, dir, "c", record(0, "x"))
	inboxed(t, dir, "c", record(1, "xyz"))
	mustAppend(t, dir, "", record(0, "x"))
	mustAppend(t, dir, "../d", record(0, "x"))
	if err := os.WriteFile(filepath.Join(dir, "e.db"), []byte("noise"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir, "e"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"f.lock", "Not.db", "README", ".x"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	Log(dir, "a", "text")
	list, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, st := range list {
		names = append(names, st.Name)
		one, err := StatOf(dir, st.Name)
		if err != nil || !one.Equal(st) {
			t.Errorf("%s: StatOf says %+v, %v; List says %+v", st.Name, one, err, st)
		}
	}
	want := []string{"a", "b", "c", "e", Unassigned, FileName("../d")}
	if strings.Join(names, " ") != strings.Join(want, " ") {
		t.Fatalf("got %v, want %v", names, want)
	}
	if c := list[2]; c.InboxCount != 2 || c.InboxBytes != 2*(inboxHeader+int64(len(`{"host":"h"}`)))+4 || c.InboxModTime.IsZero() || c.SessionID != "c" {
		t.Errorf("got %+v", c)
	}
	if e := list[3]; len(e.Damaged) != 1 {
		t.Errorf("got %+v, want one damaged file", e)
	}
	if list[4].SessionID != "" || list[5].SessionID != "" {
		t.Errorf("got session ids %q, %q", list[4].SessionID, list[5].SessionID)
	}
}

// TestStatTellsNews holds that the Stat in Contents stays equal until an event
// comes.
func TestStatTellsNews(t *testing.T) {
	dir := t.TempDir()
	mustAppend(t, dir, "s-1", record(0, "x"))
	inboxed(t, dir, "s-1", record(1, "x"))
	c := mustRead(t, dir, "s-1")
	if again := mustRead(t, dir, "s-1"); !again.Stat.Equal(c.Stat) {
		t.Errorf("reading twice: got %+v, then %+v", c.Stat, again.Stat)
	}
	inboxed(t, dir, "s-1", record(2, "x"))
	if st, _ := StatOf(dir, "s-1"); st.Equal(c.Stat) {
		t.Errorf("a new event does not show: %+v", st)
	}
}
