package wordindex

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"ams/pkg/safefile"
	"ams/pkg/schema"
	"ams/pkg/search"
)

// entry is one session that waits to be written.
type entry struct {
	name, version string
	grams         string
	open          bool // it has too many
}

// partSessions is how many sessions share a table: it takes some 10 MB, and half a second to be written anew.
const partSessions = 1024

// Add takes the body of a session, of a version, to be written by the next [Index.Flush], and returns how many bytes wait
// for it. The error is that of a body that is no Session.
func (x *Index) Add(name, version string, body []byte) (waiting int, err error) {
	e, err := digest(name, version, body)
	x.mu.Lock()
	defer x.mu.Unlock()
	if err == nil {
		x.queue = append(x.queue, e)
		x.queued += len(e.grams)
	}
	return x.queued, err
}

// digest cuts the texts of a session.
func digest(name, version string, body []byte) (entry, error) {
	s, events, err := schema.Peel(body)
	if err != nil {
		return entry{}, err
	}
	g := newGrams()
	defer g.free()
	if err := search.Texts(s, events, g.add); err != nil {
		return entry{}, err
	}
	e := entry{name: name, version: version, open: g.full()}
	if !e.open {
		e.grams = g.text()
	}
	return e, nil
}

// Flush writes what was added. It waits for another process that writes no longer than that. What could not be written
// is forgotten, and can be added again.
func (x *Index) Flush(ctx context.Context, wait time.Duration) error {
	x.mu.Lock()
	queue := x.queue
	x.queue, x.queued = nil, 0
	x.mu.Unlock()
	if len(queue) == 0 {
		return nil
	}
	err := x.write(ctx, wait, func(tx *sql.Tx) error {
		for _, e := range queue {
			if err := errors.Join(context.Cause(ctx), put(tx, e)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write the word index: %w", err)
	}
	return nil
}

// put writes one session, in the place of an older version.
func put(tx *sql.Tx, e entry) error {
	if err := take(tx, e.name); err != nil {
		return err
	}
	r, err := tx.Exec("insert into session (name, version, open) values (?, ?, ?)", e.name, e.version, e.open)
	if err != nil {
		return err
	}
	id, err := r.LastInsertId()
	if err != nil || e.open {
		return err
	}
	insert := fmt.Sprintf("insert into grams_%d (rowid, gram) values (?, ?)", id/partSessions)
	if _, err = tx.Exec(insert, id, e.grams); err != nil && strings.Contains(err.Error(), "no such table") {
		if err = makePart(tx, id/partSessions); err == nil {
			_, err = tx.Exec(insert, id, e.grams)
		}
	}
	return err
}

// gramBuffer is how many bytes FTS5 gathers before it writes them, the grams of some dozen sessions: each writing is a
// piece that is merged with others later.
const gramBuffer = 4 << 20

// makePart makes the table of 1,024 sessions. Its tokenizer takes every byte beyond ASCII as of a word: the grams stay
// as they were cut.
func makePart(tx *sql.Tx, part int64) error {
	_, err := tx.Exec(fmt.Sprintf(`create virtual table grams_%[1]d using fts5(gram, content='', contentless_delete=1, detail=none,
		tokenize="ascii tokenchars '_'");
		insert into grams_%[1]d (grams_%[1]d, rank) values ('hashsize', %[2]d)`, part, gramBuffer))
	return err
}

// take removes a session. Its grams can be read in the file until its table is tidied.
func take(tx *sql.Tx, name string) error {
	var id int64
	var open bool
	err := tx.QueryRow("select id, open from session where name = ?", name).Scan(&id, &open)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		_, err = tx.Exec("delete from session where id = ?", id)
	}
	if err == nil && !open {
		if _, err = tx.Exec(fmt.Sprintf("delete from grams_%d where rowid = ?", id/partSessions), id); err == nil {
			_, err = tx.Exec("insert or ignore into untidy values (?)", id/partSessions)
		}
	}
	return err
}

// Tidy writes those tables anew of which sessions were taken, so that nothing of these is left in the file.
func (x *Index) Tidy(ctx context.Context, wait time.Duration) error {
	if _, ok := x.sealed(); !ok { // there is nothing, or nothing to be kept
		return nil
	}
	return x.write(ctx, wait, func(tx *sql.Tx) error { return tidy(ctx, tx) })
}

func tidy(ctx context.Context, tx *sql.Tx) error {
	parts, err := column[int64](tx, "select part from untidy")
	if err != nil {
		return err
	}
	for _, part := range parts {
		anew := fmt.Sprintf("insert into grams_%[1]d (grams_%[1]d) values ('optimize')", part)
		var left int
		if err := tx.QueryRow("select count(*) from session where id / ? = ? and not open", partSessions, part).Scan(&left); err != nil {
			return err
		}
		if left == 0 {
			anew = fmt.Sprintf("drop table grams_%d", part)
		}
		if _, err := tx.Exec(anew); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	_, err = tx.Exec("delete from untidy")
	return err
}

// column is the only column that a query gives.
func column[T any](tx *sql.Tx, query string) ([]T, error) {
	rows, err := tx.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// forgetWait is how long a session that leaves waits for another process that writes.
const forgetWait = 5 * time.Second

// Forget removes sessions, and all that was in the file of them. Where that cannot be done, the whole index goes.
func (x *Index) Forget(names ...string) error {
	if _, err := os.Lstat(x.path()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := x.write(context.Background(), forgetWait, func(tx *sql.Tx) error {
		for _, name := range names {
			if err := take(tx, name); err != nil {
				return err
			}
		}
		return tidy(context.Background(), tx)
	})
	if err != nil {
		return x.wipe()
	}
	return nil
}

// Clear removes the index.
func (x *Index) Clear() error {
	unlock, err := safefile.Lock(x.dir, forgetWait)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil:
		defer unlock()
	}
	return x.wipe()
}

// Size is how many bytes the index has on disk.
func (x *Index) Size() int64 {
	info, err := os.Lstat(x.path())
	if err != nil {
		return 0
	}
	return info.Size()
}
