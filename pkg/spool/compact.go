package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
)

// compactBatch bounds the transactions that write the new file.
const compactBatch = 16 << 20

// Compact writes a spool's database anew without its free pages, for a session
// that is over. Hooks use the inbox meanwhile, which it drains first. It returns
// ErrNotFound if there is no database. What is damaged it leaves to [Read].
//
// The new file is made as NAME.new, synced, compared, and renamed over the old
// one; a crash leaves one of the two, whole.
func Compact(dir, name string) error {
	path := filepath.Join(dir, name+".db")
	if !validName(name) {
		return fmt.Errorf("spool name %q: %w", name, ErrNotFound)
	}
	if _, err := os.Lstat(path); err != nil {
		return fmt.Errorf("compact spool %s: %w: %w", name, err, ErrNotFound)
	}
	l, err := waitLock(dir, name, readWait)
	if err != nil {
		return fmt.Errorf("compact spool %s: %w", name, err)
	}
	defer l.close()
	err = l.drain(dir, name)
	if err == nil {
		err = l.compact(dir, name, path)
	}
	if err != nil {
		return fmt.Errorf("compact spool %s: %w", name, err)
	}
	l.retire(dir, name)
	return nil
}

func (l *lockFile) compact(dir, name, path string) error {
	temp := filepath.Join(dir, name+".new")
	if err := ignoreGone(os.Remove(temp)); err != nil {
		return err
	}
	defer os.Remove(temp) // gone if all went well
	old, err := openRead(path, false, true, nil)
	if err != nil {
		return err
	}
	src, err := openDB(path, nil)
	if err != nil {
		return err
	}
	if err := src.do(func(db *bolt.DB) error { return copyDB(db, temp) }); err != nil {
		return err
	}
	fresh, err := openRead(temp, false, true, nil)
	if err != nil {
		return err
	}
	if len(fresh.recs) != len(old.recs) || fresh.sessionID != old.sessionID {
		return errors.New("the new file holds something else")
	}
	if err := l.clearMark(markDB); err != nil {
		return err
	}
	if err := rename(temp, path); err != nil {
		return err
	}
	return syncDir(dir)
}

func copyDB(src *bolt.DB, temp string) error {
	dst, err := bolt.Open(temp, 0o600, &bolt.Options{
		Timeout:      time.Nanosecond,
		PageSize:     pageSize,
		NoSync:       true, // one sync at the end
		NoGrowSync:   true,
		NoStatistics: true,
		OpenFile:     openNew,
	})
	if err != nil {
		return err
	}
	err = bolt.Compact(dst, src, compactBatch)
	if err == nil {
		err = dst.Sync()
	}
	return errors.Join(err, dst.Close())
}
