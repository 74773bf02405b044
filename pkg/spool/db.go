package spool

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// maxSessionID bounds the session id that is kept apart from its records.
const maxSessionID = 4096

// guard runs fn, which reads mapped pages, and turns a fault or panic in it
// into ErrDamaged. After that the database must not be closed, for bbolt still
// holds its own mutexes; its file must.
func guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = damaged("%v", p)
		}
	}()
	return fn()
}

// database is an open NAME.db.
type database struct {
	*bolt.DB
	file *os.File
	stat os.FileInfo
	used int64 // bytes of the pages in use
}

// openDB opens an existing database, whose spool's lock the caller holds. The
// records are those it will store, see [checkDB].
func openDB(path string, recs []Record) (*database, error) {
	d := &database{}
	opt := &bolt.Options{
		Timeout:      time.Nanosecond, // one try: bbolt sleeps 50 ms before a second
		NoStatistics: true,
		OpenFile: func(path string, flag int, perm os.FileMode) (*os.File, error) {
			f, err := openFile(path, flag&^os.O_CREATE, perm)
			if err != nil {
				return nil, err
			}
			if d.stat, err = f.Stat(); err == nil {
				d.used, err = checkDB(f, d.stat.Size(), recs)
			}
			if err != nil {
				f.Close()
				return nil, err
			}
			d.file = f
			return f, nil
		},
	}
	err := guard(func() (err error) {
		d.DB, err = bolt.Open(path, 0o600, opt)
		return err
	})
	switch {
	case err == nil:
		return d, nil
	case errors.Is(err, berrors.ErrTimeout):
		err = ErrBusy
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum):
		err = fmt.Errorf("%v: %w", err, ErrDamaged)
	case errors.Is(err, berrors.ErrVersionMismatch):
		err = fmt.Errorf("%v: %w", err, ErrNewer)
	}
	if d.file != nil {
		d.file.Close()
	}
	return nil, &fileError{fmt.Errorf("open %s: %w", path, err), d.stat}
}

// fileError is an error that an open file gave, and which file that was.
type fileError struct {
	err  error
	stat os.FileInfo // nil if it was not opened
}

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// do runs fn guarded and closes the database.
func (d *database) do(fn func(db *bolt.DB) error) error {
	err := guard(func() error { return fn(d.DB) })
	if errors.Is(err, ErrDamaged) {
		d.file.Close()
		return err
	}
	return errors.Join(err, guard(d.DB.Close))
}

// putAll stores records in a transaction. Those that are there already stay.
func putAll(tx *bolt.Tx, recs []Record) error {
	contexts, records := tx.Bucket(bucketContexts), tx.Bucket(bucketRecords)
	if contexts == nil || records == nil {
		return damaged("no bucket %s", bucketRecords)
	}
	records.FillPercent = 0.9 // keys mostly ascend
	for _, rec := range recs {
		id, err := putContext(contexts, rec.Context)
		if err != nil {
			return err
		}
		if err := putRecord(records, rec, id); err != nil {
			return err
		}
	}
	return nil
}

func putRecord(records *bolt.Bucket, rec Record, context contextID) error {
	// Not Cursor.Seek: behind the last key of a page it would go on to a page
	// that checkDB has not seen.
	if records.Get(rec.Key[:]) != nil || records.Bucket(rec.Key[:]) != nil {
		return nil
	}
	value := encodeValue(rec, context)
	if len(value) < nestMin {
		return records.Put(rec.Key[:], value)
	}
	own, err := records.CreateBucket(rec.Key[:])
	if err != nil {
		return err
	}
	return own.Put(rec.Key[:], value)
}

// putContext returns the id under which a context is stored.
func putContext(contexts *bolt.Bucket, context []byte) (contextID, error) {
	id := hashContext(context)
	if context == nil {
		return id, nil
	}
	for {
		have := contexts.Get(id[:])
		if have == nil {
			return id, contexts.Put(id[:], context)
		}
		if bytes.Equal(have, context) {
			return id, nil
		}
		id = id.following()
	}
}

// updateDB commits records to an existing database, in two syncs unless sync is
// false: the pages, then the meta page that makes them valid. A crash before
// the second leaves the transaction before, whose pages are not overwritten.
func updateDB(path string, recs []Record, sync bool) error {
	d, err := openDB(path, recs)
	if err != nil {
		return err
	}
	if sync {
		prefill(d.file, d.used)
	}
	err = d.do(func(db *bolt.DB) error {
		db.NoSync, db.NoGrowSync = !sync, !sync
		return db.Update(func(tx *bolt.Tx) error { return putAll(tx, recs) })
	})
	if err != nil {
		return &fileError{fmt.Errorf("update %s: %w", path, err), d.stat}
	}
	return nil
}

// createDB makes NAME.db with its first records. bbolt would write it in place,
// and a crash or a full disk would leave a file that opens and then faults. So
// it is made as NAME.new, synced, and renamed; the caller syncs the folder.
func createDB(path, sessionID string, recs []Record, sync bool) error {
	temp := path[:len(path)-len(filepath.Ext(path))] + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	err := fillDB(temp, sessionID, recs, sync)
	if err == nil {
		err = rename(temp, path)
	}
	if err != nil {
		os.Remove(temp)
		return fmt.Errorf("create %s: %w", path, err)
	}
	return nil
}

func fillDB(temp, sessionID string, recs []Record, sync bool) error {
	d := &database{}
	opt := &bolt.Options{
		Timeout:      time.Nanosecond,
		PageSize:     pageSize,
		NoSync:       true, // one sync at the end; nobody sees the file before
		NoGrowSync:   true,
		NoStatistics: true,
		OpenFile: func(path string, flag int, perm os.FileMode) (f *os.File, err error) {
			d.file, err = openNew(path, flag, perm)
			return d.file, err
		},
	}
	err := guard(func() (err error) {
		d.DB, err = bolt.Open(temp, 0o600, opt)
		return err
	})
	if err != nil {
		return err
	}
	return d.do(func(db *bolt.DB) error {
		err := db.Update(func(tx *bolt.Tx) error {
			if err := initBuckets(tx, sessionID); err != nil {
				return err
			}
			return putAll(tx, recs)
		})
		if err == nil && sync {
			err = db.Sync()
		}
		return err
	})
}

// openNew makes a file that is not there.
func openNew(path string, flag int, perm os.FileMode) (*os.File, error) {
	return openFile(path, flag|os.O_CREATE|os.O_EXCL, perm)
}

func initBuckets(tx *bolt.Tx, sessionID string) error {
	for _, name := range [][]byte{bucketContexts, bucketRecords} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	b, err := tx.CreateBucket(bucketSpool)
	if err != nil {
		return err
	}
	if err := b.Put(keyFormat, []byte{FormatVersion}); err != nil {
		return err
	}
	if len(sessionID) > maxSessionID {
		return nil // the records tell
	}
	return b.Put(keySession, []byte(sessionID))
}
