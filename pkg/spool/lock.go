package spool

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// lockFile is an open NAME.lock. Its lock guards NAME.db, NAME.new and every
// NAME.damaged-TIME: who opens, creates, renames or removes one of them holds
// it. It also guards the removal of NAME.inbox and of the lock file itself; to
// add a file to the inbox takes no lock, to take one out does.
//
// The file holds two marks, one byte each, that spare hooks a folder sync:
// markDB says that the entry of NAME.db in the spool folder is on disk, markInbox
// the same for NAME.inbox. Only the holder changes a mark: it sets it after the
// sync, and clears it before the entry changes. A mark needs no sync of its own:
// after a crash of the machine whatever is there came from the disk.
//
// A lock file is retired by clearing its marks and unlinking it while it is
// held. Who then locks a file that is no longer linked has locked nothing, and
// opens the new one.
type lockFile struct {
	f    *os.File
	held bool
}

const (
	markDB    = 0
	markInbox = 1
)

// openTries bounds how often a hook opens a lock file that is retired under its
// hands; each time an assembler would have to finish one in between.
const openTries = 4

// openLock opens the lock file and tries its lock once. Who does not get it has
// held == false, no error.
func openLock(dir, name string) (*lockFile, error) {
	path := filepath.Join(dir, name+".lock")
	for try := 0; ; try++ {
		f, err := openFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		err = flockOnce(f)
		switch {
		case errors.Is(err, ErrBusy):
			return &lockFile{f: f}, nil
		case err != nil:
			f.Close()
			return nil, err
		case linked(f):
			return &lockFile{f: f, held: true}, nil
		case try == openTries:
			return &lockFile{f: f}, nil
		}
		f.Close()
	}
}

// waitLock takes the lock, waiting for it, and returns [ErrBusy] after limit.
// Only the assembler waits. It polls because a blocked flock(2) cannot be given
// up; hooks hold the lock for a few milliseconds.
func waitLock(dir, name string, limit time.Duration) (*lockFile, error) {
	deadline := time.Now().Add(limit)
	for {
		l, err := openLock(dir, name)
		if err != nil {
			return nil, err
		}
		if l.held {
			return l, nil
		}
		l.close()
		if time.Now().After(deadline) {
			return nil, &os.PathError{Op: "lock", Path: filepath.Join(dir, name+".lock"), Err: ErrBusy}
		}
		time.Sleep(time.Millisecond)
	}
}

// marked reports whether a mark is set. Anybody may ask.
func (l *lockFile) marked(mark int64) bool {
	if l == nil {
		return false
	}
	var b [1]byte
	n, _ := l.f.ReadAt(b[:], mark)
	return n == 1 && b[0] == 1
}

// setMark sets a mark. A failure costs the next hook one more sync.
func (l *lockFile) setMark(mark int64) {
	_, _ = l.f.WriteAt([]byte{1}, mark)
}

// clearMark clears a mark; unless it returns nil the entry must not change.
func (l *lockFile) clearMark(mark int64) error {
	if !l.marked(mark) {
		return nil
	}
	_, err := l.f.WriteAt([]byte{0}, mark)
	return err
}

// close releases the lock, if held.
func (l *lockFile) close() {
	if l != nil {
		l.f.Close()
	}
}
