package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/chrometrace"
	"ams/pkg/htmlpage"
	"ams/pkg/lax"
	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/screen"
	"ams/pkg/story"
)

func showCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "show", Category: reading,
		Usage:     "tell a session as a story",
		ArgsUsage: "ID|last",
		Description: "Prompts, thinking, messages, tools, subagents and why they ran, what failed, what it cost. ID is a session id or its beginning; last is the newest session. What is not stored yet is told from its spool.\n" +
			"Every event has a number: --event 12 shows that one whole, with its ids and times.",
		UsageText: "ams-assemble show last  # the newest session\n" +
			"ams-assemble show 0b1f --only errors,subagents  # of the one whose id begins so\n" +
			"ams-assemble show last --markdown > session.md  # for an issue or a review\n" +
			"ams-assemble show last --html session.html  # for a colleague, who needs a browser alone",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringSliceFlag{Name: "only", Usage: "tell these events alone, `KIND` errors, tools, prompts or subagents; several with commas"},
			&cli.IntFlag{Name: "event", Usage: "show the event with the number `SEQ` whole"},
			&cli.BoolFlag{Name: "full", Usage: "cut no text"},
			&cli.BoolFlag{Name: "summary", Usage: "tell what stands above the story alone: outcome, cost, signals, tables"},
			&cli.BoolFlag{Name: "outline", Usage: "tell a line a turn: prompt, cost, calls, tools, context, errors, signals"},
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "of a session at work: tell what happens as it happens, until it ends"},
			&cli.BoolFlag{Name: "json", Usage: "print the Session as JSON; with --only or --event an array of its events"},
			&cli.BoolFlag{Name: "markdown", Usage: "print Markdown, for an issue or a review"},
			&cli.StringFlag{Name: "html", Usage: "write the page of the session to `FILE`, which holds all of it, for a colleague; - is standard output"},
			&cli.BoolFlag{Name: "compact", Usage: "with --html: pack the events; the file is a third as large"},
			&cli.StringFlag{Name: "trace", Usage: "write the times of all that was at work to `FILE`, for ui.perfetto.dev; - is standard output"},
			&cli.BoolFlag{Name: "url",
				Usage: "of a bucket: store the session as a page there, and print an address at which anybody can read it"},
			&cli.StringFlag{Name: "expires", Value: "7d", Usage: "with --url: how long it can be read, `TIME`, at most 7d"},
			&cli.IntFlag{Name: "max", Value: issueCharacters, Usage: "with --markdown: at most `N` characters, as many as an issue takes; 0: all"},
		}, pageFlags(), commonFlags(recordGroup, maskGroup, priceGroup, storeGroup)),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			opt, err := readStoryOptions(c)
			if err != nil {
				return err
			}
			switch {
			case c.Args().Len() != 1:
				return usagef("show takes one session id, its beginning, or last")
			case c.Bool("json") && c.Bool("markdown"):
				return usagef("--json and --markdown exclude each other")
			case c.IsSet("max") && !c.Bool("markdown"):
				return usagef("--max is for --markdown")
			case opt.Summary && opt.Outline:
				return usagef("--summary and --outline exclude each other")
			case (opt.Summary || opt.Outline) && (opt.Event > 0 || len(opt.Only) > 0 || c.Bool("json")):
				return usagef("--summary and --outline are of a whole session, as a person reads it")
			case c.Bool("follow") && (c.Bool("json") || c.Bool("markdown") || opt.Summary || opt.Outline || opt.Event > 0):
				return usagef("--follow tells the story alone, as it happens")
			case c.Bool("compact") && !c.IsSet("html"):
				return usagef("--compact is for --html")
			case c.IsSet("html") && (c.String("html") == "" || c.IsSet("trace") || told(c, opt)):
				return usagef("--html FILE is of a whole session, and goes without other ways to tell it")
			case c.IsSet("trace") && (c.String("trace") == "" || told(c, opt)):
				return usagef("--trace FILE is of a whole session, and goes without other ways to tell it")
			case c.IsSet("expires") && !c.Bool("url"):
				return usagef("--expires is for --url")
			case c.Bool("url") && (c.IsSet("html") || c.IsSet("trace") || c.Bool("json") || c.Bool("markdown") || c.Bool("follow") ||
				opt.Summary || opt.Outline || opt.Event > 0 || len(opt.Only) > 0):
				return usagef("--url hands the whole session over, as a page")
			case c.Bool("url"):
				return share(e, c, set, plainPage)
			case c.Bool("follow"):
				return follow(e, c, set, opt)
			}
			return show(e, c, set, opt)
		},
	}
}

// told reports whether a session was asked for in a way that a person or a program reads.
func told(c *cli.Context, opt story.Options) bool {
	return c.Bool("json") || c.Bool("markdown") || c.Bool("follow") || opt.Full || opt.Summary || opt.Outline || opt.Event > 0 || len(opt.Only) > 0
}

// issueCharacters is how many characters GitHub takes as the text of an issue or a comment.
const issueCharacters = 65_536

func readStoryOptions(c *cli.Context) (story.Options, error) {
	opt := story.Options{Location: time.Local, Full: c.Bool("full"), Event: c.Int("event"), Summary: c.Bool("summary"), Outline: c.Bool("outline"),
		Max: c.Int("max")}
	if opt.Max < 0 {
		return opt, usagef("--max must be 0 or more")
	}
	if c.IsSet("event") && opt.Event < 1 {
		return opt, usagef("--event must be the number of an event, 1 or more, not %d", opt.Event)
	}
	for _, name := range wordsOf(c, "only") {
		kind := story.Kind(strings.TrimSpace(name))
		if !slices.Contains(story.Kinds, kind) {
			return opt, usagef("--only must be one of %s, not %q", namesOf(story.Kinds), name)
		}
		opt.Only = append(opt.Only, kind)
	}
	return opt, nil
}

// show finds the session, says where it is from if not from the store, and tells it.
func show(e env, c *cli.Context, set settings, opt story.Options) error {
	s, err := sessionToShow(c.Context, e, set, c.Args().First())
	if err != nil {
		return err
	}
	if opt.Event > 0 && len(story.Select(s, opt)) == 0 {
		return &hintError{
			err:  fmt.Errorf("session %s has no event %d; it has %s", s.SessionID, opt.Event, screen.Count(len(s.Events), "event")),
			hint: "ams-assemble show " + s.SessionID + " numbers them",
		}
	}
	path, write := showFile(c, s)
	if path != "" && path != "-" {
		return writeOutput(path, write)
	}
	return paged(e, c, func(p *page) error {
		opt.Screen = p.Screen
		switch {
		case write != nil:
			return write(p)
		case c.Bool("json"):
			return showJSON(p, s, opt)
		case c.Bool("markdown"):
			return story.Markdown(p, s, opt)
		}
		return story.Write(p, s, opt)
	})
}

// showFile is the file that was asked for, and what writes a session to it; "" and nil for none.
func showFile(c *cli.Context, s *schema.Session) (path string, write func(io.Writer) error) {
	switch {
	case c.IsSet("html"):
		return c.String("html"), func(w io.Writer) error {
			return htmlpage.Write(w, s, htmlpage.Options{Compact: c.Bool("compact"), Location: time.Local})
		}
	case c.IsSet("trace"):
		return c.String("trace"), func(w io.Writer) error { return chrometrace.Write(w, s) }
	}
	return "", nil
}

func showJSON(p *page, s *schema.Session, opt story.Options) error {
	body, err := schema.Encode(s)
	if opt.Event > 0 || len(opt.Only) > 0 {
		if body, err = lax.Encode(story.Select(s, opt)); err == nil {
			body = append(body, '\n')
		}
	}
	if err != nil {
		return fmt.Errorf("show %s: %w", s.SessionID, err)
	}
	_, err = p.Write(body)
	return err
}

// sessionToShow gets a session from the library.
func sessionToShow(ctx context.Context, e env, set settings, arg string) (*schema.Session, error) {
	here := set.unstored(e)
	lib, err := openLibrary(ctx, e, set, here)
	if err != nil {
		return nil, err
	}
	get := lib.Get
	if arg == library.Last {
		get = func(ctx context.Context, _ string) (*schema.Session, error) {
			list, err := listed(ctx, e, lib, query.Query{}) // and says what it could not read: the newest may be among that
			if err != nil {
				return nil, err
			}
			return lib.Newest(ctx, list)
		}
	}
	s, err := get(ctx, arg)
	if err != nil {
		return nil, explainGet(err, set, arg)
	}
	sayUnstored(e, here, s)
	return s, nil
}
