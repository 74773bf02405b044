package spool

import (
	"bytes"
	"fmt"
	"os"
)

// content is what one file holds.
type content struct {
	sessionID string
	recs      []Record
}

// shorten keeps of each payload what fn returns.
func (c *content) shorten(fn Shorten) {
	if fn == nil {
		return
	}
	for i := range c.recs {
		c.recs[i].Raw = fn(c.recs[i].Raw)
	}
}

// readDB reads all records of a database, in the order of their keys, without
// bbolt and without mapping the file: it needs no write permission, meets no
// fault in a file that shrinks, and follows no loop. With keysOnly the records
// have no Raw and no Context; shorten may be nil. It returns ErrDamaged, ErrNewer, or an error of the
// file system; content is empty then.
//
// The caller holds the spool's lock or the file's own, or knows that nobody
// writes.
func readDB(f *os.File, keysOnly bool, shorten Shorten) (content, error) {
	st, err := f.Stat()
	if err != nil {
		return content{}, err
	}
	p, err := newPager(f, st.Size())
	if err != nil {
		return content{}, err
	}
	b, err := p.buckets()
	if err != nil {
		return content{}, err
	}
	w := walker{pager: p, left: p.meta.pages}
	var c content
	err = w.bucket(b.spool, func(_ uint32, k, v []byte) error {
		if bytes.Equal(k, keySession) {
			c.sessionID = string(v)
		}
		return nil
	})
	if err != nil {
		return content{}, err
	}
	contexts := map[contextID][]byte{}
	err = w.bucket(b.contexts, func(_ uint32, k, v []byte) error {
		if len(k) != len(contextID{}) {
			return damaged("context id of %d bytes", len(k))
		}
		contexts[contextID(k)] = bytes.Clone(v)
		return nil
	})
	if err != nil {
		return content{}, err
	}
	err = w.bucket(b.records, func(flags uint32, k, v []byte) error {
		rec, err := w.record(flags, k, v, contexts, keysOnly)
		if err == nil && shorten != nil {
			rec.Raw = shorten(rec.Raw)
		}
		c.recs = append(c.recs, rec)
		return err
	})
	if err != nil {
		return content{}, err
	}
	return c, nil
}

// walker visits the elements of buckets.
type walker struct {
	*pager
	left uint64 // pages that may still be read, so that no loop goes on
	last []byte // key, to see that keys ascend
}

type visit func(flags uint32, k, v []byte) error

// bucket visits a top-level bucket.
func (w *walker) bucket(v []byte, fn visit) error {
	w.last = nil
	return w.inBucket(v, 0, fn)
}

// inBucket visits the bucket that a leaf element's value describes.
func (w *walker) inBucket(v []byte, depth int, fn visit) error {
	if len(v) < bucketSize {
		return damaged("bucket of %d bytes", len(v))
	}
	if root := native.Uint64(v); root != 0 {
		return w.tree(root, nil, depth, fn)
	}
	pg, err := inlinePage(v)
	if err != nil {
		return err
	}
	return w.leaves(pg, fn)
}

// tree visits what is below a page, whose first key is known unless it is a root.
func (w *walker) tree(id uint64, first []byte, depth int, fn visit) error {
	if depth > maxDepth || w.left == 0 {
		return damaged("page %d leads back to itself", id)
	}
	w.left--
	pg, err := w.page(id, branchFlag|leafFlag)
	if err == nil {
		err = pg.startsWith(first)
	}
	if err != nil {
		return err
	}
	w.buf = nil // it is ours now
	if pg.flags == leafFlag {
		if err := w.leaves(pg, fn); err != nil {
			return fmt.Errorf("page %d: %w", id, err)
		}
		return nil
	}
	for i := range pg.count {
		k, child, err := pg.branch(i)
		if err != nil {
			return err
		}
		if err := w.tree(child, k, depth+1, fn); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) leaves(pg page, fn visit) error {
	for i := range pg.count {
		flags, k, v, err := pg.leaf(i)
		if err != nil {
			return err
		}
		if w.last != nil && bytes.Compare(w.last, k) >= 0 {
			return damaged("key %x after %x", k, w.last)
		}
		w.last = k
		if err := fn(flags, k, v); err != nil {
			return err
		}
	}
	return nil
}

// record decodes an element of the bucket of records, which is a value or a
// bucket that holds the value under the same key.
func (w *walker) record(flags uint32, k, v []byte, contexts map[contextID][]byte, keysOnly bool) (Record, error) {
	if len(k) != len(Key{}) {
		return Record{}, damaged("record key of %d bytes", len(k))
	}
	key := Key(k)
	if keysOnly {
		return Record{Key: key}, nil
	}
	if flags&bucketFlag != 0 {
		own, last := []byte(nil), w.last
		w.last = nil
		err := w.inBucket(v, maxDepth-1, func(flags uint32, inner, value []byte) error {
			if bytes.Equal(inner, k) && flags == 0 {
				own = value
			}
			return nil
		})
		w.last = last
		if err != nil {
			return Record{}, err
		}
		if own == nil {
			return Record{}, damaged("record %s has no value", key)
		}
		v = own
	}
	rec, id, err := decodeValue(key, v)
	if err != nil {
		return Record{}, err
	}
	if id != (contextID{}) {
		context, ok := contexts[id]
		if !ok {
			return Record{}, damaged("record %s has an unknown context", key)
		}
		rec.Context = context
	}
	return rec, nil
}
