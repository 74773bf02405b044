package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ams/pkg/transcript"
)

func importCommand(e env) *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "store sessions that have a transcript but no spool",
		ArgsUsage: "[PATH...]",
		Description: "PATH is a main transcript file or a folder that is searched for them (default: projects below --claude-dir). A session\n" +
			"that has a spool here is made of both.",
		Flags: commonFlags(),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			paths := c.Args().Slice()
			if len(paths) == 0 {
				paths = []string{filepath.Join(set.claudeDir, "projects")}
			}
			return importAll(c.Context, e, set, paths)
		},
	}
}

// tally counts what became of the files, for the table at the end.
type tally struct {
	sessions, events, lines, unparsed int
	skipped                           map[string]int // reason -> files
	failed                            int
}

func importAll(ctx context.Context, e env, set settings, paths []string) error {
	t := tally{skipped: map[string]int{}}
	a, store := newAssembler(e, set), set.store()
	a.finder.Owner, a.finder.Anywhere = -1, true // the person named the files
	for _, root := range paths {
		if _, err := os.Stat(root); err != nil {
			return fmt.Errorf("import %s: %w", root, err)
		}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				t.failed++
				fmt.Fprintf(e.stderr, "ams-assemble: %v\n", err)
				return nil
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if d.IsDir() && d.Name() == "subagents" {
				return fs.SkipDir // read with their session
			}
			if d.IsDir() || filepath.Ext(path) != ".jsonl" || strings.HasPrefix(d.Name(), "agent-") {
				return nil
			}
			t.one(ctx, e, a, path, func(w *work) error {
				_, err := put(ctx, store, w.name, w.session)
				return err
			})
			return nil
		})
		if err != nil {
			return fmt.Errorf("import %s: %w", root, err)
		}
	}
	t.print(e)
	switch {
	case t.failed > 0 && t.sessions > 0:
		return &exitError{exitSome, fmt.Errorf("%d files failed", t.failed)}
	case t.failed > 0:
		return fmt.Errorf("all %d files failed", t.failed)
	}
	return nil
}

// one imports one main file.
func (t *tally) one(ctx context.Context, e env, a *assembler, path string, store func(*work) error) {
	files, err := a.finder.FromFile(path)
	if errors.Is(err, transcript.ErrNoSession) {
		t.skipped["no line of a session in it"]++
		return
	}
	var w *work
	if err == nil {
		w, err = a.fromTranscript(files.SessionID, files)
	}
	if err == nil {
		err = store(w)
	}
	if err != nil {
		t.failed++
		fmt.Fprintf(e.stderr, "ams-assemble: %s: %v\n", path, err)
		return
	}
	t.sessions++
	t.events += len(w.session.Events)
	for _, f := range w.session.Completeness.Files {
		t.lines += f.Lines
	}
	t.unparsed += w.session.Completeness.UnparsedLines
}

// print is the table of what was read, skipped and why.
func (t *tally) print(e env) {
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "stored\t%d sessions\t%d events of %d lines\n", t.sessions, t.events, t.lines)
	if t.unparsed > 0 {
		fmt.Fprintf(w, "skipped\t%d lines\tnot JSON\n", t.unparsed)
	}
	var reasons []string
	for r := range t.skipped {
		reasons = append(reasons, r)
	}
	sort.Strings(reasons)
	for _, r := range reasons {
		fmt.Fprintf(w, "skipped\t%d files\t%s\n", t.skipped[r], r)
	}
	if t.failed > 0 {
		fmt.Fprintf(w, "failed\t%d files\tsee above\n", t.failed)
	}
	w.Flush()
}
