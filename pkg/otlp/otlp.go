// Package otlp gives a Session to whoever speaks OTLP/HTTP: a collector, Jaeger, Tempo, Langfuse, Phoenix, Arize,
// Datadog.
//
// A Session becomes one trace a turn, or one in all ([Mapping]):
//
//	(session)                     only with one trace a session
//	 └ turn: invoke_agent          from a prompt to the next; what belongs to no prompt makes a turn, too
//	    ├ chat MODEL                a call of the model
//	    ├ execute_tool NAME         a tool call; the Agent tool has its subagent below it
//	    │  └ invoke_agent TYPE       a subagent, with its own calls below it
//	    ├ compaction, error
//	    └ what is a notification is a span event, no span
//
// Names are those of OpenTelemetry's conventions for generative AI, and of OpenInference where those have none; what
// neither has begins with "ams.". docs/otlp.md has the table. The conventions are in development: of two names for one
// thing one is sent, since receivers add up what they know twice.
//
// Everything in a span follows from the Session, ids and times to the nanosecond: what is sent twice is there once.
//
// The protobuf messages are those of go.opentelemetry.io/proto/otlp, the sending is net/http. The client of
// go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp does the same and links gRPC and its gateway (6 MB
// more), reads settings of its own from the environment (where a project could set headers and certificates), follows
// redirects with its headers, and takes a web page for a success.
package otlp

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"ams/pkg/redact"
	"ams/pkg/schema"
)

// tracesPath is where a receiver takes spans, below its base address.
const tracesPath = "/v1/traces"

// ParseEndpoint reads the address of a receiver: its base, as in OTEL_EXPORTER_OTLP_ENDPOINT, or with /v1/traces.
func ParseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil: // which would quote it, and it may hold a password
		return nil, errors.New("it is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("it must begin with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New("it names no host")
	case u.Fragment != "":
		return nil, errors.New("it must not hold a #")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	if !strings.HasSuffix(u.Path, tracesPath) {
		u.Path += tracesPath
	}
	u.RawPath = ""
	return u, nil
}

// ParseHeaders reads NAME=VALUE,NAME=VALUE, with %XX for what a value could not hold, as in OTEL_EXPORTER_OTLP_HEADERS.
// Errors name the header, never its value.
func ParseHeaders(text string) (http.Header, error) {
	out := http.Header{}
	for i, pair := range strings.Split(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		if name = strings.TrimSpace(name); !ok || !isToken(name) {
			return nil, fmt.Errorf("header %d is not NAME=VALUE", i+1)
		}
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if err != nil || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return nil, fmt.Errorf("the value of header %s is not what a header can hold; %% is written %%25", name)
		}
		out.Set(name, value)
	}
	return out, nil
}

// isToken reports whether a text may be a header's name (RFC 9110).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// Masked is a copy of a Session with masks, for one that was stored without.
func Masked(s *schema.Session, rules redact.Rules) (*schema.Session, error) {
	b, err := schema.Encode(s)
	if err != nil {
		return nil, err
	}
	masked, err := schema.Decode(b)
	if err != nil {
		return nil, err
	}
	redact.New(rules).Session(masked)
	return masked, nil
}
