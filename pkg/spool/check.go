package spool

import (
	"bytes"
	"fmt"
	"io"
)

// Names in a database: the buckets, and the keys of the first.
var (
	bucketSpool    = []byte("spool")
	bucketContexts = []byte("contexts")
	bucketRecords  = []byte("records")
	keyFormat      = []byte("format")
	keySession     = []byte("session")
)

// checkDB reads, before bbolt maps the file, every page that bbolt will follow
// to store these records: the meta pages, the freelist, the root, and the way
// down to each key and context. It costs one small read per page.
//
// This is more than courtesy. A file shorter than its meta page says faults
// when it is touched, a page that points to one of its ancestors makes bbolt
// call itself until the stack ends, and a wild count in the freelist makes it
// allocate until memory ends; the last two end a Go process with no chance to
// recover. And a freelist that was not written makes bbolt scan the file in a
// goroutine of its own, whose panics nobody can recover.
//
// It returns how many bytes of the file are in use, or ErrDamaged, ErrNewer, or
// an error of the file system.
func checkDB(r io.ReaderAt, size int64, recs []Record) (used int64, err error) {
	p, err := newPager(r, size)
	if err != nil {
		return 0, err
	}
	if err := p.checkFreelist(); err != nil {
		return 0, err
	}
	b, err := p.buckets()
	if err != nil {
		return 0, err
	}
	for i, rec := range recs {
		if err := p.checkPath(b.records, rec.Key[:]); err != nil {
			return 0, fmt.Errorf("records: %w", err)
		}
		if i > 0 && bytes.Equal(rec.Context, recs[i-1].Context) {
			continue
		}
		id := hashContext(rec.Context)
		if err := p.checkPath(b.contexts, id[:]); err != nil {
			return 0, fmt.Errorf("contexts: %w", err)
		}
	}
	return int64(p.meta.pages) * p.meta.pageSize, nil
}

// buckets are the values of the three buckets: a header, and the only page of a
// bucket that is small.
type buckets struct{ spool, contexts, records []byte }

// buckets reads the root page, where all three are, and checks the version.
func (p *pager) buckets() (buckets, error) {
	var b buckets
	pg, err := p.page(p.meta.root, leafFlag)
	if err != nil {
		return b, fmt.Errorf("root: %w", err)
	}
	for _, want := range []struct {
		name  []byte
		value *[]byte
	}{{bucketSpool, &b.spool}, {bucketContexts, &b.contexts}, {bucketRecords, &b.records}} {
		v, flags, found := pg.find(want.name)
		if !found || flags != bucketFlag || len(v) < bucketSize {
			return b, damaged("no bucket %s", want.name)
		}
		*want.value = bytes.Clone(v)
	}
	return b, p.checkFormat(b.spool)
}

// checkFormat reads the version out of the first bucket.
func (p *pager) checkFormat(bucket []byte) error {
	format, _, found, err := p.findIn(bucket, keyFormat)
	switch {
	case err != nil:
		return err
	case !found || len(format) != 1 || format[0] == 0:
		return damaged("no format version")
	case format[0] != FormatVersion:
		return fmt.Errorf("format version %d: %w", format[0], ErrNewer)
	}
	return nil
}

// checkPath checks the pages from a bucket to the leaf of a key.
func (p *pager) checkPath(bucket, key []byte) error {
	_, _, _, err := p.findIn(bucket, key)
	return err
}

// findIn looks for a key in the bucket that a leaf element's value describes.
func (p *pager) findIn(bucket, key []byte) (value []byte, flags uint32, found bool, err error) {
	if root := native.Uint64(bucket); root != 0 {
		return p.find(root, key)
	}
	pg, err := inlinePage(bucket)
	if err != nil {
		return nil, 0, false, err
	}
	value, flags, found = pg.find(key)
	return value, flags, found, nil
}

// inlinePage returns the page inside a bucket's value.
func inlinePage(v []byte) (page, error) {
	if len(v) < bucketSize+pageHeader {
		return page{}, damaged("inline bucket of %d bytes", len(v))
	}
	b := v[bucketSize:]
	pg := page{b: b, flags: native.Uint16(b[8:]), count: int(native.Uint16(b[10:]))}
	if pg.flags != leafFlag {
		return page{}, damaged("inline bucket has type %#x", pg.flags)
	}
	end, err := pg.layout()
	if err == nil && end != len(b) {
		err = damaged("%d bytes for %d", len(b), end)
	}
	if err != nil {
		return page{}, fmt.Errorf("inline bucket: %w", err)
	}
	return pg, nil
}

// checkFreelist checks that the list of free pages can be read: its length, and
// that its entries ascend within the file.
func (p *pager) checkFreelist() error {
	pg, err := p.page(p.meta.freelist, freelistFlag)
	if err != nil {
		return fmt.Errorf("freelist: %w", err)
	}
	ids, n := pg.b[pageHeader:], uint64(pg.count)
	if n == 0xFFFF {
		n = native.Uint64(ids)
		ids = ids[8:]
	}
	// bbolt makes room for the pages that the freelist itself will take.
	room, most := uint64(len(ids)/8), n+uint64(int64(len(pg.b))/p.meta.pageSize)
	if n > room || room > most+uint64(p.meta.pageSize)/8 {
		return damaged("freelist of %d pages in %d bytes", n, len(ids))
	}
	last := uint64(1)
	for i := range n {
		id := native.Uint64(ids[8*i:])
		if id <= last || id >= p.meta.pages {
			return damaged("freelist entry %d after %d of %d", id, last, p.meta.pages)
		}
		if err := p.use(id, 1); err != nil {
			return err
		}
		last = id
	}
	return nil
}
