package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"ams/pkg/receipt"
	"ams/pkg/screen"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

func removeCommand(e env) *cli.Command {
	return &cli.Command{
		Name:      "rm",
		Usage:     "remove stored sessions, with their index records and raw material",
		ArgsUsage: "ID...",
		Description: "The spool of a session stays: what happens in the session later would bring it back. ams-assemble spool rm --force ID\n" +
			"removes the spool, too.",
		Flags: commonFlags(),
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
	sh := &shelf{store: store, set: set}
	for _, id := range ids {
		if err := sh.remove(ctx, book, id); err != nil {
			return err
		}
		forget(e, set, id)
		fmt.Fprintf(e.stdout, "%s  removed\n", screen.Line(id))
		if _, err := spool.StatOf(set.spoolDir, spool.FileName(id)); err == nil {
			fmt.Fprintf(e.stderr, "ams-assemble: the spool of %s is still there; ams-assemble spool rm --force removes it\n", screen.Line(id))
		}
	}
	return nil
}

// remove takes a session out of the store. The index record goes first: what a crash leaves behind is found by no list. The receipt stays
// without a key, so that the next run does not store the same again.
func (sh *shelf) remove(ctx context.Context, book *receipt.Book, id string) error {
	name := spool.FileName(id)
	last := book.Get(name)
	key := ""
	if last != nil {
		key = last.Key
	}
	if key == "" {
		old, err := sh.indexed(ctx, name)
		if err != nil {
			return err
		}
		if old == nil {
			return fmt.Errorf("session %s is not stored", screen.Line(id))
		}
		key = upload.SessionKey(name, old.StartTime.Time)
	}
	for _, k := range []string{upload.IndexKey(name), key, upload.RawKey(key)} {
		if err := sh.store.Delete(ctx, k); err != nil {
			return fmt.Errorf("remove session %s: %w", screen.Line(id), err)
		}
	}
	if last == nil {
		return nil
	}
	gone := *last
	gone.Key, gone.Made = "", nil
	return book.Put(name, gone)
}
