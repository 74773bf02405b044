package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
	keys, err := sh.keysOf(ctx, name, last)
	if err != nil {
		return fmt.Errorf("remove session %s: %w", screen.Line(id), err)
	}
	if len(keys) == 0 {
		return fmt.Errorf("session %s is not stored", screen.Line(id))
	}
	gone := []string{upload.IndexKey(name)}
	for _, key := range keys {
		gone = append(gone, key, upload.RawKey(key))
	}
	for _, key := range gone {
		if err := sh.store.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove session %s: %w", screen.Line(id), err)
		}
	}
	if last == nil {
		return nil
	}
	without := *last
	without.Key, without.Made, without.Version = "", nil, receipt.Version{}
	return book.Put(name, without)
}

// keysOf are the keys under which a session may be stored: where this machine put it, and where the
// index record says, as another machine may have seen an earlier part of it.
func (sh *shelf) keysOf(ctx context.Context, name string, last *receipt.Receipt) ([]string, error) {
	var keys []string
	if last != nil && last.Key != "" {
		keys = append(keys, last.Key)
	}
	b, _, err := sh.store.Get(ctx, upload.IndexKey(name))
	if errors.Is(err, upload.ErrNotFound) {
		return keys, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for it: %w", err)
	}
	sum, err := readSummary(b)
	if err != nil {
		return nil, err
	}
	if sum != nil {
		if key := upload.SessionKey(name, sum.StartTime.Time); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}
