package mcp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ams/pkg/lax"
	"ams/pkg/schema"
	"ams/pkg/screen"
	"ams/pkg/spool"
	"ams/pkg/story"
)

type outlineArgs struct {
	ID     string `json:"id" jsonschema:"a session's id, its beginning, or last"`
	Offset int    `json:"offset,omitempty" jsonschema:"lines to leave out at the beginning"`
}

// outlineCells is how wide an outline is told: prompts have room, and a line does not take too many tokens.
const outlineCells = 120

func (s *server) outline(ctx context.Context, in outlineArgs) (*answer, error) {
	session, err := s.session(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	a := &answer{}
	out := &slice{answer: a, skip: max(in.Offset, 0)}
	opt := story.Options{Screen: screen.Screen{Cells: outlineCells}, Location: time.UTC, Outline: true}
	err = story.Write(out, session, opt)
	if err == nil {
		out.flush()
	}
	if err != nil && !errors.Is(err, errFull) {
		return nil, err
	}
	a.said = "outline of session " + nameOf(session) + ", times in UTC; session_events tells its events by number"
	if err != nil {
		a.more = fmt.Sprintf("more: call session_outline again with offset %d", max(in.Offset, 0)+out.taken)
	}
	return a, nil
}

// nameOf names a session outside of the fence: its id was recorded, too, and may be any text.
func nameOf(s *schema.Session) string { return spool.FileName(s.SessionID) }

type eventsArgs struct {
	ID     string   `json:"id" jsonschema:"a session's id, its beginning, or last"`
	From   int      `json:"from,omitempty" jsonschema:"the number (seq) of the first event"`
	Limit  int      `json:"limit,omitempty" jsonschema:"events, at most 100; 30 where nothing is said"`
	Only   []string `json:"only,omitempty" jsonschema:"only events of these kinds: errors, tools, prompts, subagents"`
	Length int      `json:"length,omitempty" jsonschema:"bytes of each event, 200 to 16000; 1000 where nothing is said"`
	Event  int      `json:"event,omitempty" jsonschema:"the number (seq) of one event, to read it whole"`
	Offset int      `json:"offset,omitempty" jsonschema:"with event: bytes to leave out at its beginning"`
}

const (
	usualEvent = 1000
	leastEvent = 200
	mostEvent  = 16_000
)

func (s *server) events(ctx context.Context, in eventsArgs) (*answer, error) {
	opt := story.Options{Event: in.Event}
	for _, name := range in.Only {
		if !slices.Contains(story.Kinds, story.Kind(name)) {
			return nil, fmt.Errorf("only: there is no kind %s; there are %v", name, story.Kinds)
		}
		opt.Only = append(opt.Only, story.Kind(name))
	}
	session, err := s.session(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	events := story.Select(session, opt)
	if in.Event > 0 {
		return wholeEvent(session, events, in)
	}
	total := len(events)
	events = slices.DeleteFunc(events, func(e schema.Event) bool { return e.Seq < in.From })
	length := usualEvent
	if in.Length > 0 {
		length = min(max(in.Length, leastEvent), mostEvent)
	}
	a, shown := &answer{}, 0
	for i := range events[:min(len(events), lines(in.Limit))] {
		line, err := fitted(&events[i], length)
		if err != nil {
			return nil, err
		}
		if !a.add(line) {
			break
		}
		shown++
	}
	a.said = fmt.Sprintf("%d of %s of session %s", shown, screen.Count(total, "event"), nameOf(session))
	if shown < len(events) {
		a.more = fmt.Sprintf("%d more: call session_events again with from %d", len(events)-shown, events[shown].Seq)
	}
	return a, nil
}

// fitted is an event as one line of JSON, its longest parts cut to a bound.
func fitted(e *schema.Event, most int) (string, error) {
	b, err := lax.Line(e)
	if err != nil {
		return "", err
	}
	if len(b) > most {
		b = lax.Compact(lax.Fit(b, 0, schema.MaxDepth, most))
	}
	return strings.TrimSpace(string(b)), nil
}

// wholeEvent is a slice of one event's JSON.
func wholeEvent(session *schema.Session, events []schema.Event, in eventsArgs) (*answer, error) {
	if len(events) == 0 {
		return nil, fmt.Errorf("session %s has no event %d; it has %s",
			nameOf(session), in.Event, screen.Count(len(session.Events), "event"))
	}
	b, err := lax.Encode(events[0])
	if err != nil {
		return nil, err
	}
	text := screen.Text(string(b))
	begin := min(max(in.Offset, 0), len(text))
	end := min(begin+mostEvent, len(text))
	a := &answer{said: fmt.Sprintf("event %d of session %s, bytes %d to %d of %d",
		in.Event, nameOf(session), begin, end, len(text))}
	a.quoted.WriteString(strings.ToValidUTF8(text[begin:end], "") + "\n")
	if end < len(text) {
		a.more = fmt.Sprintf("more: call session_events again with event %d, offset %d", in.Event, end)
	}
	return a, nil
}
