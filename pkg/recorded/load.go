package recorded

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"ams/pkg/spool"
)

// maxPending bounds how many bytes of payloads wait in memory before they go into their spools.
const maxPending = 64 << 20

// Loader puts the lines of dumps back into spools, whatever their order: it sorts them into sessions.
type Loader struct {
	dir     string
	pending map[string][]spool.Record
	bytes   int
	seen    map[[sha256.Size]byte]int // how many records of one session, time and payload there were

	Lines int // read
	Added int // records that were not there yet
}

// NewLoader returns a Loader into a spool folder.
func NewLoader(dir string) *Loader {
	return &Loader{dir: dir, pending: map[string][]spool.Record{}, seen: map[[sha256.Size]byte]int{}}
}

// Load takes all lines of a dump; name is for errors. What it took before an error is kept.
func (l *Loader) Load(in io.Reader, name string) error {
	br := bufio.NewReaderSize(in, 1<<20)
	for n := 1; ; n++ {
		line, err := readLine(br, maxLoadLine)
		if len(line) > 1 {
			if err := l.add(line); err != nil {
				return fmt.Errorf("load %s line %d: %w", name, n, err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("load %s line %d: %w", name, n, err)
		}
	}
}

// maxLoadLine bounds a line of a dump: twice the largest payload, for what JSON or base64 makes of it.
const maxLoadLine = 2 * spool.MaxRaw

var errLineTooLong = errors.New("longer than a dump's lines can be")

// readLine returns the next line with its newline, or errLineTooLong.
func readLine(br *bufio.Reader, most int) ([]byte, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		if len(line)+len(part) > most {
			return nil, fmt.Errorf("%w: more than %d bytes", errLineTooLong, most)
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// add takes one line. What it cannot keep whole is an error: loading half a file in silence would lose records.
func (l *Loader) add(b []byte) error {
	at, rec, err := ParseRecord(b)
	if err != nil {
		return err
	}
	id, _ := spool.SessionID(rec.Raw)
	occurrence := sha256.Sum256(append([]byte(id+"\x00"+at.UTC().String()+"\x00"), rec.Raw...))
	rec.Key = spool.KeyFor(at, rec.Raw, l.seen[occurrence])
	l.seen[occurrence]++
	l.Lines++
	l.pending[id] = append(l.pending[id], rec)
	if l.bytes += len(rec.Raw); l.bytes >= maxPending {
		return l.Flush()
	}
	return nil
}

// Flush puts what was taken and is still held into the spools.
func (l *Loader) Flush() error {
	for id, records := range l.pending {
		n, err := spool.Insert(l.dir, id, records)
		l.Added += n
		if err != nil {
			return fmt.Errorf("load session %s: %w", id, err)
		}
	}
	l.pending, l.bytes = map[string][]spool.Record{}, 0
	return nil
}
