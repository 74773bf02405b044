package spool

import (
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
	for _, rec := range recs {
		if len(rec.Raw) > MaxRaw || len(rec.Context) > maxContext {
			return 0, fmt.Errorf("insert into spool %s: record of %d bytes with a context of %d", name, len(rec.Raw), len(rec.Context))
		}
	}
	if err := makeDir(dir); err != nil {
		return 0, fmt.Errorf("spool folder: %w", err)
	}
	closeDir(dir)
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
	have, err := l.collect(dir, name, false, digest)
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

// digest stands for a payload where it is only compared: a spool need not fit
// into memory.
func digest(raw []byte) []byte {
	sum := sha256Sum(raw)
	return sum[:]
}

// missingOf returns the records to add to those there are, whose payloads are
// digests, with their keys.
func missingOf(have, want []Record) []Record {
	spare := map[int64]map[string]int{} // how many payloads there are, by arrival and digest
	taken := map[Key]bool{}
	for _, rec := range have {
		at := rec.Key.Time().UnixNano()
		if spare[at] == nil {
			spare[at] = map[string]int{}
		}
		spare[at][string(rec.Raw)]++
		taken[rec.Key] = true
	}
	var missing []Record
	place := map[int64]uint32{}
	for _, rec := range want {
		at := rec.Key.Time().UnixNano()
		place[at]++
		if sum := string(digest(rec.Raw)); spare[at][sum] > 0 {
			spare[at][sum]--
			continue
		}
		rec.Key = freeKey(rec, place[at]-1, taken)
		taken[rec.Key] = true
		missing = append(missing, rec)
	}
	return missing
}

// freeKey returns a record's own key, or one derived from its bytes and its
// place among the records of one moment, which so keep their order.
func freeKey(rec Record, place uint32, taken map[Key]bool) Key {
	if binary.BigEndian.Uint32(rec.Key[8:12]) != 0 && !taken[rec.Key] {
		return rec.Key
	}
	for n := 0; ; n++ {
		k := KeyFor(rec.Key.Time(), rec.Raw, n)
		binary.BigEndian.PutUint32(k[8:12], place)
		if !taken[k] {
			return k
		}
	}
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
	c, err := l.collect(dir, name, true, nil)
	if err != nil {
		return err
	}
	if n := len(c.Records); n != count || n > 0 && c.Records[n-1].Key != last {
		return ErrChanged
	}
	return l.removeFiles(dir, c)
}

// removeFiles removes the files whose records were counted, and no others.
func (l *lockFile) removeFiles(dir string, c Contents) error {
	if l != nil {
		if err := errors.Join(l.clearMark(markInbox), l.clearMark(markDB)); err != nil {
			return err
		}
	}
	base := filepath.Join(dir, c.Name)
	paths := append([]string{base + ".db", base + ".new"}, c.inbox...)
	for _, file := range c.Stat.Damaged {
		paths = append(paths, filepath.Join(base+".damaged", file))
	}
	for _, path := range paths {
		if err := ignoreGone(os.Remove(path)); err != nil {
			return err
		}
	}
	_ = os.Remove(base + ".damaged") // this and the inbox stay if they are not empty
	if l != nil {
		l.retire(dir, c.Name)
	} else {
		_ = os.Remove(base + ".inbox")
	}
	return syncDir(dir)
}
