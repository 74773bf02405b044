package library

import (
	"context"
	"sync"

	"ams/pkg/table"
	"ams/pkg/upload"
)

// tablesFrom is how many index records must be read before a look into the tables pays: they are all read then.
const tablesFrom = 256

// readTables visits those of the objects that a row of the tables holds as they are now ([table.Session].Record), and returns
// the others. What is wrong with the tables costs time and no more.
func (x *index) readTables(ctx context.Context, objects []object) (rest []object) {
	if _, near := x.store.(upload.Near); near || len(objects) < tablesFrom {
		return objects
	}
	wanted := make(map[string]object, len(objects)) // by the session's name
	for _, o := range objects {
		wanted[nameOf(o.key)] = o
	}
	var mu sync.Mutex
	take := func(row *table.Entry) {
		mu.Lock()
		o, ok := wanted[row.Name]
		if ok = ok && !row.Deleted && row.Record != "" && row.IndexETag == o.version; ok {
			delete(wanted, row.Name)
		}
		mu.Unlock()
		if !ok {
			return
		}
		body := []byte(row.Record)
		if t := readRecord(o.key, body); t.bad == nil {
			x.take(o, body, t)
			return
		}
		mu.Lock() // the record itself tells what is wrong
		wanted[row.Name] = o
		mu.Unlock()
	}
	x.badParts, _ = table.Entries(ctx, x.store, take) // what an error cost is read as if there were no tables
	for _, o := range objects {
		if _, ok := wanted[nameOf(o.key)]; ok {
			rest = append(rest, o)
		}
	}
	return rest
}
