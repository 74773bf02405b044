// Package wordindex knows which sessions cannot hold a text, so that a search need not read them. It is a help and no
// more: the scan of what is left decides ([search]), and where the index knows nothing of a session, or is missing,
// damaged or locked, the session is read.
//
// # What it holds
//
// Of each session, by its name and the version of its body, the set of the beginnings of its words' parts, "grams": the
// texts are what a search looks into ([search.Texts]); a word is a run of ASCII letters, digits and "_", and of all
// characters beyond ASCII but white space; letters that differ in case only are one ([search.Fold]). At each character of a word
// begins a gram, of four characters or of what is left of the word, three bytes at least.
//
//	Refused 中文   REFU EFUS FUSE USED SED 中文 文
//
// Whatever a pattern needs is cut the same way. A part of four characters or more is there only where all of its grams
// are, a shorter one only where a gram begins with it: so parts of words are found as words are, in any script, and no
// vocabulary is looked through. Where a pattern needs nothing that has a gram, every session is a candidate.
//
// # On disk
//
//	words/           0700  locked (flock) by who writes
//	words/index.db   0600  SQLite
//	words/seal       0600  "amswords1 UNICODE SIZE TIME\n": what index.db was like when it was last written
//
//	session   id, name, version, open 1 where it has too many grams: it is always a candidate
//	grams_N   FTS5 of the sessions N*1024 to N*1024+1023, contentless, without places; the row is the session's id
//
// The words are given to FTS5 cut and folded: its own tokenizers take other characters for letters than search does, and
// other letters for the same. Tables of 1,024 sessions keep it linear to build, and let a session leave in the time that
// one of them takes to be written anew.
//
// # What a crash leaves
//
// Each write is one transaction with a rollback journal and all syncs. A write is: take the lock, check the seal, commit, give the
// file a time that no other write gives it, write the seal. Who finds a file that is not as the seal says does not
// believe it: a reader goes without, a writer makes it anew. So does who finds another format, other Unicode tables, a
// file that was changed, cut, or put there by something else. A crash before a commit's first byte in the file loses
// what was not committed; one between that and the seal loses the index, which costs the time to make it.
//
// # What leaves
//
// [Index.Forget] takes a session's grams out, and writes its table and freed pages anew (secure_delete): its bytes are not in the file any more.
// What only an older version of a session had leaves with the next [Index.Tidy].
//
// Changes: format 1, the first.
package wordindex

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"

	"ams/pkg/safefile"
)

// format is the version of what is on disk: of the tables, and of how texts are cut. Letters fold by Unicode's tables.
var format = "amswords1 " + unicode.Version

// Index is the word index in a folder. Its methods may be called by several at once, and by several processes.
type Index struct {
	dir string

	mu     sync.Mutex // guards queue
	queue  []entry
	queued int // bytes of the grams in it

	known knowledge
}

// Open returns the index in a folder, which need not be there. It touches nothing.
func Open(dir string) *Index { return &Index{dir: dir} }

func (x *Index) path() string     { return filepath.Join(x.dir, "index.db") }
func (x *Index) sealPath() string { return filepath.Join(x.dir, "seal") }

// busyWait is how long a statement waits for one of another process.
const busyWait = 50 * time.Millisecond

// pageCache bounds the pages that SQLite holds, in kB.
const pageCache = 4 << 10

// connect opens the database by one connection. mode is SQLite's: "ro" or "rw".
func (x *Index) connect(mode string) (*sql.DB, error) {
	path := filepath.ToSlash(x.path())
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/...
	}
	at := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyWait.Milliseconds()),
		fmt.Sprintf("cache_size(-%d)", pageCache),
		"page_size(8192)", "journal_mode(delete)", "synchronous(full)", "secure_delete(on)", "temp_store(memory)",
	}}.Encode()}
	if mode == "ro" {
		q := at.Query()
		q["_pragma"] = q["_pragma"][:2]
		at.RawQuery = q.Encode()
	}
	db, err := sql.Open("sqlite", at.String())
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// seal is what a seal must say of the database as it is, "" where there is none that may be believed.
func (x *Index) seal() string {
	info, err := os.Lstat(x.path())
	if err != nil || (safefile.Rules{Owner: safefile.Me()}).Check(x.path(), info) != nil {
		return ""
	}
	return fmt.Sprintf("%s %d %d\n", format, info.Size(), info.ModTime().UnixNano())
}

// maxSeal bounds the file with the seal.
const maxSeal = 1 << 10

// sealed returns the seal, if it is as the database is.
func (x *Index) sealed() (string, bool) {
	b, err := safefile.Read(x.sealPath(), safefile.Rules{Owner: safefile.Me(), MaxBytes: maxSeal})
	return string(b), err == nil && len(b) > 0 && string(b) == x.seal()
}

// write does one transaction on the database, under the lock, for which it waits so long. An index that cannot be
// believed is made anew before, and after an error of the database. [safefile.ErrLocked] says that another process
// is at work. work ends early with the context: what it did is undone, and the index is as it was.
func (x *Index) write(ctx context.Context, wait time.Duration, work func(*sql.Tx) error) error {
	unlock, err := x.lock(wait)
	if err != nil {
		return err
	}
	defer unlock()
	if _, ok := x.sealed(); !ok {
		if err := x.begin(); err != nil {
			return err
		}
	}
	err = x.transact(work)
	if err == nil || ctx.Err() != nil {
		return errors.Join(err, x.putSeal())
	}
	return errors.Join(err, x.wipe())
}

// lock makes the folder, and takes its lock.
func (x *Index) lock(wait time.Duration) (unlock func(), err error) {
	if err := os.MkdirAll(x.dir, 0o700); err != nil {
		return nil, err
	}
	info, err := os.Lstat(x.dir)
	if err == nil && (!info.IsDir() || !safefile.Me().Is(safefile.UID(info))) {
		err = fmt.Errorf("%s is no folder of yours", x.dir)
	}
	if err != nil {
		return nil, err
	}
	return safefile.Lock(x.dir, wait)
}

// tables are what every index has.
const tables = `create table session (id integer primary key autoincrement, name text not null unique, version text not null, open integer not null);
create table untidy (part integer primary key)`

// begin makes an empty index. SQLite would make the file for all to read.
func (x *Index) begin() error {
	if err := x.wipe(); err != nil {
		return err
	}
	f, err := os.OpenFile(x.path(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return x.transact(func(tx *sql.Tx) error {
		_, err := tx.Exec(tables)
		return err
	})
}

// transact does one transaction, and closes the database. It is given no context: database/sql would undo it beside us,
// while the seal is made.
func (x *Index) transact(work func(*sql.Tx) error) error {
	db, err := x.connect("rw")
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	if err := work(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return db.Close()
}

// putSeal seals what was written. The file gets a time of its own, a little in the past: a change within the tick of the
// clock in which it was written would not show else.
func (x *Index) putSeal() error {
	mark := time.Now().Add(-time.Second - rand.N(time.Second))
	if err := os.Chtimes(x.path(), mark, mark); err != nil {
		return err
	}
	return safefile.Write(x.sealPath(), []byte(x.seal()), safefile.WriteOptions{Unsynced: true})
}

// wipe removes the index: the seal first, without which nothing else is believed.
func (x *Index) wipe() error {
	var errs []error
	for _, path := range []string{x.sealPath(), x.path(), x.path() + "-journal", x.path() + "-wal", x.path() + "-shm"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
