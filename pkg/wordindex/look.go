package wordindex

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"modernc.org/sqlite" // and the driver of that name
	sqlite3 "modernc.org/sqlite/lib"

	"ams/pkg/safefile"
	"ams/pkg/search"
)

// session is what the index knows of one.
type session struct {
	id      int64
	version string
	open    bool
}

// knowledge is which sessions the index had under a seal.
type knowledge struct {
	mu       sync.Mutex
	seal     string
	sessions map[string]session
	parts    []int64 // the tables that there are
}

const (
	// sealWait is how long a reader waits for a writer to end: a transaction is on its way to the disk for some milliseconds.
	sealWait  = 100 * time.Millisecond
	sealPause = 5 * time.Millisecond

	// lookWait bounds a look at the index: it is quick, or the scan is. Where a gram begins with three letters that are
	// everywhere it takes long and spares nothing.
	lookWait = 500 * time.Millisecond
)

// errUnsealed says that there is no index to be believed now.
var errUnsealed = errors.New("the word index is not as its seal says")

// read reads the database as a seal says that it is: what work saw is of that state and no other.
func (x *Index) read(ctx context.Context, work func(seal string, db *sql.DB) error) error {
	deadline := time.Now().Add(sealWait)
	for {
		seal, ok := x.sealed()
		if seal == "" {
			return errUnsealed
		}
		if ok {
			err := x.readOnce(seal, work)
			if damaged(err) {
				_ = os.Remove(x.sealPath()) // the next that writes makes it anew
			}
			if again, same := x.sealed(); err != nil || same && again == seal {
				return err
			}
		}
		if time.Now().After(deadline) || x.atRest() {
			return errUnsealed
		}
		select {
		case <-time.After(sealPause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// atRest reports whether nobody writes, and the index is not as its seal says all the same.
func (x *Index) atRest() bool {
	unlock, err := safefile.Lock(x.dir, 0)
	if err != nil {
		return false
	}
	defer unlock()
	_, ok := x.sealed()
	return !ok
}

// damaged reports whether SQLite says so.
func damaged(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_CORRUPT || e.Code()&0xff == sqlite3.SQLITE_NOTADB)
}

func (x *Index) readOnce(seal string, work func(string, *sql.DB) error) error {
	db, err := x.connect("ro")
	if err != nil {
		return err
	}
	defer db.Close()
	return work(seal, db)
}

// learn reads which sessions there are, unless that is known for the seal.
func (k *knowledge) learn(ctx context.Context, seal string, db *sql.DB) error {
	if k.seal == seal {
		return nil
	}
	k.seal = ""
	rows, err := db.QueryContext(ctx, "select id, name, version, open from session order by id")
	if err != nil {
		return err
	}
	defer rows.Close()
	k.sessions, k.parts = map[string]session{}, nil
	for rows.Next() {
		var name string
		var s session
		if err := rows.Scan(&s.id, &name, &s.version, &s.open); err != nil {
			return err
		}
		k.sessions[name] = s
		if part := s.id / partSessions; !s.open && (len(k.parts) == 0 || k.parts[len(k.parts)-1] != part) {
			k.parts = append(k.parts, part)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	k.seal = seal
	return nil
}

// Known returns what tells whether the index holds a version of a session.
func (x *Index) Known(ctx context.Context) (has func(name, version string) bool) {
	x.known.mu.Lock()
	defer x.known.mu.Unlock()
	if x.read(ctx, func(seal string, db *sql.DB) error { return x.known.learn(ctx, seal, db) }) != nil {
		return func(string, string) bool { return false }
	}
	sessions := x.known.sessions
	return func(name, version string) bool {
		s, ok := sessions[name]
		return ok && s.version == version
	}
}

// Strays are the sessions in the index, as it was last read, that are not stored any more.
func (x *Index) Strays(stored func(name string) bool) []string {
	x.known.mu.Lock()
	defer x.known.mu.Unlock()
	var strays []string
	for name := range x.known.sessions {
		if !stored(name) {
			strays = append(strays, name)
		}
	}
	return strays
}

// Candidates returns what tells whether a version of a session may hold a text that matches: yes, where the index
// does not know.
func (x *Index) Candidates(ctx context.Context, p *search.Pattern) (mayHold func(name, version string) bool) {
	all := func(string, string) bool { return true }
	query := ask(p.Needs())
	if query == "" {
		return all
	}
	x.known.mu.Lock()
	defer x.known.mu.Unlock()
	var match map[int64]bool
	err := x.read(ctx, func(seal string, db *sql.DB) error {
		if err := x.known.learn(ctx, seal, db); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, lookWait)
		defer cancel()
		match = map[int64]bool{}
		for _, part := range x.known.parts {
			if err := matchIn(ctx, db, part, query, match); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return all
	}
	sessions := x.known.sessions
	return func(name, version string) bool {
		s, ok := sessions[name]
		return !ok || s.open || s.version != version || match[s.id]
	}
}

// matchIn adds the sessions of a table that match.
func matchIn(ctx context.Context, db *sql.DB, part int64, query string, match map[int64]bool) error {
	rows, err := db.QueryContext(ctx, fmt.Sprintf("select rowid from grams_%[1]d where grams_%[1]d match ?", part), query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		match[id] = true
	}
	return rows.Err()
}
