package mcp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ams/pkg/library"
	"ams/pkg/screen"
	"ams/pkg/search"
)

type findArgs struct {
	filter
	Text   string   `json:"text" jsonschema:"the text, in any case; several words are looked for as they stand"`
	Regexp bool     `json:"regexp,omitempty" jsonschema:"text is a regular expression (RE2)"`
	In     []string `json:"in,omitempty" jsonschema:"only in these parts: prompts, messages, thinking, inputs, results, errors"`
	Limit  int      `json:"limit,omitempty" jsonschema:"lines, at most 100; 30 where nothing is said"`
	Cursor string   `json:"cursor,omitempty" jsonschema:"of the answer before, to go on from there"`
}

// placesOfOne bounds the lines of one session: the others are to be seen, too.
const placesOfOne = 10

func (s *server) find(ctx context.Context, in findArgs) (*answer, error) {
	pattern, err := in.pattern()
	if err != nil {
		return nil, err
	}
	list, left, err := s.after(ctx, in.filter, in.Cursor)
	if err != nil {
		return nil, err
	}
	a, f := &answer{}, finds{id: list.ShortID, limit: lines(in.Limit)}
	for m, err := range s.Library.Find(ctx, pattern, list.Of(left)) {
		if m.Summary == nil {
			if ctx.Err() != nil {
				break // its time is up
			}
			return nil, err
		}
		if !f.take(a, m, err) {
			break
		}
	}
	a.said = fmt.Sprintf("%s in %s, %s %s looked at, the newest first: ID  #EVENT  WHAT  …TEXT…",
		screen.Count(f.places, "place"), screen.Count(f.sessions, "session"), screen.Count(f.looked, "session"), s.where())
	if f.failed > 0 {
		a.said += fmt.Sprintf("; %s could not be read", screen.Count(f.failed, "session"))
	}
	if f.looked < len(left) {
		cursor := in.Cursor
		if f.looked > 0 {
			cursor = cursorAt(left[f.looked-1])
		}
		a.more = fmt.Sprintf("%s not looked at: call find_text again with cursor %q",
			screen.Count(len(left)-f.looked, "older session"), cursor)
	}
	return a, nil
}

func (in findArgs) pattern() (*search.Pattern, error) {
	o := search.Options{Regexp: in.Regexp}
	for _, name := range in.In {
		if !slices.Contains(search.Parts, search.Part(name)) {
			return nil, fmt.Errorf("in: there is no part %s; there are %v", name, search.Parts)
		}
		o.In = append(o.In, search.Part(name))
	}
	if strings.TrimSpace(in.Text) == "" {
		return nil, fmt.Errorf("text is empty")
	}
	return search.Compile(in.Text, o)
}

// finds counts what a search found.
type finds struct {
	id                               func(name string) string
	limit                            int
	places, sessions, looked, failed int
}

// take adds what was found in a session, and reports whether there is room for more. A session whose
// places have no room at all is left to the next call.
func (f *finds) take(a *answer, m library.Match, err error) bool {
	if err != nil {
		f.failed++
	}
	if len(m.Hits) > 0 && f.places >= f.limit {
		return false
	}
	for i, h := range m.Hits[:min(len(m.Hits), placesOfOne)] {
		text := screen.Line(h.Before+h.Match+h.After) + more(h.More) + rest(m, i)
		line := fmt.Sprintf("%s  #%d  %s  %s", f.id(m.Name), h.Seq, screen.Line(h.What), text)
		if !a.add(line) {
			if i == 0 {
				return false
			}
			break
		}
		f.places++
	}
	if len(m.Hits) > 0 {
		f.sessions++
	}
	f.looked++
	return true
}

// more says how often else the text is in the same place.
func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("  (+%d there)", n)
}

// rest says behind the last line of a session that it has more.
func rest(m library.Match, i int) string {
	if n := len(m.Hits) - placesOfOne; n > 0 && i == placesOfOne-1 {
		return fmt.Sprintf("  (and %s more in this session)", screen.Count(n, "place"))
	}
	return ""
}
