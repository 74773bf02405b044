package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/lax"
	"ams/pkg/query"
	"ams/pkg/safefile"
	"ams/pkg/screen"
)

func indexCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "index", Category: storing,
		Usage: "index the words of sessions, so that find need not read them all",
		Description: "find looks for a text in whole sessions, with and without this index: it leaves out what cannot hold the text, and finds the same. What find\n" +
			"reads is indexed as there is time; this does all that is new ahead of time. What was interrupted goes on the next time. The index is in the\n" +
			"cache folder, holds the words of the stored sessions, and may be removed at any time; rm takes out a session's words.",
		UsageText: "ams-assemble index  # what is new since the last time\n" +
			"ams-assemble index --forget  # remove the index",
		Flags: append(commonFlags(storeGroup),
			&cli.BoolFlag{Name: "forget", Usage: "remove the index of this store"},
			&cli.BoolFlag{Name: "json", Usage: "print what was done as JSON"}),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			switch {
			case err != nil:
				return err
			case c.Args().Present():
				return usagef("index takes no arguments")
			case c.Bool("forget") && c.Bool("json"):
				return usagef("--forget prints no JSON")
			case cacheDir(e, set) == "":
				return errors.New("index: there is no cache folder: HOME is not set")
			case c.Bool("forget"):
				return wordsOfStore(e, set).Clear()
			}
			return indexWords(c.Context, e, set, c.Bool("json"))
		},
	}
}

// indexed is the form of index --json.
type indexed struct {
	Made       int   `json:"made"`
	Kept       int   `json:"kept"`
	Failed     int   `json:"failed"`
	Bytes      int64 `json:"bytes"` // of the sessions that were read
	DurationMS int64 `json:"duration_ms"`
	IndexBytes int64 `json:"index_bytes"`
}

// indexGC keeps the heap near to what is in use: the list of the sessions stays in memory for as long as the index is
// made, and would count three times.
const indexGC = 40

func indexWords(ctx context.Context, e env, set settings, json bool) error {
	lib, err := openLibrary(ctx, e, set, nil)
	if err != nil {
		return err
	}
	list, err := lib.Brief(ctx, query.Query{})
	if err != nil {
		return err
	}
	sayOf(e, list)
	if e.getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(indexGC))
	}
	began, done := time.Now(), indexed{}
	bar := lateProgress(e, "indexing words")
	var stopped error
	for r, err := range lib.Index(ctx, list) {
		switch {
		case r.Summary == nil:
			stopped = err
			continue
		case err != nil:
			done.Failed++
			fmt.Fprintf(e.stderr, "ams-assemble: %s: %s\n", r.Key(), screen.Line(err.Error()))
		case r.Bytes > 0:
			done.Made++
			done.Bytes += r.Bytes
		default:
			done.Kept++
		}
		bar(done.Made+done.Kept+done.Failed, len(list.Sessions))
	}
	done.DurationMS = time.Since(began).Milliseconds()
	done.IndexBytes = wordsOfStore(e, set).Size()
	if err := sayIndexed(e, done, json); err != nil {
		return err
	}
	switch {
	case errors.Is(stopped, safefile.ErrLocked):
		return &exitError{exitLocked, fmt.Errorf("index: %w", stopped)}
	case stopped != nil && ctx.Err() != nil:
		return &exitError{exitSome, fmt.Errorf("index: stopped after %d of %s", done.Made+done.Kept, count(len(list.Sessions), "session"))}
	case stopped != nil:
		return fmt.Errorf("index: %w", stopped)
	case done.Failed > 0:
		return &exitError{exitSome, fmt.Errorf("%s could not be read", screen.Count(done.Failed, "session"))}
	}
	return nil
}

func sayIndexed(e env, done indexed, json bool) error {
	if json {
		line, err := lax.Line(done)
		if err == nil {
			_, err = fmt.Fprintf(e.stdout, "%s\n", line)
		}
		return err
	}
	_, err := fmt.Fprintf(e.stdout, "made   %s, %s in %s\nkept   %d\nindex  %s\n", count(done.Made, "session"), screen.Bytes(done.Bytes),
		screen.Duration(done.DurationMS), done.Kept, screen.Bytes(done.IndexBytes))
	return err
}
