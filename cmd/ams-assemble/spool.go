package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/ship"
	"ams/pkg/spool"
)

func spoolCommand(e env) *cli.Command {
	sub := func(name, usage, args, examples string, flags []cli.Flag, action func(*cli.Context, settings) error) *cli.Command {
		return &cli.Command{
			Name: name, Usage: usage, ArgsUsage: args, UsageText: examples, Flags: append(commonFlags(recordGroup), flags...),
			Action: func(c *cli.Context) error {
				set, err := readSettings(e, c)
				if err != nil {
					return err
				}
				return action(c, set)
			},
		}
	}
	force := []cli.Flag{&cli.BoolFlag{Name: "force", Usage: "remove records that were never stored, too"}}
	return &cli.Command{
		Name: "spool", Category: storing,
		Usage: "look into the spools that ams-hook writes",
		Subcommands: []*cli.Command{
			sub("list", "list the spools", "", "ams-assemble spool list  # what waits, and what is damaged", nil, func(c *cli.Context, set settings) error { return spoolList(e, set) }),
			sub("dump", "print a spool as lines of JSON", "ID|SPOOL", "ams-assemble spool dump last  # every hook event, one a line", nil,
				func(c *cli.Context, set settings) error { return spoolDump(e, c, set) }),
			sub("load", "put lines of JSON into the spools of their sessions", "FILE...|-",
				"ams-assemble spool load events.jsonl  # what spool dump printed on another machine", nil,
				func(c *cli.Context, set settings) error { return spoolLoad(e, c, set) }),
			sub("rm", "remove spools", "ID...", "ams-assemble spool rm 0b1f  # refused where something in it is not stored yet", force,
				func(c *cli.Context, set settings) error { return spoolRemove(e, c, set) }),
		},
		Action: func(c *cli.Context) error {
			return usagef("spool needs one of list, dump, load, rm")
		},
	}
}

func spoolList(e env, set settings) error {
	stats, err := spool.List(set.spoolDir)
	if err != nil {
		return err
	}
	if len(stats) == 0 {
		fmt.Fprintf(e.stderr, "ams-assemble: no spools in %s\n", set.spoolDir)
		return nil
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SPOOL\tBYTES\tINBOX\tDAMAGED\tLAST CHANGE")
	for _, s := range stats {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\n", s.Name, s.DBBytes, s.InboxCount, len(s.Damaged), s.LastChange().Local().Format("2006-01-02 15:04"))
	}
	return w.Flush()
}

func spoolDump(e env, c *cli.Context, set settings) error {
	if c.Args().Len() != 1 {
		return usagef("spool dump takes one session id or the path of one spool file")
	}
	out := bufio.NewWriter(e.stdout)
	contents, err := recorded.Dump(out, func(keep spool.Shorten) (spool.Contents, error) {
		return openSpool(c.Context, e, set, c.Args().First(), keep)
	})
	if err != nil {
		return err
	}
	sayTrouble(e, &recorded.Session{Contents: contents})
	if err := out.Flush(); err != nil {
		return fmt.Errorf("dump %s: %w", c.Args().First(), err)
	}
	return nil
}

// openSpool reads a spool by its session's id, its own name, or its path, and keeps what keep returns of the payloads.
func openSpool(ctx context.Context, e env, set settings, arg string, keep spool.Shorten) (spool.Contents, error) {
	if filepath.Ext(arg) == ".db" {
		return spool.ReadFileWithin(arg, keep)
	}
	if arg == spool.Unassigned {
		return spool.ReadWithin(set.spoolDir, arg, keep)
	}
	name, err := recordedName(ctx, e, set, arg, false)
	if err != nil {
		return spool.Contents{}, err
	}
	return spool.ReadWithin(set.spoolDir, name, keep)
}

func spoolLoad(e env, c *cli.Context, set settings) error {
	if !c.Args().Present() {
		return usagef("spool load needs files, or - for standard input")
	}
	l := recorded.NewLoader(set.spoolDir)
	for _, path := range c.Args().Slice() {
		if err := loadPath(c.Context, e, l, path); err != nil {
			return err
		}
	}
	if err := l.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "ams-assemble: %d lines read, %d records added\n", l.Lines, l.Added)
	return nil
}

func loadPath(ctx context.Context, e env, l *recorded.Loader, path string) error {
	if path == "-" { // a person may type it, and stop
		read := make(chan error, 1)
		go func() { read <- l.Load(e.stdin, path) }()
		select {
		case err := <-read:
			return err
		case <-ctx.Done():
			return fmt.Errorf("load: stopped: %w", ctx.Err())
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	defer f.Close()
	return l.Load(f, path)
}

// seen reports whether the store has the session of a receipt: one that there was nothing to store of needs none.
func seen(ctx context.Context, e env, set settings, name string, r *receipt.Receipt) (bool, error) {
	if r.Key == "" {
		return true, nil
	}
	opt := set.shipping(e)
	var err error
	if opt.Store, err = set.open(ctx); err != nil {
		return false, err
	}
	return ship.New(opt).Has(ctx, name, r)
}

// spoolRemove removes spools whose every record is in a stored Session; others only by force.
func spoolRemove(e env, c *cli.Context, set settings) error {
	if !c.Args().Present() {
		return usagef("spool rm needs session ids")
	}
	book, err := set.openBook(e)
	if err != nil {
		return err
	}
	defer book.Close()
	for _, arg := range c.Args().Slice() {
		contents, err := openSpool(c.Context, e, set, arg, func([]byte) []byte { return nil }) // they are counted
		if err != nil {
			return err
		}
		n := len(contents.Records)
		var last spool.Key
		if n > 0 {
			last = contents.Records[n-1].Key
		}
		r := book.Get(contents.Name)
		stored := r != nil && r.RecordCount == n && (n == 0 || r.LastRecord == last.String())
		if stored && n > 0 && !c.Bool("force") {
			if stored, err = seen(c.Context, e, set, contents.Name, r); err != nil {
				return &hintError{err: err, hint: "--force removes it without a look into the store"}
			}
		}
		if !stored && n > 0 && !c.Bool("force") {
			return &hintError{
				err:  fmt.Errorf("spool %s holds %d records, and not all of them are in a stored session", contents.Name, n),
				hint: "ams-assemble run stores them; --force removes them all the same",
			}
		}
		if err := spool.Remove(set.spoolDir, contents.Name, last, n); err != nil {
			return fmt.Errorf("remove spool %s: %w", arg, err)
		}
		fmt.Fprintf(e.stdout, "%s  removed, %d records\n", contents.Name, n)
	}
	return nil
}
