package web

import (
	"bytes"
	"encoding/binary"

	"github.com/klauspost/compress/s2"

	"ams/pkg/packed"
	"ams/pkg/schema"
)

// parts are what an index record is cut into, so that whoever goes through a hundred thousand of them reads no more than
// he asks for: most of a record are its lists of names.
type parts uint8

const (
	partHead  parts = 0 // what has one value, and short lists; it is always there
	partNames parts = 1 // tools, agents and signals
	partRest  parts = 2 // sums by model and day, skills, files, metadata
	partAll         = partNames | partRest

	partsCount = 3
)

// named is the second part of a record.
type named struct {
	Tools   map[string]schema.ToolCount
	Agents  map[string]schema.AgentSums
	Signals map[schema.SignalKind]int
}

// others is the third.
type others struct {
	Metadata map[string]schema.Raw
	PerModel map[string]schema.CallSums
	PerDay   map[string]schema.CallSums
	Skills   map[string]schema.ToolCount
	Files    map[string]schema.FileCount
}

var (
	heads    = packed.For[schema.Summary]()
	nameds   = packed.For[named]()
	otherses = packed.For[others]()
)

// block is the records of some sessions, part by part: each with its length before it, and all of them compressed, as
// sessions have most names in common.
type block struct {
	parts   [partsCount][]byte
	records int
}

// blockRecords is how many records a block has: more are smaller together, and take longer where one is wanted.
const blockRecords = 64

// filling is the block that records go into.
type filling struct {
	block  *block
	raw    [partsCount][]byte
	packed [partsCount][]byte // the record that was packed last

	scratch []byte
}

// pack cuts a record into its parts, and returns the size of it.
func (f *filling) pack(sum *schema.Summary) int {
	first := *sum
	second := named{first.Tools, first.Agents, first.Signals}
	third := others{first.Metadata, first.PerModel, first.PerDay, first.Skills, first.Files}
	first.Tools, first.Agents, first.Signals = nil, nil, nil
	first.Metadata, first.PerModel, first.PerDay, first.Skills = nil, nil, nil, nil
	if first.Files != nil {
		first.Files = map[string]schema.FileCount{} // a record that has none at all is an older one
	}
	f.packed[0] = heads.Append(f.packed[0][:0], &first)
	f.packed[1] = nameds.Append(f.packed[1][:0], &second)
	f.packed[2] = otherses.Append(f.packed[2][:0], &third)
	return len(f.packed[0]) + len(f.packed[1]) + len(f.packed[2])
}

// keep puts the record that was packed last into a block.
func (f *filling) keep() (b *block, at int) {
	if f.block == nil {
		f.block = &block{}
	}
	b, at = f.block, f.block.records
	for n, p := range f.packed {
		f.raw[n] = append(binary.AppendUvarint(f.raw[n], uint64(len(p))), p...)
	}
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
	for n := range f.raw {
		f.scratch = s2.EncodeBetter(f.scratch[:cap(f.scratch)], f.raw[n])
		f.block.parts[n] = bytes.Clone(f.scratch)
		f.raw[n] = f.raw[n][:0]
	}
	f.block = nil
}

// reader reads the records of blocks, one after the other. What it gives is its own until the next.
type reader struct {
	want parts
	raw  [partsCount][]byte // buffers
	left [partsCount][]byte

	sum   schema.Summary
	named named
	rest  others
	none  map[string]schema.FileCount
}

func (r *reader) open(b *block, want parts) {
	r.want = want
	for n := range b.parts {
		if n == 0 || want&parts(n) != 0 {
			r.raw[n], _ = s2.Decode(r.raw[n][:cap(r.raw[n])], b.parts[n]) // this program encoded it
			r.left[n] = r.raw[n]
		}
	}
}

// next is the next record, or nothing for one that is passed over.
func (r *reader) next(read bool) *schema.Summary {
	one := r.cut(0)
	second, third := r.cut(1), r.cut(2)
	if !read {
		return nil
	}
	// What was packed by this program can be unpacked.
	sum := &r.sum
	sum.Files = r.none
	_ = heads.Unpack(one, sum)
	r.none = sum.Files
	if r.want&partNames != 0 {
		_ = nameds.Unpack(second, &r.named)
		sum.Tools, sum.Agents, sum.Signals = r.named.Tools, r.named.Agents, r.named.Signals
	}
	if r.want&partRest != 0 {
		_ = otherses.Unpack(third, &r.rest)
		sum.Metadata, sum.PerModel, sum.PerDay, sum.Skills, sum.Files = r.rest.Metadata, r.rest.PerModel, r.rest.PerDay, r.rest.Skills, r.rest.Files
	}
	return sum
}

// cut takes the next record's part.
func (r *reader) cut(n int) []byte {
	if n != 0 && r.want&parts(n) == 0 {
		return nil
	}
	size, used := binary.Uvarint(r.left[n])
	one := r.left[n][used : used+int(size)]
	r.left[n] = r.left[n][used+int(size):]
	return one
}
