package receipt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// someReceipts is a file of n receipts of several pages, and what is in it.
func someReceipts(t *testing.T, n int) (file []byte, all map[string]*Receipt) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "book.db")
	book, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		id := fmt.Sprintf("session-%03d", i*7%n)
		if err := book.Put(id, Receipt{SessionID: id, Final: true, LookedAt: time.Unix(1e9, 0).UTC(), Key: strings.Repeat(id+"/", 30)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	if all, err = Read(path); err != nil || len(all) != n {
		t.Fatalf("%d receipts, %v", len(all), err)
	}
	if file, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return file, all
}

// holdsUp opens what is at path as a run does, writes a receipt, and reads all as status does.
// Whatever was there, each receipt is as it was or is gone. It returns what was set aside.
func holdsUp(t *testing.T, name, path string, all map[string]*Receipt) *Damage {
	t.Helper()
	book, err := Open(path)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return nil
	}
	for id, r := range book.All() {
		if !reflect.DeepEqual(r, all[id]) {
			t.Errorf("%s: the receipt of %s is %+v", name, id, r)
		}
	}
	err = book.Put("new", Receipt{SessionID: "new", LookedAt: time.Now()})
	if err = errors.Join(err, book.Close()); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if again, err := Read(path); err != nil || again["new"] == nil {
		t.Errorf("%s: read again: %d receipts, %v", name, len(again), err)
	}
	return book.Damage
}

func TestAFileCutShortIsSetAside(t *testing.T) {
	file, all := someReceipts(t, 40)
	page := os.Getpagesize()
	var sizes []int
	for at := 0; at < len(file); at += page {
		sizes = append(sizes, at, at+page-1)
	}
	whole := 0
	for _, size := range sizes {
		path := filepath.Join(t.TempDir(), "book.db")
		if err := os.WriteFile(path, file[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path)
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("cut to %d bytes: Read: %v", size, err)
		}
		d := holdsUp(t, fmt.Sprintf("cut to %d bytes", size), path, all)
		if (d == nil) != (err == nil) {
			t.Errorf("cut to %d bytes: set aside %+v, and Read says %v", size, d, err)
		}
		if d == nil {
			whole++ // the end of the file is not in use
			continue
		}
		kept, err := os.ReadFile(d.Kept)
		if err != nil || !bytes.Equal(kept, file[:size]) || d.Reason == "" || strings.Contains(d.Reason, "damaged") {
			t.Errorf("cut to %d bytes: kept %d bytes as %+v, %v", size, len(kept), d, err)
		}
		if aside := SetAside(path); len(aside) != 1 || aside[0] != d.Kept {
			t.Errorf("cut to %d bytes: SetAside is %q, want %q", size, aside, d.Kept)
		}
	}
	if whole > len(sizes)/2 {
		t.Errorf("%d of %d cuts were not noticed", whole, len(sizes))
	}
}

// TestLostBitsMakeNoReceiptWrong turns bits all over the file: a fault may cost receipts, and changes none.
func TestLostBitsMakeNoReceiptWrong(t *testing.T) {
	file, all := someReceipts(t, 40)
	path := filepath.Join(t.TempDir(), "book.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	set := func(at int, b byte) {
		t.Helper()
		if _, err := f.WriteAt([]byte{b}, int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	damaged := 0
	for at := 0; at < len(file); at += 37 {
		for _, bits := range []byte{1 << (at % 8), 0xff} {
			set(at, file[at]^bits)
			got, err := Read(path)
			if err != nil && !errors.Is(err, ErrDamaged) {
				t.Fatalf("byte %d ^ %#x: %v", at, bits, err)
			}
			for id, r := range got {
				if !reflect.DeepEqual(r, all[id]) {
					t.Errorf("byte %d ^ %#x: the receipt of %s is %+v", at, bits, id, r)
				}
			}
			if err != nil {
				damaged++
			}
		}
		set(at, file[at])
	}
	if damaged == 0 {
		t.Error("no damage was noticed")
	}
	// bbolt itself, with what was found good.
	for at := 0; at < len(file); at += 2003 {
		bad := bytes.Clone(file)
		bad[at] ^= 1 << (at % 8)
		path := filepath.Join(t.TempDir(), "book.db")
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		holdsUp(t, fmt.Sprintf("byte %d", at), path, all)
	}
}

func TestWhateverIsInTheirPlaceIsSetAside(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"nothing in it":     func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"noise":             func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("noise "), 10000), 0o600) },
		"a folder":          func(path string) error { return os.MkdirAll(filepath.Join(path, "full"), 0o700) },
		"a link":            func(path string) error { return os.Symlink("other.db", path) },
		"a link to nothing": func(path string) error { return os.Symlink("nowhere.db", path) },
		"a link to itself":  func(path string) error { return os.Symlink(path, path) },
		"a FIFO":            makeFIFO,
	} {
		path := filepath.Join(t.TempDir(), "book.db")
		other := filepath.Join(filepath.Dir(path), "other.db")
		if err := os.WriteFile(other, []byte("not ours"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := put(path); err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		if _, err := Read(path); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: Read: %v", name, err)
		}
		if d := holdsUp(t, name, path, nil); d == nil {
			t.Errorf("%s: nothing was set aside", name)
		}
		if b, err := os.ReadFile(other); err != nil || string(b) != "not ours" {
			t.Errorf("%s: another file is now %q, %v", name, b, err)
		}
	}
}

// TestWhatAnEarlierMakingLeftIsNoObstacle has something in the place of the new file that is made aside.
func TestWhatAnEarlierMakingLeftIsNoObstacle(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"a part":   func(path string) error { return os.WriteFile(path, []byte("half"), 0o600) },
		"a folder": func(path string) error { return os.MkdirAll(filepath.Join(path, "full"), 0o700) },
	} {
		path := filepath.Join(t.TempDir(), "book.db")
		if err := put(strings.TrimSuffix(path, ".db") + ".new"); err != nil {
			t.Fatal(err)
		}
		if d := holdsUp(t, name, path, nil); d != nil {
			t.Errorf("%s: set aside %+v", name, d)
		}
	}
}

func TestANewerFileIsLeftAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book.db")
	holdsUp(t, "new", path, nil)
	change(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket(metaBucket).Put(formatKey, sealed(formatKey, []byte("3")))
	})
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); !errors.Is(err, ErrNewer) {
		t.Errorf("Read: %v, want ErrNewer", err)
	}
	if _, err := Open(path); !errors.Is(err, ErrNewer) {
		t.Errorf("Open: %v, want ErrNewer", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed, %v", err)
	}
}

func TestReceiptsOfFormat1AreRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book.db")
	want := Receipt{SessionID: "s", Final: true, LookedAt: time.Unix(1e9, 0).UTC()}
	change(t, path, func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket(bucket)
		if err != nil {
			return err
		}
		v, err := json.Marshal(want)
		return errors.Join(err, b.Put([]byte("s"), v))
	})
	all, err := Read(path)
	if err != nil || !reflect.DeepEqual(all, map[string]*Receipt{"s": &want}) {
		t.Errorf("Read: %v, %v", all, err)
	}
	if d := holdsUp(t, "format 1", path, all); d != nil {
		t.Errorf("set aside: %+v", d)
	}
	if all, err := Read(path); err != nil || len(all) != 2 {
		t.Errorf("after a run: %v, %v", all, err)
	}
}

// change changes a file with bbolt alone.
func change(t *testing.T, path string, fn func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err == nil {
		err = errors.Join(db.Update(fn), db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestAFaultInTheMiddleOfARunIsAnError cuts the file while it is open, as no careful program does.
func TestAFaultInTheMiddleOfARunIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book.db")
	file, _ := someReceipts(t, 200)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	book, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		book.Close()
		t.Skip(err) // a system that lets no open file be cut
	}
	for range 2 {
		if err := book.Put("s", Receipt{SessionID: "s", LookedAt: time.Now()}); !errors.Is(err, ErrDamaged) {
			t.Errorf("Put: %v, want ErrDamaged", err)
		}
	}
	if got := book.Get("s"); got != nil {
		t.Errorf("Get of what was not written: %+v", got)
	}
	if err := book.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if d := holdsUp(t, "the next run", path, nil); d == nil {
		t.Error("the next run set nothing aside")
	}
}
