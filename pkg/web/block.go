package web

import (
	"bytes"
	"encoding/binary"

	"github.com/klauspost/compress/s2"

	"ams/pkg/packed"
	"ams/pkg/query"
	"ams/pkg/schema"
)

// packedRecords packs index records. Whoever goes through a hundred thousand of them reads no more maps of each than needed,
// which are most of it: by the codec that [packed.Codec.Only] gives.
var packedRecords = packed.For[schema.Summary]()

// mapsOf are the maps of a record that a search asks for.
func mapsOf(s *query.Search) (names []string) {
	for _, queries := range [][]query.Query{s.All, s.Not} {
		for i := range queries {
			names = append(names, queries[i].Maps()...)
		}
	}
	return names
}

// block is the records of some sessions, each with its length before it, and all of them compressed, as sessions have most
// names in common.
type block struct {
	packed  []byte
	records int
}

// blockRecords is how many records a block has: more are smaller together, and take longer where one is wanted.
const blockRecords = 64

// filling is the block that records go into.
type filling struct {
	block *block
	raw   []byte
	last  []byte // the record that was packed last

	scratch []byte
}

// pack packs a record, and returns its size.
func (f *filling) pack(sum *schema.Summary) int {
	f.last = packedRecords.Append(f.last[:0], sum)
	return len(f.last)
}

// keep puts the record that was packed last into a block.
func (f *filling) keep() (b *block, at int) {
	if f.block == nil {
		f.block = &block{}
	}
	b, at = f.block, f.block.records
	f.raw = append(binary.AppendUvarint(f.raw, uint64(len(f.last))), f.last...)
	if b.records++; b.records == blockRecords {
		f.close()
	}
	return b, at
}

// close ends the block.
func (f *filling) close() {
	if f.block == nil {
		return
	}
	f.scratch = s2.EncodeBetter(f.scratch[:cap(f.scratch)], f.raw)
	f.block.packed = bytes.Clone(f.scratch) // no longer than it is
	f.raw, f.block = f.raw[:0], nil
}

// reader reads the records of blocks, one after the other. What it gives is its own until the next.
type reader struct {
	codec *packed.Codec[schema.Summary]
	raw   []byte
	left  []byte
	sum   schema.Summary
}

func newReader(maps []string) *reader { return &reader{codec: packedRecords.Only(maps...)} }

func (r *reader) open(b *block) {
	r.raw, _ = s2.Decode(r.raw[:cap(r.raw)], b.packed) // this program encoded it
	r.left = r.raw
}

// next is the next record, or nothing for one that is passed over.
func (r *reader) next(read bool) *schema.Summary {
	size, used := binary.Uvarint(r.left)
	one := r.left[used : used+int(size)]
	r.left = r.left[used+int(size):]
	if !read {
		return nil
	}
	if r.codec.Unpack(one, &r.sum) != nil {
		r.sum = schema.Summary{} // it was packed by this program: this does not happen
	}
	return &r.sum
}
