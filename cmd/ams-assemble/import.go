package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ams/pkg/receipt"
	"ams/pkg/screen"
	"ams/pkg/spool"
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
				return im.all(c.Context, paths)
			}
			if im.store, err = set.open(c.Context); err != nil {
				return err
			}
			if err := im.remember(c.Context); err != nil {
				return err
			}
			defer im.mem.close()
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
	mem   memory
	// archive is what is known of all transcripts here, copies are the files that hold nothing which another of their session does not.
	archive *transcript.Archive
	copies  map[string][]string
	unused  []unused

	sessions, events, lines, unparsed, unknown int
	unchanged                                  int // files
	tooLarge                                   int // files that have not changed since they were too large to be stored
	failed                                     int
}

func newImporter(e env, set settings, jobs int) *importer {
	im := &importer{e: e, set: set, jobs: jobs, did: "stored", archive: set.openArchive()}
	im.archive.LookAtAll()
	return im
}

// unused is a file that nothing was made of, and why.
type unused struct{ path, why string }

// skip counts a file that nothing is made of.
func (im *importer) skip(path, why string) {
	im.unused = append(im.unused, unused{path, why})
}

// imported is what became of one main file. It does not hold the session: that is let go before the next one is read.
type imported struct {
	path                             string
	events, lines, unparsed, unknown int
	receipt                          *receipt.Receipt
	err                              error
}

// all finds every session first, by the heads of the files, and then works on several at once. The files of one session are not
// worked on at once: each is put over the one before.
func (im *importer) all(ctx context.Context, paths []string) error {
	found, err := findTranscripts(ctx, im, paths)
	if err != nil {
		return err
	}
	sh := &shelf{store: im.store, set: im.set}
	if im.did == "stored" {
		defer saveArchive(im.e, im.archive)
	}
	var state health
	handOut, giveUp := context.WithCancel(ctx)
	defer giveUp()
	results := inParallel(handOut, im.jobs, found, func() func([]transcript.Files) []imported {
		a := newAssembler(im.e, im.set, im.archive)
		return func(files []transcript.Files) []imported {
			var out []imported
			last := im.mem.last(spool.FileName(files[0].SessionID))
			for _, f := range files {
				done := importOne(ctx, a, sh, f, last)
				if done.receipt != nil {
					last = done.receipt
				}
				if out = append(out, done); isDead(done.err) {
					break
				}
			}
			return out
		}
	})
	for r := range results {
		im.count(r)
		im.mem.note(r, im.copies)
		for _, f := range r {
			state.note(f.err)
		}
		if state.dead {
			giveUp() // each of the others would wait for the same error
		}
	}
	if err := im.mem.keep(); err != nil {
		im.fail(err)
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
	case im.failed > 0 && im.sessions+im.unchanged > 0:
		return &exitError{exitSome, fmt.Errorf("%s failed", count(im.failed, "file"))}
	case im.failed > 0:
		return fmt.Errorf("nothing was imported; %s failed", count(im.failed, "file"))
	}
	return nil
}

func (im *importer) fail(err error) {
	im.failed++
	fmt.Fprintf(im.e.stderr, "ams-assemble: %v\n", err)
}

// importOne assembles and stores the session of one main file. last is the receipt of the Session stored
// before, or nil.
func importOne(ctx context.Context, a *assembler, sh *shelf, files transcript.Files, last *receipt.Receipt) imported {
	out := imported{path: cmp.Or(files.Main, filepath.Join(files.Project, files.SessionID))}
	var w *work
	if w, out.err = a.fromTranscript(files.SessionID, files); out.err != nil {
		return out
	}
	done, err := sh.put(ctx, w, last)
	if out.err = err; err != nil && !isTooLarge(err) {
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
	r := w.receipt(a.set, done)
	out.receipt = &r
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

// plainWhy is a reason without the session that it names.
func plainWhy(why string) string {
	plain, _, _ := strings.Cut(why, " of session ")
	return plain
}

// print is the table of what was read, skipped and why.
func (im *importer) print() {
	w := tabwriter.NewWriter(im.e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\t%s of %s\n", im.did, count(im.sessions, "session"), count(im.events, "event"), count(im.lines, "line"))
	if im.unchanged > 0 {
		fmt.Fprintf(w, "kept\t%s\tunchanged since they were stored\n", count(im.unchanged, "file"))
	}
	if im.tooLarge > 0 {
		fmt.Fprintf(w, "not stored\t%s\ttoo large for the store; not tried again before it changes\n", count(im.tooLarge, "file"))
	}
	for _, row := range []struct {
		lines int
		why   string
	}{{im.unparsed, "not JSON"}, {im.unknown, "of a type that this version does not know"}} {
		if row.lines > 0 {
			fmt.Fprintf(w, "skipped\t%s\t%s\n", count(row.lines, "line"), row.why)
		}
	}
	byWhy := map[string]int{}
	for _, u := range im.unused {
		byWhy[plainWhy(u.why)]++
	}
	for _, why := range slices.Sorted(maps.Keys(byWhy)) {
		fmt.Fprintf(w, "skipped\t%s\t%s\n", count(byWhy[why], "file"), why)
	}
	if im.failed > 0 {
		fmt.Fprintf(w, "failed\t%s\tsee above\n", count(im.failed, "file"))
	}
	w.Flush()
	for _, u := range im.unused {
		fmt.Fprintf(im.e.stdout, "not used: %s: %s\n", screen.Line(u.path), u.why)
	}
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
