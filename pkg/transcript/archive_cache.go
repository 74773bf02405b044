package transcript

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// The cache of an Archive is one file:
//
//	"AMS-IDS1"  CRC-32C of the rest, 4 bytes little endian
//	when every file was looked at, flags (1 unsettled), count of folders; of each: path, change time, count of files; of each file:
//	  name, size, change time, owner, flags (1 gone, 2 held), family, ids
//	  and if held: session, first time, count of lines; of each: id, time, flags (1 named, 2 owner)
//
// Numbers are varints, texts have their length before them, ids are a count and 8 bytes each. It is written whole, aside, synced and
// renamed; what does not fit its checksum is as good as none. Changes: version 1, the first.
const (
	cacheMagic = "AMS-IDS1"
	cacheHead  = len(cacheMagic) + 4
	// maxCache is more than 25 million lines take. A larger file is not ours.
	maxCache = 1 << 29
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Save writes the cache if enough changed since it was read.
func (a *Archive) Save() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cache == "" || !a.changed && a.rescanned < worthSaving {
		return nil
	}
	body := a.encode()
	err := os.MkdirAll(filepath.Dir(a.cache), 0o700)
	var temp *os.File
	if err == nil {
		temp, err = os.CreateTemp(filepath.Dir(a.cache), ".ids-*")
	}
	if err == nil {
		defer os.Remove(temp.Name())
		_, err = temp.Write(body)
		if err == nil {
			err = temp.Sync()
		}
		if closed := temp.Close(); err == nil {
			err = closed
		}
		if err == nil {
			err = os.Rename(temp.Name(), a.cache)
		}
	}
	if err != nil {
		return fmt.Errorf("keep what is known of transcripts: %w", err)
	}
	a.changed, a.rescanned = false, 0
	return nil
}

func (a *Archive) encode() []byte {
	families := map[*family]uint64{nil: 0}
	size := 1 << 10
	for f := range a.all {
		size += len(f.path) + len(f.ids) + 64
	}
	b := append(append(make([]byte, 0, size), cacheMagic...), 0, 0, 0, 0)
	b = append(binary.AppendVarint(b, a.complete), flag(a.unsettled, 1))
	b = binary.AppendUvarint(b, uint64(len(a.folders)))
	for _, path := range slices.Sorted(maps.Keys(a.folders)) {
		dir := a.folders[path]
		b = appendText(b, path)
		b = binary.AppendVarint(b, dir.modTime)
		b = binary.AppendUvarint(b, uint64(len(dir.files)))
		for _, name := range slices.Sorted(maps.Keys(dir.files)) {
			f := dir.files[name]
			if _, ok := families[f.family]; !ok {
				families[f.family] = uint64(len(families))
			}
			b = f.append(appendText(b, name), families[f.family])
		}
	}
	binary.LittleEndian.PutUint32(b[len(cacheMagic):], crc32.Checksum(b[cacheHead:], castagnoli))
	return b
}

func (f *mainFile) append(b []byte, family uint64) []byte {
	b = binary.AppendVarint(b, f.size)
	b = binary.AppendVarint(b, f.modTime)
	b = binary.AppendVarint(b, int64(f.uid))
	b = append(b, flag(f.gone, 1)|flag(f.held != nil, 2))
	b = binary.AppendUvarint(b, family)
	b = append(binary.AppendUvarint(b, uint64(len(f.ids)/8)), f.ids...)
	if f.held == nil {
		return b
	}
	b = binary.AppendVarint(appendText(b, f.held.session), f.held.begun)
	b = binary.AppendUvarint(b, uint64(len(f.held.lines)))
	for _, line := range f.held.lines {
		b = binary.AppendVarint(binary.LittleEndian.AppendUint64(b, line.id), line.at)
		b = append(b, flag(line.named, 1)|flag(line.owner, 2))
	}
	return b
}

func flag(set bool, bit byte) byte {
	if set {
		return bit
	}
	return 0
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// load reads the cache; whatever is wrong with it, the Archive is empty then.
func (a *Archive) load() {
	info, err := os.Stat(a.cache)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxCache {
		return
	}
	b, err := os.ReadFile(a.cache)
	if err != nil || len(b) < cacheHead || string(b[:len(cacheMagic)]) != cacheMagic ||
		binary.LittleEndian.Uint32(b[len(cacheMagic):]) != crc32.Checksum(b[cacheHead:], castagnoli) {
		return
	}
	r := cacheReader{b: b[cacheHead:]}
	complete, flags, folders := r.number(), r.byte(), r.folders()
	if !r.bad && len(r.b) == 0 {
		a.complete, a.unsettled, a.folders = complete, flags&1 != 0, folders
	}
}

// cacheReader reads the body of a cache; bad says that it does not hold what it should.
type cacheReader struct {
	b        []byte
	bad      bool
	families map[uint64]*family
}

func (r *cacheReader) folders() map[string]*folder {
	r.families = map[uint64]*family{}
	out := map[string]*folder{}
	for range r.count(1) {
		dir := &folder{path: r.text(), modTime: r.number(), files: map[string]*mainFile{}}
		out[dir.path] = dir
		for range r.count(1) {
			name := r.text()
			dir.files[name] = r.file(filepath.Join(dir.path, name))
		}
	}
	return out
}

func (r *cacheReader) file(path string) *mainFile {
	f := &mainFile{path: path, size: r.number(), modTime: r.number(), uid: int(r.number())}
	flags := r.byte()
	f.gone = flags&1 != 0
	if n := r.unsigned(); n > 0 {
		if r.families[n] == nil {
			r.families[n] = &family{}
		}
		f.family = r.families[n]
		f.family.members = append(f.family.members, f)
	}
	f.ids = r.take(8 * r.count(8))
	if flags&2 != 0 {
		f.held = &held{session: r.text(), begun: r.number()}
		f.held.lines = make([]heldLine, r.count(8))
		for i := range f.held.lines {
			line := heldLine{id: r.id(), at: r.number()}
			flags := r.byte()
			line.named, line.owner = flags&1 != 0, flags&2 != 0
			f.held.lines[i] = line
		}
	}
	return f
}

// take is the next n bytes.
func (r *cacheReader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return make([]byte, 8)
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *cacheReader) id() uint64 { return binary.LittleEndian.Uint64(r.take(8)) }

func (r *cacheReader) byte() byte { return r.take(1)[0] }

func (r *cacheReader) unsigned() uint64 {
	n, used := binary.Uvarint(r.b)
	if used <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[used:]
	return n
}

func (r *cacheReader) number() int64 {
	n, used := binary.Varint(r.b)
	if used <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[used:]
	return n
}

// count is a number of things that take at least so many bytes each: it can't be more than the rest of the cache holds.
func (r *cacheReader) count(bytesEach uint64) uint64 {
	n := r.unsigned()
	if n > math.MaxInt32 || n*bytesEach > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return 0
	}
	return n
}

func (r *cacheReader) text() string {
	n := r.unsigned()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return ""
	}
	return string(r.take(n))
}
