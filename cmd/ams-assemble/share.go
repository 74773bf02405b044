package main

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/htmlpage"
	"ams/pkg/query"
	"ams/pkg/redact"
	"ams/pkg/screen"
	"ams/pkg/ship"
	"ams/pkg/upload"
)

// share hands a session over: its page goes into the bucket, and its address to standard output.
func share(e env, c *cli.Context, set settings) error {
	life, err := query.ParseSpan(c.String("expires"))
	switch {
	case err != nil:
		return usagef("--expires: %w", err)
	case life < time.Minute || life > upload.MaxShare:
		return usagef("--expires must be 1m to 7d, not %s", c.String("expires"))
	case set.s3 == nil:
		return &exitError{exitUsage, &hintError{
			err: fmt.Errorf("--url: %w", ship.ErrNoLinks), hint: "--html FILE makes a page to send"}}
	}
	s, err := sessionToShow(c.Context, e, set, c.Args().First())
	if err != nil {
		return err
	}
	masks := set.redact
	masks.Secrets = true // whatever the store holds
	redact.New(masks).Session(s)
	var b bytes.Buffer
	if err := htmlpage.Write(&b, s, htmlpage.Options{Compact: c.Bool("compact"), Location: time.UTC}); err != nil {
		return fmt.Errorf("show %s: %w", s.SessionID, err)
	}
	opt := set.shipping(e)
	if opt.Store, err = set.open(c.Context); err != nil {
		return err
	}
	link, err := ship.New(opt).Share(c.Context, s.SessionID, b.Bytes(), life)
	if errors.Is(err, ship.ErrNoLinks) {
		return usagef("--url: %w", err)
	}
	if err != nil {
		return fmt.Errorf("hand over %s: %w", screen.Line(s.SessionID), err)
	}
	fmt.Fprintln(e.stdout, link.URL)
	fmt.Fprintf(e.stderr, "ams-assemble: until %s whoever has this address can read the session; "+
		"ams-assemble rm %s takes it away with the session\n",
		link.Until.Local().Format("2006-01-02 15:04"), screen.Line(s.SessionID))
	if got := link.Until.Sub(e.now()); got < life-time.Minute {
		fmt.Fprintf(e.stderr, "ams-assemble: that is less than %s, as the keys that sign it end then\n", c.String("expires"))
	}
	return nil
}
