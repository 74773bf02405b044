package main

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/query"
	"ams/pkg/redact"
	"ams/pkg/schema"
	"ams/pkg/screen"
	"ams/pkg/ship"
	"ams/pkg/story"
	"ams/pkg/upload"
)

// sharedPage writes the page that a link leads to.
type sharedPage func(w io.Writer, s *schema.Session) error

// share hands a session over: its page goes into the bucket, and its address to standard output.
func share(e env, c *cli.Context, set settings, page sharedPage) error {
	life, err := query.ParseSpan(c.String("expires"))
	switch {
	case err != nil:
		return usagef("--expires: %w", err)
	case life < time.Minute || life > upload.MaxShare:
		return usagef("--expires must be 1m to 7d, not %s", c.String("expires"))
	case set.s3 == nil:
		return &exitError{exitUsage, &hintError{
			err: fmt.Errorf("--url: %w", ship.ErrNoLinks), hint: "--markdown makes a page to send"}}
	}
	s, err := sessionToShow(c.Context, e, set, c.Args().First())
	if err != nil {
		return err
	}
	masks := set.redact
	masks.Secrets = true // whatever the store holds
	redact.New(masks).Session(s)
	var b bytes.Buffer
	if err := page(&b, s); err != nil {
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

// plainPage is a page with the session as Markdown, and nothing that a browser would run or load.
func plainPage(w io.Writer, s *schema.Session) error {
	var b bytes.Buffer
	if err := story.Markdown(&b, s, story.Options{Location: time.UTC, Full: true}); err != nil {
		return err
	}
	const head = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>%s</title>
<pre>%s</pre>
</html>
`
	_, err := fmt.Fprintf(w, head, html.EscapeString("session "+s.SessionID), html.EscapeString(screen.Text(b.String())))
	return err
}
