package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Append stores a record in a session's spool, the empty session id standing for
// [Unassigned]. It waits for no other process. When it returns nil, the record
// is on disk (unless opt.NoSync): in the database if the lock was free, else in
// the inbox. An error says that it is in neither, or, where it speaks of a sync,
// that a crash of the machine may lose it.
//
// What went wrong on the way to success, a damaged file or a full disk, is
// written to the log.
func Append(dir, sessionID string, rec Record, opt Options) error {
	name := FileName(sessionID)
	if len(rec.Raw) > MaxRaw {
		rec.Raw, rec.Cut = rec.Raw[:MaxRaw], true
	}
	rec.spare = opt.OwnRaw
	if len(rec.Context) > maxContext {
		logf(dir, name, "context of %d bytes dropped", len(rec.Context))
		rec.Context = nil
	}
	closeDir(dir)
	err := appendTo(dir, name, sessionID, rec, opt)
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	// Whatever happens to the folder's own durability: the event comes first.
	dirErr := makeDir(dir)
	if err := appendTo(dir, name, sessionID, rec, opt); err != nil {
		return errors.Join(dirErr, err)
	}
	return dirErr
}

func appendTo(dir, name, sessionID string, rec Record, opt Options) error {
	shared, err := isShared(dir)
	if err != nil {
		return fmt.Errorf("spool folder: %w", err)
	}
	if shared {
		return putInbox(dir, name, nil, rec.Key.String()+hostSuffix(), rec, opt)
	}
	l, err := openLock(dir, name)
	if err == nil && l.held {
		if err = l.append(dir, name, sessionID, rec, opt); err == nil {
			l.close()
			return nil
		}
	}
	inboxErr := putInbox(dir, name, l, rec.Key.String(), rec, opt)
	l.close()
	if inboxErr != nil {
		return errors.Join(err, inboxErr)
	}
	if err != nil && !errors.Is(err, ErrBusy) && !errors.Is(err, errors.ErrUnsupported) {
		logf(dir, name, "kept in the inbox: %v", err)
	}
	return nil
}

// append stores a record in the database, together with what waits in the
// inbox. The lock is held.
func (l *lockFile) append(dir, name, sessionID string, rec Record, opt Options) error {
	inbox := filepath.Join(dir, name+".inbox")
	// A failure to list is no reason to fail; the files stay where they are.
	files, _, _ := listInbox(inbox, inboxNames)
	b := takeInbox(inbox, files, drainFiles, drainBytes, false)
	if len(b.recs) > 0 {
		opt.NoSync = false // their writers have acknowledged them
	}
	err := l.store(dir, name, sessionID, append(b.recs, rec), opt)
	if err != nil {
		return err
	}
	if !opt.NoSync {
		if err := l.syncEntries(dir, name); err != nil {
			return err
		}
	}
	if err := b.drop(); err != nil {
		logf(dir, name, "drained twice: %v", err)
	}
	b.dropBad(dir, name)
	return nil
}

// store commits records to NAME.db, which it makes if there is none, and makes
// anew if it is damaged, once.
func (l *lockFile) store(dir, name, sessionID string, recs []Record, opt Options) error {
	path := filepath.Join(dir, name+".db")
	for try := 0; ; try++ {
		err := updateDB(path, recs, !opt.NoSync)
		if errors.Is(err, os.ErrNotExist) {
			if err := l.clearMark(markDB); err != nil {
				return err
			}
			return createDB(path, sessionID, recs, !opt.NoSync)
		}
		if !errors.Is(err, ErrDamaged) || try > 0 {
			return err
		}
		if merr := l.moveAside(dir, name, path, err); merr != nil {
			return errors.Join(err, merr)
		}
	}
}

// syncEntries makes sure that the entries of NAME.db and NAME.inbox are on disk,
// whoever made them, and marks that they are.
func (l *lockFile) syncEntries(dir, name string) error {
	db, inbox := l.marked(markDB), l.marked(markInbox)
	if db && inbox {
		return nil
	}
	_, err := os.Lstat(filepath.Join(dir, name+".inbox"))
	if has := err == nil; db && !has {
		return nil
	} else if err := syncTree(dir); err != nil {
		return err
	} else if has {
		l.setMark(markInbox)
	}
	l.setMark(markDB)
	return nil
}

// moveAside renames a database that gave an ErrDamaged to NAME.damaged/TIME and
// logs it, unless the file at its path is no longer the one that was opened. The
// lock is held.
func (l *lockFile) moveAside(dir, name, path string, why error) error {
	var opened *fileError
	now, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if errors.As(why, &opened) && opened.stat != nil && !os.SameFile(opened.stat, now) {
		return fmt.Errorf("%s was replaced: %w", path, ErrBusy)
	}
	if err := l.clearMark(markDB); err != nil {
		return err
	}
	if err := setAside(dir, name, path); err != nil {
		return err
	}
	logf(dir, name, "moved aside: %v", why)
	return nil
}

// setAside moves a file into the folder NAME.damaged, under the time as its
// name, and syncs both folders, so that no crash loses what it keeps. The lock is
// held.
func setAside(dir, name, path string) error {
	folder := filepath.Join(dir, name+".damaged")
	err := checkFolder(folder)
	if errors.Is(err, ErrDamaged) {
		err = dropPlanted(dir, name, folder, err)
	}
	if errors.Is(err, os.ErrNotExist) {
		err = os.Mkdir(folder, 0o700)
	}
	if err != nil {
		return err
	}
	for {
		at := strings.Replace(time.Now().UTC().Format("20060102T150405.000000000Z"), ".", "-", 1)
		to := filepath.Join(folder, at)
		_, err := os.Lstat(to)
		if errors.Is(err, os.ErrNotExist) {
			if err := rename(path, to); err != nil {
				return err
			}
			return errors.Join(syncDir(folder), syncDir(dir))
		}
		if err != nil {
			return err
		}
	}
}

// hostSuffix tells the machines apart that write to one shared folder.
func hostSuffix() string {
	host, err := os.Hostname()
	if err != nil {
		return ""
	}
	host = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, strings.ToLower(host))
	return "-" + host[:min(len(host), 32)]
}
