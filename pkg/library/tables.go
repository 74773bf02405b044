package library

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"

	"ams/pkg/table"
	"ams/pkg/upload"
)

// tablesFrom is how many index records must be read before a look into the tables pays: they are all read then.
const tablesFrom = 256

// earlyRows bounds how many rows are decoded before it is known which are wanted: some 60 MB.
const earlyRows = 16 << 10

// tableRows takes index records out of the tables.
type tableRows struct {
	x     *index
	stop  context.CancelFunc
	known chan struct{} // closed when it is known what is wanted
	ended chan struct{}
	bad   []table.BadPart

	mu     sync.Mutex
	wanted map[string]object // by the session's name; nil before it is known
	early  []tableRow        // what was decoded before that
	room   int               // for more of it
}

// tableRow is what a row of the tables holds of an index record.
type tableRow struct {
	name, etag string
	body       []byte
	told       told // nothing where it is not decoded yet
}

// startTables begins to read the tables. Until [tableRows.want] is called it decodes no more rows than there is room for.
func (x *index) startTables(ctx context.Context, room int) *tableRows {
	ctx, stop := context.WithCancel(ctx)
	r := &tableRows{x: x, stop: stop, known: make(chan struct{}), ended: make(chan struct{}), room: room}
	go func() {
		defer close(r.ended)
		r.bad, _ = table.Entries(ctx, x.store, func(row *table.Entry) { r.visit(ctx, row) }) // an error costs time and no more
	}()
	return r
}

// end ends what is at work.
func (r *tableRows) end() {
	r.stop()
	<-r.ended
}

func (r *tableRows) visit(ctx context.Context, row *table.Entry) {
	if row.Deleted || row.Record == "" {
		return
	}
	r.mu.Lock()
	early := r.wanted == nil && r.room > 0
	if early {
		r.room--
	}
	r.mu.Unlock()
	if !early {
		select {
		case <-r.known:
			r.take(tableRow{name: row.Name, etag: row.IndexETag, body: []byte(row.Record)})
		case <-ctx.Done():
		}
		return
	}
	t := tableRow{name: strings.Clone(row.Name), etag: strings.Clone(row.IndexETag), body: []byte(row.Record)}
	t.told = readRecord(upload.IndexKey(t.name), t.body)
	r.mu.Lock()
	if early = r.wanted == nil; early {
		r.early = append(r.early, t)
	}
	r.mu.Unlock()
	if !early {
		r.take(t)
	}
}

// want says which objects are wanted, and takes those that were decoded before.
func (r *tableRows) want(objects []object) {
	wanted := make(map[string]object, len(objects))
	for _, o := range objects {
		wanted[nameOf(o.key)] = o
	}
	r.mu.Lock()
	r.wanted = wanted
	early := r.early
	r.early = nil
	r.mu.Unlock()
	close(r.known)
	for _, t := range early {
		r.take(t)
	}
}

// take visits the record of a row, if it is the one that the store has now.
func (r *tableRows) take(t tableRow) {
	r.mu.Lock()
	o, ok := r.wanted[t.name]
	if ok = ok && t.etag == o.version; ok {
		delete(r.wanted, t.name)
	}
	r.mu.Unlock()
	if !ok {
		return
	}
	if !t.told.ok() {
		t.told = readRecord(o.key, t.body)
	}
	if t.told.bad == nil {
		r.x.take(o, t.body, t.told)
		return
	}
	r.mu.Lock() // the record itself tells what is wrong
	r.wanted[t.name] = o
	r.mu.Unlock()
}

// readTables visits those of the objects that a row of the tables holds as they are now ([table.Session].Record), and returns
// the others. What is wrong with the tables costs time and no more. rows were begun before, or are nil.
func (x *index) readTables(ctx context.Context, rows *tableRows, objects []object) (rest []object) {
	if _, near := x.store.(upload.Near); near || len(objects) < tablesFrom {
		return objects
	}
	if rows == nil {
		rows = x.startTables(ctx, 0)
		defer rows.end()
	}
	rows.want(objects)
	<-rows.ended
	x.badParts = rows.bad
	for _, o := range objects {
		if _, ok := rows.wanted[nameOf(o.key)]; ok {
			rest = append(rest, o)
		}
	}
	return rest
}

// isCold reports whether nothing was read of a store that is far: then the tables are read while it is listed.
func (x *index) isCold() bool {
	if _, near := x.store.(upload.Near); near {
		return false
	}
	if x.cachePath == "" {
		return true
	}
	_, err := os.Lstat(x.cachePath)
	return errors.Is(err, fs.ErrNotExist)
}
