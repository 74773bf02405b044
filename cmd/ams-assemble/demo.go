package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/demo"
	"ams/pkg/library"
	"ams/pkg/listing"
	"ams/pkg/price"
	"ams/pkg/query"
	"ams/pkg/screen"
	"ams/pkg/ship"
	"ams/pkg/story"
	"ams/pkg/upload"
)

func demoCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "demo", Category: begin,
		Usage:       "replay a recorded session and tell its story",
		Description: "The real ams-hook records it, and it is assembled, stored and told as yours will be. It uses folders of its own, and neither your sessions nor your settings.",
		UsageText: "ams-assemble demo  # two seconds, no account, nothing to set up\n" +
			"ams-assemble demo --dir /tmp/ams-demo  # keep it there",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "keep everything in `DIR` (default: a new folder for temporary files)"},
			&cli.StringFlag{Name: "hook", Usage: "the ams-hook `PROGRAM` (default: the one beside ams-assemble, else in PATH)"},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("demo takes no arguments")
			}
			hook, err := machineOf(e).FindHook(c.String("hook"))
			if err != nil {
				return err
			}
			dir := c.String("dir")
			if dir == "" {
				dir, err = os.MkdirTemp("", "ams-demo-")
			} else if dir, err = filepath.Abs(dir); err == nil {
				err = os.MkdirAll(dir, 0o700)
			}
			if err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			layout, _, err := layoutOf(e, c)
			if err != nil {
				return err
			}
			return replayDemo(c.Context, e, dir, hook, layout)
		},
	}
}

// replayDemo replays, assembles, stores and tells.
func replayDemo(ctx context.Context, e env, dir, hook string, layout screen.Screen) error {
	claude, spoolDir := filepath.Join(dir, "claude"), filepath.Join(dir, "spool")
	hooks, err := demo.Open(claude)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	fmt.Fprintf(e.stderr, "ams-assemble: replaying %d hook events through %s\n", hooks.Events(), hook)
	err = hooks.Replay(ctx, e.now, func(raw []byte) error {
		return machineOf(e).StartHook(ctx, hook, raw, "AMS_SPOOL_DIR="+spoolDir, "AMS_AGENT_NAME=demo", "AMS_TAGS=demo")
	})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	// The demo has its own folders and no settings but the defaults, whatever the environment says.
	prices, err := price.Embedded()
	if err != nil {
		return err
	}
	set := settings{spoolDir: spoolDir, claudeDir: claude, localDir: filepath.Join(dir, "store"), now: true, join: joinSettings(prices)}
	if err := storeDemo(ctx, e, set); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return tellStored(ctx, e, dir, set, layout)
}

// storeDemo is a run.
func storeDemo(ctx context.Context, e env, set settings) error {
	book, err := set.openBook(e)
	if err != nil {
		return err
	}
	defer book.Close()
	opt := set.shipping(e)
	opt.Book, opt.Store = book, upload.NewLocal(set.localDir)
	opt.Tables = set.written(e, opt.Store)
	tally, err := ship.New(opt).Run(ctx, ship.Retention{}, ship.Watch{})
	return errors.Join(err, tally.Why)
}

// tellStored says where the files are, lists what is stored, which is one session, and tells it.
func tellStored(ctx context.Context, e env, dir string, set settings, layout screen.Screen) error {
	lib := library.Open(upload.NewLocal(set.localDir), library.Options{})
	all, err := lib.List(ctx, query.Query{})
	if err == nil && len(all.Sessions) != 1 {
		err = fmt.Errorf("%d sessions are stored, want 1", len(all.Sessions))
	}
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	r := all.Sessions[0]
	s, err := lib.Get(ctx, r.SessionID)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	fmt.Fprintf(e.stdout, "spool:    %s\nsession:  %s\nindex:    %s\n\n", filepath.Join(dir, "spool", s.SessionID+".db"),
		filepath.Join(set.localDir, filepath.FromSlash(r.Key())), filepath.Join(set.localDir, "index", r.Name+".json"))
	table := listing.Table{Screen: layout, Writer: e.stdout, ShortID: all.ShortID, Year: e.now().Local().Year()}
	if err := table.Show(all.Sessions, 0); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	fmt.Fprintln(e.stdout)
	return story.Write(e.stdout, s, story.Options{Screen: layout, Location: time.Local})
}
