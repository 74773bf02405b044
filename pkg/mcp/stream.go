package mcp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"ams/pkg/lax"
)

// pending counts the requests of a client that were not answered yet. The protocol's library gives up
// what is at work when its input ends; a script that writes its requests and closes its end wants the
// answers all the same. So the end of the input is told only when all is answered, or after [maxTime]
// in which nothing was.
type pending struct {
	mu      sync.Mutex
	open    int
	changed chan struct{} // is closed and made anew at each answer
}

// message is what tells requests, notifications and answers apart.
type message struct {
	ID     lax.Raw `json:"id"`
	Method string  `json:"method"`
}

func (p *pending) note(line []byte, asks bool) {
	var m message
	if lax.Unmarshal(line, &m) != nil || lax.IsNull(m.ID) || asks != (m.Method != "") {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if asks {
		p.open++
		return
	}
	p.open--
	close(p.changed)
	p.changed = make(chan struct{})
}

// wait returns when all is answered.
func (p *pending) wait(ctx context.Context) {
	for {
		p.mu.Lock()
		open, changed := p.open, p.changed
		p.mu.Unlock()
		if open <= 0 {
			return
		}
		select {
		case <-changed:
		case <-time.After(maxTime + time.Second):
			return
		case <-ctx.Done():
			return
		}
	}
}

// input is a client's side of the stream.
type input struct {
	io.ReadCloser
	ctx     context.Context
	pending *pending
	line    []byte // a line without its end
}

func (in *input) Read(b []byte) (int, error) {
	n, err := in.ReadCloser.Read(b)
	rest := b[:n]
	for {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		in.line = append(in.line, line...)
		if !whole {
			break
		}
		in.pending.note(in.line, true)
		in.line, rest = in.line[:0], after
	}
	if len(in.line) > maxLine {
		in.line = in.line[:0] // the library refuses it
	}
	if errors.Is(err, io.EOF) {
		in.pending.note(in.line, true)
		in.line = nil
		if n > 0 {
			return n, nil // and then the end
		}
		in.pending.wait(in.ctx)
	}
	return n, err
}

// output is the server's side: a message a write.
type output struct {
	io.WriteCloser
	pending *pending
}

func (out *output) Write(b []byte) (int, error) {
	n, err := out.WriteCloser.Write(b)
	out.pending.note(bytes.TrimSpace(b), false)
	return n, err
}
