// Package receipt remembers what was made of which inputs, so that a cron job finds its work by stats alone.
//
// One bbolt file per store, bucket "receipts", key the session's file name, value one [Receipt] as JSON. A receipt is written only
// after the store has both the Session and its index record: a crash in between repeats work and loses none. The file's lock is
// the lock of the cron job: it goes with the process that holds it, so a crash leaves none behind.
//
// Changes: format 1, the first. Later receipts say of which version in the store they are
// ([Version]); one without is read as of no known version.
package receipt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"ams/pkg/lax"
)

// ErrLocked says that another run holds the receipts.
var ErrLocked = errors.New("another run is at work on this store")

// Stat is what one input file looked like before it was read.
type Stat struct {
	Path    string    `json:"path"`
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mod_time"`
}

// fresh is how long after its last change a file may change again within one tick of the file system's clock: a stat so young
// proves nothing.
const fresh = 2 * time.Second

// absent is the size of what is not there.
const absent = -1

// Look returns the stats of paths as they are now, in their order; what is not there has size -1.
func Look(paths []string) []Stat {
	out := make([]Stat, len(paths))
	for i, p := range paths {
		out[i] = Stat{Path: p, Size: absent}
		if info, err := os.Lstat(p); err == nil {
			out[i] = statOf(p, info)
		}
	}
	return out
}

// statOf is the stat of a file. A folder's size says nothing; its time tells that something came or went in it.
func statOf(path string, info fs.FileInfo) Stat {
	s := Stat{Path: path, Size: info.Size(), ModTime: info.ModTime().UTC()}
	if info.IsDir() {
		s.Size = 0
	}
	return s
}

// Version is what this machine stored last of a session, so that it knows whether anybody else has stored since.
type Version struct {
	Rev int64 `json:"rev,omitempty"` // the counter that body and index record bear
	// BodyTag, IndexTag and RawTag are ETags of the store; "" where they are not known.
	BodyTag  string `json:"body_etag,omitempty"`
	IndexTag string `json:"index_etag,omitempty"`
	RawTag   string `json:"raw_etag,omitempty"`
	// Size is of the body in bytes.
	Size int64 `json:"size,omitempty"`
	// Digest is of the body without its counter.
	Digest string `json:"digest,omitempty"`
	// Own says that the body holds nothing but what this machine's inputs gave, so that it may be
	// replaced as a whole.
	Own bool `json:"own,omitempty"`
}

// Receipt says which inputs a stored Session was made of, and by what.
type Receipt struct {
	SessionID string    `json:"session_id"`
	Inputs    []Stat    `json:"inputs"` // transcript files and the folders that agent files come into
	Spool     []Stat    `json:"spool"`  // what the spool looked like, by the caller's names
	LookedAt  time.Time `json:"looked_at"`
	Final     bool      `json:"final"`
	Program   string    `json:"program"`
	Settings  string    `json:"settings"` // hash of the settings that change a Session's bytes
	Key       string    `json:"key"`      // of the Session in the store, "" where there was none to store
	Version
	// Made is what the stored Session was made of, by the caller's names.
	Made map[string]int64 `json:"made,omitempty"`
	// LastEvent is the Session's end.
	LastEvent time.Time `json:"last_event"`
	// Compacted is set when the spool's file was made small after the session was over.
	Compacted bool `json:"compacted,omitempty"`
	// RecordCount and LastRecord name what the spool held, for its removal.
	RecordCount int    `json:"record_count"`
	LastRecord  string `json:"last_record"`
}

// Current reports whether nothing has happened since the receipt: it is final, made by this program with these settings, the spool is
// as it was, and so is every input; and none was looked at so soon after a change that another could hide behind it.
func (r *Receipt) Current(program, settings string, spool []Stat) bool {
	if !r.Final || r.Program != program || r.Settings != settings || !Same(spool, r.Spool) {
		return false
	}
	for _, in := range append(slices.Clone(r.Inputs), r.Spool...) {
		if r.LookedAt.Sub(in.ModTime) < fresh {
			return false
		}
	}
	for _, in := range r.Inputs {
		if now := Look([]string{in.Path}); !now[0].equal(in) {
			return false
		}
	}
	return true
}

// Same reports whether stats are equal, one by one.
func Same(a, b []Stat) bool { return slices.EqualFunc(a, b, Stat.equal) }

func (s Stat) equal(o Stat) bool {
	return s.Path == o.Path && s.Size == o.Size && s.ModTime.Equal(o.ModTime)
}

// Book is an open file of receipts. It is safe for concurrent use.
type Book struct{ db *bbolt.DB }

var bucket = []byte("receipts")

// lockWait is how long [Open] waits for who only reads the receipts: longer than [Read] takes for 10,000 of them.
const lockWait = 250 * time.Millisecond

// Open opens the receipts at path, creating them and their folder if need be. [ErrLocked] says that another process holds the lock.
func Open(path string) (*Book, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("receipts: %w", err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("receipts %s: %w", path, ErrLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("open receipts %s: %w", path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	})
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("open receipts %s: %w", path, err)
	}
	return &Book{db}, nil
}

// Read returns every receipt at path, none where there is no such file, and writes nothing. Others may read at the same time; [ErrLocked] says that
// a run is at work.
func Read(path string) (map[string]*Receipt, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Nanosecond, ReadOnly: true})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("receipts %s: %w", path, ErrLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("read receipts %s: %w", path, err)
	}
	defer db.Close()
	return (&Book{db}).All(), nil
}

// Close gives the lock back.
func (b *Book) Close() error { return b.db.Close() }

// Get returns the receipt of a session, or nil. One that cannot be read counts as none: the work is done again.
func (b *Book) Get(name string) *Receipt {
	var r *Receipt
	_ = b.db.View(func(tx *bbolt.Tx) error {
		v := tx.Bucket(bucket).Get([]byte(name))
		r = decode(v)
		return nil
	})
	return r
}

// All returns every receipt by the session's file name.
func (b *Book) All() map[string]*Receipt {
	all := map[string]*Receipt{}
	_ = b.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		if b == nil {
			return nil // a run was ended before it wrote any
		}
		return b.ForEach(func(k, v []byte) error {
			if r := decode(v); r != nil {
				all[string(k)] = r
			}
			return nil
		})
	})
	return all
}

// decode reads a receipt, nil where there is none or it is damaged.
func decode(v []byte) *Receipt {
	var r Receipt
	if len(v) == 0 || lax.Unmarshal(v, &r) != nil || r.LookedAt.IsZero() {
		return nil
	}
	return &r
}

// Put writes a session's receipt; on return it is on disk.
func (b *Book) Put(name string, r Receipt) error {
	v, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("receipt of %s: %w", name, err)
	}
	err = b.db.Batch(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put([]byte(name), v) })
	if err != nil {
		return fmt.Errorf("receipt of %s: %w", name, err)
	}
	return nil
}
