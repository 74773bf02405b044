package table

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"os"
	"sync"

	"ams/pkg/lax"

	"github.com/klauspost/compress/zstd"
)

// frameBytes is how much of rows is compressed at once.
const frameBytes = 1 << 20

// maxFrame bounds a frame unpacked: frameBytes and one row, which has a few texts and names of a client's own.
const maxFrame = 64 << 20

// spill keeps rows on disk until their part is written: an import over two years has parts for 700 days open at once. Its
// file has no name from the start, so that a crash leaves none (on Windows it has one until close). Safe for concurrent use.
type spill struct {
	file *os.File
	enc  *zstd.Encoder
	dec  *zstd.Decoder

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
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(frameBytes))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFrame))
	if err != nil {
		return nil, err
	}
	return &spill{file: f, enc: enc, dec: dec}, nil
}

func (s *spill) close() {
	s.dec.Close()
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
}

// add keeps rows and returns where, and how many they are.
func add[R row](s *spill, rows iter.Seq2[*R, error]) ([]frame, int, error) {
	a := adder{spill: s}
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

// adder keeps rows one by one. Flush it after the last.
type adder struct {
	spill  *spill
	buf    []byte
	frames []frame
	n      int
}

func (a *adder) add(row any) error {
	line, err := lax.Sparse(row)
	if err != nil {
		return err
	}
	a.n++
	if a.buf = append(append(a.buf, line...), '\n'); len(a.buf) < frameBytes {
		return nil
	}
	return a.flush()
}

func (a *adder) flush() error {
	if len(a.buf) == 0 {
		return nil
	}
	f, err := a.spill.write(a.spill.enc.EncodeAll(a.buf, nil))
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
		for _, f := range frames {
			packed := make([]byte, f.len)
			_, err := s.file.ReadAt(packed, f.at)
			var lines []byte
			if err == nil || err == io.EOF {
				lines, err = s.dec.DecodeAll(packed, nil)
			}
			if err != nil {
				yield(nil, fmt.Errorf("read rows back: %w", err))
				return
			}
			for line := range bytes.Lines(lines) {
				r := new(R)
				if err := lax.Unmarshal(line, r); err != nil {
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
