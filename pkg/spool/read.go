package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// readWait is how long the assembler waits for hooks, which hold the lock
	// for milliseconds, or for another assembler.
	readWait = 10 * time.Second

	// Batches of the assembler bound its memory, not its time.
	readFiles = 4096
	readBytes = 64 << 20

	// tempAge is the age from which a temporary file of the inbox belongs to a
	// process that died.
	tempAge = 10 * time.Minute
)

// Contents is what a spool held at one moment.
type Contents struct {
	Name      string
	SessionID string
	// Records are in the order of their keys, each key once.
	Records []Record
	// Damaged are files that were moved aside, and what was read of them.
	Damaged []DamagedFile
	// Stat is that of the spool after the inbox was drained and before the
	// records were read: a later Stat that is equal has nothing new.
	Stat Stat

	inbox []string // the paths of records that are in the inbox
}

// DamagedFile is a file that this package did not write like that.
type DamagedFile struct {
	Path   string
	Bytes  int64
	Reason string // why it cannot be read as a whole
	// Records is how many whole records were found in it; they are among the
	// records of the Contents.
	Records int
}

// Read returns everything a spool holds. It takes the lock (waiting up to ten
// seconds, then ErrBusy), moves what is in the inbox into the database, copies
// the records out, and releases the lock; hooks use the inbox meanwhile. A
// damaged database is moved aside; what can be read of it is in Contents.
//
// Where it may not write it reads without draining. With an error, such as
// ErrNewer, Contents holds what could be read nevertheless.
func Read(dir, name string) (Contents, error) { return ReadWithin(dir, name, nil) }

// Shorten is given a payload and returns what is to be kept of it in memory; nil keeps all.
type Shorten func(raw []byte) []byte

// ReadWithin is [Read] for who cannot keep all of a spool in memory: of each payload, in the order of their keys as
// far as the spool is whole, it keeps what shorten returns.
func ReadWithin(dir, name string, shorten Shorten) (Contents, error) {
	if _, err := StatOf(dir, name); err != nil {
		return Contents{}, err
	}
	shared, err := isShared(dir)
	if err != nil {
		return Contents{}, fmt.Errorf("read spool %s: %w", name, err)
	}
	var l *lockFile
	if !shared {
		l, err = waitLock(dir, name, readWait)
		if errors.Is(err, ErrBusy) {
			return Contents{}, fmt.Errorf("read spool %s: %w", name, err)
		}
	}
	if l != nil {
		defer l.close()
		// What cannot be drained, on a full disk, is read where it is.
		_ = l.drain(dir, name)
	}
	c, err := l.collect(dir, name, false, shorten)
	if err != nil {
		return c, fmt.Errorf("read spool %s: %w", name, err)
	}
	if l != nil {
		l.retire(dir, name)
	}
	return c, nil
}

// drain moves the whole inbox into the database, in batches, each synced before
// its files go.
func (l *lockFile) drain(dir, name string) error {
	inbox := filepath.Join(dir, name+".inbox")
	files, temps, err := listInbox(inbox, -1)
	if err != nil {
		return err
	}
	for _, temp := range temps {
		if fi, err := os.Lstat(filepath.Join(inbox, temp)); err == nil && time.Since(fi.ModTime()) > tempAge {
			adoptTemp(inbox, temp)
		}
	}
	if len(temps) > 0 {
		if files, _, err = listInbox(inbox, -1); err != nil {
			return err
		}
	}
	for len(files) > 0 {
		b := takeInbox(inbox, files, readFiles, readBytes, true)
		if len(b.recs) > 0 {
			err := l.store(dir, name, sessionOf(name, b.recs), b.recs, Options{})
			if err == nil {
				err = l.syncEntries(dir, name)
			}
			if err == nil {
				err = b.drop()
			}
			if err != nil {
				return err
			}
		}
		b.dropBad(dir, name)
		files = files[b.seen:]
	}
	return nil
}

// adoptTemp gives the file of a hook that died before its rename the final name
// if it is whole, and removes it otherwise: it was never acknowledged. Should
// the hook live after all (a machine was asleep), its own rename fails and it
// writes the file again, with the same key.
func adoptTemp(inbox, temp string) {
	path := filepath.Join(inbox, temp)
	raw, err := readUpTo(path, maxInboxFile)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return
	}
	if err == nil {
		_, err = decodeInbox(raw)
	}
	switch {
	case err == nil:
		_ = rename(path, path[:len(path)-len(".tmp")])
	case errors.Is(err, ErrDamaged):
		_ = os.Remove(path)
	}
}

// sessionOf returns the session id of records, for a database that is made from
// the inbox alone.
func sessionOf(name string, recs []Record) string {
	if id := sessionIDOf(name); id != "" || name == Unassigned {
		return id
	}
	for _, rec := range recs {
		if id, ok := SessionID(rec.Raw); ok && FileName(id) == name {
			return id
		}
	}
	return ""
}

// collect reads the database, what was moved aside, and what is left in the
// inbox. A nil l reads without the lock and moves nothing.
func (l *lockFile) collect(dir, name string, keysOnly bool, shorten Shorten) (Contents, error) {
	c := Contents{Name: name}
	var err error
	if c.Stat, err = statOf(dir, name); err != nil {
		return c, err
	}
	path := filepath.Join(dir, name+".db")
	db, dbErr := openRead(path, l == nil, keysOnly, shorten)
	if errors.Is(dbErr, ErrDamaged) && l != nil {
		dbErr = l.moveAside(dir, name, path, dbErr)
		if c.Stat, err = statOf(dir, name); err != nil {
			return c, err
		}
	}
	if errors.Is(dbErr, ErrDamaged) {
		var d DamagedFile
		d, db, dbErr = salvageFile(path, dbErr)
		db.shorten(shorten)
		c.Damaged = append(c.Damaged, d)
	}
	dbErr = ignoreGone(dbErr)
	c.add(db)

	for _, file := range c.Stat.Damaged {
		d, more, err := salvageFile(filepath.Join(dir, name+".damaged", file), nil)
		more.shorten(shorten)
		if err != nil {
			d.Reason += ": " + err.Error()
		}
		c.Damaged = append(c.Damaged, d)
		c.add(more)
	}
	if err := c.addInbox(filepath.Join(dir, name+".inbox"), shorten); err != nil {
		return c, err
	}
	c.Records = sortRecords(c.Records)
	if c.SessionID == "" {
		c.SessionID = sessionOf(name, c.Records)
	}
	return c, dbErr
}

func (c *Contents) addInbox(inbox string, shorten Shorten) error {
	files, _, err := listInbox(inbox, -1)
	if err != nil {
		return err
	}
	for len(files) > 0 {
		b := takeInbox(inbox, files, readFiles, readBytes, true)
		more := content{recs: b.recs}
		more.shorten(shorten)
		c.add(more)
		c.inbox = append(c.inbox, b.paths...)
		for _, bad := range b.bad {
			c.Damaged = append(c.Damaged, DamagedFile{Path: bad.path, Reason: bad.err.Error()})
		}
		files = files[b.seen:]
	}
	return nil
}

func (c *Contents) add(more content) {
	c.Records = append(c.Records, more.recs...)
	if c.SessionID == "" {
		c.SessionID = more.sessionID
	}
}

// sortRecords orders records by key and drops all but one of each key.
func sortRecords(recs []Record) []Record {
	slices.SortStableFunc(recs, func(a, b Record) int { return a.Key.Compare(b.Key) })
	return slices.CompactFunc(recs, func(a, b Record) bool { return a.Key == b.Key })
}

// openRead reads a database; with lockIt under its own lock, which makes hooks
// use the inbox.
func openRead(path string, lockIt, keysOnly bool, shorten Shorten) (content, error) {
	f, err := openFile(path, os.O_RDONLY, 0)
	if err != nil {
		return content{}, err
	}
	defer f.Close()
	return readOpened(f, lockIt, keysOnly, shorten)
}

func readOpened(f *os.File, lockIt, keysOnly bool, shorten Shorten) (content, error) {
	if lockIt {
		if err := lockReader(f, readWait); err != nil {
			return content{}, err
		}
	}
	c, err := readDB(f, keysOnly, shorten)
	if err != nil {
		st, _ := f.Stat()
		return c, &fileError{fmt.Errorf("read %s: %w", f.Name(), err), st}
	}
	return c, nil
}

// salvageFile reads what is left of a file; of a link or another user's nothing.
// The reason may be nil if it was found out earlier.
func salvageFile(path string, reason error) (DamagedFile, content, error) {
	f, err := openFile(path, os.O_RDONLY, 0)
	if errors.Is(err, ErrDamaged) {
		return DamagedFile{Path: path, Reason: err.Error()}, content{}, nil
	}
	if err != nil {
		return DamagedFile{Path: path}, content{}, err
	}
	defer f.Close()
	return salvageOpened(f, reason)
}

func salvageOpened(f *os.File, reason error) (DamagedFile, content, error) {
	d := DamagedFile{Path: f.Name()}
	if st, err := f.Stat(); err == nil {
		d.Bytes = st.Size()
	}
	if reason == nil {
		if _, reason = readDB(f, false, nil); reason == nil {
			reason = ErrDamaged // readable now; it was not then
		}
	}
	d.Reason = reason.Error()
	c, err := salvage(f)
	d.Records = len(c.recs)
	return d, c, err
}

// ReadFile returns the records of one database file, wherever it lies, and
// changes nothing: a copy from another machine, a file in a folder one may not
// write to, or one that was moved aside. If the file is damaged it returns what
// can be read of it, and says so in Damaged. While it reads, hooks that write to
// this very file use the inbox.
func ReadFile(path string) (Contents, error) { return ReadFileWithin(path, nil) }

// ReadFileWithin is [ReadFile] as [ReadWithin] is [Read].
func ReadFileWithin(path string, shorten Shorten) (Contents, error) {
	c := Contents{}
	f, err := openNamed(path)
	if err != nil {
		return c, fmt.Errorf("read spool file: %w", err)
	}
	defer f.Close()
	db, err := readOpened(f, true, false, shorten)
	if errors.Is(err, ErrDamaged) {
		var d DamagedFile
		if d, db, err = salvageOpened(f, err); err == nil {
			db.shorten(shorten)
			c.Damaged = append(c.Damaged, d)
		}
	}
	if err != nil {
		return c, fmt.Errorf("read spool file: %w", err)
	}
	c.SessionID, c.Records = db.sessionID, db.recs
	c.Name = FileName(c.SessionID)
	return c, nil
}

// retire removes the empty inbox and the lock file, so that a folder of 10,000
// quiet sessions holds 10,000 files. The lock is held. If a hook has just put
// something into the inbox, both stay.
func (l *lockFile) retire(dir, name string) {
	if !canUnlinkOpen || l.clearMark(markInbox) != nil {
		return
	}
	err := os.Remove(filepath.Join(dir, name+".inbox"))
	if err != nil && !errors.Is(err, os.ErrNotExist) || l.clearMark(markDB) != nil {
		return
	}
	_ = os.Remove(filepath.Join(dir, name+".lock"))
}
