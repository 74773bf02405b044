package schema

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"

	"ams/pkg/lax"
)

// manyEvents is from how many bytes of events on all processors decode them: a session of 30,000 takes one a second.
const manyEvents = 1 << 20

// Decode reads a Session of any version 1.x. Fields that it does not know are ignored. [ErrNewer] says that it is of
// a later one.
func Decode(b []byte) (*Session, error) {
	if s := decodeAtOnce(b); s != nil {
		return s, nil
	}
	return decodeWhole(b)
}

func decodeWhole(b []byte) (*Session, error) {
	var s Session
	if err := lax.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("decode session: %w", err)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return &s, nil
}

// check says what of a decoded Session is none of this version.
func (s *Session) check() error {
	if s.SessionID == "" || s.SchemaVersion == "" {
		return fmt.Errorf("decode session: no session_id or schema_version in it")
	}
	if err := checkVersion(s.SchemaVersion); err != nil {
		return fmt.Errorf("decode session %s: %w", s.SessionID, err)
	}
	return nil
}

// decodeAtOnce decodes the events of a large Session on all processors. It returns nil where that is not worth it, and where
// anything is not as [Encode] writes it: only the decoding of the whole can tell then.
func decodeAtOnce(b []byte) *Session {
	start, end := eventsIn(b)
	if end-start < manyEvents || runtime.GOMAXPROCS(0) < 2 {
		return nil
	}
	var s Session
	if lax.Unmarshal(bytes.Join([][]byte{b[:start], b[end:]}, nil), &s) != nil || s.check() != nil || len(s.Events) > 0 {
		return nil
	}
	texts := splitEvents(b[start:end])
	if texts == nil {
		return nil
	}
	s.Events = make([]Event, len(texts))
	jobs := runtime.GOMAXPROCS(0)
	errs := make([]error, jobs)
	var workers sync.WaitGroup
	for job := range jobs {
		workers.Go(func() {
			for i := job; i < len(texts) && errs[job] == nil; i += jobs {
				errs[job] = lax.Unmarshal(texts[i], &s.Events[i])
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return nil
		}
	}
	return &s
}

// eventsIn is where the text of the events is in what Encode wrote; end is 0 where something else wrote b.
func eventsIn(b []byte) (start, end int) {
	start, end = bytes.Index(b, []byte(eventsOpen)), bytes.LastIndex(b, []byte(eventsClose))
	if start < 0 || end < start+len(eventsOpen) {
		return 0, 0
	}
	return start + len(eventsOpen), end
}

// splitEvents returns the texts of events as Encode writes them, nil for anything else.
func splitEvents(b []byte) [][]byte {
	texts := make([][]byte, 0, bytes.Count(b, []byte(eventClose)))
	for {
		end := bytes.Index(b, []byte(eventClose))
		if end < 0 || !bytes.HasPrefix(b, []byte(eventOpen[1:])) {
			return nil
		}
		end += len(eventClose)
		texts = append(texts, b[:end])
		if b = b[end:]; len(b) == 0 {
			return texts
		}
		if b = bytes.TrimPrefix(b, []byte(",\n")); len(b) == 0 {
			return nil
		}
	}
}
