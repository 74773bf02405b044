package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"ams/pkg/screen"
	"ams/pkg/ship"
	"ams/pkg/spool"
)

func removeCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "rm", Category: storing,
		Usage:     "remove sessions from the store",
		ArgsUsage: "ID...",
		Description: "Index records and raw material go, too. The spool of a session stays: what happens in the session later would bring it back. ams-assemble spool rm --force ID\n" +
			"removes the spool, too.",
		UsageText: "ams-assemble rm 0b1f  # the session whose id begins so\n" +
			"ams-assemble rm last --s3-bucket team-sessions  # the newest of a bucket",
		Flags: commonFlags(recordGroup, storeGroup),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			if !c.Args().Present() {
				return usagef("rm needs session ids")
			}
			return removeSessions(c.Context, e, set, c.Args().Slice())
		},
	}
}

func removeSessions(ctx context.Context, e env, set settings, ids []string) error {
	book, err := set.openBook(e)
	if err != nil {
		return err
	}
	defer book.Close()
	store, err := set.open(ctx)
	if err != nil {
		return err
	}
	opt := set.shipping(e)
	opt.Store, opt.Book, opt.Tables = store, book, set.keeper(e, store) // whoever wrote tables, and whether this machine does
	sh := ship.New(opt)
	lib := libraryOf(e, set, store, nil)
	for _, typed := range ids {
		id, err := storedName(ctx, lib, set, typed)
		if r := book.Get(spool.FileName(typed)); err != nil && r != nil && r.Key != "" {
			id, err = typed, nil // its index record is gone, and the receipt knows where the rest may be
		}
		if err != nil && sh.IsRemoving(ctx, spool.FileName(typed)) {
			id, err = typed, nil // all is gone but rows in the tables
		}
		if err != nil {
			return err
		}
		if err := sh.Remove(ctx, id); err != nil {
			return err
		}
		lib.Forget(id)
		fmt.Fprintf(e.stdout, "%s  removed\n", screen.Line(id))
		if _, err := spool.StatOf(set.spoolDir, spool.FileName(id)); err == nil {
			fmt.Fprintf(e.stderr, "ams-assemble: the spool of %s is still there; ams-assemble spool rm --force removes it\n", screen.Line(id))
		}
	}
	return nil
}
