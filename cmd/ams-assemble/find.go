package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/lax"
	"ams/pkg/library"
	"ams/pkg/listing"
	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/screen"
	"ams/pkg/search"
)

func findCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "find", Category: reading,
		Usage:     "find a text in whole sessions",
		ArgsUsage: "TEXT...",
		Description: "It looks into prompts, messages, thinking, tool inputs and results, and errors. The arguments are one phrase; its blanks stand for any white space, and letters for both cases. The newest sessions come first, as\n" +
			"they are found; what is recorded and not stored yet is looked through as it is now. ams-assemble show ID --event SEQ shows an event whole.",
		UsageText: "ams-assemble find connection refused  # one phrase, in whole sessions\n" +
			"ams-assemble find --in errors --since 7d timeout  # in errors of the last week\n" +
			"ams-assemble find -E 'TODO|FIXME' --json  # a regular expression, a line of JSON per place",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringSliceFlag{Name: "in", Usage: "look into these texts alone, `PART` " + namesOf(search.Parts) + "; several with commas"},
			&cli.BoolFlag{Name: "regexp", Aliases: []string{"E"}, Usage: "TEXT is a regular expression (Go's syntax); slow where no part of it must stand as it is"},
			&cli.DurationFlag{Name: "time-limit", Value: 2 * time.Minute, Usage: "with --regexp: stop after `DURATION`; an expression can be slow"},
			&cli.BoolFlag{Name: "case", Usage: "letters must be as they are"},
			&cli.IntFlag{Name: "limit", Aliases: []string{"n"}, Usage: fmt.Sprintf("stop after `N` sessions with the text; 0: never (default on a terminal: %d)", pageSessions)},
			&cli.BoolFlag{Name: "all", Usage: fmt.Sprintf("show every place, not the first %d of a session", placesShown)},
			&cli.BoolFlag{Name: "json", Usage: "print one line of JSON per place"},
		}, filterFlags(), pageFlags(), filterCommonFlags()),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			q, err := readQuery(e, c, nil)
			if err != nil {
				return err
			}
			switch {
			case c.Int("limit") < 0:
				return usagef("--limit must be 0 or more")
			case c.Duration("time-limit") <= 0:
				return usagef("--time-limit must be longer than 0")
			case c.IsSet("time-limit") && !c.Bool("regexp"):
				return usagef("--time-limit is for --regexp alone")
			}
			pattern, err := readPattern(c)
			if err != nil {
				return err
			}
			return find(e, c, set, q, pattern)
		},
	}
}

func readPattern(c *cli.Context) (*search.Pattern, error) {
	if !c.Args().Present() {
		return nil, usagef("find needs a text")
	}
	o := search.Options{Regexp: c.Bool("regexp"), Case: c.Bool("case"), Most: placesShown}
	if c.Bool("all") || c.Bool("json") {
		o.Most = 0
	}
	for _, name := range wordsOf(c, "in") {
		part := search.Part(name)
		if !slices.Contains(search.Parts, part) {
			return nil, usagef("--in must be one of %s, not %q", namesOf(search.Parts), name)
		}
		o.In = append(o.In, part)
	}
	p, err := search.Compile(strings.Join(c.Args().Slice(), " "), o)
	if err != nil {
		return nil, usagef("find: %w", err)
	}
	return p, nil
}

// pageSessions is after how many sessions with the text a search ends whose reader is at a terminal and did not say:
// a word that is everywhere would fill it for ever.
const pageSessions = 20

// placesShown is how many places of a session are shown. Nobody counts the others: of a word that is everywhere that would take ten
// times as long as finding it.
const placesShown = 5

// find looks through the sessions, the newest first, and shows places as soon as they are found.
func find(e env, c *cli.Context, set settings, q query.Query, pattern *search.Pattern) error {
	lib, err := openLibrary(c.Context, e, set, set.unstored(e))
	if err != nil {
		return err
	}
	list, err := listed(c.Context, e, lib, q)
	if err != nil {
		return err
	}
	if !c.Bool("json") { // as list does
		all := append(waiting(c.Context, e, lib, list, q), list.Sessions...)
		listing.Sort(all, "start")
		list.Sessions = all
	}
	if len(list.Sessions) == 0 {
		sayNothing(e, c, set, lib, list.Total)
		return &exitError{code: exitNothing}
	}
	ctx, stop := timeLimit(c)
	defer stop()
	f := &finds{
		e: e, among: len(list.Sessions), limit: c.Int("limit"), all: c.Bool("all"), json: c.Bool("json"), shortID: list.ShortID,
		began: time.Now(),
	}
	err = paged(e, c, func(p *page) error {
		if p.terminal && !f.json && !c.IsSet("limit") {
			f.limit = pageSessions
		}
		return f.tell(ctx, p, lib.Find(ctx, pattern, list))
	})
	if err != nil {
		return err
	}
	return f.end()
}

// tell shows what a search finds, until its end or the limit, and sums it up.
func (f *finds) tell(ctx context.Context, p *page, matches iter.Seq2[library.Match, error]) error {
	for m, err := range matches {
		if m.Summary == nil {
			if f.stopped = context.Cause(ctx); f.stopped == nil {
				return err
			}
			break
		}
		f.looked++
		f.bytes += m.Bytes
		if err != nil {
			f.failed++
			fmt.Fprintf(f.e.stderr, "ams-assemble: %s: %s\n", m.Key(), screen.Line(err.Error()))
		}
		if len(m.Hits) == 0 {
			continue
		}
		if err := f.show(p, m); err != nil {
			return err
		}
		if f.limit > 0 && f.sessions == f.limit {
			break
		}
	}
	return f.sum(p)
}

// errTimeLimit says that a regular expression took too long.
var errTimeLimit = errors.New("the time limit was reached")

func timeLimit(c *cli.Context) (context.Context, context.CancelFunc) {
	if c.Bool("regexp") {
		return context.WithTimeoutCause(c.Context, c.Duration("time-limit"), errTimeLimit)
	}
	return context.WithCancel(c.Context)
}

// end is the error of a search that did not look at all that it should have.
func (f *finds) end() error {
	switch {
	case errors.Is(f.stopped, errTimeLimit):
		return &exitError{exitSome, &hintError{err: fmt.Errorf("%w after %d of %d sessions", errTimeLimit, f.looked, f.among),
			hint: "--time-limit gives it more; filters such as --since leave less to look through"}}
	case f.stopped != nil:
		return &exitError{exitSome, fmt.Errorf("stopped after %d of %d sessions", f.looked, f.among)}
	case f.sessions == 0 && f.failed == 0:
		return &exitError{code: exitNothing} // as grep does
	case f.failed > 0:
		return &exitError{exitSome, &hintError{err: fmt.Errorf("%s could not be read", screen.Count(f.failed, "session")),
			hint: "ams-assemble session ID --store stores a session anew"}}
	}
	return nil
}

// finds shows what was found and keeps count.
type finds struct {
	e         env
	limit     int // of sessions with the text; 0: none
	all, json bool
	shortID   func(name string) string
	began     time.Time

	among, looked, sessions, places, failed int
	more                                    bool // places than were counted
	bytes                                   int64
	stopped                                 error // why not all were looked at: the person, or the time limit
}

// foundLine is the form of find --json.
type foundLine struct {
	SessionID string      `json:"session_id"`
	StartTime schema.Time `json:"start_time"`
	Title     string      `json:"title"`
	Cwd       string      `json:"cwd"`
	Seq       int         `json:"seq"`
	Time      schema.Time `json:"time,omitzero"`
	Part      search.Part `json:"part"`
	What      string      `json:"what"`
	AgentID   string      `json:"agent_id,omitzero"`
	Before    string      `json:"before"`
	Match     string      `json:"match"`
	After     string      `json:"after"`
	More      int         `json:"more"`
}

func (f *finds) show(p *page, m library.Match) error {
	f.sessions++
	shown := m.Hits
	if !f.all && !f.json && len(shown) > placesShown {
		shown, f.more = shown[:placesShown], true
	}
	f.places += len(shown)
	if f.json {
		return f.showJSON(p, m)
	}
	if f.sessions > 1 {
		fmt.Fprintln(p)
	}
	head := fmt.Sprintf("%s  %s  ", f.shortID(m.Name), m.StartTime.Local().Format("2006-01-02 15:04"))
	tail := ""
	if in := listing.Project(m.Summary); in != "" {
		tail = "  " + screen.Cut(screen.Line(in), 20)
	}
	const least = 20 // of a title
	if p.Cells-screen.Width(head)-screen.Width(tail) < least {
		tail = ""
	}
	title := screen.Cut(screen.Line(listing.Title(m.Summary)), max(p.Cells-screen.Width(head)-screen.Width(tail), 1))
	fmt.Fprintln(p, p.Paint(screen.Cyan, head)+p.Paint(screen.Bold, title)+p.Paint(screen.Dim, tail))
	for _, h := range shown {
		fmt.Fprintln(p, place(p, h))
	}
	if len(shown) < len(m.Hits) {
		fmt.Fprintln(p, p.Paint(screen.Dim, "  and more places, which --all shows"))
	}
	return p.flush()
}

// place is one line: where the text stands, and what stands around it.
func place(p *page, h search.Hit) string {
	when := ""
	if !h.Time.IsZero() {
		when = h.Time.Local().Format("15:04:05")
	}
	seq := ""
	if h.Seq > 0 {
		seq = fmt.Sprintf("#%d", h.Seq)
	}
	head := fmt.Sprintf("  %s  %s  %s  ", screen.PadLeft(seq, 5), screen.Pad(when, 8), screen.Pad(screen.Line(h.What), 14))
	more := ""
	if h.More > 0 {
		more = fmt.Sprintf("  +%d", h.More)
	}
	room := max(p.Cells-screen.Width(head)-screen.Width(more), 20)
	match := screen.Cut(screen.Text(h.Match), room*2/3)
	left := room - screen.Width(match)
	before := screen.CutLeft(screen.Text(h.Before), max(left/2, left-screen.Width(screen.Text(h.After))))
	after := screen.Cut(screen.Text(h.After), left-screen.Width(before))
	return p.Paint(screen.Dim, head) + before + p.Paint(screen.Marked, match) + after + p.Paint(screen.Dim, more)
}

func (f *finds) showJSON(p *page, m library.Match) error {
	for _, h := range m.Hits {
		line, err := lax.Line(foundLine{m.SessionID, m.StartTime, listing.Title(m.Summary), schema.OrZero(m.Cwd), h.Seq, h.Time, h.Part,
			h.What, h.Agent, h.Before, h.Match, h.After, h.More})
		if err != nil {
			return fmt.Errorf("find: %w", err)
		}
		fmt.Fprintf(p, "%s\n", line)
	}
	return p.flush()
}

// sum says how much was found and looked at.
func (f *finds) sum(p *page) error {
	looked := fmt.Sprintf("%s, %s in %s", screen.Count(f.looked, "session"), screen.Bytes(f.bytes), screen.Duration(time.Since(f.began).Milliseconds()))
	switch {
	case f.json, f.sessions == 0 && f.stopped != nil:
	case f.sessions == 0:
		fmt.Fprintf(f.e.stderr, "ams-assemble: nothing found in %s\n", looked)
	default:
		places := screen.Count(f.places, "place")
		if f.more {
			places = "more than " + places
		}
		text := fmt.Sprintf("%s in %d of %s; ams-assemble show ID --event SEQ shows one", places, f.sessions, looked)
		if left := f.among - f.looked; left > 0 && p.terminal && f.stopped == nil {
			text += fmt.Sprintf("; %s not looked at: --limit 0 looks at all", screen.Count(left, "older session"))
		}
		fmt.Fprintf(p, "\n%s\n", p.Paint(screen.Dim, strings.Join(screen.Wrap(text, p.Cells), "\n")))
	}
	return p.flush()
}
