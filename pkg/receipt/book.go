package receipt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"ams/pkg/lax"
	"ams/pkg/safefile"
	"ams/pkg/spool"
)

var (
	// ErrLocked says that another run holds the receipts.
	ErrLocked = errors.New("another run is at work on this store")
	// ErrDamaged says that what is in the place of the receipts is not what this package wrote.
	ErrDamaged = errors.New("the receipts are damaged")
	// ErrNewer says that a later version of this program wrote the receipts.
	ErrNewer = errors.New("the receipts are from a newer version of ams")
)

// Book is an open file of receipts. It is safe for concurrent use.
type Book struct {
	// Damage says what was set aside for this book to be opened, nil if nothing was.
	Damage *Damage

	mu     sync.Mutex          // guards all below
	all    map[string]*Receipt // what is in the file; a Receipt in it is never changed
	db     *bbolt.DB
	file   *os.File // of db
	broken error    // of a fault; after it db is not touched
}

// Damage is a file that was no good and was set aside.
type Damage struct {
	Path, Kept string
	Reason     string
}

// The file: bucket "meta" with the format, bucket "receipts".
var (
	bucket     = []byte("receipts")
	metaBucket = []byte("meta")
	formatKey  = []byte("format")
)

// formatVersion is what this package writes, one byte under "format". Files of format 1 have no such bucket.
const formatVersion = 2

// lockWait is how long [Open] waits for who only reads the receipts: longer than [Read] takes for 10,000 of them.
const lockWait = 250 * time.Millisecond

// Open opens the receipts at path, creating them and their folder if need be. What is there and is
// no good is set aside first, as [Book.Damage] says: without receipts work is done again, and none
// is lost. [ErrLocked] says that another process holds the lock, [ErrNewer] that the file must be
// left to a newer program.
//
//  1. the folder's lock, so that no two processes make or set aside the file at once
//  2. every page of the file is read, as [Read] does: bbolt maps the file, and would fault, or call
//     itself without end, at a bad page
//  3. a file that is no good is renamed, and the folder synced
//  4. a new file is made aside as NAME.new, synced, renamed, and the folder synced: one that a full
//     disk cut short is never in place
//  5. bbolt opens the file, which takes its lock; the folder's is given back
func Open(path string) (*Book, error) {
	b := &Book{}
	if err := b.open(path); err != nil {
		return nil, fmt.Errorf("open receipts %s: %w", path, err)
	}
	return b, nil
}

func (b *Book) open(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	unlock, err := safefile.Lock(dir, lockWait)
	if errors.Is(err, safefile.ErrLocked) {
		err = ErrLocked
	}
	if err != nil {
		return err
	}
	defer unlock()
	if b.all, err = read(path, lockWait); errors.Is(err, ErrDamaged) {
		b.Damage = &Damage{Path: path, Reason: strings.TrimPrefix(err.Error(), ErrDamaged.Error()+": ")}
		if b.Damage.Kept, err = setAside(path); err == nil {
			err = fs.ErrNotExist
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = create(path)
	}
	if err != nil {
		return err
	}
	update := func(path string, _ int, _ os.FileMode) (*os.File, error) {
		return safefile.Update(path, safefile.Rules{})
	}
	b.db, b.file, err = openDB(path, &bbolt.Options{Timeout: lockWait, OpenFile: update})
	if err != nil {
		return err
	}
	if err := b.do(func() error { return ready(b.db) }); err != nil {
		b.Close()
		return err
	}
	return nil
}

// openDB lets bbolt open a file, guarded.
func openDB(path string, opt *bbolt.Options) (db *bbolt.DB, file *os.File, err error) {
	openFile := opt.OpenFile
	opt.OpenFile = func(path string, flag int, mode os.FileMode) (*os.File, error) {
		file, err = openFile(path, flag, mode)
		return file, err
	}
	err = spool.Guard(func() (err error) {
		db, err = bbolt.Open(path, 0o600, opt)
		return err
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		err = ErrLocked
	}
	if err != nil && file != nil {
		file.Close() // again, if bbolt did
	}
	return db, file, err
}

// create makes an empty file of receipts.
func create(path string) error {
	temp := strings.TrimSuffix(path, ".db") + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		if _, err := setAside(temp); err != nil {
			return err
		}
	}
	anew := func(path string, flag int, mode os.FileMode) (*os.File, error) {
		return os.OpenFile(path, flag|os.O_EXCL, mode)
	}
	db, _, err := openDB(temp, &bbolt.Options{NoSync: true, NoGrowSync: true, OpenFile: anew})
	if err == nil {
		err = spool.Guard(func() error {
			err := db.Update(initBuckets)
			if err == nil {
				err = db.Sync()
			}
			return errors.Join(err, db.Close())
		})
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		_ = os.Remove(temp)
		return err
	}
	return safefile.SyncDir(filepath.Dir(path))
}

// ready gives a file of format 1 what it lacks. It writes nothing where nothing is missing: an idle
// run must cost nothing.
func ready(db *bbolt.DB) error {
	missing := false
	err := db.View(func(tx *bbolt.Tx) error {
		missing = tx.Bucket(bucket) == nil || tx.Bucket(metaBucket) == nil
		return nil
	})
	if err != nil || !missing {
		return err
	}
	return db.Update(initBuckets)
}

func initBuckets(tx *bbolt.Tx) error {
	if _, err := tx.CreateBucketIfNotExists(bucket); err != nil {
		return err
	}
	meta, err := tx.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return err
	}
	return meta.Put(formatKey, sealed(formatKey, []byte(strconv.Itoa(formatVersion))))
}

// damagedMark is in the name of what was set aside.
const damagedMark = ".damaged-"

// setAside renames what is no good, and returns its new name. It may be anything: a folder, a FIFO, a link.
func setAside(path string) (string, error) {
	now := time.Now().UTC().Format("20060102T150405.000000000")
	kept := strings.TrimSuffix(path, filepath.Ext(path)) + damagedMark + now
	if err := os.Rename(path, kept); err != nil {
		return "", err
	}
	return kept, safefile.SyncDir(filepath.Dir(path))
}

// SetAside are the files that were set aside for the receipts at path, the oldest first.
func SetAside(path string) []string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), strings.TrimSuffix(filepath.Base(path), ".db")+damagedMark) {
			out = append(out, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	return out
}

// Read returns every receipt at path, none where there is no such file, and writes nothing. Others
// may read at the same time; [ErrLocked] says that a run is at work, [ErrDamaged] that the next run
// will set the file aside.
func Read(path string) (map[string]*Receipt, error) {
	all, err := read(path, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read receipts %s: %w", path, err)
	}
	return all, nil
}

// read reads and checks the whole file without bbolt. Without a file, and with an error, there are no receipts.
func read(path string, wait time.Duration) (map[string]*Receipt, error) {
	all := map[string]*Receipt{}
	f, err := safefile.Open(path, safefile.Rules{})
	var refused *safefile.Refusal
	if errors.As(err, &refused) {
		return all, fmt.Errorf("%w: %s", ErrDamaged, refused.Why)
	}
	if err != nil {
		return all, err
	}
	defer f.Close()
	err = spool.ReadBolt(f, wait, func(in, k, v []byte) error {
		switch string(in) {
		case string(bucket):
			if r := decode(k, v); r != nil {
				all[string(k)] = r
			}
		case string(metaBucket):
			return checkFormat(k, v)
		}
		return nil
	})
	switch {
	case err == nil:
		return all, nil
	case errors.Is(err, spool.ErrBusy):
		err = ErrLocked
	case errors.Is(err, spool.ErrNewer), errors.Is(err, ErrNewer):
		err = ErrNewer
	default: // an error of the disk, too: what it gave cannot be read again
		err = fmt.Errorf("%w: %s", ErrDamaged, strings.TrimSuffix(err.Error(), ": "+spool.ErrDamaged.Error()))
	}
	return map[string]*Receipt{}, err
}

// checkFormat looks at an entry of the meta bucket. A format is that of a newer version only if no bit of it was lost.
func checkFormat(k, v []byte) error {
	text, ok := unsealed(k, v)
	if !ok {
		return fmt.Errorf("entry %q has another checksum", k)
	}
	if n, err := strconv.Atoi(string(text)); string(k) == string(formatKey) && (err != nil || n > formatVersion) {
		return ErrNewer
	}
	return nil
}

// do works on the database, one at a time. After a fault in the file nothing touches it again.
func (b *Book) do(fn func() error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return b.broken
	}
	err := spool.Guard(fn)
	if errors.Is(err, spool.ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
		b.broken = err
	}
	return err
}

// Close gives the lock back.
func (b *Book) Close() error {
	err := b.do(b.db.Close)
	if errors.Is(err, ErrDamaged) {
		unlockFile(b.file) // the mapping, which is never given back, would keep it
		return b.file.Close()
	}
	return err
}

// Get returns the receipt of a session, or nil. One that could not be read counts as none: the work is done again.
func (b *Book) Get(name string) *Receipt {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all[name]
}

// All returns every receipt by the session's file name.
func (b *Book) All() map[string]*Receipt {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.all)
}

// Put writes a session's receipt; on return it is on disk.
func (b *Book) Put(name string, r Receipt) error {
	if err := b.put(map[string]Receipt{name: r}); err != nil {
		return fmt.Errorf("receipt of %s: %w", name, err)
	}
	return nil
}

// PutAll writes the receipts of many sessions at once; on return all are on disk, or none.
func (b *Book) PutAll(all map[string]Receipt) error {
	if err := b.put(all); err != nil {
		return fmt.Errorf("receipts of %d sessions: %w", len(all), err)
	}
	return nil
}

func (b *Book) put(all map[string]Receipt) error {
	texts := map[string][]byte{}
	for name, r := range all {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		texts[name] = text
	}
	return b.do(func() error {
		err := b.db.Update(func(tx *bbolt.Tx) error {
			for name, text := range texts {
				if err := tx.Bucket(bucket).Put([]byte(name), sealed([]byte(name), text)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for name, r := range all {
			b.all[name] = &r
		}
		return nil
	})
}

// sumLen is the length of the checksum before a value.
const sumLen = 8

// checksum is the CRC-32 (IEEE) of a key and its value in hexadecimal: bits that were lost must not
// send a session to another place in the store, or make one of another.
func checksum(key, text []byte) []byte {
	return fmt.Appendf(nil, "%0*x", sumLen, crc32.Update(crc32.ChecksumIEEE(key), crc32.IEEETable, text))
}

// sealed is a value after its checksum.
func sealed(key, text []byte) []byte { return append(checksum(key, text), text...) }

// unsealed takes the checksum off again, if it is right.
func unsealed(key, v []byte) (text []byte, ok bool) {
	if len(v) < sumLen {
		return nil, false
	}
	return v[sumLen:], bytes.Equal(checksum(key, v[sumLen:]), v[:sumLen])
}

// decode reads a receipt, nil where there is none or it is damaged. Format 1 had no checksum.
func decode(key, v []byte) *Receipt {
	text, ok := v, len(v) > 0 && v[0] == '{'
	if !ok {
		text, ok = unsealed(key, v)
	}
	var r Receipt
	if !ok || lax.Unmarshal(text, &r) != nil || r.LookedAt.IsZero() {
		return nil
	}
	return &r
}
