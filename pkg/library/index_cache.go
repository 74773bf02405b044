package library

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"ams/pkg/packed"
	"ams/pkg/safefile"
	"ams/pkg/schema"
	"ams/pkg/upload"
)

// The cache is a file of entries, appended in one write each time that something was read:
//
//	magic    "amsindex2 ", the shape of what a record is packed as in 16 hex digits, "\n"
//	entry    length of key 4, of version 4, of body 4, CRC-32 (IEEE) of the rest 4, key, version, body; numbers big endian
//
// A body is packed, the record as [records] keeps it, or raw, what the store gave and no list can show; its first byte
// tells. Of several entries of one key the last counts. Whatever does not add up ends the reading, and the file is written anew: by another process
// at work, a crash or a full disk, no more is lost than time. Mode 0600 in a folder of 0700: index records hold titles and prompts.
//
// Changes: format 1, the first, kept the JSON of a record, which took five times as long to read.
var magic = fmt.Sprintf("amsindex2 %016x\n", records.Shape())

// records packs index records, which every list reads.
var records = packed.For[schema.Summary]()

// keptMagic begins a file that keeps one object, see encodeKept.
const keptMagic = "amsindex1\n"

// What the body of an entry is, its first byte.
const (
	asPacked = 'p'
	asRaw    = 'r'
)

// maxEntry bounds an entry: a record has one or two kilobytes, and an object of a store as much as a store takes.
const maxEntry = 16 << 20

// waste is how many times more entries than records the file may hold before it is written anew.
const waste = 2

type entry struct {
	key, version string
	body         []byte
}

// newEntry is the entry of an index record as the store gave it.
func newEntry(key, version string, body []byte) entry {
	if sum, err := decodeRecord(key, body); err == nil {
		return entry{key, version, records.Append([]byte{asPacked}, sum)}
	}
	return entry{key, version, append([]byte{asRaw}, body...)}
}

// tell decodes the index record of the entry into sum, if it is not nil; nothing where what is kept is none of its key.
func (e entry) tell(sum *schema.Summary) told {
	if len(e.body) == 0 {
		return told{}
	}
	if e.body[0] != asPacked {
		sum, err := decodeRecord(e.key, e.body[1:])
		return told{sum, err}
	}
	if sum == nil {
		sum = new(schema.Summary)
	}
	if records.Unpack(e.body[1:], sum) != nil || sum.StartTime.IsZero() || !names(e.key, sum.SessionID) {
		return told{}
	}
	return told{sum: sum}
}

// maxCache bounds the file: a million records. A larger one is thrown away.
const maxCache = 2 << 30

// cacheRules are what the file must be like to be believed.
func cacheRules() safefile.Rules { return safefile.Rules{Owner: safefile.Me(), MaxBytes: maxCache} }

type cache struct {
	path    string
	entries map[string]entry
	count   int  // entries in the file, old versions among them
	whole   bool // the file can be appended to
}

// openCache reads the cache, empty where there is none that can be read.
func openCache(path string) *cache {
	c := &cache{path: path, entries: map[string]entry{}}
	if path == "" {
		return c
	}
	b, err := safefile.Read(path, cacheRules())
	if err != nil || !bytes.HasPrefix(b, []byte(magic)) {
		return c
	}
	c.whole = true
	for b = b[len(magic):]; len(b) > 0; c.count++ {
		e, rest, ok := readEntry(b)
		if !ok {
			c.whole = false
			break
		}
		c.entries[e.key] = e
		b = rest
	}
	return c
}

func readEntry(b []byte) (e entry, rest []byte, ok bool) {
	if len(b) < 16 {
		return e, nil, false
	}
	key, version, body := uint64(binary.BigEndian.Uint32(b)), uint64(binary.BigEndian.Uint32(b[4:])), uint64(binary.BigEndian.Uint32(b[8:]))
	sum, b := binary.BigEndian.Uint32(b[12:]), b[16:]
	size := key + version + body
	if size > maxEntry || size > uint64(len(b)) || crc32.ChecksumIEEE(b[:size]) != sum {
		return e, nil, false
	}
	return entry{key: text(b[:key]), version: text(b[key : key+version]), body: b[key+version : size : size]}, b[size:], true
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
	binary.BigEndian.PutUint32(b[at+12:], crc32.ChecksumIEEE(b[at+16:]))
	return b
}

// forgetRecord takes a session out of the cache at path, whatever became of it in the store.
func forgetRecord(path, name string) {
	c := openCache(path)
	key := upload.IndexKey(name)
	if _, ok := c.entries[key]; ok {
		delete(c.entries, key)
		c.rewrite()
	}
}

// drop forgets what the store has no longer: what was removed there must not stay here.
func (c *cache) drop(live []object) {
	for key := range c.entries {
		if _, ok := slices.BinarySearchFunc(live, key, func(o object, key string) int { return strings.Compare(o.key, key) }); !ok {
			delete(c.entries, key)
			c.whole = false
		}
	}
}

// put keeps what was read. live is how many records the store has.
func (c *cache) put(fresh []entry, live int) {
	for _, e := range fresh {
		c.entries[e.key] = e
	}
	if c.path == "" || len(fresh) == 0 && c.whole && c.count <= waste*live+1000 {
		return
	}
	if !c.whole || c.count+len(fresh) > waste*live+1000 {
		c.rewrite()
		return
	}
	var b []byte
	for _, e := range fresh {
		if len(e.key)+len(e.version)+len(e.body) <= maxEntry {
			b = appendEntry(b, e)
		}
	}
	_ = safefile.Append(c.path, b, cacheRules()) // a part of it, on a full disk, is found out the next time
}

// rewrite makes the file anew. Its errors cost time alone.
func (c *cache) rewrite() {
	if os.MkdirAll(filepath.Dir(c.path), 0o700) != nil {
		return
	}
	_ = safefile.WriteFrom(c.path, safefile.WriteOptions{Unsynced: true}, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<20)
		_, err := out.WriteString(magic)
		for _, e := range c.entries {
			if err == nil && len(e.key)+len(e.version)+len(e.body) <= maxEntry {
				_, err = out.Write(appendEntry(nil, e))
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
