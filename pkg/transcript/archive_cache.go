package transcript

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"

	"ams/pkg/safefile"
)

// The cache of an Archive is one file:
//
//	"AMS-IDS2"  CRC-32C of the head, length of the head, 4 bytes little endian each
//	the head: when every file was looked at, flags (1 unsettled), count of folders; of each: path, change time, count of files; of each file:
//	  name, size, change time, owner, flags (1 gone, 2 held), family, count and CRC-32C of its ids
//	  and if held: session, first time, count of lines; of each: id, time, flags (1 named, 2 owner)
//	the ids of each file in the order of the head, 8 bytes each
//
// Numbers are varints, texts have their length before them. It is written whole, aside, synced and renamed; a head
// that does not fit its checksum is as good as none, and a file whose ids do not fit theirs is read again. Ids are
// read when they are asked for, one file's after another's: all of them at once cost more than all else that an
// opened Archive does. Changes: version 1 had the ids in the head; it is not read, what it knew is found again.
const (
	cacheMagic = "AMS-IDS2"
	cacheHead  = len(cacheMagic) + 8
	// maxHead is more than a million files take, held lines included. A larger head is not ours.
	maxHead = 1 << 28
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
	a.lists.Close() // a nil file says so, and some systems rename over no open file
	a.lists = nil
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

// encode is the cache as it is to be. All ids are in memory then, as the files are no longer kept where they were.
func (a *Archive) encode() []byte {
	families := map[*family]uint64{nil: 0}
	size := 1 << 10
	for f := range a.all {
		f.ids = a.idsOf(f, nil)
		size += len(f.path) + len(f.ids) + 64
	}
	b := append(append(make([]byte, 0, size), cacheMagic...), make([]byte, cacheHead-len(cacheMagic))...)
	b = append(binary.AppendVarint(b, a.complete), flag(a.unsettled, 1))
	b = binary.AppendUvarint(b, uint64(len(a.folders)))
	var lists []idList
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
			lists = append(lists, f.ids)
		}
	}
	head := b[cacheHead:]
	binary.LittleEndian.PutUint32(b[len(cacheMagic):], crc32.Checksum(head, castagnoli))
	binary.LittleEndian.PutUint32(b[len(cacheMagic)+4:], uint32(len(head)))
	for _, ids := range lists {
		b = append(b, ids...)
	}
	return b
}

func (f *mainFile) append(b []byte, family uint64) []byte {
	b = binary.AppendVarint(b, f.size)
	b = binary.AppendVarint(b, f.modTime)
	b = binary.AppendVarint(b, int64(f.uid))
	b = append(b, flag(f.gone, 1)|flag(f.held != nil, 2))
	b = binary.AppendUvarint(b, family)
	b = binary.AppendUvarint(b, uint64(len(f.ids)/8))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(f.ids, castagnoli))
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

// load reads the head of the cache; whatever is wrong with it, the Archive is empty then.
func (a *Archive) load() {
	file, err := safefile.Open(a.cache, safefile.Rules{})
	if err != nil {
		return
	}
	info, err := file.Stat()
	if head, ok := readHead(file); ok && err == nil {
		r := cacheReader{b: head, lists: int64(cacheHead + len(head))}
		complete, flags, folders := r.number(), r.byte(), r.folders()
		if !r.bad && len(r.b) == 0 && r.lists == info.Size() {
			a.complete, a.unsettled, a.folders, a.lists = complete, flags&1 != 0, folders, file
			return
		}
	}
	file.Close()
}

// readHead reads the head of a cache; ok says that it is one.
func readHead(file io.Reader) (head []byte, ok bool) {
	start := make([]byte, cacheHead)
	if _, err := io.ReadFull(file, start); err != nil || string(start[:len(cacheMagic)]) != cacheMagic {
		return nil, false
	}
	sum, size := binary.LittleEndian.Uint32(start[len(cacheMagic):]), int64(binary.LittleEndian.Uint32(start[len(cacheMagic)+4:]))
	if size > maxHead {
		return nil, false
	}
	head, err := io.ReadAll(io.LimitReader(file, size))
	return head, err == nil && int64(len(head)) == size && crc32.Checksum(head, castagnoli) == sum
}

// keptIDs is where the ids of a file are in the cache.
type keptIDs struct {
	at   int64
	size int
	sum  uint32
}

func (f *mainFile) hasIDs() bool { return len(f.ids) > 0 || f.kept.size > 0 }

// idsOf are the ids of a file as they were known last; buf, if any, is room that the next call uses again. The caller
// holds mu.
func (a *Archive) idsOf(f *mainFile, buf *[]byte) idList {
	if f.ids != nil || f.kept.size == 0 || a.lists == nil {
		return f.ids
	}
	var room []byte
	if buf == nil || cap(*buf) < f.kept.size {
		room = make([]byte, f.kept.size)
	} else {
		room = (*buf)[:f.kept.size]
	}
	if buf != nil {
		*buf = room
	}
	if _, err := a.lists.ReadAt(room, f.kept.at); err == nil && crc32.Checksum(room, castagnoli) == f.kept.sum {
		return room
	}
	a.changed = true // what is wrong there is written anew
	f.kept = keptIDs{}
	f.ids = a.owner.idsOf(f, nil)
	return f.ids
}

// cacheReader reads the body of a cache; bad says that it does not hold what it should.
type cacheReader struct {
	b        []byte
	lists    int64 // where the next file's ids are in the cache
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
	if n := r.unsigned(); n > math.MaxInt32/8 {
		r.bad = true
	} else {
		f.kept = keptIDs{at: r.lists, size: int(8 * n)}
	}
	f.kept.sum = binary.LittleEndian.Uint32(r.take(4))
	r.lists += int64(f.kept.size)
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
