package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ams/pkg/transcript"
	"ams/pkg/upload"
)

func importCommand(e env) *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "store sessions that have a transcript but no spool",
		ArgsUsage: "[PATH...]",
		Description: "PATH is a main transcript file or a folder that is searched for them (default: projects below --claude-dir). A session\n" +
			"that has a spool here is made of both.",
		Flags: append(commonFlags(),
			&cli.IntFlag{Name: "jobs", Value: runtime.NumCPU(), DefaultText: "one per processor", Usage: "assemble `N` sessions at once"},
			&cli.BoolFlag{Name: "dry-run", Usage: "read and assemble everything, print the table, store nothing"}),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			if c.Int("jobs") < 1 {
				return usagef("--jobs must be at least 1")
			}
			paths := c.Args().Slice()
			if len(paths) == 0 {
				paths = []string{filepath.Join(set.claudeDir, "projects")}
			}
			im := newImporter(e, set, c.Int("jobs"))
			if c.Bool("dry-run") {
				im.did, im.store = "read", nowhere{}
			} else if im.store, err = set.open(c.Context); err != nil {
				return err
			}
			return im.all(c.Context, paths)
		},
	}
}

// importer imports sessions and counts what became of their files, for the table at the end.
type importer struct {
	e     env
	set   settings
	jobs  int
	store upload.Store
	did   string // what was done with the sessions, in the table

	sessions, events, lines, unparsed, unknown int
	skipped                                    map[string]int // reason -> files
	failed                                     int
}

func newImporter(e env, set settings, jobs int) *importer {
	return &importer{e: e, set: set, jobs: jobs, did: "stored", skipped: map[string]int{}}
}

// imported is what became of one main file. It does not hold the session: that is let go before the next one is read.
type imported struct {
	path                             string
	events, lines, unparsed, unknown int
	err                              error
}

// all finds every session first, by the heads of the files, and then works on several at once. The files of one session are not
// worked on at once: each is put over the one before.
func (im *importer) all(ctx context.Context, paths []string) error {
	found, err := im.find(ctx, paths)
	if err != nil {
		return err
	}
	sh := &shelf{store: im.store, set: im.set}
	var state health
	handOut, giveUp := context.WithCancel(ctx)
	defer giveUp()
	results := inParallel(handOut, im.jobs, found, func() func([]transcript.Files) []imported {
		a := newAssembler(im.e, im.set)
		return func(files []transcript.Files) []imported {
			var out []imported
			for _, f := range files {
				if out = append(out, importOne(ctx, a, sh, f)); isDead(out[len(out)-1].err) {
					break
				}
			}
			return out
		}
	})
	for r := range results {
		im.count(r)
		for _, f := range r {
			state.note(f.err)
		}
		if state.dead {
			giveUp() // each of the others would wait for the same error
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("import: stopped after %d of %d sessions: %w", im.sessions, len(found), err)
	}
	im.print()
	switch {
	case state.dead && im.sessions > 0:
		return &exitError{exitSome, fmt.Errorf("the store failed after %d of %d sessions; import them again when it is back", im.sessions, len(found))}
	case state.dead:
		return fmt.Errorf("nothing was imported of %s: the store failed", count(len(found), "session"))
	case im.failed > 0 && im.sessions > 0:
		return &exitError{exitSome, fmt.Errorf("%s failed", count(im.failed, "file"))}
	case im.failed > 0:
		return fmt.Errorf("nothing was imported; %s failed", count(im.failed, "file"))
	}
	return nil
}

// find returns the files of every session below the paths: as a rule one main file and its agents', but the same session may lie in
// two folders.
func (im *importer) find(ctx context.Context, paths []string) ([][]transcript.Files, error) {
	var found [][]transcript.Files
	place := map[string]int{} // session id -> place in found
	finder := &transcript.Finder{Owner: -1, Anywhere: true}
	for _, root := range paths {
		if _, err := os.Stat(root); err != nil {
			return nil, fmt.Errorf("import %s: %w", root, err)
		}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				im.fail(err)
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
			files, err := finder.FromFile(path)
			switch at, seen := place[files.SessionID]; {
			case errors.Is(err, transcript.ErrNoSession):
				im.skipped["no line of a session in it"]++
			case errors.Is(err, transcript.ErrUnsafe):
				im.skipped["no regular file"]++
			case err != nil:
				im.fail(fmt.Errorf("%s: %w", path, err))
			case seen:
				found[at] = append(found[at], files)
			default:
				place[files.SessionID] = len(found)
				found = append(found, []transcript.Files{files})
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("import %s: %w", root, err)
		}
	}
	return found, nil
}

func (im *importer) fail(err error) {
	im.failed++
	fmt.Fprintf(im.e.stderr, "ams-assemble: %v\n", err)
}

// importOne assembles and stores the session of one main file.
func importOne(ctx context.Context, a *assembler, sh *shelf, files transcript.Files) imported {
	out := imported{path: files.Main}
	var w *work
	if w, out.err = a.fromTranscript(files.SessionID, files); out.err != nil {
		return out
	}
	done, err := sh.put(ctx, w, nil)
	if out.err = err; err != nil {
		return out
	}
	w.session = done.session
	made := w.session.Completeness
	out.events, out.unparsed = len(w.session.Events), made.UnparsedLines
	for _, f := range made.Files {
		out.lines += f.Lines
	}
	for _, n := range made.UnknownLines {
		out.unknown += n
	}
	return out
}

// count adds up what became of the files of one session.
func (im *importer) count(files []imported) {
	stored := false
	for _, f := range files {
		if f.err != nil {
			im.fail(fmt.Errorf("%s: %w", f.path, f.err))
			continue
		}
		stored = true
		im.events += f.events
		im.lines += f.lines
		im.unparsed += f.unparsed
		im.unknown += f.unknown
	}
	if stored {
		im.sessions++
	}
}

// print is the table of what was read, skipped and why.
func (im *importer) print() {
	w := tabwriter.NewWriter(im.e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\t%s of %s\n", im.did, count(im.sessions, "session"), count(im.events, "event"), count(im.lines, "line"))
	for _, row := range []struct {
		lines int
		why   string
	}{{im.unparsed, "not JSON"}, {im.unknown, "of a type that this version does not know"}} {
		if row.lines > 0 {
			fmt.Fprintf(w, "skipped\t%s\t%s\n", count(row.lines, "line"), row.why)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(im.skipped)) {
		fmt.Fprintf(w, "skipped\t%s\t%s\n", count(im.skipped[why], "file"), why)
	}
	if im.failed > 0 {
		fmt.Fprintf(w, "failed\t%s\tsee above\n", count(im.failed, "file"))
	}
	w.Flush()
}

// nowhere is the store of a dry run: it is empty, and stays so.
type nowhere struct{}

func (nowhere) Put(context.Context, string, []byte, upload.PutOptions) (string, error) {
	return "", nil
}

func (nowhere) Get(context.Context, string) ([]byte, string, error) {
	return nil, "", upload.ErrNotFound
}

func (nowhere) List(context.Context, string, func(upload.Object) error) error { return nil }

func (nowhere) Delete(context.Context, string) error { return nil }

// count is a number and what it counts, for programs too: without the commas that a person reads.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
