// Package library is the way out: what is stored, and what is recorded on this machine and not stored yet. Whoever shows
// sessions (a list, a page, a report, a tool for agents) reads them through a [Library] and through nothing else.
//
// A stored session is two objects: its index record ([schema.Summary], one or two kilobytes), by which it is found, and the
// Session itself. [Library.List] reads all index records and no Session; [Library.Get] reads one Session by its id, the
// beginning of it, or [Last]; [Library.Find] looks for a text in the Sessions of a list, the first of it first.
//
// # Caches
//
// A list or a search over a bucket fetches only what is new. The cache folder of a store holds what was fetched, 0600 in
// a folder of 0700, as it holds prompts:
//
//	index                        all index records, each with its version
//	sessions/NAME.VERSION.kept   one Session, compressed, named by the session and a hash of its version
//	words/                       the word index, where there is one: of [Options.Words], which its maker puts there
//
// The store says which versions of which objects it has (for a bucket one list of a thousand keys a request, for a
// folder its files' stats); what is in the cache under that version is not read again. The cache is a help and no more:
// one that is damaged, foreign, of another version or cannot be written changes nothing but the time that it takes. What
// the store has no longer is forgotten with the next list or search, and at once by [Library.Forget]. A store that is
// [upload.Near] needs no second copy of its Sessions.
//
// # What is not stored yet
//
// The library knows no spool and no transcript. It asks an [Unstored] for sessions that were only recorded, and masks
// them as storing would: nobody is shown more before a session is stored than after it.
//
// A Library prints nothing and writes nothing to the store.
package library

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"ams/pkg/redact"
	"ams/pkg/schema"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// Last is the word for the newest session, in the place of an id.
const Last = "last"

// Options say what a [Library] has beside its store. The zero value is a library of what is stored alone, without caches.
type Options struct {
	// CacheDir is a folder for what was fetched from this store and no other; "" keeps nothing.
	CacheDir string

	// Unstored tells what is recorded and not stored yet; nil: nothing is.
	Unstored Unstored

	// Mask is what is replaced in such a session before anybody sees it.
	Mask redact.Rules

	// Progress is told how many of the index records that must be read were, each time that one was, by several
	// goroutines; nil: nobody wants to know.
	Progress func(done, of int)

	// Words is an index of the words of this store and no other, which narrows a search and is fed by what is read;
	// nil: all is read.
	Words Words
}

// Unstored is what was recorded on this machine. It may tell of sessions that are stored, too; what the store has
// goes before.
type Unstored interface {
	// Names returns the names of the sessions (as [spool.FileName] makes them) whose id is the one given or begins with
	// it: no more than the one where it is an id.
	Names(ctx context.Context, id string) ([]string, error)

	// Session makes the Session of a name, unmasked.
	Session(ctx context.Context, name string) (*schema.Session, error)

	// Newest makes the session of which something was recorded last, if that was after a time; nil where there is none,
	// or none that can be read: what is stored is told all the same.
	Newest(ctx context.Context, after time.Time) (*schema.Session, error)

	// Waiting returns the names of the sessions that were never stored, the newest record first. stored says what the
	// store has; what was removed from it does not wait.
	Waiting(ctx context.Context, stored func(name string) bool) ([]string, error)
}

// Library reads what is stored. Its methods may be called by several at once.
type Library struct {
	store upload.Store
	opt   Options
}

// Open returns the library of a store. It touches nothing.
func Open(store upload.Store, opt Options) *Library { return &Library{store: store, opt: opt} }

// Stored is one stored session as its index record tells of it.
type Stored struct {
	Name string // the session's in keys and file names; its id, unless that is an unusual one
	*schema.Summary
	Unstored bool  // it waits to be stored: the record is the one that it would get
	Doubt    error // what the record tells that cannot be true ([schema.Summary.Check])
}

// Key is the key of the Session.
func (s Stored) Key() string { return upload.SessionKey(s.Name, s.StartTime.Time) }

// Unreadable is an index record that cannot be used, and why.
type Unreadable struct {
	Key string
	Err error // [schema.ErrNewer], [ErrNoStart], [ErrOther], [upload.ErrTooLarge], or of syntax
}

// The errors that callers branch on, with errors.Is.
var (
	// ErrNotFound says that no session has the id or begins with it, or for [Last] that there is none.
	ErrNotFound = errors.New("no such session")

	// ErrNoStart says that an index record has no start_time, without which its Session cannot be found.
	ErrNoStart = errors.New("it has no start_time")

	// ErrOther says that an object is of another session than its key or its index record says.
	ErrOther = errors.New("it is of another session")
)

// maxCandidates bounds how many sessions an [AmbiguousError] names.
const maxCandidates = 10

// AmbiguousError says that several sessions begin with what should be an id.
type AmbiguousError struct {
	ID       string   // what was asked for
	Count    int      // of the sessions that begin so
	Unstored bool     // they are recorded and not stored
	Sessions []Stored // the first ten by name; without a Summary where none can be read
}

func (e *AmbiguousError) Error() string {
	kind := "stored"
	if e.Unstored {
		kind = "recorded"
	}
	return fmt.Sprintf("%d %s sessions begin with %q", e.Count, kind, e.ID)
}

// ObjectError says that an object of the store could not be read as what it must be.
type ObjectError struct {
	Key  string
	Name string // of the session, as in [Stored]
	Err  error
}

func (e *ObjectError) Error() string { return fmt.Sprintf("read %s: %v", e.Key, e.Err) }
func (e *ObjectError) Unwrap() error { return e.Err }

// Forget removes what is kept on this machine of a session that leaves the store.
func (l *Library) Forget(id string) {
	name := spool.FileName(id)
	if l.opt.CacheDir != "" {
		forgetBodies(l.bodyCache(), name)
		forgetRecord(l.indexCache(), name)
	}
	if l.opt.Words != nil {
		_ = l.opt.Words.Forget(name)
	}
}

// indexCache is the file that keeps index records, "" for none.
func (l *Library) indexCache() string {
	if l.opt.CacheDir == "" {
		return ""
	}
	return filepath.Join(l.opt.CacheDir, "index")
}

// bodyCache is the folder that keeps Sessions, "" for none.
func (l *Library) bodyCache() string {
	if l.opt.CacheDir == "" {
		return ""
	}
	return filepath.Join(l.opt.CacheDir, "sessions")
}
