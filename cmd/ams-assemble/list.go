package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ams/pkg/library"
	"ams/pkg/listing"
	"ams/pkg/query"
	"ams/pkg/receipt"
	"ams/pkg/screen"
)

func listCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "list", Category: reading,
		Aliases:   []string{"ls"},
		Usage:     "list the stored sessions, the newest first",
		ArgsUsage: "[WORD...]",
		Description: "WORDs must all stand in title, first prompt, repository or branch; ams-assemble find looks into whole sessions. The first line sums up\n" +
			"what is shown. Tokens are all input, cached or not, and output.",
		UsageText: "ams-assemble list --since 7d  # of the last seven days\n" +
			"ams-assemble list --cost '>1' --sort cost  # above a dollar, the dearest first\n" +
			"ams-assemble list --outcome failed --csv > failed.csv  # for a spreadsheet",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "sort", Value: "start", Usage: "sort by `COLUMN` " + strings.Join(listing.SortNames(), ", ") + "; largest first"},
			&cli.BoolFlag{Name: "reverse", Usage: "sort the other way round"},
			&cli.IntFlag{Name: "limit", Aliases: []string{"n"}, Usage: "show the first `N` alone"},
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on: a line for each session that begins, goes on or ends"},
			&cli.BoolFlag{Name: "json", Usage: "print the index records as a JSON array"},
			&cli.BoolFlag{Name: "csv", Usage: "print CSV (RFC 4180); texts that a spreadsheet would take for a formula begin with a '"},
		}, filterFlags(), pageFlags(), filterCommonFlags()),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			q, err := readQuery(e, c, c.Args().Slice())
			if err != nil {
				return err
			}
			switch {
			case c.Bool("json") && c.Bool("csv"):
				return usagef("--json and --csv exclude each other")
			case c.Bool("follow") && (c.Bool("json") || c.Bool("csv") || c.IsSet("sort") || c.Bool("reverse") || c.IsSet("limit")):
				return usagef("--follow lists sessions as they come")
			case c.Int("limit") < 0:
				return usagef("--limit must be 0 or more")
			case !slices.Contains(listing.SortNames(), c.String("sort")):
				return usagef("--sort must be one of %s, not %q", strings.Join(listing.SortNames(), ", "), c.String("sort"))
			}
			return listSessions(e, c, set, q)
		},
	}
}

// waiting are the sessions that are recorded and not stored yet, as far as a list may wait for them, which it says.
func waiting(ctx context.Context, e env, lib *library.Library, list *library.List, q query.Query) []library.Stored {
	waiting, others, err := lib.Waiting(ctx, list, q)
	if err != nil && !errors.Is(err, receipt.ErrLocked) { // a run is just storing them
		fmt.Fprintf(e.stderr, "ams-assemble: what waits to be stored is not known: %v\n", err)
	}
	if others > 0 {
		fmt.Fprintf(e.stderr, "ams-assemble: %s more not stored yet; ams-assemble run stores them\n", screen.Count(others, "session"))
	}
	return waiting
}

func listSessions(e env, c *cli.Context, set settings, q query.Query) error {
	lib, err := openLibrary(c.Context, e, set, set.unstored(e))
	if err != nil {
		return err
	}
	if c.Bool("follow") {
		return followList(e, c, lib, q)
	}
	var list *library.List
	if c.Bool("json") || c.Bool("csv") {
		list, err = lib.List(c.Context, q)
	} else {
		list, err = lib.ListOnly(c.Context, q, listing.Maps())
	}
	if err != nil {
		return err
	}
	sayOf(e, list)
	shown := list.Sessions
	if !c.Bool("json") && !c.Bool("csv") { // those are of index records
		shown = append(waiting(c.Context, e, lib, list, q), shown...)
	}
	listing.Sort(shown, c.String("sort"))
	if c.Bool("reverse") {
		slices.Reverse(shown)
	}
	more := 0
	if n := c.Int("limit"); n > 0 && n < len(shown) {
		more, shown = len(shown)-n, shown[:n]
	}
	switch {
	case c.Bool("json"):
		return listing.JSON(e.stdout, shown)
	case c.Bool("csv"):
		return listing.CSV(e.stdout, shown)
	case len(shown) == 0:
		sayNothing(e, c, set, lib, list.Total)
		return nil
	}
	return paged(e, c, func(p *page) error {
		t := listing.Table{Screen: p.Screen, Writer: p, ShortID: list.ShortID, Year: e.now().Local().Year()}
		if !p.terminal && !p.given {
			t.Cells = 200 // another program reads it: every column
		}
		return t.Show(shown, more)
	})
}
