package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ams/pkg/screen"
)

const (
	// connectTime and requestTime bound one request: who does not answer in that time is down.
	connectTime = 5 * time.Second
	requestTime = 20 * time.Second

	// tries is how often a request is sent that the receiver may take another time. A run is repeated by its timer, so
	// more is not needed.
	tries = 3

	// maxWait is the longest wait between two tries. A receiver that asks for more is left to the next run.
	maxWait = 10 * time.Second

	// maxAnswer bounds what is read of an answer, in bytes; maxSaid what of it is shown.
	maxAnswer = 64 << 10
	maxSaid   = 200
)

// Options are what a [Client] works with.
type Options struct {
	Endpoint *url.URL // of [ParseEndpoint]
	Headers  http.Header
	Mapping  Mapping
	// RequestTime bounds one request; 0 is 20 s.
	RequestTime time.Duration
	// Wait waits between two tries; nil waits by the clock.
	Wait func(context.Context, time.Duration) error
}

// Client sends Sessions to one receiver. It is safe for concurrent use.
type Client struct {
	opt  Options
	http *http.Client
}

// New returns a Client. It makes no connection.
func New(opt Options) *Client {
	if opt.RequestTime == 0 {
		opt.RequestTime = requestTime
	}
	if opt.Wait == nil {
		opt.Wait = wait
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: connectTime}).DialContext
	transport.TLSHandshakeTimeout = connectTime
	return &Client{opt: opt, http: &http.Client{
		Transport: transport,
		// Headers with keys would go along to wherever a redirect points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func wait(ctx context.Context, d time.Duration) error {
	pause, end := context.WithTimeout(ctx, d)
	defer end()
	<-pause.Done()
	return ctx.Err()
}

// Name names the receiver to a person, without what may be secret.
func (c *Client) Name() string {
	return (&url.URL{Scheme: c.opt.Endpoint.Scheme, Host: c.opt.Endpoint.Host, Path: c.opt.Endpoint.Path}).String()
}

// Refusal is an answer that is no success.
type Refusal struct {
	Status int
	Said   string // the beginning of the answer, in one line that may be shown; "" where it says nothing
	after  time.Duration
}

func (r *Refusal) Error() string {
	text := fmt.Sprintf("%d %s", r.Status, http.StatusText(r.Status))
	if r.after > maxWait {
		text += fmt.Sprintf(", to be asked again in %v", r.after.Round(time.Second))
	}
	if r.Said != "" {
		text += ": " + r.Said
	}
	return text
}

// isOfContent reports whether it is what the request holds that was refused.
func (r *Refusal) isOfContent() bool {
	switch r.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// isTransient reports whether a later try may be taken, as the protocol lists them.
func (r *Refusal) isTransient() bool {
	switch r.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// post sends the bytes of a request, again where that may help, and returns what the receiver did not take.
func (c *Client) post(ctx context.Context, body []byte) (partial, error) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	zip.Write(body) // into memory
	zip.Close()
	for try := 1; ; try++ {
		taken, err := c.once(ctx, packed.Bytes())
		pause := time.Second << (try - 1) / 2
		var refusal *Refusal
		switch {
		case err == nil, try == tries, ctx.Err() != nil:
			return taken, err
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, errNoReceiver):
			return taken, err
		case errors.As(err, &refusal):
			if !refusal.isTransient() || refusal.after > maxWait {
				return taken, err
			}
			pause = max(pause, refusal.after)
		}
		if c.opt.Wait(ctx, pause) != nil {
			return taken, err
		}
	}
}

// errNoReceiver says that whoever answered speaks no OTLP.
var errNoReceiver = errors.New("this is no OTLP receiver")

// once sends a request one time.
func (c *Client) once(ctx context.Context, packed []byte) (partial, error) {
	ctx, done := context.WithTimeout(ctx, c.opt.RequestTime)
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.opt.Endpoint.String(), bytes.NewReader(packed))
	if err != nil {
		return partial{}, c.plain(err)
	}
	req.Header.Set("User-Agent", "ams-assemble/"+c.opt.Mapping.Version)
	for name, values := range c.opt.Headers {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := c.http.Do(req)
	if err != nil {
		return partial{}, c.plain(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		r := &Refusal{Status: resp.StatusCode, Said: c.said(resp.Header.Get("Content-Type"), text)}
		if to := resp.Header.Get("Location"); to != "" {
			r.Said = "it sends elsewhere, which is not followed"
		}
		r.after = retryAfter(resp.Header.Get("Retry-After"))
		return partial{}, r
	}
	if err != nil {
		return partial{}, c.plain(fmt.Errorf("read its answer: %w", err))
	}
	taken, err := parsePartial(resp.Header.Get("Content-Type"), text)
	taken.said = c.clean(taken.said)
	return taken, err
}

// plain is an error of a request without the address, which may hold secrets.
func (c *Client) plain(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v: %w", c.opt.RequestTime, context.DeadlineExceeded)
	}
	return err
}

// retryAfter reads how long a receiver asks to wait: in seconds, or as a date.
func retryAfter(text string) time.Duration {
	if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
		return max(time.Duration(min(n, 1<<20))*time.Second, 0)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

// said is what an answer that is no success says in words.
func (c *Client) said(contentType string, text []byte) string {
	switch kind(contentType) {
	case "text/html":
		return ""
	case "application/x-protobuf":
		return c.clean(messageOf(text))
	}
	return c.clean(string(text))
}

// clean is the beginning of a text of the receiver, as it may be shown: in one line, without what headers hold.
func (c *Client) clean(text string) string {
	for _, values := range c.opt.Headers {
		for _, v := range values {
			for _, secret := range append(strings.Fields(v), v) {
				if len(secret) >= minSecret {
					text = strings.ReplaceAll(text, secret, "[header]")
				}
			}
		}
	}
	return screen.Cut(screen.Line(strings.TrimSpace(text)), maxSaid)
}

// minSecret is the length from which a part of a header's value may be a secret: a shorter one is a word like Basic.
const minSecret = 8
