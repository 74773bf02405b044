package spool

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Insert makes sure that a session's spool, "" standing for [Unassigned], holds
// at least as many records of each arrival time and payload as are given, and
// returns how many it added. So inserting what a spool holds changes nothing,
// and inserting it into an empty one makes an equal spool: the same times,
// payloads, contexts and order.
//
// Of a key with process id 0, see [KeyFor], only the time counts; other keys are
// kept. All is on disk when it returns.
func Insert(dir, sessionID string, recs []Record) (added int, err error) {
	name := FileName(sessionID)
	if err := makeDir(dir); err != nil {
		return 0, fmt.Errorf("spool folder: %w", err)
	}
	shared, err := isShared(dir)
	if err != nil {
		return 0, fmt.Errorf("spool folder: %w", err)
	}
	var l *lockFile
	if !shared {
		if l, err = waitLock(dir, name, readWait); err != nil {
			return 0, fmt.Errorf("insert into spool %s: %w", name, err)
		}
		defer l.close()
		if err := l.drain(dir, name); err != nil {
			return 0, fmt.Errorf("drain spool %s: %w", name, err)
		}
	}
	have, err := l.collect(dir, name, false)
	if err != nil {
		return 0, fmt.Errorf("insert into spool %s: %w", name, err)
	}
	missing := missingOf(have.Records, recs)
	for len(missing) > 0 {
		n := batchLen(missing)
		if l == nil {
			for _, rec := range missing[:n] {
				if err := putInbox(dir, name, nil, rec.Key.String()+hostSuffix(), rec, Options{}); err != nil {
					return added, fmt.Errorf("insert into spool %s: %w", name, err)
				}
				added++
			}
		} else {
			err := l.store(dir, name, sessionID, missing[:n], Options{})
			if err == nil {
				err = l.syncEntries(dir, name)
			}
			if err != nil {
				return added, fmt.Errorf("insert into spool %s: %w", name, err)
			}
			added += n
		}
		missing = missing[n:]
	}
	return added, nil
}

// batchLen returns how many records one transaction takes.
func batchLen(recs []Record) int {
	total := 0
	for i, rec := range recs {
		if total += len(rec.Raw) + len(rec.Context); total > readBytes || i == readFiles {
			return max(i, 1)
		}
	}
	return len(recs)
}

// missingOf returns the records to add to those there are, with their keys.
func missingOf(have, want []Record) []Record {
	type same struct {
		at  int64
		sum [sha256.Size]byte
	}
	identity := func(rec Record) same {
		return same{rec.Key.Time().UnixNano(), sha256.Sum256(rec.Raw)}
	}
	spare, taken := map[same]int{}, map[Key]bool{}
	for _, rec := range have {
		spare[identity(rec)]++
		taken[rec.Key] = true
	}
	var missing []Record
	place, nth := map[int64]uint32{}, map[same]int{}
	for _, rec := range want {
		id := identity(rec)
		at := place[id.at]
		place[id.at]++
		n := nth[id]
		nth[id]++
		if spare[id] > 0 {
			spare[id]--
			continue
		}
		derived := binary.BigEndian.Uint32(rec.Key[8:12]) == 0
		for taken[rec.Key] || derived {
			rec.Key = KeyFor(rec.Key.Time(), rec.Raw, n)
			// Records of one moment keep their order.
			binary.BigEndian.PutUint32(rec.Key[8:12], at)
			derived = false
			n++
		}
		taken[rec.Key] = true
		missing = append(missing, rec)
	}
	return missing
}

// Remove removes a spool, moved aside files included, if it still holds count
// records of which last is the last, as [Read] gave them; otherwise it returns
// ErrChanged and removes nothing. A record that a hook adds meanwhile goes to
// the inbox and stays there.
//
// Under the lock: it clears the marks, removes the database, what was moved
// aside and the inbox files that it counted, then the inbox if that is empty and
// then the lock file, and syncs the folder. A crash in between leaves a part of
// the records, which the next Remove sees as changed.
func Remove(dir, name string, last Key, count int) error {
	if _, err := StatOf(dir, name); err != nil {
		return err
	}
	shared, err := isShared(dir)
	if err != nil {
		return fmt.Errorf("remove spool %s: %w", name, err)
	}
	var l *lockFile
	if !shared {
		if l, err = waitLock(dir, name, readWait); err != nil {
			return fmt.Errorf("remove spool %s: %w", name, err)
		}
		defer l.close()
	}
	if err := l.remove(dir, name, last, count); err != nil {
		return fmt.Errorf("remove spool %s: %w", name, err)
	}
	return nil
}

func (l *lockFile) remove(dir, name string, last Key, count int) error {
	inbox := filepath.Join(dir, name+".inbox")
	files, _, err := listInbox(inbox, -1)
	if err != nil {
		return err
	}
	c, err := l.collect(dir, name, true)
	if err != nil {
		return err
	}
	if n := len(c.Records); n != count || n > 0 && c.Records[n-1].Key != last {
		return ErrChanged
	}
	if l != nil {
		if err := errors.Join(l.clearMark(markInbox), l.clearMark(markDB)); err != nil {
			return err
		}
	}
	paths := []string{filepath.Join(dir, name+".db"), filepath.Join(dir, name+".new")}
	for _, file := range c.Stat.Damaged {
		paths = append(paths, filepath.Join(dir, file))
	}
	for _, file := range files {
		paths = append(paths, filepath.Join(inbox, file))
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if l != nil {
		l.retire(dir, name)
	} else {
		_ = os.Remove(inbox) // stays if it is not empty
	}
	return syncDir(dir)
}
