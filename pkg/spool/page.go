package spool

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// The pages of a bbolt file, as far as they must be known to check a file
// before bbolt maps it, and to read what is left of a damaged one. Source:
// go.etcd.io/bbolt v1.5.0, internal/common; all numbers are in the byte order
// of the machine.
//
//	page      id 8, flags 2, count 2, overflow 4, then elements
//	meta      magic 4, version 4, page size 4, flags 4, root 8, sequence 8,
//	          freelist 8, pages 8, transaction 8, FNV-1a of the 64 before 8
//	branch    position 4 from this element, key size 4, page 8
//	leaf      flags 4, position 4 from this element, key size 4, value size 4
//	bucket    root page 8, sequence 8; root 0: its one leaf page follows
const (
	pageSize   = 4096 // of the files this package makes, on every machine
	pageHeader = 16
	elemSize   = 16
	bucketSize = 16

	branchFlag   = 0x01
	leafFlag     = 0x02
	metaFlag     = 0x04
	freelistFlag = 0x10
	bucketFlag   = 0x01 // of a leaf element

	boltMagic   = 0xED0CDAED
	boltVersion = 2

	// maxDepth bounds the way from a root to a leaf: with two keys per branch
	// it covers 16 million pages.
	maxDepth = 24
)

var native = binary.NativeEndian

// meta is a valid meta page.
type meta struct {
	pageSize int64
	root     uint64
	freelist uint64
	pages    uint64 // the number of pages in use, counted from the start
	txid     uint64
}

// pager reads pages of a file that may hold anything.
type pager struct {
	r    io.ReaderAt
	size int64
	meta meta
	buf  []byte // of the last page read
	used []bool // by page, for [ReadBolt]: no page is used twice; nil does not look
}

// use notes that pages are in use.
func (p *pager) use(id, n uint64) error {
	if p.used == nil {
		return nil
	}
	for i := id; i < id+n; i++ {
		if p.used[i] {
			return damaged("page %d is used twice", i)
		}
		p.used[i] = true
	}
	return nil
}

func damaged(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrDamaged)...)
}

// newPager reads the meta pages. It returns ErrDamaged if one of them is not valid
// or the file is shorter than they say, ErrNewer if bbolt's own version is not 2.
//
// bbolt takes a file with one valid meta page. It then has the state before the
// last commit, which was acknowledged: a meta page is written at once and within
// one sector, so what makes it invalid is damage and no crash.
func newPager(r io.ReaderAt, size int64) (*pager, error) {
	p := &pager{r: r, size: size, buf: make([]byte, 2*pageSize)}
	n, err := r.ReadAt(p.buf, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	first, err := parseMeta(p.buf[:n], 0)
	if err != nil {
		return nil, err
	}
	rest := p.buf[:n]
	if first.pageSize != pageSize {
		rest = make([]byte, pageHeader+64)
		if n, err = r.ReadAt(rest, first.pageSize); err != nil && err != io.EOF {
			return nil, err
		}
		rest = rest[:n]
	} else {
		rest = rest[min(n, pageSize):]
	}
	second, err := parseMeta(rest, 1)
	if err != nil {
		return nil, err
	}
	p.meta = first
	if second.txid > first.txid {
		p.meta = second
	}
	if first.pageSize != second.pageSize || first.txid+1 != second.txid && second.txid+1 != first.txid {
		return nil, damaged("meta pages of transactions %d and %d, page sizes %d and %d",
			first.txid, second.txid, first.pageSize, second.pageSize)
	}
	if p.meta.pages < 4 || p.meta.pages > uint64(size/p.meta.pageSize) {
		return nil, damaged("%d pages of %d bytes in a file of %d bytes", p.meta.pages, p.meta.pageSize, size)
	}
	return p, nil
}

// parseMeta reads the meta page with this number, to which bbolt writes every
// second transaction.
func parseMeta(b []byte, id uint64) (meta, error) {
	if len(b) < pageHeader+64 {
		return meta{}, damaged("no meta page %d in %d bytes", id, len(b))
	}
	if native.Uint64(b) != id || native.Uint16(b[8:]) != metaFlag {
		return meta{}, damaged("meta page %d says it is page %d of type %#x", id, native.Uint64(b), native.Uint16(b[8:]))
	}
	b = b[pageHeader:]
	m := meta{
		pageSize: int64(native.Uint32(b[8:])),
		root:     native.Uint64(b[16:]),
		freelist: native.Uint64(b[32:]),
		pages:    native.Uint64(b[40:]),
		txid:     native.Uint64(b[48:]),
	}
	h := fnv.New64a()
	h.Write(b[:56])
	if native.Uint32(b) != boltMagic || native.Uint64(b[56:]) != h.Sum64() {
		return meta{}, damaged("meta page %d is not valid", id)
	}
	if v := native.Uint32(b[4:]); v != boltVersion {
		return meta{}, fmt.Errorf("bbolt file version %d: %w", v, ErrNewer)
	}
	if m.pageSize < 1024 || m.pageSize > 64<<10 || m.pageSize&(m.pageSize-1) != 0 {
		return meta{}, damaged("page size %d", m.pageSize)
	}
	if m.txid%2 != id {
		return meta{}, damaged("transaction %d in meta page %d", m.txid, id)
	}
	return m, nil
}

// page is one page with its overflow.
type page struct {
	b     []byte
	flags uint16
	count int
}

// page reads a page that must have one of the given flags. It is valid until
// the next call.
func (p *pager) page(id uint64, flags uint16) (page, error) {
	if id < 2 || id >= p.meta.pages {
		return page{}, damaged("page %d of %d", id, p.meta.pages)
	}
	at := int64(id) * p.meta.pageSize
	if int64(cap(p.buf)) < p.meta.pageSize {
		p.buf = make([]byte, p.meta.pageSize)
	}
	p.buf = p.buf[:p.meta.pageSize]
	if err := p.read(at); err != nil {
		return page{}, err
	}
	pg := page{flags: native.Uint16(p.buf[8:]), count: int(native.Uint16(p.buf[10:]))}
	overflow := uint64(native.Uint32(p.buf[12:]))
	switch {
	case native.Uint64(p.buf) != id:
		return page{}, damaged("page %d says it is %d", id, native.Uint64(p.buf))
	case pg.flags&flags == 0 || pg.flags&(pg.flags-1) != 0:
		return page{}, damaged("page %d has type %#x, want %#x", id, pg.flags, flags)
	case id+overflow >= p.meta.pages:
		return page{}, damaged("page %d goes on for %d pages of %d", id, overflow, p.meta.pages)
	}
	if err := p.use(id, overflow+1); err != nil {
		return page{}, err
	}
	if overflow > 0 {
		p.buf = make([]byte, int64(overflow+1)*p.meta.pageSize)
		if err := p.read(at); err != nil {
			return page{}, err
		}
	}
	pg.b = p.buf
	if pg.flags == freelistFlag {
		return pg, nil
	}
	end, err := pg.layout()
	if err == nil && pg.count == 0 {
		err = damaged("no elements") // what is empty is inline
	}
	if err == nil && int(overflow) != (end-1)/int(p.meta.pageSize) {
		err = damaged("%d bytes in %d pages", end, overflow+1)
	}
	if err != nil {
		return page{}, fmt.Errorf("page %d: %w", id, err)
	}
	return pg, nil
}

// layout checks that a branch or leaf page is as bbolt writes it, keys ascending
// and everything end to end, and returns where it ends.
func (pg page) layout() (end int, err error) {
	end = pageHeader + pg.count*elemSize
	var last []byte
	for i := range pg.count {
		var k, v []byte
		var flags uint32
		at := pageHeader + i*elemSize
		pos := at
		if pg.flags == leafFlag {
			pos += 4
			flags, k, v, err = pg.leaf(i)
		} else {
			k, _, err = pg.branch(i)
		}
		switch {
		case err != nil:
			return 0, err
		case at+int(native.Uint32(pg.b[pos:])) != end:
			return 0, damaged("element %d is not behind the one before", i)
		case flags != 0 && flags != bucketFlag:
			return 0, damaged("element %d has flags %#x", i, flags)
		case len(k) == 0 || i > 0 && bytes.Compare(last, k) >= 0:
			return 0, damaged("key %x after %x", k, last)
		}
		last = k
		end += len(k) + len(v)
	}
	if end > len(pg.b) {
		return 0, damaged("%d elements of %d bytes in %d", pg.count, end, len(pg.b))
	}
	return end, nil
}

func (p *pager) read(at int64) error {
	if n, err := p.r.ReadAt(p.buf, at); n < len(p.buf) {
		if err == io.EOF {
			return damaged("file ends in page at %d", at)
		}
		return err
	}
	return nil
}

// branch returns the key and the page of a branch element.
func (pg page) branch(i int) (key []byte, id uint64, err error) {
	at := pageHeader + i*elemSize
	if at+elemSize > len(pg.b) {
		return nil, 0, damaged("branch element %d outside its page", i)
	}
	e := pg.b[at:]
	key, ok := cut(e, native.Uint32(e), native.Uint32(e[4:]))
	if !ok {
		return nil, 0, damaged("branch element %d reaches outside its page", i)
	}
	return key, native.Uint64(e[8:]), nil
}

// leaf returns the flags, key and value of a leaf element.
func (pg page) leaf(i int) (flags uint32, key, value []byte, err error) {
	at := pageHeader + i*elemSize
	if at+elemSize > len(pg.b) {
		return 0, nil, nil, damaged("leaf element %d outside its page", i)
	}
	e := pg.b[at:]
	pos, ksize := native.Uint32(e[4:]), native.Uint32(e[8:])
	key, ok := cut(e, pos, ksize)
	if !ok {
		return 0, nil, nil, damaged("leaf element %d reaches outside its page", i)
	}
	if value, ok = cut(e[pos+ksize:], 0, native.Uint32(e[12:])); !ok {
		return 0, nil, nil, damaged("leaf element %d reaches outside its page", i)
	}
	return native.Uint32(e), key, value, nil
}

// cut returns n bytes of b from pos, and false if b is too short.
func cut(b []byte, pos, n uint32) ([]byte, bool) {
	if uint64(pos)+uint64(n) > uint64(len(b)) {
		return nil, false
	}
	return b[pos : pos+n : pos+n], true
}

// find goes down from a root page to the leaf where key belongs and returns the
// element with that key: found is false if there is none. All pages on the way
// are checked, so that bbolt, which goes the same way, meets no loop.
func (p *pager) find(root uint64, key []byte) (value []byte, flags uint32, found bool, err error) {
	var first []byte
	for range maxDepth {
		pg, err := p.page(root, branchFlag|leafFlag)
		if err == nil {
			err = pg.startsWith(first)
		}
		if err != nil {
			return nil, 0, false, err
		}
		if pg.flags == leafFlag {
			value, flags, found = pg.find(key)
			return value, flags, found, nil
		}
		for i := range pg.count {
			k, id, err := pg.branch(i)
			if err != nil {
				return nil, 0, false, err
			}
			if i == 0 || bytes.Compare(k, key) <= 0 {
				root, first = id, k
			}
		}
		first = bytes.Clone(first)
	}
	return nil, 0, false, damaged("more than %d pages from root to leaf", maxDepth)
}

// startsWith checks that a page is the one its parent means, which knows its
// first key; nil stands for no parent. (bbolt keeps this so as long as nothing is
// deleted.)
func (pg page) startsWith(key []byte) error {
	if key == nil {
		return nil
	}
	var first []byte
	var err error
	if pg.flags == leafFlag {
		_, first, _, err = pg.leaf(0)
	} else {
		first, _, err = pg.branch(0)
	}
	if err == nil && !bytes.Equal(first, key) {
		err = damaged("page starts with %x, its parent says %x", first, key)
	}
	return err
}

// find looks for a key in a leaf page whose layout was checked.
func (pg page) find(key []byte) (value []byte, flags uint32, found bool) {
	for i := range pg.count {
		f, k, v, err := pg.leaf(i)
		if err == nil && bytes.Equal(k, key) {
			return v, f, true
		}
	}
	return nil, 0, false
}
