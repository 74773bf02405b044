package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"

	"ams/pkg/library"
	"ams/pkg/receipt"
	"ams/pkg/screen"
	"ams/pkg/ship"
)

// orphansShown is how many sessions without an index record are named.
const orphansShown = 20

func reindexCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "reindex", Category: storing,
		Usage: "make the index records anew",
		Description: "Records of older versions lack what list can filter by. A record that another machine changes meanwhile is made again; what was\n" +
			"interrupted can be begun again. Sessions that no record names, as a crash or rm leaves them, are named and left alone.",
		UsageText: "ams-assemble reindex  # after an update: what older versions stored can be filtered as what is new\n" +
			"ams-assemble reindex --all  # every record, whatever its version",
		Flags: append(commonFlags(storeGroup),
			&cli.IntFlag{Name: "jobs", Value: runtime.NumCPU(), DefaultText: "one per processor", Usage: "work on `N` sessions at once, or more where the store is far"},
			&cli.BoolFlag{Name: "all", Usage: "read every session, those with a record of this version, too"}),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			switch {
			case err != nil:
				return err
			case c.Args().Present():
				return usagef("reindex takes no arguments")
			case c.Int("jobs") < 1:
				return usagef("--jobs must be at least 1")
			}
			return reindex(c.Context, e, set, c.Int("jobs"), c.Bool("all"))
		},
	}
}

func reindex(ctx context.Context, e env, set settings, jobs int, all bool) error {
	opt := set.shipping(e)
	opt.Jobs = jobs
	var err error
	if opt.Store, err = set.open(ctx); err != nil {
		return err
	}
	if book, err := receipt.Open(set.receiptsPath()); err == nil { // else a run is at work, and finds out by itself
		opt.Book = book
		defer book.Close()
	}
	var bar *progressbar.ProgressBar
	done, err := ship.New(opt).Reindex(ctx, all, ship.Watch{
		Begin: func(n int) { bar = progress(e, n, false) },
		Each:  func(ship.Result) { bar.Add(1) },
	})
	if bar != nil {
		bar.Finish()
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("reindex: stopped after %d of %s: %w", done.Made+done.Kept+done.Failed, count(done.Found, "index record"), err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "made   %s\nkept   %d\n", count(done.Made, "index record"), done.Kept)
	sayOrphans(e, done.Orphans)
	switch {
	case done.Dead:
		return fmt.Errorf("the store failed after %d of %s; begin again when it is back", done.Made+done.Kept, count(done.Found, "index record"))
	case done.Failed > 0 && done.Failed < done.Found:
		return &exitError{exitSome, fmt.Errorf("%s failed", count(done.Failed, "index record"))}
	case done.Failed > 0:
		return fmt.Errorf("%s failed", count(done.Failed, "index record"))
	}
	return nil
}

// sayOrphans names sessions that no index record names.
func sayOrphans(e env, keys []string) {
	if len(keys) == 0 {
		return
	}
	fmt.Fprintf(e.stdout, "orphan %s\n", count(len(keys), "session"))
	for _, key := range keys[:min(len(keys), orphansShown)] {
		fmt.Fprintf(e.stdout, "       %s\n", key)
	}
	if more := len(keys) - orphansShown; more > 0 {
		fmt.Fprintf(e.stdout, "       and %d more\n", more)
	}
	fmt.Fprintln(e.stderr, "ams-assemble: no index record names these; they are left as they are, since they may have been removed")
	fmt.Fprintln(e.stderr, "hint: ams-assemble session ID --store stores a session anew that is still recorded")
}

// sayDoubtful tells of index records that tell what cannot be true.
func sayDoubtful(e env, doubtful []library.Unreadable) {
	if len(doubtful) == 0 {
		return
	}
	fmt.Fprintf(e.stderr, "ams-assemble: %s not to be believed: %s: %v\n", screen.Count(len(doubtful), "index record"), doubtful[0].Key,
		screen.Line(doubtful[0].Err.Error()))
	fmt.Fprintln(e.stderr, "hint: ams-assemble reindex makes them anew from their sessions")
}
