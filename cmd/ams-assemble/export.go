package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/library"
	"ams/pkg/otlp"
	"ams/pkg/query"
	"ams/pkg/redact"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

func exportCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "export", Category: reading,
		Usage: "give sessions to another system",
		Subcommands: []*cli.Command{{
			Name:      "otlp",
			Usage:     "send sessions to a receiver of OpenTelemetry traces",
			ArgsUsage: "[ID...]",
			Description: "The sessions of the IDs, or those that the filters choose. What is sent again is there once: ids and times are the same each\n" +
				"time. ams-assemble run --otlp-endpoint sends what is over from now on by itself.",
			UsageText: "ams-assemble export otlp last --otlp-endpoint http://127.0.0.1:4318  # the newest session\n" +
				"ams-assemble export otlp --since 30d  # a month, to AMS_OTLP_ENDPOINT",
			Flags: slices.Concat(otlpFlags(), filterFlags(), filterCommonFlags()),
			Action: func(c *cli.Context) error {
				set, err := readSettings(e, c)
				if err != nil {
					return err
				}
				q, err := readQuery(e, c, nil)
				if err != nil {
					return err
				}
				return exportOTLP(e, c, set, q)
			},
		}},
		Action: func(*cli.Context) error { return usagef("export needs otlp") },
	}
}

// sendOne sends a session.
type sendOne func(*schema.Session) exported

// exported is what became of one session.
type exported struct {
	id   string
	sent otlp.Sent
	text string // of what was refused
	err  error
}

func exportOTLP(e env, c *cli.Context, set settings, q query.Query) error {
	filtered := slices.ContainsFunc(filterFlags(), func(f cli.Flag) bool { return c.IsSet(f.Names()[0]) })
	client, err := readOTLP(c)
	switch {
	case err != nil:
		return err
	case client == nil:
		return &exitError{exitUsage, &hintError{
			err: errors.New("export otlp: there is no receiver"), hint: "set --otlp-endpoint or AMS_OTLP_ENDPOINT"}}
	case c.Args().Present() == filtered:
		return usagef("export otlp takes ids of sessions, or filters that choose some, such as --since 7d")
	}
	lib, err := openLibrary(c.Context, e, set, set.unstored(e))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(c.Context)
	defer stop()
	send := func(s *schema.Session) exported {
		redact.New(sendingMasks(set)).Session(s)
		sent, err := client.Send(ctx, s, time.Time{})
		return exported{s.SessionID, sent, refused(s, sent), err}
	}
	var results iter.Seq[exported]
	if filtered {
		results, err = sendListed(ctx, e, lib, q, send)
	} else {
		results = sendNamed(ctx, set, lib, c.Args().Slice(), send)
	}
	if err != nil {
		return err
	}
	return sayExported(e, client, results, stop)
}

// sendNamed sends the sessions of ids, one after the other.
func sendNamed(ctx context.Context, set settings, lib *library.Library, ids []string, send sendOne) iter.Seq[exported] {
	return func(yield func(exported) bool) {
		for _, id := range ids {
			one := exported{id: id}
			if s, err := lib.Get(ctx, id); err != nil {
				one.err = explainGet(err, set, id)
			} else {
				one = send(s)
			}
			if !yield(one) {
				return
			}
		}
	}
}

// sendListed sends the sessions that a query chooses, several at once.
func sendListed(ctx context.Context, e env, lib *library.Library, q query.Query, send sendOne) (iter.Seq[exported], error) {
	list, err := listed(ctx, e, lib, q)
	if err != nil {
		return nil, err
	}
	all, err := library.Read(ctx, lib, list, func(_ library.Stored, s *schema.Session) exported { return send(s) })
	if err != nil {
		return nil, err
	}
	return func(yield func(exported) bool) {
		i := 0
		for one, err := range all {
			if err != nil {
				one.err = err
				if one.id = "the rest"; i < len(list.Sessions) {
					one.id = list.Sessions[i].SessionID
				}
			}
			if i++; !yield(one) {
				return
			}
		}
	}, nil
}

// downInRow is after how many failures in a row a receiver is not asked any more.
const downInRow = 3

// sayExported tells what became of each session, and of all. stop ends what is on its way.
func sayExported(e env, client *otlp.Client, results iter.Seq[exported], stop func()) error {
	done, failed, inRow := 0, 0, 0
	for one := range results {
		if one.err != nil {
			failed++
			inRow++
			fmt.Fprintf(e.stderr, "ams-assemble: session %s: %s\n", screen.Line(one.id), screen.Line(one.err.Error()))
			if inRow == downInRow {
				stop()
				break
			}
			continue
		}
		inRow = 0
		done++
		fmt.Fprintf(e.stdout, "%s  %s\n", screen.Line(one.id), screen.Count(one.sent.Spans, "span"))
		if one.text != "" {
			fmt.Fprintf(e.stderr, "ams-assemble: %s\n", one.text)
		}
	}
	word := screen.Count(done, "session") + " sent to " + client.Name()
	switch {
	case failed > 0 && inRow == downInRow:
		return &exitError{codeOf(done), fmt.Errorf("%s; it failed %d times in a row, and no other is tried", word, inRow)}
	case failed > 0:
		return &exitError{codeOf(done), fmt.Errorf("%s, %d failed", word, failed)}
	case done == 0:
		return errors.New("no session fits")
	}
	fmt.Fprintf(e.stderr, "ams-assemble: %s\n", word)
	return nil
}

// codeOf is the exit code where something failed: whether anything was done.
func codeOf(done int) int {
	if done == 0 {
		return exitNothing
	}
	return exitSome
}
