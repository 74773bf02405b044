package transcript

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"ams/pkg/lax"
)

// Report says what was read and what could not be.
type Report struct {
	Lines    int            // lines with anything on them
	Bytes    int64          // bytes read
	Unparsed int            // lines, or rests of lines, that are not JSON objects
	Cut      bool           // the last line has no end and is not JSON: the file was cut or is still being written
	Last     time.Time      // the latest time on any of the lines, zero where none has one
	Unknown  map[string]int // lines by types that this package does not know; "(others)" beyond 64 names and for long ones
	LeftOut  int            // lines longer than 64 MB or beyond the number that a session may have, and parts beyond the number in a line
	Short    int            // texts and values that were shortened
}

// knownTypes are the line types of the client, and whether a Session needs anything from them. Source: the types that clients
// 1.0.44 to 2.1.330 were seen to write, and the names in the 2.1.330 binary.
var knownTypes = map[string]bool{
	"user": true, "assistant": true, "system": true, "attachment": true, "progress": true, "cost-state": true,
	"api-request": true, "queue-operation": true, "summary": true, "ai-title": true, "custom-title": true, "pr-link": true,
	"last-prompt": false, "file-history-snapshot": false, "file-history-delta": false, "continued-in": false,
	"resume-head-vouch": false, "api-request-shape": false, "api-request-blob": false, "api-request-resumed": false,
	"content-replacement": false, "data-flow-records": false, "data-flow-incomplete": false, "fork-context-ref": false,
	"frame-link": false, "artifact-comment-monitor": false, "memory-mode": false, "derived-from": false,
	"ended-by-model": false, "tag": false, "relocated": false, "agent-name": false, "agent-color": false,
	"agent-setting": true, "artifact-autoreact-ledger": false, "bridge-session": false, "history-suppression": false,
	"attribution-snapshot": false, "mode": false, "permission-mode": false, "isolation-latch": false,
	"session-owner": false, "dev-mods": false, "atis-latch": false, "tools-used": false, "worktree-state": true,
	"observer-ref": false, "host-row": false, "repl-mode": false, "hybrid-organization": false,
}

// Read calls fn for every line that a Session can need, in file order, and returns the report. A line with two
// objects run together gives both; a bad line is counted and skipped, and so is one that is longer than 64 MB; long
// texts are shortened. The error is about reading r alone.
func Read(r io.Reader, fn func(*Line)) (Report, error) { return read(r, newRoom(), fn) }

// read keeps no more than there is room for.
func read(r io.Reader, room *room, fn func(*Line)) (Report, error) {
	short, leftOut := 0, 0
	rep, err := readEvery(r, room.line, func(l *Line, needed bool) {
		if !needed {
			return
		}
		cut, ok := room.fit(l)
		if !ok {
			leftOut++
			return
		}
		short += cut
		leftOut += l.over()
		fn(l)
	})
	rep.Short += short
	rep.LeftOut += leftOut
	return rep, err
}

// lineReaders are used again: a session of 100,000 agents took 27 GB of buffers for as many small files.
var lineReaders = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 256<<10) }}

// readEvery calls fn for every line of every type but the skippable bulk; needed says which ones a Session can
// need. Lines with more than most bytes are left out.
func readEvery(r io.Reader, most int, fn func(l *Line, needed bool)) (Report, error) {
	var rep Report
	br := lineReaders.Get().(*bufio.Reader)
	br.Reset(r)
	defer func() {
		br.Reset(nil)
		lineReaders.Put(br)
	}()
	var long []byte
	objects := objectReader{report: &rep, common: &noCommon, terms: &noTerms, fn: fn}
	for number := 1; ; number++ {
		line, over, err := readLine(br, &long, most)
		rep.Bytes += int64(len(line)) + over
		if over > 0 {
			rep.Lines++
			rep.LeftOut++
			line = nil
		}
		if number == 1 {
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		if body := bytes.TrimSpace(line); len(body) > 0 {
			rep.Lines++
			if !objects.read(body, number) {
				rep.Unparsed++
				rep.Cut = errors.Is(err, io.EOF)
			}
		}
		if errors.Is(err, io.EOF) {
			return rep, nil
		}
		if err != nil {
			return rep, fmt.Errorf("read transcript line %d: %w", number, err)
		}
	}
}

// byteOrderMark begins files that went through an editor on Windows; the client writes none.
var byteOrderMark = []byte("\ufeff")

// readLine returns the next line with its newline; the bytes are good until the next call. long is its spare buffer.
// Of a line with more than most bytes it returns the beginning, and how many bytes it passed over.
func readLine(br *bufio.Reader, long *[]byte, most int) (line []byte, over int64, err error) {
	line, err = br.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, 0, err
	}
	*long = (*long)[:0]
	for {
		if len(*long)+len(line) > most {
			over += int64(len(line))
		} else {
			*long = append(*long, line...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
		line, err = br.ReadSlice('\n')
	}
	return *long, over, err
}

// objectReader decodes the lines of a file.
type objectReader struct {
	report *Report
	common *Common // of the line before, as are
	terms  *Terms
	uuid   string
	fn     func(l *Line, needed bool)
}

// read decodes the objects on one line and reports whether all of it was objects.
func (r *objectReader) read(body []byte, number int) bool {
	if skip := peekType(body); skip != "" && lax.Valid(body) {
		return true
	}
	var l Line
	if lax.Raw(body).Kind() == '{' && lax.Unmarshal(body, &l) == nil {
		r.keep(&l, number)
		return true
	}
	// Six lines in 4,707 published files hold two objects: a newline was lost between two writers.
	d := lax.NewDecoder(bytes.NewReader(body))
	for {
		v, err := d.ReadValue()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		var l Line
		if v.Kind() != '{' || lax.Unmarshal(v, &l) != nil {
			return false
		}
		r.keep(&l, number)
	}
}

// skippable are prefixes of the bulk of a transcript (43 % prompt snapshots, 26 % request shapes) that need no decoding.
var skippable = [][]byte{[]byte(`{"type":"api-request-shape",`), []byte(`{"type":"api-request-blob",`)}

// peekType returns the type of a line whose beginning shows that no Session needs it, else "".
func peekType(body []byte) string {
	for _, p := range skippable {
		if bytes.HasPrefix(body, p) {
			return string(p)
		}
	}
	return ""
}

func (r *objectReader) keep(l *Line, number int) {
	r.share(l)
	if l.Said == nil {
		l.Said = &noSaid
	}
	if l.Rare == nil {
		l.Rare = &noRare
	}
	if l.Time = l.Timestamp.Time(); l.Time.After(r.report.Last) {
		r.report.Last = l.Time
	}
	needed, known := knownTypes[l.Type]
	if !known {
		r.report.countUnknown(l.Type)
	}
	l.Number = number
	r.fn(l, needed && l.useful())
}

// share gives a line the memory of the one before it, where they say the same: the lines of a large session take a
// third less.
func (r *objectReader) share(l *Line) {
	switch {
	case l.Common == nil:
		l.Common = &noCommon
	case *l.Common == *r.common:
		l.Common = r.common
	default:
		r.common = l.Common
	}
	if l.Message != nil && l.Message.Usage != nil {
		if u := l.Message.Usage; *u.Terms == *r.terms {
			u.Terms = r.terms
		} else {
			r.terms = u.Terms
		}
	}
	if l.ParentUUID == r.uuid {
		l.ParentUUID = r.uuid
	}
	r.uuid = l.UUID
}

// useful tells apart the lines of types whose bulk no Session needs: attachments but queued prompts and
// bounds of a run, progress but subagents'.
func (l *Line) useful() bool {
	switch l.Type {
	case "attachment":
		if l.Attachment == nil {
			return false
		}
		switch l.Attachment.Type {
		case QueuedCommand, MaxTurnsReached, BudgetUSD:
			return true
		}
		return false
	case "progress":
		return l.Data != nil && l.Data.Type == "agent_progress"
	}
	return true
}

// Bounds of the names that a Report counts apart, for files that are no transcripts at all. Real names have up to 25 bytes.
const (
	maxUnknownTypes = 64
	maxUnknownName  = 64
)

func (r *Report) countUnknown(name string) {
	if _, seen := r.Unknown[name]; !seen && (len(r.Unknown) >= maxUnknownTypes || len(name) > maxUnknownName) {
		name = "(others)"
	}
	if r.Unknown == nil {
		r.Unknown = map[string]int{}
	}
	r.Unknown[name]++
}

// Nested returns the subagent's line inside an agent_progress line, or nil.
func (l *Line) Nested() *Line {
	if l.Data == nil || l.Data.Type != "agent_progress" || l.Data.Message == nil || l.Data.AgentID == "" {
		return nil
	}
	n := l.Data.Message
	inner := &Line{
		Type: n.Type, UUID: n.UUID, Timestamp: n.Timestamp, RequestID: n.RequestID, Message: n.Message,
		IsSidechain: true, Number: l.Number, Said: &noSaid, Rare: &noRare,
		Common: &Common{SessionID: l.SessionID, AgentID: l.Data.AgentID, Version: l.Version},
	}
	if inner.Time = n.Timestamp.Time(); inner.Time.IsZero() {
		inner.Time = l.Time
	} else if own := l.Timestamp.Time(); !own.IsZero() {
		inner.Time = inner.Time.Add(l.Time.Sub(own)) // by the clock that l's time is of
	}
	return inner
}
