package spool

import (
	"bytes"
	"fmt"
	"os"
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
// to store these records: the meta pages, the freelist, the root,
// and the way down to each key and context. It costs one small read per page.
//
// This is more than courtesy. A file shorter than its meta page says faults
// when it is touched, a page that points to one of its ancestors makes bbolt
// call itself until the stack ends, and a wild count in the freelist makes it
// allocate until memory ends; the last two end a Go process with no chance to
// recover. And a freelist that was not written makes bbolt scan the file in a
// goroutine of its own, whose panics nobody can recover.
//
// It returns ErrDamaged, ErrNewer, or an error of the file system.
func checkDB(f *os.File, recs []Record) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	p, err := newPager(f, st.Size())
	if err != nil {
		return err
	}
	if err := p.checkFreelist(); err != nil {
		return err
	}
	if err := p.checkFormat(); err != nil {
		return err
	}
	contexts, err := p.bucket(bucketContexts)
	if err != nil {
		return err
	}
	records, err := p.bucket(bucketRecords)
	if err != nil {
		return err
	}
	for i, rec := range recs {
		if err := p.checkPath(records, rec.Key[:]); err != nil {
			return fmt.Errorf("records: %w", err)
		}
		if i > 0 && bytes.Equal(rec.Context, recs[i-1].Context) {
			continue
		}
		id := hashContext(rec.Context)
		if err := p.checkPath(contexts, id[:]); err != nil {
			return fmt.Errorf("contexts: %w", err)
		}
	}
	return nil
}

// checkPath checks the pages from a bucket's root to the leaf of a key. Root 0
// is an inline bucket, checked with the page it lies in.
func (p *pager) checkPath(root uint64, key []byte) error {
	if root == 0 {
		return nil
	}
	_, _, _, err := p.find(root, key)
	return err
}

// bucket returns the root page of a top-level bucket, 0 if it is inline.
func (p *pager) bucket(name []byte) (uint64, error) {
	v, flags, found, err := p.find(p.meta.root, name)
	if err != nil {
		return 0, err
	}
	if !found || flags != bucketFlag || len(v) < bucketSize {
		return 0, damaged("no bucket %s", name)
	}
	root := native.Uint64(v)
	if root == 0 {
		_, err = inlinePage(v)
	}
	return root, err
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
	_, _, _, err := pg.find(nil)
	return pg, err
}

// checkFormat reads the version out of the first bucket, which is small enough
// to be inline for ever, see the package comment.
func (p *pager) checkFormat() error {
	v, flags, found, err := p.find(p.meta.root, bucketSpool)
	if err != nil {
		return err
	}
	if !found || flags != bucketFlag || len(v) < bucketSize {
		return damaged("no bucket %s", bucketSpool)
	}
	var format []byte
	if root := native.Uint64(v); root != 0 {
		format, _, found, err = p.find(root, keyFormat)
	} else {
		var pg page
		if pg, err = inlinePage(v); err == nil {
			format, _, found, err = pg.find(keyFormat)
		}
	}
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

// checkFreelist checks that the list of free pages can be read: its length, and
// that its entries ascend within the file.
func (p *pager) checkFreelist() error {
	pg, err := p.page(p.meta.freelist, freelistFlag)
	if err != nil {
		return fmt.Errorf("freelist: %w", err)
	}
	ids, n := pg.b[pageHeader:], uint64(pg.count)
	if n == 0xFFFF {
		if len(ids) < 8 {
			return damaged("freelist without length")
		}
		n = native.Uint64(ids)
		ids = ids[8:]
	}
	if n > uint64(len(ids)/8) {
		return damaged("freelist of %d pages in %d bytes", n, len(ids))
	}
	last := uint64(1)
	for i := uint64(0); i < n; i++ {
		id := native.Uint64(ids[8*i:])
		if id <= last || id >= p.meta.pages {
			return damaged("freelist entry %d after %d of %d", id, last, p.meta.pages)
		}
		last = id
	}
	return nil
}
