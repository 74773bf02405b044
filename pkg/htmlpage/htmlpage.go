// Package htmlpage writes a Session as one file of HTML that needs nothing else: what the page of a server shows of it, by the
// same modules and styles, from disk, for a colleague.
//
//	<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-...'; ...">
//	<style>...</style>                                          page.css
//	<script type="module">...</script>                          all modules, linked into one
//	<script type="application/json" id="session">{...}</script>   head, form and number of blocks
//	<script type="application/json" id="spans">"..."</script>     base64, 16 bytes an event
//	<script type="application/json" id="events-0">[...]</script>  events, [blockEvents] a block
//	...
//
// The policy lets the one script and the one style run that their hashes name, and pictures that stand in the file; nothing is asked of
// any machine. Texts are JSON in which every < is \u003c, so nothing that an agent wrote can end the block that it stands in, and what
// the modules make of them are texts. A browser reads a block of events when it comes to it. Compact blocks are gzip in base64, each by
// itself, and take a third of the room.
package htmlpage

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"ams/pkg/lax"
	"ams/pkg/schema"
	"ams/pkg/view"
)

// Options say how a file is written.
type Options struct {
	// Compact packs the events.
	Compact bool
	// Location is the zone of times in words.
	Location *time.Location
}

// blockEvents is how many events stand in one block: the page's own block, see source.js.
const blockEvents = 200

// mostText is how many bytes of one text stand in the file. Few have more, and a page of them is no easier to read.
const mostText = 256 << 10

// mostPicture is how large a picture in the file may be.
const mostPicture = 4 << 20

// Write writes s, whose masks have been put on before.
func Write(w io.Writer, s *schema.Session, o Options) error {
	if o.Location == nil {
		o.Location = time.UTC
	}
	p := page{Writer: bufio.NewWriterSize(w, 64<<10), session: view.Of(s), Options: o}
	if err := p.write(); err != nil {
		return fmt.Errorf("page of session %s: %w", s.SessionID, err)
	}
	return p.Flush()
}

type page struct {
	*bufio.Writer
	Options
	session *view.Session
	zipper  *gzip.Writer
}

// about is what stands in the block of the session.
type about struct {
	Head   *view.Head `json:"head"`
	Blocks int        `json:"blocks"`
	Packed bool       `json:"packed,omitzero"`
}

func (p *page) write() error {
	frame, err := newFrame()
	if err != nil {
		return err
	}
	p.WriteString(frame.before)
	blocks := (len(p.session.Events) + blockEvents - 1) / blockEvents
	if err := p.block("session", about{p.session.Head(p.Location), blocks, p.Compact}, false); err != nil {
		return err
	}
	if err := p.block("spans", base64.StdEncoding.EncodeToString(p.session.Spans()), false); err != nil {
		return err
	}
	for n := range blocks {
		events := p.events(n*blockEvents, min((n+1)*blockEvents, len(p.session.Events)))
		if err := p.block(fmt.Sprintf("events-%d", n), events, p.Compact); err != nil {
			return err
		}
		if n == 0 {
			p.WriteString(frame.script)
		}
	}
	if blocks == 0 {
		p.WriteString(frame.script)
	}
	_, err = p.WriteString(frame.after)
	return err
}

// block writes a value as text that no browser runs.
func (p *page) block(id string, v any, packed bool) error {
	line, err := lax.Line(v)
	if err != nil {
		return err
	}
	fmt.Fprintf(p, "<script type=\"application/json\" id=\"%s\">", id)
	if packed {
		if err := p.pack(line); err != nil {
			return err
		}
	} else {
		p.writeUnclosed(line)
	}
	_, err = p.WriteString("</script>\n")
	return err
}

// writeUnclosed writes JSON in which no tag or comment can begin.
func (p *page) writeUnclosed(json []byte) {
	for {
		at := bytes.IndexByte(json, '<')
		if at < 0 {
			p.Write(json)
			return
		}
		p.Write(json[:at])
		p.WriteString(`\u003c`)
		json = json[at+1:]
	}
}

func (p *page) pack(text []byte) error {
	to := base64.NewEncoder(base64.StdEncoding, p)
	if p.zipper == nil {
		p.zipper = gzip.NewWriter(to)
	} else {
		p.zipper.Reset(to)
	}
	if _, err := p.zipper.Write(text); err != nil {
		return err
	}
	if err := p.zipper.Close(); err != nil {
		return err
	}
	return to.Close()
}

// event is an event with its pictures.
type event struct {
	view.Event
	Parts []part `json:"parts,omitempty"`
}

type part struct {
	view.Part
	Data string `json:"data,omitzero"` // of a picture: base64
}

func (p *page) events(from, to int) []event {
	out := make([]event, 0, to-from)
	for _, e := range p.session.Slice(from, to, mostText) {
		one := event{Event: e}
		for k, of := range e.Parts {
			with := part{Part: of}
			if whole, ok := p.session.Whole(e.Index, k); ok && of.Kind == view.Image {
				if b, ok := whole.Picture(); ok && len(b) <= mostPicture {
					with.Data = base64.StdEncoding.EncodeToString(b)
				}
			}
			one.Parts = append(one.Parts, with)
		}
		out = append(out, one)
	}
	return out
}

// frame is the page around the blocks. The script stands behind the first events and runs at once: they are shown while a browser
// reads the others.
type frame struct{ before, script, after string }

// newFrame makes the frame of the page's own files.
func newFrame() (frame, error) {
	files, err := fs.Sub(view.Files, "static")
	if err != nil {
		return frame{}, err
	}
	read := func(name string) string {
		b, readErr := fs.ReadFile(files, name)
		if readErr != nil {
			err = readErr
		}
		return string(b)
	}
	html, style, icon := read("page.html"), read("page.css"), read("icon.svg")
	if err != nil {
		return frame{}, err
	}
	script, err := link(files, "file.js")
	if err != nil {
		return frame{}, err
	}
	script = "\n" + script
	policy := fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; img-src data:; base-uri 'none'; form-action 'none'", hashOf(script), hashOf(style))
	for _, r := range [][2]string{
		{`<meta charset="utf-8">`, `<meta charset="utf-8">` + "\n" + `<meta http-equiv="Content-Security-Policy" content="` + policy + `">` + "\n" + `<meta name="referrer" content="no-referrer">` + "\n" + `<meta name="robots" content="noindex">`},
		{`<link rel="icon" href="/static/icon.svg">`, `<link rel="icon" href="data:image/svg+xml;base64,` + base64.StdEncoding.EncodeToString([]byte(icon)) + `">`},
		{`<link rel="stylesheet" href="/static/page.css">`, "<style>" + style + "</style>"},
		{`<script type="module" src="/static/main.js"></script>` + "\n", ""},
	} {
		if strings.Count(html, r[0]) != 1 {
			return frame{}, fmt.Errorf("page.html does not have %s once", r[0])
		}
		html = strings.Replace(html, r[0], r[1], 1)
	}
	for name, text := range map[string]string{"script": script, "style": style} {
		if low := strings.ToLower(text); strings.Contains(low, "</"+name) || strings.Contains(low, "<!--") {
			return frame{}, fmt.Errorf("the page's own %s would end too soon", name)
		}
	}
	before, after, found := strings.Cut(html, "</body>")
	if !found {
		return frame{}, fmt.Errorf("page.html has no end")
	}
	return frame{before, `<script type="module" async>` + script + "</script>\n", "</body>" + after}, nil
}

// hashOf names a script or style in a policy.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
