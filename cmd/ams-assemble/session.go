package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"ams/pkg/bundle"
	"ams/pkg/redact"
	"ams/pkg/safefile"
	"ams/pkg/schema"
	"ams/pkg/spool"
)

func sessionCommand(e env) *cli.Command {
	return &cli.Command{
		Name:      "session",
		Usage:     "reassemble sessions by hand and print their JSON",
		ArgsUsage: "ID|SPOOL|BUNDLE...",
		Description: "ID is a session id; SPOOL is the path of a spool file, which is not changed; BUNDLE is the path of raw material that\n" +
			"--keep-raw stored. A session without a spool is made of its transcript, one without a transcript of its spool.",
		Flags: append(commonFlags(),
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
	a := newAssembler(e, set, set.openArchive())
	failed := 0
	for _, arg := range c.Args().Slice() {
		err := oneSession(e, c, a, arg)
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

func oneSession(e env, c *cli.Context, a *assembler, arg string) error {
	w, err := a.byArgument(arg)
	if err != nil {
		return err
	}
	sayTrouble(e, w)
	if c.Bool("store") {
		store, err := a.set.open(c.Context)
		if err != nil {
			return err
		}
		done, err := (&shelf{store: store, set: a.set}).put(c.Context, w, nil)
		if err != nil {
			return fmt.Errorf("session %s: %w", w.session.SessionID, err)
		}
		fmt.Fprintf(e.stdout, "%s  %s  %s\n", w.session.SessionID, done.session.Outcome, done.key)
		return nil
	}
	redact.New(a.set.redact).Session(w.session)
	body, err := schema.Encode(w.session)
	if err != nil {
		return err
	}
	if path := c.String("output"); path != "" && path != "-" {
		return writeOutput(path, body)
	}
	if _, err := bytes.NewReader(body).WriteTo(e.stdout); err != nil {
		return fmt.Errorf("print session %s: %w", w.session.SessionID, err)
	}
	return nil
}

// byArgument assembles what a person named: a session id, which may look like a path, or the path of a spool file.
func (a *assembler) byArgument(arg string) (*work, error) {
	if strings.HasSuffix(arg, bundle.Suffix) {
		return a.fromBundle(arg)
	}
	w, err := a.fromSpool(spool.FileName(arg))
	if !errors.Is(err, spool.ErrNotFound) {
		return w, err
	}
	if strings.HasSuffix(arg, ".db") || strings.ContainsRune(arg, filepath.Separator) {
		info, err := os.Stat(arg)
		switch {
		case err == nil && info.Mode().IsRegular():
			return a.fromFile(arg)
		case err == nil:
			return nil, fmt.Errorf("spool %s: no regular file", arg)
		case strings.HasSuffix(arg, ".db"):
			return nil, fmt.Errorf("spool %s: %w", arg, fs.ErrNotExist)
		}
	}
	files, err := a.finder.Find(arg, "", a.owner)
	if err != nil {
		return nil, &hintError{
			err: fmt.Errorf("session %s: there is no spool in %s and no transcript below %s", arg, a.set.spoolDir,
				filepath.Join(a.set.claudeDir, "projects")),
			hint: "ams-assemble spool list shows the spools; --spool-dir and --claude-dir name other folders",
		}
	}
	return a.fromTranscript(arg, files)
}

// writeOutput writes the file that a person named. A device or FIFO is not replaced by a file.
func writeOutput(path string, body []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return &hintError{err: fmt.Errorf("write %s: it is no regular file", path), hint: "--output - is standard output"}
	}
	return safefile.Write(path, body, safefile.WriteOptions{})
}
