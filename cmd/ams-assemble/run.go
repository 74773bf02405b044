package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"

	"ams/pkg/demo"
	"ams/pkg/lax"
	"ams/pkg/otlp"
	"ams/pkg/program"
	"ams/pkg/query"
	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/screen"
	"ams/pkg/ship"
)

// runOptions are the settings of run alone.
type runOptions struct {
	jobs  int
	json  bool
	quiet bool
	watch time.Duration // 0: once
	keep  ship.Retention

	receiver *otlp.Client    // nil: none
	onStored program.Command // nil: none
}

func runCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "run", Category: storing,
		Usage: "store every session with news (for cron)",
		Description: "A session has news when ams-hook recorded something since it was stored, or its transcript grew. A second run has " +
			"nothing to do. One run at a time works on a store.",
		UsageText: "ams-assemble run  # store what is new, and say what was stored\n" +
			"ams-assemble run --quiet --retain 7d  # for cron: say failures alone, keep spools for a week\n" +
			"ams-assemble run --now --json  # last step of a CI job: every session is over",
		Flags: append(append(allCommonFlags(), otlpFlags()...),
			// No EnvVars: see programLine.
			&cli.StringFlag{Name: "on-stored", Usage: "for each session that is over from now on, give its index record to the `COMMAND` (a line of sh); of the env file, not of the environment: AMS_ON_STORED"},
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
			if len(e.args) == 0 && atTerminal(e) {
				return startHere(c.Context, e, set)
			}
			opt, err := readRunOptions(e, c)
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

func readRunOptions(e env, c *cli.Context) (runOptions, error) {
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
	if opt.keep.After, err = query.ParseAge(c.String("retain")); err != nil {
		return opt, usagef("--retain: %w", err)
	}
	if opt.keep.MaxBytes, err = query.ParseSize(c.String("spool-max")); err != nil {
		return opt, usagef("--spool-max: %w", err)
	}
	if opt.receiver, err = readOTLP(c); err != nil {
		return opt, err
	}
	opt.onStored, err = shellSetting(e, c, "on-stored", "AMS_ON_STORED")
	return opt, err
}

// watch runs again and again until it is stopped. A failed run is said and tried again; only a wrong setting would
// never mend itself, and those were checked before.
func watch(ctx context.Context, e env, set settings, opt runOptions) error {
	for {
		if err := runAll(ctx, e, set, opt); err != nil && ctx.Err() == nil {
			fmt.Fprintf(e.stderr, "ams-assemble: %v\n", err)
		}
		if demo.Wait(ctx, opt.watch) != nil {
			return nil // it was told to stop
		}
	}
}

// runAll stores every session with news, then removes spools that are no longer needed, and leaves word of how it
// went for doctor and status.
func runAll(ctx context.Context, e env, set settings, opt runOptions) error {
	r := receipt.LastRun{Began: e.now(), Program: version()}
	if last, err := receipt.ReadLastRun(receipt.LastRunPath(set.receiptsPath())); err == nil && last != nil {
		r.Swept = last.Swept
	}
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
	book, err := set.openBook(e)
	if err != nil {
		return err
	}
	defer book.Close()
	shipping := set.shipping(e)
	shipping.Book, shipping.Jobs = book, opt.jobs
	send := newSender(opt.receiver, set, cmp.Or(e.patience.receiver, otlpTime))
	shipping.Takers = takersOf(send, opt.onStored, cmp.Or(e.patience.command, onStoredTime))
	if shipping.Store, err = set.open(ctx); err != nil {
		return err
	}
	shipping.Tables = set.written(e, shipping.Store)
	defer remember(e, shipping.Source)
	var bar *progressbar.ProgressBar
	shipper := ship.New(shipping)
	tally, err := shipper.Run(ctx, opt.keep, ship.Watch{
		Begin: func(n int) { bar = progress(e, n, opt.quiet) },
		Each: func(r ship.Result) {
			bar.Add(1)
			say(e, opt, r)
		},
	})
	if bar != nil {
		bar.Finish()
	}
	send.tell(e)
	if err == nil && !tally.Dead {
		word.Swept = shipper.Sweep(ctx, word.Swept)
	}
	word.Stored, word.Failed = tally.Stored, tally.Failed
	if tally.Why != nil {
		word.Error = tally.Why.Error() // of the last session that failed: it says more than that some did
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return &exitError{exitSome, fmt.Errorf("stopped after %d of %d sessions: %w", tally.Stored+tally.Failed, tally.News, err)}
	case err != nil:
		return err
	}
	return verdict(tally)
}

// verdict is what the program ends with.
func verdict(t ship.Tally) error {
	switch {
	case t.Failed > 0 && t.Stored == 0 && (t.Dead || t.Failed == t.News):
		return fmt.Errorf("no session could be stored; the next run tries all %d again", t.News)
	case t.Dead:
		return &exitError{exitSome, fmt.Errorf("the store failed after %d of %d sessions; the next run tries the others", t.Stored, t.News)}
	case t.Failed > 0:
		return &exitError{exitSome, fmt.Errorf("%d of %d sessions failed; the next run tries them again", t.Failed, t.News)}
	case t.Unseen > 0:
		return &exitError{exitSome, fmt.Errorf("%s that should be in the store could not be seen there; the next run looks again", screen.Count(t.Unseen, "session"))}
	case t.Untaken > 0:
		return &exitError{exitSome, fmt.Errorf("all is stored; %s failed, and the next run tries again", screen.Count(t.Untaken, "hand-over"))}
	}
	return nil
}

// say tells what became of a spool: results on stdout, one line each, the rest on stderr.
func say(e env, opt runOptions, r ship.Result) {
	sayTrouble(e, r.Session)
	switch {
	case r.Err != nil:
		fmt.Fprintf(e.stderr, "ams-assemble: session %s: %v\n", screen.Line(r.Name), r.Err)
	case r.Session == nil: // removed since it was listed
	case r.Session.Session == nil:
		fmt.Fprintf(e.stderr, "ams-assemble: %s: %v\n", r.Session.From, recorded.ErrEmpty)
	case opt.quiet:
	case opt.json:
		s := r.Session.Session
		line, err := lax.Line(storedLine{s.SessionID, string(s.Outcome), string(s.Status), r.Key, len(s.Events), s.Totals.CostUSD})
		if err == nil {
			fmt.Fprintf(e.stdout, "%s\n", line)
		}
	default:
		fmt.Fprintf(e.stdout, "%s  %s  %s\n", screen.Line(r.Session.Session.SessionID), r.Session.Session.Outcome, r.Key)
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
