package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// template is a database with records of all kinds, and its records.
func template(t *testing.T) (file []byte, recs []Record) {
	t.Helper()
	dir := t.TempDir()
	for i, size := range []int{10, 300, 2000, 5000, 100, 9000, 50, 70, 3000, 40} {
		rec := record(i, payload("s-1", strings.Repeat("x", size)))
		mustAppend(t, dir, "s-1", rec)
		recs = append(recs, rec)
	}
	file, err := os.ReadFile(filepath.Join(dir, "s-1.db"))
	if err != nil {
		t.Fatal(err)
	}
	return file, recs
}

// survive holds that a hook stores its event over a damaged database, that what
// is there is part of what was there, and that the damaged file is kept. It
// returns how many of the old records are left.
func survive(t *testing.T, what string, file []byte, old []Record) int {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "s-1.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	rec := record(100, payload("s-1", "new"))
	if err := Append(dir, "s-1", rec, Options{}); err != nil {
		t.Errorf("%s: append: %v", what, err)
		return 0
	}
	c, err := Read(dir, "s-1")
	if err != nil {
		t.Errorf("%s: read: %v", what, err)
		return 0
	}
	known := map[Key]Record{rec.Key: rec}
	for _, r := range old {
		known[r.Key] = r
	}
	found := false
	for _, r := range c.Records {
		want, ok := known[r.Key]
		if !ok || !bytes.Equal(r.Raw, want.Raw) {
			t.Errorf("%s: got a record that nobody wrote: %s %.80q", what, r.Key, r.Raw)
		}
		found = found || r.Key == rec.Key
	}
	if !found {
		t.Errorf("%s: the new record is not there", what)
	}
	left := len(c.Records) - 1
	if left < len(old) && len(c.Damaged) == 0 {
		t.Errorf("%s: %d of %d records left, and no file is damaged", what, left, len(old))
	}
	for _, d := range c.Damaged {
		kept, err := os.ReadFile(d.Path)
		if err != nil || d.Reason == "" || d.Bytes != int64(len(kept)) {
			t.Errorf("%s: %+v: %v", what, d, err)
		}
		if !strings.Contains(d.Path, ".damaged"+string(filepath.Separator)) {
			t.Errorf("%s: damaged file is at %s", what, d.Path)
		}
	}
	if _, err := os.Stat(path); err == nil {
		// Otherwise only Read saw the damage, and set it aside. A freelist that
		// lost an entry is no danger.
		check(t, path, "unreachable unfreed")
	}
	return left
}

func TestTruncated(t *testing.T) {
	file, recs := template(t)
	random := rand.New(rand.NewPCG(1, 2))
	var sizes []int
	for n := 0; n < len(file); n += pageSize {
		sizes = append(sizes, n, n+1, n+random.IntN(pageSize), n+pageSize-1)
	}
	most := 0
	for _, n := range sizes {
		most = max(most, survive(t, fmt.Sprintf("truncated to %d of %d", n, len(file)), file[:min(n, len(file))], recs))
	}
	if most < len(recs)-1 {
		t.Errorf("at most %d of %d records were salvaged", most, len(recs))
	}
}

// TestPagesOverwritten fills each page with zeros, ones, noise, and the page
// before it.
func TestPagesOverwritten(t *testing.T) {
	file, recs := template(t)
	random := rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, pageSize)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for at := 0; at < len(file); at += pageSize {
		for name, fill := range map[string][]byte{
			"zeros": make([]byte, pageSize),
			"ones":  bytes.Repeat([]byte{0xff}, pageSize),
			"noise": noise,
			"stale": file[max(0, at-pageSize) : max(0, at-pageSize)+pageSize],
		} {
			b := bytes.Clone(file)
			copy(b[at:], fill)
			survive(t, fmt.Sprintf("%s at page %d", name, at/pageSize), b, recs)
		}
	}
}

// TestWordsOverwritten changes single words of page headers and elements, where
// numbers are believed.
func TestWordsOverwritten(t *testing.T) {
	file, recs := template(t)
	random := rand.New(rand.NewPCG(5, 6))
	values := []uint32{0, 1, 2, 3, 0x7fffffff, 0xffffffff, 0x10000, 0x1002, 0xffff0002}
	n := 500
	if testing.Short() {
		n = 200
	}
	for range n {
		page := random.IntN(len(file) / pageSize)
		at := page*pageSize + 4*random.IntN(40)
		b := bytes.Clone(file)
		value := values[random.IntN(len(values))]
		switch random.IntN(3) {
		case 0: // the number of another page
			value = random.Uint32N(40)
		case 1: // one bit
			value = binary.NativeEndian.Uint32(b[at:]) ^ 1<<random.IntN(32)
		}
		binary.NativeEndian.PutUint32(b[at:], value)
		survive(t, fmt.Sprintf("%#x at page %d + %d", value, page, at%pageSize), b, recs)
	}
}

func TestWholeFileOverwritten(t *testing.T) {
	file, recs := template(t)
	random := rand.New(rand.NewPCG(7, 8))
	noise := make([]byte, len(file))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for name, b := range map[string][]byte{
		"empty":                    {},
		"zeros":                    make([]byte, len(file)),
		"noise":                    noise,
		"text":                     []byte("This is no database.\n"),
		"shifted":                  append([]byte{0}, file...),
		"what a full disk left":    file[:3*pageSize],
		"a page of 12 kB of zeros": make([]byte, 3*pageSize),
	} {
		survive(t, name, b, recs)
	}
	if left := survive(t, "not damaged", file, recs); left != len(recs) {
		t.Errorf("%d of %d records left", left, len(recs))
	}
	if left := survive(t, "zeros behind", append(bytes.Clone(file), make([]byte, 100_000)...), recs); left != len(recs) {
		t.Errorf("zeros behind: %d of %d records left", left, len(recs))
	}
}

// TestSalvage damages one meta page after the other, so that every page is still
// there, and then both.
func TestSalvage(t *testing.T) {
	file, recs := template(t)
	newest := 0
	if p, err := newPager(bytes.NewReader(file), int64(len(file))); err != nil {
		t.Fatal(err)
	} else {
		newest = int(p.meta.txid % 2)
	}
	one := bytes.Clone(file)
	one[newest*pageSize+40]++
	if left := survive(t, "newest meta page", one, recs); left != len(recs) {
		t.Errorf("newest meta page: %d of %d records left", left, len(recs))
	}
	both := bytes.Clone(one)
	both[(1-newest)*pageSize+40]++
	if left := survive(t, "both meta pages", both, recs); left != len(recs) {
		t.Errorf("both meta pages: %d of %d records left", left, len(recs))
	}

	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, both, 0o400); err != nil {
		t.Fatal(err)
	}
	c, err := ReadFile(path)
	if err != nil || len(c.Damaged) != 1 || c.Damaged[0].Records != len(recs) || c.SessionID != "s-1" {
		t.Fatalf("ReadFile: got %+v, %v", c.Damaged, err)
	}
	mustEqual(t, c.Records, recs)
	if after, _ := os.ReadFile(path); !bytes.Equal(after, both) {
		t.Error("ReadFile changed the file")
	}
}

// edit changes a database by bbolt.
func edit(t *testing.T, path string, fn func(tx *bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(fn); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNewerVersionIsLeftAlone holds that events wait in the inbox for a program
// that knows the format.
func TestNewerVersionIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s-1.db")
	mustAppend(t, dir, "s-1", record(0, "old"))
	edit(t, path, func(tx *bolt.Tx) error { return tx.Bucket(bucketSpool).Put(keyFormat, []byte{FormatVersion + 1}) })
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rec := record(1, "new")
	mustAppend(t, dir, "s-1", rec)
	c, err := Read(dir, "s-1")
	if !errors.Is(err, ErrNewer) {
		t.Errorf("got %v, want ErrNewer", err)
	}
	mustEqual(t, c.Records, []Record{rec})
	if _, err := ReadFile(path); !errors.Is(err, ErrNewer) {
		t.Errorf("ReadFile: got %v, want ErrNewer", err)
	}
	if err := Remove(dir, "s-1", rec.Key, 1); !errors.Is(err, ErrNewer) {
		t.Errorf("Remove: got %v, want ErrNewer", err)
	}
	if _, err := Insert(dir, "s-1", []Record{rec}); !errors.Is(err, ErrNewer) {
		t.Errorf("Insert: got %v, want ErrNewer", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(after, before) {
		t.Error("the database was changed")
	}
}

func TestNewerInboxFileIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	rec := record(0, "newer")
	inboxed(t, dir, "s-1", rec)
	path := filepath.Join(dir, "s-1.inbox", rec.Key.String())
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[4]++
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	last := record(1, "last")
	mustAppend(t, dir, "s-1", last)
	mustEqual(t, mustRead(t, dir, "s-1").Records, []Record{last})
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
	if err := Remove(dir, "s-1", last.Key, 1); err != nil {
		t.Errorf("remove: %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
}

// TestOtherDatabasesAreSetAside puts bbolt files in place that are whole and none
// of ours.
func TestOtherDatabasesAreSetAside(t *testing.T) {
	for name, fn := range map[string]func(tx *bolt.Tx) error{
		"empty":      func(*bolt.Tx) error { return nil },
		"other":      func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("x")); return err },
		"no records": func(tx *bolt.Tx) error { return tx.DeleteBucket(bucketRecords) },
		"no format":  func(tx *bolt.Tx) error { return tx.Bucket(bucketSpool).Delete(keyFormat) },
		"format 0":   func(tx *bolt.Tx) error { return tx.Bucket(bucketSpool).Put(keyFormat, []byte{0}) },
		"long keys":  func(tx *bolt.Tx) error { return tx.Bucket(bucketRecords).Put(make([]byte, 21), nil) },
		"nested":     func(tx *bolt.Tx) error { _, err := tx.Bucket(bucketRecords).CreateBucket(make([]byte, 20)); return err },
		"root is a branch": func(tx *bolt.Tx) error {
			for i := range 200 {
				if _, err := tx.CreateBucket(fmt.Appendf(nil, "bucket-%d", i)); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "s-1.db")
			if name != "empty" && name != "other" {
				mustAppend(t, dir, "s-1", record(0, "old"))
			}
			edit(t, path, fn)
			mustAppend(t, dir, "s-1", record(1, "new"))
			c := mustRead(t, dir, "s-1")
			if n := len(c.Records); n == 0 || string(c.Records[n-1].Raw) != "new" || len(c.Damaged) != 1 {
				t.Errorf("got %d records, damaged %v", len(c.Records), c.Damaged)
			}
		})
	}
}

// TestNoFreelist has a file that bbolt would scan in a goroutine of its own.
func TestNoFreelist(t *testing.T) {
	file, recs := template(t)
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	db.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if left := survive(t, "no freelist", b, recs); left != len(recs) {
		t.Errorf("%d of %d records left", left, len(recs))
	}
}

// TestPageCycle makes the root of the records point to itself, on which bbolt
// would call itself until the stack ends.
func TestPageCycle(t *testing.T) {
	dir := t.TempDir()
	var recs []Record
	for i := range 300 {
		recs = append(recs, record(i, strings.Repeat("x", 1000)))
	}
	if _, err := Insert(dir, "s-1", recs); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, "s-1.db"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPager(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.buckets()
	if err != nil {
		t.Fatal(err)
	}
	root := native.Uint64(b.records)
	at := int(root) * pageSize
	if native.Uint16(file[at+8:]) != branchFlag {
		t.Fatalf("page %d is no branch", root)
	}
	for i := range int(native.Uint16(file[at+10:])) {
		native.PutUint64(file[at+pageHeader+i*elemSize+8:], root)
	}
	if left := survive(t, "page cycle", file, recs); left != len(recs) {
		t.Errorf("%d of %d records left", left, len(recs))
	}
}

// TestFaultWhileMapped cuts a file while bbolt has it mapped, between the check
// and the transaction.
func TestFaultWhileMapped(t *testing.T) {
	file, recs := template(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "s-1.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	rec := record(100, "new")
	d, err := openDB(path, []Record{rec})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	err = d.do(func(db *bolt.DB) error {
		return db.Update(func(tx *bolt.Tx) error { return putAll(tx, []Record{rec}) })
	})
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
	_ = recs
}

// TestReplacedFileIsNotSetAside has a good file at the path of one that was
// found damaged.
func TestReplacedFileIsNotSetAside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s-1.db")
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := updateDB(path, []Record{record(0, "x")}, true)
	if err == nil {
		// Opened by the check: its identity is not known before that.
		t.Fatal("no error")
	}
	l, lerr := openLock(dir, "s-1")
	if lerr != nil {
		t.Fatal(lerr)
	}
	defer l.close()
	if err := os.Rename(path, path+"x"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("another file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.moveAside(dir, "s-1", path, err); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestDamagedInboxFilesAreSetAside(t *testing.T) {
	dir := t.TempDir()
	good, bad := record(0, "good"), record(1, "bad")
	inboxed(t, dir, "s-1", good)
	inboxed(t, dir, "s-1", bad)
	inbox := filepath.Join(dir, "s-1.inbox")
	if err := os.WriteFile(filepath.Join(inbox, bad.Key.String()), []byte("noise"), 0o600); err != nil {
		t.Fatal(err)
	}
	misnamed := record(2, "misnamed")
	if err := os.Mkdir(filepath.Join(inbox, misnamed.Key.String()), 0o700); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(inbox, good.Key.String()))
	if err != nil {
		t.Fatal(err)
	}
	other := record(3, "other")
	if err := os.WriteFile(filepath.Join(inbox, other.Key.String()), b, 0o600); err != nil {
		t.Fatal(err)
	}
	last := record(4, "last")
	mustAppend(t, dir, "s-1", last)
	c := mustRead(t, dir, "s-1")
	mustEqual(t, c.Records, []Record{good, last})
	if len(c.Damaged) != 3 {
		t.Errorf("got %v, want three damaged files", c.Damaged)
	}
	n := len(c.Records)
	if err := Remove(dir, "s-1", c.Records[n-1].Key, n); err != nil {
		t.Errorf("remove: %v", err)
	}
}
