package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/commandline"
	"ams/pkg/library"
	"ams/pkg/report"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

func reportCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "report", Category: reading,
		Usage:     "sum sessions up: who spent what, on what, when",
		ArgsUsage: "[WORD...]",
		Description: "WORDs and filters choose sessions as in ams-assemble list. --by takes one to three of " + strings.Join(report.Dimensions(), ", ") +
			" or meta.KEY. Days are those of UTC, of calls and not of sessions, unless --local is given. What is on a session's bill and in " +
			"none of its calls has a row of its own, so that rows add up to the sum.",
		UsageText: "ams-assemble report --since 30d  # by day\n" +
			"ams-assemble report --by project,model  # what each model costs in each project\n" +
			"ams-assemble report --by tool --since 7d  # calls, failures, how long they took\n" +
			"ams-assemble report --by signal --csv > signals.csv  # what went wrong, for a spreadsheet",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringSliceFlag{Name: "by", Usage: "one row for each `DIMENSION`; several with commas (default day)"},
			&cli.BoolFlag{Name: "local", Usage: "days, weeks and months of your time zone; sessions over midnight are read for it"},
			&cli.IntFlag{Name: "limit", Aliases: []string{"n"}, Usage: "show the first `N` rows alone, and the sum of the others"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
			&cli.BoolFlag{Name: "csv", Usage: "print CSV (RFC 4180)"},
		}, filterFlags(), pageFlags(), filterCommonFlags()),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			switch {
			case c.Bool("json") && c.Bool("csv"):
				return usagef("--json and --csv exclude each other")
			case c.Int("limit") < 0:
				return usagef("--limit must be 0 or more")
			case c.Int("limit") > 0 && (c.Bool("json") || c.Bool("csv")):
				return usagef("--limit is for a table; programs get every row")
			}
			r, err := readReport(c)
			if err != nil {
				return err
			}
			return reportOn(e, c, set, r)
		},
	}
}

func readReport(c *cli.Context) (*report.Report, error) {
	by := wordsOf(c, "by")
	if len(by) == 0 {
		by = []string{"day"}
	}
	location := time.UTC
	if c.Bool("local") {
		location = time.Local
	}
	r, err := report.New(by, location)
	var unknown *report.UnknownError
	if errors.As(err, &unknown) {
		if near := commandline.Near(unknown.Named, report.Dimensions()); near != "" {
			err = &hintError{err, fmt.Sprintf("did you mean %s?", near)}
		}
	}
	if err != nil {
		return nil, usagef("--by: %w", err)
	}
	return r, nil
}

func reportOn(e env, c *cli.Context, set settings, r *report.Report) error {
	q, err := readQuery(e, c, c.Args().Slice())
	if err != nil {
		return err
	}
	lib, err := openLibrary(c.Context, e, set, set.unstored(e))
	if err != nil {
		return err
	}
	sums := &summing{report: r}
	list, err := lib.EachOnly(c.Context, q, r.Maps(), sums.add)
	if err != nil {
		return err
	}
	sayOf(e, list)
	if n, err := lib.CountWaiting(c.Context, list); err == nil && n > 0 {
		fmt.Fprintf(e.stderr, "ams-assemble: %s not stored yet and not counted; ams-assemble run stores what waits\n", screen.Count(n, "session"))
	}
	if err := sums.open(c.Context, e, lib, list); err != nil {
		return err
	}
	switch {
	case c.Bool("json"):
		err = r.JSON(e.stdout)
	case c.Bool("csv"):
		err = r.CSV(e.stdout)
	case sums.sessions == 0:
		sayNothing(e, c, set, lib, list.Total)
	default:
		err = paged(e, c, func(p *page) error { return r.Write(p, p.Screen, c.Int("limit"), p.terminal) })
	}
	if err == nil && sums.failed > 0 {
		err = &exitError{exitSome, &hintError{err: fmt.Errorf("not counted: %s that cannot be read or believed", screen.Count(sums.failed, "session")),
			hint: "ams-assemble session ID --store stores a session anew"}}
	}
	return err
}

// summing adds sessions to a report: by their index records, and by their events where those are needed.
type summing struct {
	report   *report.Report
	sessions int
	failed   int              // those that cannot be read or believed
	whole    []library.Stored // whose events are needed
}

// add adds a session, or notes it for open.
func (a *summing) add(s library.Stored) {
	a.sessions++
	switch {
	case s.Doubt != nil: // it is named with the list
		a.failed++
	case a.report.Needs(s.Summary):
		a.whole = append(a.whole, s.Clone())
	default:
		a.report.Add(a.report.FromRecord(s.Summary))
	}
}

// open adds those that must be read.
func (a *summing) open(ctx context.Context, e env, lib *library.Library, list *library.List) error {
	parts, err := library.Read(ctx, lib, list.Of(a.whole), func(_ library.Stored, s *schema.Session) report.Part { return a.report.FromSession(s) })
	if err != nil {
		return err
	}
	bar := progress(e, len(a.whole), false)
	defer bar.Finish()
	done := 0
	for part, err := range parts {
		bar.Add(1)
		if err != nil && (ctx.Err() != nil || done == len(a.whole)) {
			return err
		}
		if err != nil {
			a.failed++
			fmt.Fprintf(e.stderr, "ams-assemble: %s: %s\n", a.whole[done].Key(), screen.Line(err.Error()))
		} else {
			a.report.Add(part)
		}
		done++
	}
	return nil
}
