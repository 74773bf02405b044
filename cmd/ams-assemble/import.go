package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"

	"ams/pkg/receipt"
	"ams/pkg/screen"
	"ams/pkg/ship"
)

func importCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "import", Category: storing,
		Usage:     "store sessions that have a transcript but no spool",
		ArgsUsage: "[PATH...]",
		Description: "PATH is a main transcript file or a folder that is searched for them (default: projects below --claude-dir). A session\n" +
			"that has a spool here is made of both.",
		UsageText: "ams-assemble import  # all sessions below ~/.claude/projects\n" +
			"ams-assemble import --dry-run  # read them all, store none\n" +
			"ams-assemble import ~/old-machine/.claude/projects  # those of a copied folder",
		Flags: append(allCommonFlags(),
			&cli.IntFlag{Name: "jobs", Value: runtime.NumCPU(), DefaultText: "one per processor", Usage: "assemble `N` sessions at once"},
			&cli.BoolFlag{Name: "dry-run", Usage: "read and assemble everything, print the table, store nothing"}),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			if c.Int("jobs") < 1 {
				return usagef("--jobs must be at least 1")
			}
			paths := c.Args().Slice()
			if len(paths) == 0 {
				paths = []string{filepath.Join(set.claudeDir, "projects")}
			}
			return importSessions(c.Context, e, set, paths, c.Int("jobs"), c.Bool("dry-run"))
		},
	}
}

func importSessions(ctx context.Context, e env, set settings, paths []string, jobs int, dry bool) error {
	opt := set.shipping(e)
	opt.Jobs, opt.Store = jobs, ship.Nowhere{}
	if !dry {
		var err error
		if opt.Store, err = set.open(ctx); err != nil {
			return err
		}
		opt.Tables = set.written(e, opt.Store)
		book, err := receipt.Open(set.receiptsPath())
		if err != nil { // a run is at work, or the folder of the spools is not this user's to write
			fmt.Fprintf(e.stderr, "ams-assemble: %v: everything is read, and the next import reads it again\n", err)
		} else {
			opt.Book = book
			defer book.Close()
		}
		defer remember(e, opt.Source)
	}
	var bar *progressbar.ProgressBar
	im, err := ship.New(opt).Import(ctx, paths, ship.Watch{
		Begin: func(n int) { bar = progress(e, n, false) },
		Each:  func(ship.Result) { bar.Add(1) },
	})
	if bar != nil {
		bar.Finish()
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("import: stopped after %d of %d sessions: %w", im.Sessions, im.Found, err)
	case err != nil:
		return err
	}
	printImported(e, im, map[bool]string{false: "stored", true: "read"}[dry])
	switch {
	case im.Dead && im.Sessions > 0:
		return &exitError{exitSome, fmt.Errorf("the store failed after %d of %d sessions; import them again when it is back", im.Sessions, im.Found)}
	case im.Dead:
		return fmt.Errorf("nothing was imported of %s: the store failed", count(im.Found, "session"))
	case im.Failed > 0 && im.Sessions+im.Unchanged > 0:
		return &exitError{exitSome, fmt.Errorf("%s failed", count(im.Failed, "file"))}
	case im.Failed > 0:
		return fmt.Errorf("nothing was imported; %s failed", count(im.Failed, "file"))
	}
	return nil
}

// plainWhy is a reason without the session that it names.
func plainWhy(why string) string {
	plain, _, _ := strings.Cut(why, " of session ")
	return plain
}

// printImported is the table of what was read, skipped and why. did is what was done with the sessions.
func printImported(e env, im ship.Imported, did string) {
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\t%s of %s\n", did, count(im.Sessions, "session"), count(im.Events, "event"), count(im.Lines, "line"))
	if im.Unchanged > 0 {
		fmt.Fprintf(w, "kept\t%s\tunchanged since they were stored\n", count(im.Unchanged, "file"))
	}
	if im.TooLarge > 0 {
		fmt.Fprintf(w, "not stored\t%s\ttoo large for the store; not tried again before it changes\n", count(im.TooLarge, "file"))
	}
	for _, row := range []struct {
		lines int
		why   string
	}{{im.Unparsed, "not JSON"}, {im.Unknown, "of a type that this version does not know"}} {
		if row.lines > 0 {
			fmt.Fprintf(w, "skipped\t%s\t%s\n", count(row.lines, "line"), row.why)
		}
	}
	byWhy := map[string]int{}
	for _, u := range im.Unused {
		byWhy[plainWhy(u.Why)]++
	}
	for _, why := range slices.Sorted(maps.Keys(byWhy)) {
		fmt.Fprintf(w, "skipped\t%s\t%s\n", count(byWhy[why], "file"), why)
	}
	if im.Failed > 0 {
		fmt.Fprintf(w, "failed\t%s\tsee above\n", count(im.Failed, "file"))
	}
	w.Flush()
	for _, u := range im.Unused {
		fmt.Fprintf(e.stdout, "not used: %s: %s\n", screen.Line(u.Path), u.Why)
	}
}

// count is a number and what it counts, for programs too: without the commas that a person reads.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
