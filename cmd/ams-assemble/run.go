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
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"

	"ams/pkg/assemble"
	"ams/pkg/lax"
	"ams/pkg/receipt"
	"ams/pkg/screen"
	"ams/pkg/spool"
	"ams/pkg/transcript"
)

// runOptions are the settings of run alone.
type runOptions struct {
	jobs     int
	json     bool
	quiet    bool
	watch    time.Duration // 0: once
	retain   time.Duration // 0: for ever
	spoolMax int64         // bytes; 0: no bound
}

func runCommand(e env) *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "assemble and store every session with news (the default; for cron)",
		Flags: append(commonFlags(),
			&cli.IntFlag{Name: "jobs", Value: runtime.NumCPU(), DefaultText: "one per processor", Usage: "assemble `N` sessions at once"},
			&cli.BoolFlag{Name: "json", Usage: "print one line of JSON per session"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print failures alone"},
			&cli.BoolFlag{Name: "watch", Usage: "go on for ever, where there is no cron"},
			&cli.DurationFlag{Name: "every", Value: time.Minute, Usage: "with --watch: how long to rest between two runs, `DURATION`"},
			&cli.StringFlag{Name: "retain", EnvVars: []string{"AMS_RETAIN"}, Value: "30d", Usage: "remove the spool of a stored session `AGE` after its last event: 30d, 12h; 0 keeps all"},
			&cli.StringFlag{Name: "spool-max", EnvVars: []string{"AMS_SPOOL_MAX"}, Value: "5GB", Usage: "when the spools are larger than `SIZE`, remove the oldest stored ones; 0 keeps all"}),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			opt, err := readRunOptions(c)
			if err != nil {
				return err
			}
			if opt.watch > 0 {
				return watch(c.Context, e, set, opt)
			}
			return runAll(c.Context, e, set, opt)
		},
	}
}

func readRunOptions(c *cli.Context) (runOptions, error) {
	opt := runOptions{jobs: c.Int("jobs"), json: c.Bool("json"), quiet: c.Bool("quiet")}
	if c.Args().Present() {
		return opt, usagef("run takes no arguments; ams-assemble session %s reassembles one session", c.Args().First())
	}
	if opt.jobs < 1 {
		return opt, usagef("--jobs must be at least 1")
	}
	if c.Bool("watch") {
		if opt.watch = c.Duration("every"); opt.watch <= 0 {
			return opt, usagef("--every must be longer than 0")
		}
	}
	var err error
	if opt.retain, err = parseAge(c.String("retain")); err != nil {
		return opt, usagef("--retain: %w", err)
	}
	if opt.spoolMax, err = parseSize(c.String("spool-max")); err != nil {
		return opt, usagef("--spool-max: %w", err)
	}
	return opt, nil
}

// watch runs again and again until it is stopped. A failed run is said and tried again; only a wrong setting would never mend itself, and
// those were checked before.
func watch(ctx context.Context, e env, set settings, opt runOptions) error {
	for {
		if err := runAll(ctx, e, set, opt); err != nil && ctx.Err() == nil {
			fmt.Fprintf(e.stderr, "ams-assemble: %v\n", err)
		}
		if wait(ctx, opt.watch) != nil {
			return nil // it was told to stop
		}
	}
}

// result is what became of one spool.
type result struct {
	name string
	work *work // without a session where there was none in it
	key  string
	err  error
}

// runAll stores every session with news, then removes spools that are no longer needed, and leaves word of how it went for doctor and status.
func runAll(ctx context.Context, e env, set settings, opt runOptions) error {
	r := receipt.LastRun{Began: e.now(), Program: version()}
	err := storeAll(ctx, e, set, opt, &r)
	if errors.Is(err, receipt.ErrLocked) {
		return err // the other run leaves its own word
	}
	r.Ended = e.now()
	if err != nil && r.Error == "" && ctx.Err() == nil { // to be stopped is no failure
		r.Error = err.Error()
	}
	if _, missing := os.Stat(filepath.Dir(set.receiptsPath())); missing == nil {
		if word := receipt.WriteLastRun(receipt.LastRunPath(set.receiptsPath()), r); word != nil && err == nil {
			fmt.Fprintf(e.stderr, "ams-assemble: %v\n", word)
		}
	}
	return err
}

// storeAll is the run itself; it counts in word what became of the sessions. One bad session never stops the others.
func storeAll(ctx context.Context, e env, set settings, opt runOptions, word *receipt.LastRun) error {
	stats, err := spool.List(set.spoolDir)
	if err != nil {
		return err
	}
	book, err := set.openBook(e)
	if err != nil {
		return err
	}
	defer book.Close()
	store, err := set.open(ctx)
	if err != nil {
		return err
	}
	known := book.All()
	archive := set.openArchive()
	defer saveArchive(e, archive)
	todo := withNews(known, set, stats, archive)
	sh := &shelf{store: store, set: set}
	bar := progress(e, opt, len(todo))
	stored, failed, why := 0, 0, error(nil)
	var state health
	handOut, giveUp := context.WithCancel(ctx)
	defer giveUp()
	results := inParallel(handOut, opt.jobs, todo, func() func(spool.Stat) result {
		a := newAssembler(e, set, archive)
		return func(s spool.Stat) result { return storeOne(ctx, a, sh, book, s.Name, known[s.Name]) }
	})
	for r := range results {
		bar.Add(1)
		if r.err != nil {
			failed++
			why = r.err
		} else if r.work != nil && r.work.session != nil {
			stored++
		}
		if state.note(r.err); state.dead {
			giveUp() // each of the others would wait for the same error
		}
		say(e, opt, r)
	}
	bar.Finish()
	word.Stored, word.Failed = stored, failed
	if why != nil {
		word.Error = why.Error() // of the last session that failed: it says more than that some did
	}
	if err := ctx.Err(); err != nil {
		return &exitError{exitSome, fmt.Errorf("stopped after %d of %d sessions: %w", stored+failed, len(todo), err)}
	}
	stats = lookAgain(set, book, stats, todo, known)
	gone := 0
	if !state.dead {
		p := &pruner{e: e, set: set, opt: opt, book: book, sh: sh, a: newAssembler(e, set, archive)}
		gone = p.prune(ctx, stats, known)
	}
	switch {
	case failed > 0 && stored == 0 && (state.dead || failed == len(todo)):
		return fmt.Errorf("no session could be stored; the next run tries all %d again", len(todo))
	case state.dead:
		return &exitError{exitSome, fmt.Errorf("the store failed after %d of %d sessions; the next run tries the others", stored, len(todo))}
	case failed > 0:
		return &exitError{exitSome, fmt.Errorf("%d of %d sessions failed; the next run tries them again", failed, len(todo))}
	case gone > 0:
		return &exitError{exitSome, fmt.Errorf("%s that should be in the store could not be seen there; the next run looks again", screen.Count(gone, "session"))}
	}
	return nil
}

// withNews are the spools in which something has happened since their receipts, by stats alone; a transcript that came or went may make
// news of sessions that share lines with it.
func withNews(known map[string]*receipt.Receipt, set settings, stats []spool.Stat, archive *transcript.Archive) []spool.Stat {
	program, fingerprint := set.join.ProgramVersion, set.fingerprint()
	moved := archive.Changed()
	todo := importedNews(known, stats, func(r *receipt.Receipt) bool { return moved && hasNewSibling(archive, r) })
	for _, s := range stats {
		if s.Name == spool.Unassigned {
			continue
		}
		r := known[s.Name]
		if r == nil || !r.Current(program, fingerprint, spoolStats(s)) || moved && hasNewSibling(archive, r) {
			todo = append(todo, s)
		}
	}
	archive.Settle()
	return todo
}

// importedNews are the sessions without a spool, which an import stored, that were not over then, since nothing else would tell of their
// ends, or that copied says are of another session in part.
func importedNews(known map[string]*receipt.Receipt, stats []spool.Stat, copied func(*receipt.Receipt) bool) []spool.Stat {
	hasSpool := map[string]bool{}
	for _, s := range stats {
		hasSpool[s.Name] = true
	}
	var todo []spool.Stat
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if r := known[name]; r.Key != "" && r.RecordCount == 0 && !hasSpool[name] && mainOf(r) != "" && (!r.Final || copied(r)) {
			todo = append(todo, spool.Stat{Name: name})
		}
	}
	return todo
}

// lookAgain brings the stats and receipts of what was worked on up to date: reading a spool may change its files.
func lookAgain(set settings, book *receipt.Book, stats, done []spool.Stat, known map[string]*receipt.Receipt) []spool.Stat {
	worked := map[string]bool{}
	for _, s := range done {
		worked[s.Name] = true
		known[s.Name] = book.Get(s.Name)
	}
	var out []spool.Stat
	for _, s := range stats {
		if worked[s.Name] {
			now, err := spool.StatOf(set.spoolDir, s.Name)
			if err != nil {
				continue
			}
			s = now
		}
		out = append(out, s)
	}
	return out
}

// progress is a bar on a terminal, and nothing anywhere else.
func progress(e env, opt runOptions, n int) *progressbar.ProgressBar {
	_, terminal := e.stderr.(*console)
	shown := terminal && n > 1 && !opt.quiet
	return progressbar.NewOptions(n, progressbar.OptionSetWriter(uncleaned(e.stderr)), progressbar.OptionSetVisibility(shown),
		progressbar.OptionSetDescription("sessions"), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
}

// say tells what became of a spool: results on stdout, one line each, the rest on stderr.
func say(e env, opt runOptions, r result) {
	sayTrouble(e, r.work)
	switch {
	case r.err != nil:
		fmt.Fprintf(e.stderr, "ams-assemble: session %s: %v\n", screen.Line(r.name), r.err)
	case r.work == nil: // removed since it was listed
	case r.work.session == nil:
		fmt.Fprintf(e.stderr, "ams-assemble: %s: %v\n", r.work.from, errEmpty)
	case opt.quiet:
	case opt.json:
		s := r.work.session
		line, err := lax.Line(storedLine{s.SessionID, string(s.Outcome), string(s.Status), r.key, len(s.Events), s.Totals.CostUSD})
		if err == nil {
			fmt.Fprintf(e.stdout, "%s\n", line)
		}
	default:
		fmt.Fprintf(e.stdout, "%s  %s  %s\n", screen.Line(r.work.session.SessionID), r.work.session.Outcome, r.key)
	}
}

// storedLine is the form of run --json.
type storedLine struct {
	SessionID string   `json:"session_id"`
	Outcome   string   `json:"outcome"`
	Status    string   `json:"status"`
	Key       string   `json:"key"`
	Events    int      `json:"events"`
	CostUSD   *float64 `json:"cost_usd"`
}

// storeOne assembles and stores one session, then writes its receipt. last is the one before, or nil.
func storeOne(ctx context.Context, a *assembler, sh *shelf, book *receipt.Book, name string, last *receipt.Receipt) result {
	w, err := a.fromSpool(name)
	if errors.Is(err, spool.ErrNotFound) && last != nil && last.RecordCount == 0 {
		w, err = a.fromImported(last)
	}
	var done shelved
	switch {
	case errors.Is(err, spool.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return result{name: name} // it went away since it was listed
	case errors.Is(err, errEmpty):
		err = nil // its receipt keeps the next run from saying so again
	case err != nil:
		return result{name: name, err: err}
	default:
		if done, err = sh.put(ctx, w, last); err != nil && !isTooLarge(err) {
			return result{name: name, work: w, err: err}
		}
		w.session = done.session
	}
	r := w.receipt(a.set, done)
	r.Compacted = last != nil && last.Compacted && last.RecordCount == r.RecordCount
	return result{name: name, work: w, key: done.key, err: errors.Join(err, book.Put(name, r))}
}

// receipt says what the work was made of, and what was stored.
func (w *work) receipt(set settings, done shelved) receipt.Receipt {
	r := receipt.Receipt{
		SessionID: w.contents.SessionID, Inputs: w.inputs, Siblings: w.siblings, Spool: spoolStats(w.contents.Stat), LookedAt: w.lookedAt, Final: w.final,
		Program: set.join.ProgramVersion, Settings: set.fingerprint(), Key: done.key, Version: done.version, RecordCount: len(w.contents.Records),
		LastEvent: w.lookedAt,
	}
	if w.session != nil {
		r.Made, r.LastEvent = assemble.Inputs(w.session.Completeness), w.session.EndTime.Time
	}
	if n := len(w.contents.Records); n > 0 {
		r.LastRecord = w.contents.Records[n-1].Key.String()
	}
	return r
}

// sayTrouble tells of spool files that were moved aside, and of a transcript that must not be read.
func sayTrouble(e env, w *work) {
	if w == nil {
		return
	}
	if w.refused != nil {
		fmt.Fprintf(e.stderr, "ams-assemble: %v\n", w.refused)
	}
	for _, d := range w.contents.Damaged {
		fmt.Fprintf(e.stderr, "ams-assemble: %s is damaged (%s) and is kept; %s read from it\n", d.Path, d.Reason, screen.Count(d.Records, "record"))
	}
}
