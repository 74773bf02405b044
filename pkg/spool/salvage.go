package spool

import (
	"bytes"
	"io"
	"os"
)

// salvage returns what can be read of a file that is damaged: an inbox file, or
// every record with a right checksum on any page of a database, reachable or
// not. Records are never changed nor removed from a spool, so an old copy of a
// page holds nothing that must not be there.
func salvage(f *os.File) (content, error) {
	st, err := f.Stat()
	if err != nil {
		return content{}, err
	}
	if st.Size() <= maxInboxFile {
		b := make([]byte, st.Size())
		if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
			return content{}, err
		}
		if rec, err := decodeInbox(b); err == nil {
			return content{recs: []Record{rec}}, nil
		}
	}
	size := int64(pageSize)
	if p, err := newPager(f, st.Size()); err == nil {
		size = p.meta.pageSize
	}
	s := salvager{r: f, fileSize: st.Size(), pageSize: size, found: map[Key]found{}, contexts: map[contextID][]byte{}}
	if err := s.scan(); err != nil {
		return content{}, err
	}
	return s.content(), nil
}

type found struct {
	rec     Record
	context contextID
}

type salvager struct {
	r                  io.ReaderAt
	fileSize, pageSize int64
	found              map[Key]found
	contexts           map[contextID][]byte
	sessionID          string
}

// maxSalvage bounds the bytes of one page with its overflow.
const maxSalvage = maxInboxFile

func (s *salvager) scan() error {
	head := make([]byte, pageHeader)
	for at := int64(0); at < s.fileSize; at += s.pageSize {
		n, err := s.r.ReadAt(head, at)
		if err != nil && err != io.EOF {
			return err
		}
		if n < len(head) || native.Uint16(head[8:]) != leafFlag || native.Uint64(head) != uint64(at/s.pageSize) {
			continue
		}
		length := (int64(native.Uint32(head[12:])) + 1) * s.pageSize
		length = min(length, s.fileSize-at, maxSalvage)
		b := make([]byte, length)
		if n, err := s.r.ReadAt(b, at); err != nil && err != io.EOF {
			return err
		} else {
			b = b[:n]
		}
		s.leaves(page{b: b, count: int(native.Uint16(head[10:]))}, 0)
	}
	return nil
}

// leaves takes what is whole out of a leaf page, and out of pages inside it.
func (s *salvager) leaves(pg page, depth int) {
	for i := range pg.count {
		flags, k, v, err := pg.leaf(i)
		if err != nil {
			continue
		}
		if len(k) == len(Key{}) {
			if rec, id, err := decodeValue(Key(k), v); err == nil {
				s.found[rec.Key] = found{rec, id}
				continue
			}
		}
		switch {
		case flags&bucketFlag != 0:
			if len(v) > bucketSize+pageHeader && native.Uint64(v) == 0 && depth == 0 {
				b := v[bucketSize:]
				s.leaves(page{b: b, count: int(native.Uint16(b[10:]))}, depth+1)
			}
		case len(k) == len(contextID{}):
			s.contexts[contextID(k)] = bytes.Clone(v)
		case bytes.Equal(k, keySession):
			s.sessionID = string(v)
		}
	}
}

func (s *salvager) content() content {
	c := content{sessionID: s.sessionID}
	for _, f := range s.found {
		// A context is what its id says, or its neighbour by collision.
		if context, ok := s.contexts[f.context]; ok {
			f.rec.Context = context
		}
		c.recs = append(c.recs, f.rec)
	}
	sortRecords(c.recs)
	return c
}
