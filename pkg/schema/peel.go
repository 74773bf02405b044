package schema

import (
	"bytes"
	"fmt"
	"slices"

	"ams/pkg/lax"
)

// Events are the events of a stored Session as [Encode] wrote them: each begins and ends on a line of its own, four blanks
// deep, and all within it is deeper. No text can look like that, as JSON has line breaks between values alone.
type Events []byte

// Where the events are in what Encode wrote. They are the last member.
const (
	eventsOpen  = "\n  \"events\": [\n"
	eventsClose = "\n  ]\n}"
	eventOpen   = "\n    {"
	eventClose  = "\n    }"
	eventDepth  = 4
)

// Peel is [Decode] for who needs few of the events: it returns the Session without them, and beside it their text. Where
// something else than [Encode] wrote b, the Session has its events, and there is no text of them.
func Peel(b []byte) (*Session, Events, error) {
	start, end := eventsIn(b)
	if end == 0 {
		s, err := Decode(b)
		return s, nil, err
	}
	s, err := Decode(slices.Concat(b[:start], b[end:]))
	if err != nil {
		s, err = Decode(b)
		return s, nil, err
	}
	return s, Events(b[start:end]), nil
}

// At decodes the event that a byte belongs to, or the next one where it stands between two. next is where the text behind
// the event begins. At the end there is none. An error says that the text is no event: only [Decode] can tell then.
func (e Events) At(at int) (event *Event, next int, err error) {
	line := bytes.LastIndexByte(e[:at], '\n') + 1
	from := line
	switch {
	case line+eventDepth < len(e) && e[line+eventDepth] == ' ': // within an event
		if from = bytes.LastIndex(e[:line], []byte(eventOpen)) + 1; from == 0 && !bytes.HasPrefix(e, []byte(eventOpen[1:])) {
			return nil, len(e), fmt.Errorf("decode event: no beginning of it at byte %d", at)
		}
	case !bytes.HasPrefix(e[line:], []byte(eventOpen[1:])): // behind one
		end := bytes.IndexByte(e[line:], '\n')
		if end < 0 {
			return nil, len(e), nil
		}
		from = line + end + 1
		at = from
	}
	next = len(e)
	if end := bytes.Index(e[at:], []byte(eventClose)); end >= 0 {
		next = at + end + len(eventClose)
	}
	event = new(Event)
	if err := lax.Unmarshal(e[from:next], event); err != nil {
		return nil, next, fmt.Errorf("decode event: %w", err)
	}
	return event, next, nil
}
