package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"ams/pkg/recorded"
	"ams/pkg/redact"
	"ams/pkg/safefile"
	"ams/pkg/schema"
	"ams/pkg/ship"
)

func sessionCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "session", Category: storing,
		Usage:     "reassemble by hand and print the JSON",
		ArgsUsage: "ID|SPOOL|BUNDLE...",
		Description: "ID is a session id, its beginning, or last; SPOOL is the path of a spool file, which is not changed; BUNDLE is the path of raw material that\n" +
			"--keep-raw stored. A session without a spool is made of its transcript, one without a transcript of its spool.",
		UsageText: "ams-assemble session last  # the newest recorded session, as JSON\n" +
			"ams-assemble session 0b1f -o session.json  # the one whose id begins so, into a file\n" +
			"ams-assemble session last --store  # as run does, for this one alone",
		Flags: append(allCommonFlags(),
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the JSON to `FILE` instead of standard output"},
			&cli.BoolFlag{Name: "store", Usage: "store the sessions, as run does, instead of printing them"}),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			switch {
			case !c.Args().Present():
				return usagef("session needs a session id or the path of a spool file")
			case c.Bool("store") && c.String("output") != "":
				return usagef("--store and --output exclude each other")
			case c.Args().Len() > 1 && c.String("output") != "":
				return usagef("--output takes one session, not %d", c.Args().Len())
			}
			return sessions(e, c, set)
		},
	}
}

func sessions(e env, c *cli.Context, set settings) error {
	opt := set.shipping(e)
	rd := opt.Source.Reader()
	failed := 0
	for _, arg := range c.Args().Slice() {
		err := oneSession(e, c, set, opt, rd, arg)
		if err != nil && c.Args().Len() == 1 {
			return err
		}
		if err != nil {
			failed++
			fmt.Fprintf(e.stderr, "ams-assemble: %v\n", err)
		}
	}
	switch failed {
	case 0:
		return nil
	case c.Args().Len():
		return fmt.Errorf("none of the %d sessions could be assembled", failed)
	}
	return &exitError{exitSome, fmt.Errorf("%d of %d sessions failed", failed, c.Args().Len())}
}

func oneSession(e env, c *cli.Context, set settings, opt ship.Options, rd *recorded.Reader, arg string) error {
	w, err := rd.Find(arg)
	if none := (*recorded.NotFoundError)(nil); errors.As(err, &none) && !isPath(arg) {
		if arg, err = recordedName(c.Context, e, set, arg, true); err == nil {
			w, err = rd.Find(arg)
		}
	}
	if err != nil {
		return err
	}
	sayTrouble(e, w)
	if c.Bool("store") {
		if opt.Store, err = set.open(c.Context); err != nil {
			return err
		}
		r, err := ship.New(opt).Store(c.Context, w)
		if err != nil {
			return fmt.Errorf("session %s: %w", w.Session.SessionID, err)
		}
		fmt.Fprintf(e.stdout, "%s  %s  %s\n", w.Session.SessionID, w.Session.Outcome, r.Key)
		return nil
	}
	redact.New(set.redact).Session(w.Session)
	body, err := schema.Encode(w.Session)
	if err != nil {
		return err
	}
	if path := c.String("output"); path != "" && path != "-" {
		return writeOutput(path, func(w io.Writer) error {
			_, err := w.Write(body)
			return err
		})
	}
	if _, err := bytes.NewReader(body).WriteTo(e.stdout); err != nil {
		return fmt.Errorf("print session %s: %w", w.Session.SessionID, err)
	}
	return nil
}

// writeOutput writes the file that a person named. A device or FIFO is not replaced by a file.
func writeOutput(path string, fill func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return &hintError{err: fmt.Errorf("write %s: it is no regular file", path), hint: "- instead of a file is standard output"}
	}
	return safefile.WriteFrom(path, safefile.WriteOptions{}, fill)
}
