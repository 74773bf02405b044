package transcript

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
)

// WorldwideID reports whether a message id is the API's own, and so the same call in whichever file of a session it
// stands: gateways make ids of a timestamp, and different answers were seen to share one.
func WorldwideID(id string) bool {
	for _, prefix := range []string{"msg_01", "msg_vrtx_", "msg_bdrk_"} {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return false
}

// worldwideBytes is the length of the API's message ids; those of clouds are longer.
const worldwideBytes = len("msg_01") + 22

// isAcrossSessions reports whether a message id tells that lines of two sessions are one call. A scripted API that
// begins its short ids anew for every session must not make copies of them.
func isAcrossSessions(id string) bool { return WorldwideID(id) && len(id) >= worldwideBytes }

// idHash is the 64-bit FNV-1a hash of an id. Among ten million ids two differ and share a hash once in 400,000 archives.
func idHash[T string | []byte](id T) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h
}

// maxIDBytes bounds an id that is taken for one, with the white space before it; real ones have 36 bytes.
const maxIDBytes = 256

// scanChunk is how much of a file is looked at at once: it stays in the processor's cache while it is looked at twice.
const scanChunk = 256 << 10

var scanBuffers = sync.Pool{New: func() any { b := make([]byte, scanChunk); return &b }}

// scanIDs returns the hashes of all ids in a transcript, each once: the text of every member "uuid", and every
// message id of the API, wherever they stand and however the JSON is spelled. It decodes nothing, and so finds a few
// that are no line's own: they make a candidate of a file, never a copy of a line.
func scanIDs(r io.Reader) ([]uint64, error) {
	seen := map[uint64]bool{}
	var out []uint64
	found := func(id []byte) {
		if h := idHash(id); !seen[h] {
			seen[h] = true
			out = append(out, h)
		}
	}
	pooled := scanBuffers.Get().(*[]byte)
	defer scanBuffers.Put(pooled)
	buf := *pooled
	kept := 0 // bytes of the chunk before, in which the begin of an id may stand
	for {
		n, err := io.ReadFull(r, buf[kept:])
		b := buf[:kept+n]
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return nil, err
		}
		until := len(b)
		if !last {
			until -= maxIDBytes
		}
		uuidsIn(b, until, found)
		messagesIn(b, until, found)
		if last {
			return out, nil
		}
		// The byte before is kept, too: a backslash there says that the quote is inside a string.
		kept = copy(buf, b[until-1:])
	}
}

var (
	uuidMember    = []byte(`"uuid"`)
	messagePrefix = []byte(`"msg_`)
)

// uuidsIn calls found for the texts of the members "uuid" that begin before until.
func uuidsIn(b []byte, until int, found func([]byte)) {
	for at := 0; ; {
		i := bytes.Index(b[at:], uuidMember)
		if i < 0 || at+i >= until {
			return
		}
		at += i
		rest := b[at+len(uuidMember):]
		rest = bytes.TrimLeft(rest[:min(len(rest), maxIDBytes)], " \t\r\n:")
		if !quotedInString(b, at) && len(rest) > 0 && rest[0] == '"' {
			if id := untilQuote(rest[1:]); len(id) > 0 {
				found(id)
			}
		}
		at += len(uuidMember)
	}
}

// messagesIn calls found for the message ids that begin before until and are the API's own.
func messagesIn(b []byte, until int, found func([]byte)) {
	for at := 0; ; {
		i := bytes.Index(b[at:], messagePrefix)
		if i < 0 || at+i >= until {
			return
		}
		at += i
		if !quotedInString(b, at) {
			rest := b[at+1:]
			if id := untilQuote(rest[:min(len(rest), maxIDBytes-1)]); isAcrossSessions(string(id)) {
				found(id)
			}
		}
		at += len(messagePrefix)
	}
}

// quotedInString reports whether the quote at b[at] is escaped: it is a piece of a text that quotes JSON.
func quotedInString(b []byte, at int) bool { return at > 0 && b[at-1] == '\\' }

// untilQuote is the plain text before the next quote, nil where there is none or an escape before it.
func untilQuote(b []byte) []byte {
	i := bytes.IndexByte(b, '"')
	if i < 0 || bytes.IndexByte(b[:i], '\\') >= 0 {
		return nil
	}
	return b[:i]
}
