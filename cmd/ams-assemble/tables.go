package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"

	"ams/pkg/screen"
	"ams/pkg/table"
	"ams/pkg/upload"
)

func tablesCommand(e env) *cli.Command {
	sub := func(name, usage, args, examples string, action func(context.Context, *table.Keeper, []string) error) *cli.Command {
		return &cli.Command{
			Name: name, Usage: usage, ArgsUsage: args, UsageText: examples, Flags: commonFlags(storeGroup),
			Action: func(c *cli.Context) error {
				set, err := readSettings(e, c)
				if err != nil {
					return err
				}
				if c.Args().Present() && args == "" {
					return usagef("tables %s takes no arguments", name)
				}
				store, err := set.open(c.Context)
				if err != nil {
					return err
				}
				return action(c.Context, set.keeper(e, store), c.Args().Slice())
			},
		}
	}
	return &cli.Command{
		Name: "tables", Category: storing,
		Usage: "the Parquet files for query engines: check, compact, make anew",
		Subcommands: []*cli.Command{
			sub("status", "count what there is and what is due", "", "ams-assemble tables status  # days, parts, bytes, and what waits",
				func(ctx context.Context, k *table.Keeper, _ []string) error { return tablesStatus(ctx, e, k) }),
			sub("compact", "write the parts of days as fewer ones", "[DAY...]", "ams-assemble tables compact  # every day that is due; run does one an hour\n"+
				"ams-assemble tables compact 2026-11-22  # this one, due or not",
				func(ctx context.Context, k *table.Keeper, days []string) error { return tablesCompact(ctx, e, k, days) }),
			sub("verify", "compare the tables with the sessions, row by row", "", "ams-assemble tables verify  # ends with 3 where something is wrong, and names it",
				func(ctx context.Context, k *table.Keeper, _ []string) error { return tablesVerify(ctx, e, k) }),
			sub("rebuild", "make the tables anew from the sessions", "", "ams-assemble tables rebuild  # after --tables no, reindex, or what verify found",
				func(ctx context.Context, k *table.Keeper, _ []string) error { return tablesRebuild(ctx, e, k) }),
		},
		Action: func(c *cli.Context) error { return usagef("tables needs one of status, compact, verify, rebuild") },
	}
}

// keeper keeps the tables of a store.
func (s settings) keeper(e env, store upload.Store) *table.Keeper {
	host, _ := os.Hostname()
	return table.New(table.Options{
		Store: store, Owner: fmt.Sprintf("%s (process %d)", host, os.Getpid()), Now: e.now, Alone: s.tables == tablesAlone,
		Note: func(format string, args ...any) { fmt.Fprintf(e.stderr, "ams-assemble: "+format+"\n", args...) },
	})
}

// written is the keeper for a command that writes tables, nil where none are wanted.
func (s settings) written(e env, store upload.Store) *table.Keeper {
	if s.tables == tablesNo {
		return nil
	}
	return s.keeper(e, store)
}

// tablesMode says whether tables are written.
type tablesMode int

const (
	tablesYes tablesMode = iota
	tablesNo
	tablesAlone // by this machine and no other: the store may lack conditional writes
)

func readTables(value string) (tablesMode, error) {
	if strings.EqualFold(strings.TrimSpace(value), "alone") {
		return tablesAlone, nil
	}
	yes, err := parseBool("--tables", value, true)
	if err != nil {
		return tablesYes, usagef("--tables must be yes, no or alone, not %q", value)
	}
	if !yes {
		return tablesNo, nil
	}
	return tablesYes, nil
}

func tablesStatus(ctx context.Context, e env, k *table.Keeper) error {
	s, err := k.Status(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "days\t%d\nparts\t%d\nrows\t%d of sessions, older ones too\nbytes\t%d\n", s.Days, s.Parts, s.Sessions, s.Bytes)
	for _, row := range []struct {
		name string
		n    int
		what string
	}{
		{"due", len(s.Due), "days to compact: " + screen.Line(strings.Join(s.Due, " "))}, {"replaced", s.Waiting, "compactions whose old parts go a day later"},
		{"orphans", s.Orphans, "parts of events alone, as a crash leaves them"},
		{"removing", len(s.Removing), "removals that were interrupted: " + screen.Line(strings.Join(s.Removing, " "))},
		{"at work", len(s.Claims), "days that are being compacted: " + screen.Line(strings.Join(s.Claims, " "))},
	} {
		if row.n > 0 {
			fmt.Fprintf(w, "%s\t%d\t%s\n", row.name, row.n, row.what)
		}
	}
	return w.Flush()
}

func tablesCompact(ctx context.Context, e env, k *table.Keeper, days []string) error {
	for _, day := range days {
		if !table.IsDay(day) {
			return usagef("tables compact takes days as 2026-11-22, not %q", screen.Line(day))
		}
	}
	if len(days) == 0 {
		s, err := k.Status(ctx)
		if err != nil {
			return err
		}
		days = s.Due
	}
	failed := 0
	for _, day := range days {
		done, err := k.Compact(ctx, day)
		for _, bad := range done.Bad {
			fmt.Fprintf(e.stderr, "ams-assemble: %s; it is left as it is\n", screen.Line(bad))
		}
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			failed++
			fmt.Fprintf(e.stderr, "ams-assemble: %v\n", screen.Line(err.Error()))
			continue
		}
		fmt.Fprintf(e.stdout, "%s  %s in %s, was %d\n", day, screen.Count(done.Sessions, "session"), screen.Count(done.After, "part"), done.Before)
	}
	return someFailed(failed, len(days), "day")
}

// someFailed is what a command ends with that worked on several things.
func someFailed(failed, all int, what string) error {
	switch {
	case failed == 0:
		return nil
	case failed == all:
		return errors.New(screen.Count(failed, what) + " failed")
	}
	return &exitError{exitSome, fmt.Errorf("%d of %s failed", failed, screen.Count(all, what))}
}

func tablesVerify(ctx context.Context, e env, k *table.Keeper) error {
	v, err := k.Verify(ctx)
	if err != nil {
		return err
	}
	for _, finding := range v.Findings {
		fmt.Fprintln(e.stdout, screen.Line(finding))
	}
	fmt.Fprintf(e.stdout, "%s and %s are as in the sessions; %s, %s", screen.Count(v.Sessions, "session"), screen.Count(v.Events, "event"),
		screen.Count(v.Days, "day"), screen.Count(v.Parts, "part"))
	if v.Open > 0 {
		fmt.Fprintf(e.stdout, "; %s not over", screen.Count(v.Open, "session"))
	}
	fmt.Fprintln(e.stdout)
	if n := len(v.Findings); n > 0 {
		return &exitError{exitSome, &hintError{err: fmt.Errorf("%s wrong", screen.Count(n, "thing")),
			hint: "the next run mends what is late; ams-assemble tables rebuild makes all anew"}}
	}
	return nil
}

func tablesRebuild(ctx context.Context, e env, k *table.Keeper) error {
	var bar *progressbar.ProgressBar
	done, err := k.Rebuild(ctx, table.Watch{
		Begin: func(n int) { bar = progress(e, n, false) },
		Each: func(name string, err error) {
			if bar.Add(1); err != nil {
				fmt.Fprintf(e.stderr, "ams-assemble: session %s: %v\n", screen.Line(name), screen.Line(err.Error()))
			}
		},
	})
	if bar != nil {
		bar.Finish()
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "written  %s\n", screen.Count(done.Sessions, "session"))
	if done.Open > 0 {
		fmt.Fprintf(e.stdout, "left     %s not over\n", screen.Count(done.Open, "session"))
	}
	if done.Replaced > 0 {
		fmt.Fprintf(e.stdout, "replaced %s, deleted in a day\n", screen.Count(done.Replaced, "part"))
	}
	return someFailed(done.Failed, done.Failed+done.Sessions, "session")
}
