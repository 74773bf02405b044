package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"

	"ams/pkg/receipt"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

func runCommand(e env) *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "assemble and store every session with news (the default; for cron)",
		Flags: append(commonFlags(),
			&cli.IntFlag{Name: "jobs", Value: runtime.NumCPU(), Usage: "assemble `N` sessions at once"}),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			if c.Args().Present() {
				return usagef("run takes no arguments; ams-assemble session %s reassembles one session", c.Args().First())
			}
			if c.Int("jobs") < 1 {
				return usagef("--jobs must be at least 1")
			}
			return runAll(c.Context, e, set, c.Int("jobs"))
		},
	}
}

// result is what became of one spool.
type result struct {
	name string
	work *work // without a session where there was none in it
	key  string
	err  error
}

// runAll stores every session with news. One bad session never stops the others.
func runAll(ctx context.Context, e env, set settings, jobs int) error {
	stats, err := spool.List(set.spoolDir)
	if err != nil {
		return err
	}
	book, err := receipt.Open(set.receiptsPath())
	if errors.Is(err, receipt.ErrLocked) {
		return &exitError{exitLocked, err}
	}
	if err != nil {
		return err
	}
	defer book.Close()
	var todo []spool.Stat
	for _, s := range stats {
		if s.Name == spool.Unassigned {
			continue
		}
		if r := book.Get(s.Name); r == nil || !r.Current(set.join.ProgramVersion, set.fingerprint(), spoolStats(s)) {
			todo = append(todo, s)
		}
	}
	stored, failed := 0, 0
	results := inParallel(ctx, jobs, todo, func() func(spool.Stat) result {
		a, store := newAssembler(e, set), set.store()
		return func(s spool.Stat) result { return storeOne(ctx, a, store, book, s.Name) }
	})
	for r := range results {
		sayDamage(e, r.work)
		switch {
		case r.err != nil:
			failed++
			fmt.Fprintf(e.stderr, "ams-assemble: session %s: %v\n", r.name, r.err)
		case r.work == nil: // removed since it was listed
		case r.work.session == nil:
			fmt.Fprintf(e.stderr, "ams-assemble: %s: %v\n", r.work.from, errEmpty)
		default:
			stored++
			fmt.Fprintf(e.stdout, "%s  %s  %s\n", r.work.session.SessionID, r.work.session.Outcome, r.key)
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("stopped after %d of %d sessions: %w", stored+failed, len(todo), err)
	}
	if failed > 0 {
		return &exitError{exitSome, fmt.Errorf("%d of %d sessions failed; the next run tries them again", failed, len(todo))}
	}
	return nil
}

// storeOne assembles and stores one session, then writes its receipt.
func storeOne(ctx context.Context, a *assembler, store upload.Store, book *receipt.Book, name string) result {
	w, err := a.fromSpool(name)
	var key string
	switch {
	case errors.Is(err, spool.ErrNotFound):
		return result{name: name}
	case errors.Is(err, errEmpty): // its receipt keeps the next run from saying so again
	case err != nil:
		return result{name: name, err: err}
	default:
		if key, err = put(ctx, store, name, w.session); err != nil {
			return result{name: name, work: w, err: err}
		}
	}
	return result{name: name, work: w, key: key, err: book.Put(name, w.receipt(a.set, key))}
}

// sayDamage tells of spool files that were moved aside.
func sayDamage(e env, w *work) {
	if w == nil {
		return
	}
	for _, d := range w.contents.Damaged {
		fmt.Fprintf(e.stderr, "ams-assemble: %s is damaged (%s) and is kept; %s read from it\n", d.Path, d.Reason, count(d.Records, "record"))
	}
}

// receipt says what the work was made of.
func (w *work) receipt(set settings, key string) receipt.Receipt {
	r := receipt.Receipt{
		SessionID: w.contents.SessionID, Inputs: w.inputs, Spool: spoolStats(w.contents.Stat), LookedAt: w.lookedAt, Final: w.final,
		Program: set.join.ProgramVersion, Settings: set.fingerprint(), Key: key, RecordCount: len(w.contents.Records),
	}
	if n := len(w.contents.Records); n > 0 {
		r.LastRecord = w.contents.Records[n-1].Key.String()
	}
	return r
}
