package catalog

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
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
	b, err := os.ReadFile(path)
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

// Forget takes a session out of the cache at path, whatever became of it in the store.
func Forget(path, name string) {
	c := openCache(path)
	if _, ok := c.entries[Prefix+name+".json"]; ok {
		delete(c.entries, Prefix+name+".json")
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
	f, err := os.OpenFile(c.path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.Write(b) // a part of it, on a full disk, is found out the next time
}

// rewrite makes the file anew. Its errors cost time alone.
func (c *cache) rewrite() {
	if os.MkdirAll(filepath.Dir(c.path), 0o700) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(c.path), ".index-*")
	if err != nil {
		return
	}
	defer os.Remove(f.Name())
	out := bufio.NewWriterSize(f, 1<<20)
	_, err = out.WriteString(magic)
	for _, e := range c.entries {
		if err == nil && len(e.key)+len(e.version)+len(e.body) <= maxEntry {
			_, err = out.Write(appendEntry(nil, e))
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if f.Close() == nil && err == nil {
		_ = os.Rename(f.Name(), c.path)
	}
}
