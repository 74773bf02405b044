package library

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"unsafe"

	"ams/pkg/packed"
	"ams/pkg/safefile"
	"ams/pkg/schema"
	"ams/pkg/upload"
)

// The cache is a file of entries, appended while records are read, whole ones in each write:
//
//	magic    "amsindex3 ", the shape of what a record is packed as in 16 hex digits, "\n"
//	entry    length of key 4, of version 4, of body 4, CRC-32 (IEEE) of the rest 4, key, version, body; numbers big endian
//
// A body is packed, the record as [records] keeps it, or raw, what the store gave and no list can show; its first byte
// tells, and of a packed one also what [schema.Summary.Check] says: whoever changes that raises the number of the format. Of
// several entries of one key the first counts that has the version of the store and can be read. Whatever does not add up ends
// the reading, and the file is written anew: by another process at work, a crash or a full disk, no more is lost than time.
// Mode 0600 in a folder of 0700: index records hold titles and prompts.
//
// Changes: format 1 kept the JSON of a record, which took five times as long to read; 2 knew nothing of Check.
var magic = fmt.Sprintf("amsindex3 %016x\n", records.Shape())

// records packs index records, which every list reads.
var records = packed.For[schema.Summary]()

// keptMagic begins a file that keeps one object, see encodeKept.
const keptMagic = "amsindex1\n"

// What the body of an entry is, its first byte.
const (
	asPacked   = 'p'
	asDoubtful = 'd' // packed, and it tells what cannot be true
	asRaw      = 'r'
)

// maxEntry bounds an entry: a record has one or two kilobytes, and an object of a store as much as a store takes.
const maxEntry = 16 << 20

// waste is how many times more entries than records the file may hold before it is written anew.
const waste = 2

type entry struct {
	key, version string
	body         []byte
}

func (e entry) size() int { return len(e.key) + len(e.version) + len(e.body) }

// readRecord tells what an index record holds, as the store gave it.
func readRecord(key string, body []byte) told {
	sum, err := decodeRecord(key, body)
	if err != nil {
		return told{bad: err}
	}
	return told{sum: sum, doubt: sum.Check()}
}

// newEntry is the entry of an index record as the store gave it, and of what it tells.
func newEntry(o object, body []byte, t told) entry {
	if t.bad != nil {
		return entry{o.key, o.version, append([]byte{asRaw}, body...)}
	}
	as := byte(asPacked)
	if t.doubt != nil {
		as = asDoubtful
	}
	return entry{o.key, o.version, records.Append([]byte{as}, t.sum)}
}

// tell decodes the index record of the entry into sum, if it is not nil, as far as the codec reads it; nothing where what is
// kept is none of its key.
func (e entry) tell(sum *schema.Summary, codec *packed.Codec[schema.Summary]) told {
	if len(e.body) == 0 {
		return told{}
	}
	switch e.body[0] {
	case asPacked:
	case asDoubtful:
		codec = records // Check looks at all of it
	default:
		return readRecord(e.key, e.body[1:])
	}
	if sum == nil {
		sum = new(schema.Summary)
	}
	if codec.Unpack(e.body[1:], sum) != nil || sum.StartTime.IsZero() || !names(e.key, sum.SessionID) {
		return told{}
	}
	if e.body[0] == asDoubtful {
		return told{sum: sum, doubt: sum.Check()}
	}
	return told{sum: sum}
}

// maxCache bounds the file: a million records. A larger one is thrown away.
const maxCache = 2 << 30

// cacheRules are what the file must be like to be believed.
func cacheRules() safefile.Rules { return safefile.Rules{Owner: safefile.Me(), MaxBytes: maxCache} }

// cache is the file of a path; with "" it is empty and keeps nothing.
type cache struct{ path string }

// chunkBytes is how much of the file one processor decodes before the next chunk.
const chunkBytes = 64 << 10

// chunk is a part of the file: its bytes, in which the texts of the records lie, and what they tell.
type chunk struct {
	bytes   []byte
	records []found
	torn    bool // nothing after it can be believed
}

// found is an entry of the cache, and what it tells.
type found struct {
	key, version string
	told
}

// decode tells what the entries hold. What the chunk told before it was lent once more is written over.
func (c *chunk) decode(codec *packed.Codec[schema.Summary]) *chunk {
	for e := range c.entries() {
		n := len(c.records)
		c.records = slices.Grow(c.records, 1)[:n+1]
		c.records[n] = found{e.key, e.version, e.tell(c.records[n].sum, codec)}
	}
	return c
}

// entries are those of the chunk. One whose sum is wrong ends them.
func (c *chunk) entries() iter.Seq[entry] {
	return func(yield func(entry) bool) {
		for b := c.bytes; len(b) > 0; {
			e, rest, ok := readEntry(b)
			if !ok {
				c.torn = true
				return
			}
			if !yield(e) {
				return
			}
			b = rest
		}
	}
}

// chunks reads the file, whole entries at a time, into what room gives. The last chunk is torn where not all could be read.
func (c cache) chunks(room func() *chunk) iter.Seq[*chunk] {
	return func(yield func(*chunk) bool) {
		if c.path == "" {
			return
		}
		f, err := safefile.Open(c.path, cacheRules())
		if err != nil {
			yield(&chunk{torn: true})
			return
		}
		defer f.Close()
		in := io.LimitReader(f, maxCache)
		head := make([]byte, len(magic))
		if _, err := io.ReadFull(in, head); err != nil || string(head) != magic {
			yield(&chunk{torn: true})
			return
		}
		var rest []byte // of an entry that ends in the next chunk
		for end := false; !end; {
			next := room()
			rest, end = next.fill(in, rest)
			if !yield(next) {
				return
			}
		}
	}
}

// fill reads the next entries, after the beginning of the first that is read already. It returns the beginning of one whose
// end was not read, and whether it was the last time.
func (c *chunk) fill(in io.Reader, begin []byte) (rest []byte, end bool) {
	size, ok := entrySize(begin)
	c.bytes = append(slices.Grow(c.bytes[:0], max(chunkBytes, size)), begin...)
	n, err := io.ReadFull(in, c.bytes[len(begin):cap(c.bytes)])
	c.bytes = c.bytes[:len(begin)+n]
	at := 0
	for at < len(c.bytes) {
		if size, ok = entrySize(c.bytes[at:]); !ok || size > len(c.bytes)-at {
			break
		}
		at += size
	}
	rest = slices.Clone(c.bytes[at:])
	c.bytes = c.bytes[:at]
	end = err != nil || !ok
	c.torn = end && len(rest) > 0
	return rest, end
}

// headSize is what an entry has before its key.
const headSize = 16

// entrySize is the size of the entry that begins b, headSize at least; false where no entry can be so large.
func entrySize(b []byte) (int, bool) {
	if len(b) < headSize {
		return headSize, true
	}
	size := uint64(binary.BigEndian.Uint32(b)) + uint64(binary.BigEndian.Uint32(b[4:])) + uint64(binary.BigEndian.Uint32(b[8:]))
	return headSize + int(size), size <= maxEntry
}

func readEntry(b []byte) (e entry, rest []byte, ok bool) {
	size, ok := entrySize(b)
	if !ok || size > len(b) || crc32.ChecksumIEEE(b[headSize:size]) != binary.BigEndian.Uint32(b[12:]) {
		return e, nil, false
	}
	key := headSize + int(binary.BigEndian.Uint32(b))
	version := key + int(binary.BigEndian.Uint32(b[4:]))
	return entry{key: text(b[headSize:key]), version: text(b[key:version]), body: b[version:size:size]}, b[size:], true
}

// text is a string that lies in b: what was read of the cache is not changed.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func appendEntry(b []byte, e entry) []byte {
	at := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.key)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.version)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.body)))
	b = append(b, 0, 0, 0, 0)
	b = append(append(append(b, e.key...), e.version...), e.body...)
	binary.BigEndian.PutUint32(b[at+12:], crc32.ChecksumIEEE(b[at+headSize:]))
	return b
}

// forgetRecord takes a session out of the cache at path, whatever became of it in the store.
func forgetRecord(path, name string) {
	c, key := cache{path}, upload.IndexKey(name)
	for part := range c.chunks(func() *chunk { return new(chunk) }) {
		for e := range part.entries() {
			if e.key == key {
				c.rewrite(func(e entry) bool { return e.key != key })
				return
			}
		}
	}
}

// mend makes the file one that can be appended to, where it is not or holds more than it should. news is how many entries come.
func (c cache) mend(x *index, state scanned, news int) {
	tooMany := state.count+news > waste*len(x.objects)+1000
	if c.path == "" || !state.torn && !state.gone && !tooMany {
		return
	}
	wanted := slices.Clone(state.seen)
	c.rewrite(func(e entry) bool { // what was removed from the store must not stay here
		i, ok := x.at[e.key]
		if !ok || !wanted[i] || e.version != x.objects[i].version {
			return false
		}
		wanted[i] = false
		return true
	})
}

// append adds entries to the file. A part of them, on a full disk, is found out the next time.
func (c cache) append(entries []byte) {
	if len(entries) > 0 {
		_ = safefile.Append(c.path, entries, cacheRules())
	}
}

// rewrite makes the file anew, of the entries that stay. Its errors cost time alone.
func (c cache) rewrite(stays func(entry) bool) {
	if os.MkdirAll(filepath.Dir(c.path), 0o700) != nil {
		return
	}
	_ = safefile.WriteFrom(c.path, safefile.WriteOptions{Unsynced: true}, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<20)
		_, err := out.WriteString(magic)
		var b []byte
		part := new(chunk)
		for part = range c.chunks(func() *chunk { return part }) {
			for e := range part.entries() {
				if err == nil && stays(e) {
					b = appendEntry(b[:0], e)
					_, err = out.Write(b)
				}
			}
		}
		return errors.Join(err, out.Flush())
	})
}

// encodeKept is a file that keeps one object of a store, to be believed later by decodeKept only
// as what it is: an entry as in the index cache. The object may be compressed. It is nil where the
// object is too large to be kept.
func encodeKept(key, version string, body []byte) []byte {
	if len(key)+len(version)+len(body) > maxEntry {
		return nil
	}
	return appendEntry([]byte(keptMagic), entry{key, version, body})
}

// maxKept bounds what encodeKept gives.
const maxKept = maxEntry + 1<<10

// decodeKept returns the object that a file keeps, false where the file is damaged, or keeps something else.
func decodeKept(file []byte, key, version string) ([]byte, bool) {
	rest, ok := bytes.CutPrefix(file, []byte(keptMagic))
	if !ok {
		return nil, false
	}
	e, rest, ok := readEntry(rest)
	return e.body, ok && len(rest) == 0 && e.key == key && e.version == version
}
