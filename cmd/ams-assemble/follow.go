package main

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/demo"
	"ams/pkg/library"
	"ams/pkg/listing"
	"ams/pkg/query"
	"ams/pkg/recorded"
	"ams/pkg/redact"
	"ams/pkg/schema"
	"ams/pkg/story"
)

// lookAgain is how often a session at work is looked at; its files are read only where they changed. listAgain is how often a
// list is: what is not stored yet is read anew each time.
const (
	lookAgain = time.Second
	listAgain = 5 * time.Second
)

// readAgain is how long a session may stand still before it is read again all the same: its end counts once it has
// settled, and no file tells when.
const readAgain = 5 * time.Second

// follow tells a recorded session as it grows, until it has ended or the person goes.
func follow(e env, c *cli.Context, set settings, opt story.Options) error {
	layout, _, err := layoutOf(e, c)
	if err != nil {
		return err
	}
	opt.Screen = layout
	name, err := recordedName(c.Context, e, set, c.Args().First(), false)
	if err != nil {
		return err
	}
	teller := story.Follow(e.stdout, opt)
	for w, err := range grown(c.Context, e, set, name) {
		if err == nil {
			err = teller.Tell(w.Session, w.Final)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// grown gives a recorded session, masked, each time that it may have grown, until it has ended or the context does.
func grown(ctx context.Context, e env, set settings, name string) iter.Seq2[*recorded.Session, error] {
	return func(yield func(*recorded.Session, error) bool) {
		reader := set.source(e).Reader()
		for {
			w, err := reader.FromSpool(name)
			if err == nil {
				redact.New(set.redact).Session(w.Session)
				w.Session.Bound()
			}
			if !yield(w, err) || err != nil || w.Final {
				return
			}
			for since := time.Now(); !w.Changed() && time.Since(since) < readAgain; {
				if demo.Wait(ctx, lookAgain) != nil {
					return
				}
			}
		}
	}
}

// followed gives the session of an id that is recorded on this machine each time that it has grown.
func followed(ctx context.Context, e env, set settings, id string) iter.Seq2[*schema.Session, error] {
	return func(yield func(*schema.Session, error) bool) {
		names, err := set.unstored(e).Names(ctx, id)
		name := ""
		if err == nil {
			name, err = library.Choose(id, names)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		for w, err := range grown(ctx, e, set, name) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(w.Session, nil) {
				return
			}
		}
	}
}

// followList lists sessions, and then each one again that began, went on or ended since.
func followList(e env, c *cli.Context, lib *library.Library, q query.Query) error {
	layout, _, err := layoutOf(e, c)
	if err != nil {
		return err
	}
	shown := map[string]string{}
	for first := true; ; first = false {
		sessions, shortID, err := atWork(c.Context, lib, q)
		if err != nil {
			return err
		}
		var news []library.Stored
		for _, s := range sessions {
			if state := stateOf(s); shown[s.Name] != state {
				shown[s.Name] = state
				news = append(news, s)
			}
		}
		if first && len(news) > followFirst {
			news = news[:followFirst]
		}
		slices.Reverse(news) // the newest stands below
		t := listing.Table{Screen: layout, Writer: e.stdout, ShortID: shortID, Year: e.now().Local().Year()}
		if err := t.Rows(news, first); err != nil {
			return err
		}
		if demo.Wait(c.Context, listAgain) != nil {
			return nil
		}
	}
}

// followFirst is how many sessions stand there at the beginning.
const followFirst = 10

// atWork are the sessions that are wanted, stored or not, the newest first.
func atWork(ctx context.Context, lib *library.Library, q query.Query) ([]library.Stored, func(string) string, error) {
	list, err := lib.List(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	waiting, _, err := lib.Waiting(ctx, list, q)
	if err != nil {
		waiting = nil // a run is just storing them: they come with the next look
	}
	all := append(waiting, list.Sessions...)
	listing.Sort(all, "start")
	return all, list.ShortID, nil
}

// stateOf is what of a session is worth a new line.
func stateOf(s library.Stored) string {
	return fmt.Sprint(schema.OrZero(s.Outcome), s.LLMCalls, s.ToolCalls, schema.OrZero(s.CostUSD), listing.Title(s.Summary))
}
