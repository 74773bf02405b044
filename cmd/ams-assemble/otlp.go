package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/lax"
	"ams/pkg/otlp"
	"ams/pkg/program"
	"ams/pkg/redact"
	"ams/pkg/schema"
	"ams/pkg/screen"
	"ams/pkg/ship"
)

// otlpGroup is the heading of the flags of the receiver in help.
const otlpGroup = "A receiver of OpenTelemetry traces"

func otlpFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "otlp-endpoint", Category: otlpGroup, EnvVars: []string{"AMS_OTLP_ENDPOINT"},
			Usage: "`URL` of a receiver of OTLP over HTTP, such as http://127.0.0.1:4318; /v1/traces is added"},
		&cli.StringFlag{Name: "otlp-headers", Category: otlpGroup, EnvVars: []string{"AMS_OTLP_HEADERS"},
			Usage: "`HEADERS` that it wants, as NAME=VALUE,NAME=VALUE with %XX in values; keys are better kept in the env file"},
		&cli.StringFlag{Name: "otlp-content", Category: otlpGroup, EnvVars: []string{"AMS_OTLP_CONTENT"},
			Usage: "send what was said, run and answered, too, masked: `yes` or no (default no)"},
		&cli.StringFlag{Name: "otlp-trace", Category: otlpGroup, EnvVars: []string{"AMS_OTLP_TRACE"},
			Usage: "one trace for each `WHAT`: turn or session (default turn)"},
	}
}

// readOTLP is the receiver that is set, nil for none.
func readOTLP(c *cli.Context) (*otlp.Client, error) {
	content, err := parseBool("--otlp-content", c.String("otlp-content"), false)
	if err != nil {
		return nil, err
	}
	opt := otlp.Options{Mapping: otlp.Mapping{Content: content, Version: version()}}
	switch what := c.String("otlp-trace"); what {
	case "", "turn":
	case "session":
		opt.Mapping.PerSession = true
	default:
		return nil, usagef("--otlp-trace must be turn or session, not %q", what)
	}
	if opt.Headers, err = otlp.ParseHeaders(c.String("otlp-headers")); err != nil {
		return nil, usagef("--otlp-headers: %w", err)
	}
	if c.String("otlp-endpoint") == "" {
		return nil, nil
	}
	if opt.Endpoint, err = otlp.ParseEndpoint(c.String("otlp-endpoint")); err != nil {
		return nil, usagef("--otlp-endpoint: %w", err)
	}
	return otlp.New(opt), nil
}

// sendingMasks are the masks of what is sent: secrets always.
func sendingMasks(set settings) redact.Rules {
	rules := set.redact
	rules.Secrets = true
	return rules
}

const (
	// otlpAtOnce is how many sessions one run sends at once: a receiver is to have time for others.
	otlpAtOnce = 2
	// otlpTime bounds the sending of one session by a run, during which no other run can store what comes. The largest
	// take some ten requests.
	otlpTime = 2 * time.Minute
)

// sender is the Taker that sends sessions to a receiver.
type sender struct {
	client *otlp.Client
	masks  *redact.Rules // of sessions that are stored without, else nil
	within time.Duration // of which a session is sent

	mu   sync.Mutex
	said []string // what the receiver did not take
}

// newSender sends to a receiver; nil where there is none.
func newSender(client *otlp.Client, set settings, within time.Duration) *sender {
	if client == nil {
		return nil
	}
	s := &sender{client: client, within: within}
	if rules := sendingMasks(set); !set.redact.Secrets {
		s.masks = &rules
	}
	return s
}

// takersOf are those that a run tells of sessions that are over. within bounds a run of the command.
func takersOf(send *sender, command program.Command, within time.Duration) []ship.Taker {
	var out []ship.Taker
	if send != nil {
		out = append(out, ship.Taker{Name: "otlp", FromNow: true, AtOnce: otlpAtOnce, Take: send.take})
	}
	if command != nil {
		out = append(out, onStored(command, within))
	}
	return out
}

// tell says what the receiver did not take.
func (s *sender) tell(e env) {
	if s == nil {
		return
	}
	for _, text := range s.said {
		fmt.Fprintf(e.stderr, "ams-assemble: otlp: %s\n", text)
	}
}

func (s *sender) take(ctx context.Context, f ship.Final) ([]string, error) {
	session := f.Session
	if s.masks != nil {
		var err error
		if session, err = otlp.Masked(session, *s.masks); err != nil {
			return nil, err
		}
	}
	ctx, done := context.WithTimeoutCause(ctx, s.within, fmt.Errorf("not all of it was taken within %v", s.within))
	defer done()
	sent, err := s.client.Send(ctx, session, f.Since)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	}
	if text := refused(session, sent); text != "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.said = append(s.said, text)
	}
	return []string{f.Name}, nil
}

// refused tells what of a session a receiver did not take, "" where it took all. It is not to be sent again.
func refused(s *schema.Session, sent otlp.Sent) string {
	if sent.Refused == 0 && sent.Why == "" {
		return ""
	}
	all := screen.Count(sent.Spans+sent.Refused, "span")
	text := fmt.Sprintf("session %s: the receiver refused %d of %s", screen.Line(s.SessionID), sent.Refused, all)
	if sent.Why != "" {
		text += ": " + sent.Why
	}
	return text
}

const (
	// onStoredTime bounds a command that is told of a session, with all that it started.
	onStoredTime = 30 * time.Second
	// onStoredAtOnce is how many of them run at once.
	onStoredAtOnce = 2
	// onStoredOutput bounds what such a command may print, in bytes. Nobody reads it.
	onStoredOutput = 64 << 10
)

// onStored is the Taker that runs a command for each session, with its index record on standard input.
func onStored(command program.Command, within time.Duration) ship.Taker {
	take := func(ctx context.Context, f ship.Final) ([]string, error) {
		line, err := lax.Line(schema.Raw(f.Index))
		if err != nil {
			return nil, err
		}
		r, err := command.Run(ctx, program.Call{Stdin: append(line, '\n'), Most: onStoredOutput, Timeout: within})
		switch {
		case err != nil:
			return nil, err
		case r.Code != 0 && r.Said != "":
			return nil, fmt.Errorf("it ended with %d: %s", r.Code, r.Said)
		case r.Code != 0:
			return nil, fmt.Errorf("it ended with %d", r.Code)
		}
		return []string{f.Name}, nil
	}
	return ship.Taker{Name: "on-stored", FromNow: true, AtOnce: onStoredAtOnce, Take: take}
}
