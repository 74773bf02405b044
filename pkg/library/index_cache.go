package library

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"ams/pkg/safefile"
	"ams/pkg/upload"
)

// The cache is a file of entries, appended in one write each time that something was read:
//
//	magic    "amsindex1\n"
//	entry    length of key 4, of version 4, of body 4, CRC-32 (IEEE) of the rest 4, key, version, body; numbers big endian
//
// Of several entries of one key the last counts. Whatever does not add up ends the reading, and the file is written anew: by another process
// at work, a crash or a full disk, no more is lost than time. Mode 0600 in a folder of 0700: index records hold titles and prompts.
//
// Changes: format 1, the first.
const magic = "amsindex1\n"

// maxEntry bounds an entry: a record has one or two kilobytes, and an object of a store as much as a store takes.
const maxEntry = 16 << 20

// waste is how many times more entries than records the file may hold before it is written anew.
const waste = 2

type entry struct {
	key, version string
	body         []byte
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
	return entry{string(b[:key]), string(b[key : key+version]), b[key+version : size]}, b[size:], true
}

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
func (c *cache) drop(live map[string]string) {
	for key := range c.entries {
		if _, ok := live[key]; !ok {
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
	return appendEntry([]byte(magic), entry{key, version, body})
}

// maxKept bounds what encodeKept gives.
const maxKept = maxEntry + 1<<10

// decodeKept returns the object that a file keeps, false where the file is damaged, or keeps something else.
func decodeKept(file []byte, key, version string) ([]byte, bool) {
	rest, ok := bytes.CutPrefix(file, []byte(magic))
	if !ok {
		return nil, false
	}
	e, rest, ok := readEntry(rest)
	return e.body, ok && len(rest) == 0 && e.key == key && e.version == version
}
