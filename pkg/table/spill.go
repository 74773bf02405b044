package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"

	"ams/pkg/packed"
)

// frameBytes is how much of rows is compressed at once: some twenty sessions are on their way at a time.
const frameBytes = 128 << 10

// spill keeps rows on disk until their part is written: an import over two years has parts for 700 days open at once. Its
// file has no name from the start, so that a crash leaves none (on Windows it has one until close). Safe for concurrent use.
type spill struct {
	file *os.File
	bufs sync.Pool // of *buffers

	mu  sync.Mutex
	end int64
}

// frame is where some rows lie.
type frame struct {
	at  int64
	len int
}

func newSpill() (*spill, error) {
	f, err := os.CreateTemp("", "ams-tables-*") // of mode 0600
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name())
	return &spill{file: f}, nil
}

func (s *spill) close() {
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
}

// add keeps rows and returns where, and how many they are.
func add[R row](s *spill, rows iter.Seq2[*R, error]) ([]frame, int, error) {
	a := s.adder()
	defer a.close()
	for r, err := range rows {
		if err == nil {
			err = a.add(r)
		}
		if err != nil {
			return nil, 0, err
		}
	}
	err := a.flush()
	return a.frames, a.n, err
}

// adder keeps rows one by one. Flush it after the last, then close it.
type adder struct {
	spill *spill
	*buffers
	frames []frame
	n      int
}

// buffers hold rows, and those rows compressed.
type buffers struct{ buf, small []byte }

// How rows lie in a frame: each its length, and packed. JSON took a third of what an import takes for the tables.
const rowHead = 4

var (
	packedSessions = packed.For[Session]()
	packedEvents   = packed.For[Event]()
)

// errSpill says that a spill does not hold what was put there.
var errSpill = errors.New("they are damaged")

// unpack reads the first row of a frame, and returns what follows. The row's texts lie in the frame.
func unpack(frame []byte, row any) (rest []byte, err error) {
	if len(frame) < rowHead || uint64(binary.LittleEndian.Uint32(frame)) > uint64(len(frame)-rowHead) {
		return nil, errSpill
	}
	end := rowHead + int(binary.LittleEndian.Uint32(frame))
	switch r := row.(type) {
	case *Session:
		err = packedSessions.Unpack(frame[rowHead:end], r)
	case *Event:
		err = packedEvents.Unpack(frame[rowHead:end], r)
	}
	return frame[end:], err
}

func (s *spill) adder() *adder {
	b, ok := s.bufs.Get().(*buffers)
	if !ok {
		b = new(buffers)
	}
	return &adder{spill: s, buffers: b}
}

func (a *adder) close() {
	if a.buf = a.buf[:0]; cap(a.buf) < 2*frameBytes {
		a.spill.bufs.Put(a.buffers)
	}
}

func (a *adder) add(row any) error {
	a.n++
	begin := len(a.buf) + rowHead
	a.buf = append(a.buf, make([]byte, rowHead)...)
	switch r := row.(type) {
	case *Session:
		a.buf = packedSessions.Append(a.buf, r)
	case *Event:
		a.buf = packedEvents.Append(a.buf, r)
	default:
		panic(fmt.Sprintf("a %T is no row", row))
	}
	binary.LittleEndian.PutUint32(a.buf[begin-rowHead:], uint32(len(a.buf)-begin))
	if len(a.buf) < frameBytes {
		return nil
	}
	return a.flush()
}

func (a *adder) flush() error {
	if len(a.buf) == 0 {
		return nil
	}
	a.small = s2.Encode(a.small[:cap(a.small)], a.buf)
	f, err := a.spill.write(a.small)
	a.frames, a.buf = append(a.frames, f), a.buf[:0]
	return err
}

func (s *spill) write(b []byte) (frame, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := frame{s.end, len(b)}
	if _, err := s.file.WriteAt(b, f.at); err != nil {
		return f, err
	}
	s.end += int64(f.len)
	return f, nil
}

// kept are the rows of frames, in their order.
func kept[R row](s *spill, frames []frame) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) {
		var small, rows []byte
		for _, f := range frames {
			small = slices.Grow(small[:0], f.len)[:f.len]
			_, err := s.file.ReadAt(small, f.at)
			if err == nil || err == io.EOF {
				rows, err = s2.Decode(nil, small)
			}
			if err != nil {
				yield(nil, fmt.Errorf("read rows back: %w", err))
				return
			}
			for rest := rows; len(rest) > 0; {
				r := new(R)
				if rest, err = unpack(rest, r); err != nil {
					yield(nil, fmt.Errorf("read rows back: %w", err))
					return
				}
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}
