package upload

import (
	"context"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// call is one call of the store: its time, its attempts, and how it failed.
type call struct {
	store    *S3
	parent   context.Context // the caller's
	ctx      context.Context // ends with it or when the call's time is over
	cancel   context.CancelFunc
	timer    *time.Timer
	start    time.Time
	act, key string

	attempts int   // of the request under way
	last     error // of the last attempt that failed by itself
}

// begin starts a call that has to move size bytes.
func (s *S3) begin(ctx context.Context, act, key string, size int64) *call {
	c := &call{store: s, parent: ctx, start: time.Now(), act: act, key: key}
	c.ctx, c.cancel = context.WithCancel(ctx)
	c.timer = time.AfterFunc(s.callTime(size), c.cancel)
	return c
}

// callTime is the time for a call that moves size bytes.
func (s *S3) callTime(size int64) time.Duration {
	return s.opt.Timeouts.Call + time.Duration(size)*time.Second/slowest
}

// allow gives the call the time for size bytes from now on.
func (c *call) allow(size int64) {
	if c.ctx.Err() == nil {
		c.timer.Reset(c.store.callTime(size))
	}
}

func (c *call) end() {
	c.timer.Stop()
	c.cancel()
}

// watch counts a request's attempts and keeps the last error: when the time is
// over while the SDK waits for the next attempt, it says no more than that.
func (c *call) watch(o *s3.Options) {
	c.attempts = 0
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("amsAttempts",
			func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
				c.attempts++
				out, meta, err := next.HandleFinalize(ctx, in)
				if err != nil && ctx.Err() == nil {
					c.last = err
				}
				return out, meta, err
			}), "Retry", middleware.After)
	})
}

// idleConns is how many connections stay open between requests: more than a command has requests at once, so that
// none begins with a handshake.
const idleConns = 64

// httpClient is the SDK's buildable client, because only that takes
// AWS_CA_BUNDLE, with bounds on every wait.
func httpClient(t S3Timeouts) *awshttp.BuildableClient {
	dialer := &net.Dialer{Timeout: t.Dial, KeepAlive: 30 * time.Second}
	return awshttp.NewBuildableClient().WithReadTimeout(0).WithTransportOptions(func(tr *http.Transport) {
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &stallConn{conn, t.Stall}, nil
		}
		tr.TLSHandshakeTimeout = t.TLS
		tr.ResponseHeaderTimeout = t.Header
		tr.IdleConnTimeout = t.Stall / 2 // an idle connection is closed before it looks stalled
		tr.MaxIdleConnsPerHost = idleConns
		tr.DisableCompression = true
	})
}

// atHome is the client with one rule more: a redirect is an answer and is not followed. Whoever can
// answer in the bucket's place could else say what is stored, and a signature holds for one host
// and path alone.
func atHome(client aws.HTTPClient) aws.HTTPClient {
	built, ok := client.(*awshttp.BuildableClient)
	if !ok {
		return client
	}
	return &http.Client{Transport: built.GetTransport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// stallConn fails when for the time limit no byte goes either way. A Read gets a
// little longer than a Write that began before it: the transport closes the
// connection when the Read fails, and that would be all that the Write could say.
type stallConn struct {
	net.Conn
	limit time.Duration
}

func (c *stallConn) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.limit + c.limit/4)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// Write also puts off the deadline of the Read that waits for the answer.
func (c *stallConn) Write(b []byte) (int, error) {
	now := time.Now()
	if err := c.SetWriteDeadline(now.Add(c.limit)); err != nil {
		return 0, err
	}
	if err := c.SetReadDeadline(now.Add(2 * c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// unsignedEncoding leaves Accept-Encoding out of the signature: Google's front
// end rewrites the header, and the signature would not hold
// (aws-sdk-go-v2 issue 1816).
type unsignedEncoding struct{ s3.HTTPSignerV4 }

func (u unsignedEncoding) SignHTTP(ctx context.Context, cred aws.Credentials, r *http.Request, payloadHash, service, region string,
	at time.Time, optFns ...func(*v4.SignerOptions)) error {
	const name = "Accept-Encoding"
	value, ok := r.Header[name]
	delete(r.Header, name)
	err := u.HTTPSignerV4.SignHTTP(ctx, cred, r, payloadHash, service, region, at, optFns...)
	if ok {
		r.Header[name] = value
	}
	return err
}

// secrets gives the client the credentials of the SDK's chain and remembers
// them, so that they can be taken out of what servers and libraries say.
type secrets struct {
	provider aws.CredentialsProvider

	mu   sync.Mutex
	seen []string // guarded by mu
}

// Retrieve implements aws.CredentialsProvider.
func (p *secrets) Retrieve(ctx context.Context) (aws.Credentials, error) {
	cred, err := p.provider.Retrieve(ctx)
	if err == nil {
		err = checkCharacters(cred)
	}
	if err != nil {
		return cred, &credentialsError{err}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = p.seen[:0]
	for _, secret := range []string{cred.SecretAccessKey, cred.SessionToken} {
		if secret != "" {
			p.seen = append(p.seen, secret)
		}
	}
	return cred, nil
}

// shortSecret is the length in bytes below which a secret may be a word like any other. No server
// gives out such keys; test setups have them.
const shortSecret = 8

// remove takes the secrets out of a text that may be anybody's. Short ones stay: taken out wherever
// their letters stand, they would leave no message.
func (p *secrets) remove(text string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, secret := range p.seen {
		if len(secret) >= shortSecret {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return text
}

// removeWords takes the short ones out of what a server said, where they stand as words. One of
// three letters is part of any language.
func (p *secrets) removeWords(text string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, secret := range p.seen {
		if len(secret) > 3 && len(secret) < shortSecret {
			word := regexp.MustCompile(`(^|[^\pL\pN])` + regexp.QuoteMeta(secret) + `($|[^\pL\pN])`)
			text = word.ReplaceAllString(text, "${1}[secret]${2}")
		}
	}
	return text
}

// credentialsError is the failure to find credentials. The SDK would take it for
// one of the network, which it often is, and ask for them again and again.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string        { return e.err.Error() }
func (e *credentialsError) Unwrap() error        { return e.err }
func (e *credentialsError) RetryableError() bool { return false }
