package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// inboxTries bounds how often a writer makes the inbox again after an
	// assembler removed it empty under its hands.
	inboxTries = 8

	// inboxNames bounds how many names of an inbox one hook looks at.
	inboxNames = 512

	// joinedWrite is the size up to which a record is copied behind its header
	// to save a system call.
	joinedWrite = 64 << 10
)

// putInbox stores a record as a file of its own, without any lock:
//
//  1. write NAME.inbox/KEY.tmp and sync it: whoever sees the final name sees
//     all of it, even after a crash of the machine;
//  2. rename it to KEY: from here on it is drained;
//  3. sync the inbox: the name survives a crash;
//  4. unless it is marked that the entry of the inbox itself is on disk, sync
//     the spool folder, and the folder above for the spool folder's entry.
//
// A crash before 2 leaves a KEY.tmp, which [Read] takes in if it is whole. If an
// assembler removes the empty inbox in between, steps 1 and 2 find no folder and
// start again.
func putInbox(dir, name string, l *lockFile, file string, rec Record, opt Options) error {
	inbox := filepath.Join(dir, name+".inbox")
	for try := 0; ; try++ {
		err := checkFolder(inbox)
		if err == nil {
			err = writeInbox(inbox, file, rec, opt)
		}
		if err == nil {
			break
		}
		if errors.Is(err, ErrDamaged) {
			err = dropPlanted(dir, name, inbox, err)
		}
		if !errors.Is(err, os.ErrNotExist) || try == inboxTries {
			return err
		}
		if err := os.Mkdir(inbox, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	if opt.NoSync {
		return nil
	}
	err := ignoreGone(syncDir(inbox)) // gone: drained already, and so on disk elsewhere
	if err == nil && !l.marked(markInbox) {
		err = syncTree(dir)
	}
	if err != nil {
		return fmt.Errorf("in the inbox, but not synced: %w", err)
	}
	return nil
}

// dropPlanted removes what stands where a folder of a spool must be, unless it
// could hold something: a folder of another user, or a file. It removes no
// folder, so that another hook's, made in between, stays. Where the place is
// free the error is [os.ErrNotExist].
func dropPlanted(dir, name, path string, why error) error {
	fi, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if fi.IsDir() || fi.Mode().IsRegular() {
		return why
	}
	if err := ignoreGone(unlink(path)); err != nil {
		return errors.Join(why, err)
	}
	logf(dir, name, "removed: %v", why)
	return os.ErrNotExist
}

// syncTree syncs the entries of the spool folder, and its own entry. A folder
// above that is not ours to open is not ours to make either.
func syncTree(dir string) error {
	if err := syncDir(dir); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(dir)); !errors.Is(err, os.ErrPermission) {
		return err
	}
	return nil
}

// writeInbox makes one inbox file and leaves nothing behind if it fails.
func writeInbox(inbox, file string, rec Record, opt Options) error {
	final := filepath.Join(inbox, file)
	temp := final + ".tmp"
	f, err := openFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = writeRecord(f, rec)
	if err == nil && !opt.NoSync {
		err = syncData(f)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = rename(temp, final)
	}
	if err != nil {
		os.Remove(temp)
	}
	return err
}

func writeRecord(w io.Writer, rec Record) error {
	b := encodeInbox(rec)
	if len(rec.Raw) <= joinedWrite {
		_, err := w.Write(append(b, rec.Raw...))
		return err
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	_, err := w.Write(rec.Raw)
	return err
}

// inboxKey returns the key in the name of an inbox file: 40 hexadecimal digits,
// on a shared file system followed by a dash and the host. Temporary files have
// none.
func inboxKey(file string) (Key, bool) {
	if len(file) < 40 || len(file) > 40 && file[40] != '-' || strings.HasSuffix(file, ".tmp") {
		return Key{}, false
	}
	k, err := ParseKey(file[:40])
	return k, err == nil
}

// batch is what was taken out of an inbox at once.
type batch struct {
	recs  []Record
	paths []string  // of recs
	bad   []badFile // unreadable, to be moved aside
	seen  int       // how many of the names given were looked at
}

type badFile struct {
	path string
	err  error
}

// listInbox returns the names of whole inbox files, oldest first, of the first
// limit entries that the folder gives; all if limit is negative.
func listInbox(inbox string, limit int) (files, temps []string, err error) {
	names, err := listFolder(inbox, limit)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range names {
		if _, ok := inboxKey(n); ok {
			files = append(files, n)
		} else if strings.HasSuffix(n, ".tmp") {
			temps = append(temps, n)
		}
	}
	slices.Sort(files)
	return files, temps, nil
}

// listFolder returns the names in a folder, none if there is no folder of ours.
func listFolder(path string, limit int) ([]string, error) {
	if err := checkFolder(path); errors.Is(err, ErrDamaged) || errors.Is(err, os.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	f, err := openDir(path)
	if err != nil {
		return nil, ignoreGone(err)
	}
	defer f.Close()
	names, err := f.Readdirnames(limit)
	if err != nil && err != io.EOF {
		return nil, err
	}
	return names, nil
}

// takeInbox reads inbox files up to both limits. What cannot be read now stays;
// what can never be read is bad. One file above maxBytes is taken only if it is
// allowed to be large and comes first.
func takeInbox(inbox string, files []string, maxFiles, maxBytes int, large bool) batch {
	var b batch
	total := 0
	for i, file := range files {
		if len(b.recs) == maxFiles || total >= maxBytes {
			break
		}
		b.seen = i + 1
		path := filepath.Join(inbox, file)
		room := maxBytes - total
		if large && total == 0 {
			room = maxInboxFile
		}
		raw, err := readUpTo(path, room)
		if errors.Is(err, errTooLarge) && room < maxInboxFile {
			continue
		}
		if err != nil && !errors.Is(err, ErrDamaged) {
			continue // gone, or not ours to read now
		}
		var rec Record
		if err == nil {
			rec, err = decodeInbox(raw)
		}
		if key, _ := inboxKey(file); err == nil && key != rec.Key {
			err = damaged("inbox file %s holds record %s", file, rec.Key)
		}
		switch {
		case errors.Is(err, ErrNewer):
		case err != nil:
			b.bad = append(b.bad, badFile{path, err})
		default:
			b.recs = append(b.recs, rec)
			b.paths = append(b.paths, path)
			total += len(raw)
		}
	}
	return b
}

// maxInboxFile is the size of the largest inbox file.
const maxInboxFile = inboxHeader + maxContext + MaxRaw

var errTooLarge = errors.New("file is too large")

// readUpTo reads a file of at most limit bytes.
func readUpTo(path string, limit int) ([]byte, error) {
	f, err := openFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxInboxFile {
		return nil, damaged("inbox file %s, %d bytes", st.Mode(), st.Size())
	}
	if st.Size() > int64(limit) {
		return nil, errTooLarge
	}
	b := make([]byte, st.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		if err == io.ErrUnexpectedEOF || err == io.EOF {
			return nil, damaged("inbox file shrank")
		}
		return nil, err
	}
	return b, nil
}

// drop removes drained files. Nothing is synced: a file that comes back after a
// crash is drained again, to the same key.
func (b batch) drop() error {
	var errs []error
	for _, path := range b.paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// dropBad moves unreadable files aside. The lock is held.
func (b batch) dropBad(dir, name string) {
	for _, bad := range b.bad {
		if err := setAside(dir, name, bad.path); err == nil {
			logf(dir, name, "moved aside: %s: %v", filepath.Base(bad.path), bad.err)
		}
	}
}
