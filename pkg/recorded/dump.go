package recorded

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"ams/pkg/spool"
)

// Dump writes the records of a spool as lines, with no more than one of them in memory. read reads the spool, with what
// it is given. The payloads wait in a temporary file, so that the spool's lock is not held while somebody reads the lines.
// What is returned lacks them.
func Dump(w io.Writer, read func(spool.Shorten) (spool.Contents, error)) (spool.Contents, error) {
	p, err := newParked()
	if err != nil {
		return spool.Contents{}, err
	}
	defer p.close()
	contents, err := read(p.park)
	if err != nil {
		return contents, err
	}
	if err := p.flush(); err != nil {
		return contents, err
	}
	for _, r := range contents.Records {
		if r.Raw, err = p.get(r.Raw); err != nil {
			return contents, err
		}
		if err := writeRecord(w, r, nil); err != nil {
			return contents, fmt.Errorf("dump spool %s: %w", contents.Name, err)
		}
	}
	return contents, nil
}

// parked are payloads in a temporary file, which has no name where the system allows that.
type parked struct {
	file *os.File
	w    *bufio.Writer
	size uint64
	err  error
}

// ticketSize is the size of what stands for a payload: its place and its length.
const ticketSize = 16

func newParked() (*parked, error) {
	f, err := os.CreateTemp("", "ams-dump-")
	if err != nil {
		return nil, fmt.Errorf("keep payloads: %w", err)
	}
	_ = os.Remove(f.Name()) // Windows removes it when it is closed, see close
	return &parked{file: f, w: bufio.NewWriterSize(f, 1<<20)}, nil
}

// park takes a payload and returns its ticket.
func (p *parked) park(raw []byte) []byte {
	ticket := make([]byte, 0, ticketSize)
	ticket = binary.BigEndian.AppendUint64(ticket, p.size)
	ticket = binary.BigEndian.AppendUint64(ticket, uint64(len(raw)))
	p.size += uint64(len(raw))
	if p.err == nil {
		_, p.err = p.w.Write(raw)
	}
	return ticket
}

func (p *parked) flush() error {
	if p.err == nil {
		p.err = p.w.Flush()
	}
	if p.err != nil {
		return fmt.Errorf("keep payloads: %w", p.err)
	}
	return nil
}

// get returns the payload of a ticket.
func (p *parked) get(ticket []byte) ([]byte, error) {
	raw := make([]byte, binary.BigEndian.Uint64(ticket[8:]))
	if _, err := p.file.ReadAt(raw, int64(binary.BigEndian.Uint64(ticket))); err != nil {
		return nil, fmt.Errorf("kept payloads: %w", err)
	}
	return raw, nil
}

func (p *parked) close() {
	p.file.Close()
	_ = os.Remove(p.file.Name())
}
