package otlp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"

	"ams/pkg/otlp"
	"ams/pkg/otlp/otlptest"
	"ams/pkg/schema"
)

// clientOf sends to a receiver; waits are noted and not waited.
func clientOf(t *testing.T, address string, waits *[]time.Duration) *otlp.Client {
	t.Helper()
	endpoint, err := otlp.ParseEndpoint(address)
	if err != nil {
		t.Fatal(err)
	}
	headers, err := otlp.ParseHeaders("authorization=Basic%20c2VjcmV0LWtleQ==,x-scope=a=b")
	if err != nil {
		t.Fatal(err)
	}
	return otlp.New(otlp.Options{
		Endpoint: endpoint, Headers: headers, Mapping: otlp.Mapping{Version: "1", Content: true}, RequestTime: 10 * time.Second,
		Wait: func(_ context.Context, d time.Duration) error {
			if waits != nil {
				*waits = append(*waits, d)
			}
			return nil
		},
	})
}

func TestSendSendsAllOnceAndTheSameAgain(t *testing.T) {
	r := otlptest.New(t)
	c := clientOf(t, r.URL, nil)
	s := session(3)
	s.Agent.Name, s.Environment = "reviewer", "ci"
	var first string
	for range 2 {
		sent, err := c.Send(t.Context(), s, time.Time{})
		if err != nil || sent.Spans != 15 || sent.Refused != 0 || sent.Requests != 1 {
			t.Fatal(sent, err)
		}
		got := r.Take()
		check(t, s, otlptest.Spans(got), false)
		text := fmt.Sprint(otlptest.Spans(got))
		if first == "" {
			first = text
		}
		if first != text {
			t.Error("the second time is another one")
		}
		if h := got[0].Header; h.Get("Authorization") != "Basic c2VjcmV0LWtleQ==" || h.Get("X-Scope") != "a=b" || h.Get("User-Agent") != "ams-assemble/1" {
			t.Errorf("headers %v", h)
		}
		if res := got[0].Resource; res["service.name"] != "reviewer" || res["deployment.environment.name"] != "ci" || got[0].Scope != "ams" {
			t.Errorf("resource %v, scope %s", res, got[0].Scope)
		}
	}
}

// TestThirtyThousandSpansGoInBatches has one answer of content in each turn.
func TestThirtyThousandSpansGoInBatches(t *testing.T) {
	r := otlptest.New(t)
	s := session(6000)
	for i := range s.Events {
		if e := &s.Events[i]; e.LLM != nil && e.AgentID == "" {
			llm := *e.LLM
			llm.Text = strings.Repeat("word ", 800)
			e.LLM = &llm
		}
	}
	sent, err := clientOf(t, r.URL, nil).Send(t.Context(), s, time.Time{})
	if err != nil || sent.Spans != 30_000 {
		t.Fatal(sent, err)
	}
	got := r.Take()
	check(t, s, otlptest.Spans(got), false)
	if len(got) < 10 {
		t.Errorf("%d requests", len(got))
	}
	for _, one := range got {
		if one.Bytes > 4<<20 {
			t.Errorf("a request has %d bytes", one.Bytes)
		}
	}
}

// reject answers with a partial success.
func reject(w http.ResponseWriter, n int, why string) {
	var inner []byte
	inner = protowire.AppendVarint(protowire.AppendTag(inner, 1, protowire.VarintType), uint64(n))
	inner = protowire.AppendString(protowire.AppendTag(inner, 2, protowire.BytesType), why)
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.Write(protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), inner))
}

func spansIn(data *tracepb.TracesData) []*tracepb.Span {
	return data.ResourceSpans[0].ScopeSpans[0].Spans
}

// TestAnswers has a row for each way in which a receiver answers. A receiver gives its nth answer to the nth request.
func TestAnswers(t *testing.T) {
	status := func(code int, header ...string) func(http.ResponseWriter, *tracepb.TracesData) bool {
		return func(w http.ResponseWriter, _ *tracepb.TracesData) bool {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			w.Write([]byte("no: \x1b[31mBasic c2VjcmV0LWtleQ=="))
			return true
		}
	}
	cutOff := func(w http.ResponseWriter, _ *tracepb.TracesData) bool {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("half"))
		return true
	}
	hangUp := func(http.ResponseWriter, *tracepb.TracesData) bool { panic(http.ErrAbortHandler) }
	takes := func(http.ResponseWriter, *tracepb.TracesData) bool { return false }
	type answer = func(http.ResponseWriter, *tracepb.TracesData) bool
	for _, c := range []struct {
		name    string
		answers []answer // the last again and again
		err     string   // "" for none
		sent    otlp.Sent
		asked   int // requests that came
		waits   string
	}{
		{"takes", []answer{takes}, "", otlp.Sent{Spans: 5, Requests: 1}, 1, "[]"},
		{"busy, then takes", []answer{status(429, "Retry-After", "7"), status(503), takes}, "", otlp.Sent{Spans: 5, Requests: 1}, 3, "[7s 1s]"},
		{"stays busy", []answer{status(503)}, "503 Service Unavailable: no: ", otlp.Sent{Requests: 1}, 3, "[500ms 1s]"},
		{"busy for long", []answer{status(429, "Retry-After", "3600")}, "429 Too Many Requests, to be asked again in 1h0m0s", otlp.Sent{Requests: 1}, 1, "[]"},
		{"wrong key", []answer{status(401)}, "401 Unauthorized", otlp.Sent{Requests: 1}, 1, "[]"},
		{"no such path", []answer{status(404)}, "404 Not Found", otlp.Sent{Requests: 1}, 1, "[]"},
		{"breaks", []answer{status(500)}, "500 Internal Server Error", otlp.Sent{Requests: 1}, 1, "[]"},
		{"sends elsewhere", []answer{status(307, "Location", "http://127.0.0.1:1/")}, "it sends elsewhere, which is not followed", otlp.Sent{Requests: 1}, 1, "[]"},
		{"half an answer, then takes", []answer{cutOff, takes}, "", otlp.Sent{Spans: 5, Requests: 1}, 2, "[500ms]"},
		{"half an answer", []answer{cutOff}, "read its answer", otlp.Sent{Requests: 1}, 3, "[500ms 1s]"},
		{"hangs up", []answer{hangUp}, "EOF", otlp.Sent{Requests: 1}, 3, "[500ms 1s]"},
		{"a web page", []answer{func(w http.ResponseWriter, _ *tracepb.TracesData) bool {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Write([]byte("<html>Sign in"))
			return true
		}}, "this is no OTLP receiver", otlp.Sent{Requests: 1}, 1, "[]"},
		{"no message", []answer{func(w http.ResponseWriter, _ *tracepb.TracesData) bool {
			w.Header().Set("Content-Type", "application/x-protobuf")
			w.Write([]byte("\xff\xff\xff"))
			return true
		}}, "this is no OTLP receiver", otlp.Sent{Requests: 1}, 1, "[]"},
		{"takes a part", []answer{func(w http.ResponseWriter, _ *tracepb.TracesData) bool { reject(w, 2, "too\nold"); return true }}, "",
			otlp.Sent{Spans: 3, Refused: 2, Why: "too old", Requests: 1}, 1, "[]"},
		{"takes a part and lies", []answer{func(w http.ResponseWriter, _ *tracepb.TracesData) bool { reject(w, -1, ""); return true }}, "",
			otlp.Sent{Spans: 5, Requests: 1}, 1, "[]"},
		{"takes a part, in JSON", []answer{func(w http.ResponseWriter, _ *tracepb.TracesData) bool {
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte(`{"partialSuccess":{"rejectedSpans":"1","errorMessage":"old"}}`))
			return true
		}}, "", otlp.Sent{Spans: 4, Refused: 1, Why: "old", Requests: 1}, 1, "[]"},
		{"too large", []answer{func(w http.ResponseWriter, data *tracepb.TracesData) bool {
			if len(spansIn(data)) > 2 {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				return true
			}
			return false
		}}, "", otlp.Sent{Spans: 5, Requests: 5}, 5, "[]"},
		{"dislikes one", []answer{func(w http.ResponseWriter, data *tracepb.TracesData) bool {
			for _, span := range spansIn(data) {
				if span.Name == "execute_tool Agent" {
					w.WriteHeader(http.StatusBadRequest)
					w.Write([]byte("bad span"))
					return true
				}
			}
			return false
		}}, "", otlp.Sent{Spans: 4, Refused: 1, Why: "400 Bad Request: bad span", Requests: 5}, 5, "[]"},
		{"dislikes all", []answer{status(400)}, "400 Bad Request", otlp.Sent{Requests: 6, Refused: 3}, 6, "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := otlptest.New(t)
			asked := 0
			r.Before(func(w http.ResponseWriter, data *tracepb.TracesData) bool {
				asked++
				return c.answers[min(asked, len(c.answers))-1](w, data)
			})
			var waits []time.Duration
			sent, err := clientOf(t, r.URL, &waits).Send(t.Context(), session(1), time.Time{})
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
			if err != nil && (strings.Contains(err.Error(), "c2VjcmV0") || strings.Contains(err.Error(), "\x1b")) {
				t.Errorf("the error shows %q", err)
			}
			if err != nil {
				sent.Why = ""
			}
			if sent != c.sent || asked != c.asked || fmt.Sprint(waits) != c.waits {
				t.Errorf("sent %+v with %d requests, waited %v; want %+v, %d, %s", sent, asked, waits, c.sent, c.asked, c.waits)
			}
		})
	}
}

func TestAReceiverThatIsGoneOrSlow(t *testing.T) {
	r := otlptest.New(t)
	gone := clientOf(t, r.URL, nil)
	r.Close()
	if _, err := gone.Send(t.Context(), session(1), time.Time{}); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("gone: %v", err)
	}
	slow := otlptest.New(t)
	end := make(chan struct{})
	slow.Before(func(http.ResponseWriter, *tracepb.TracesData) bool { <-end; return true })
	defer close(end)
	endpoint, err := url.Parse(slow.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := otlp.New(otlp.Options{Endpoint: endpoint, RequestTime: 30 * time.Millisecond})
	if _, err := c.Send(t.Context(), session(1), time.Time{}); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 30ms") {
		t.Errorf("slow: %v", err)
	}
	if _, err := c.Send(t.Context(), &schema.Session{SessionID: "empty"}, time.Time{}); err != nil {
		t.Errorf("a session without events: %v", err)
	}
}

func TestParseEndpoint(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"},
		{" https://cloud.example/api/public/otel/ ", "https://cloud.example/api/public/otel/v1/traces"},
		{"https://otlp.example/v1/traces", "https://otlp.example/v1/traces"},
		{"https://user:word@otlp.example?key=word", "https://user:word@otlp.example/v1/traces?key=word"},
		{"localhost:4318", ""}, {"grpc://a:4317", ""}, {"http://", ""}, {"http://a/#x", ""}, {"http://a b", ""}, {"", ""},
	} {
		u, err := otlp.ParseEndpoint(c.in)
		if (err == nil) != (c.want != "") || err == nil && u.String() != c.want {
			t.Errorf("ParseEndpoint(%q) = %v, %v; want %q", c.in, u, err, c.want)
		}
		if err == nil {
			if name := otlp.New(otlp.Options{Endpoint: u}).Name(); strings.Contains(name, "word") {
				t.Errorf("its name shows %s", name)
			}
		}
	}
}

func TestParseHeaders(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", "map[]"},
		{"api-key=abc, dd-otlp-source = llmobs ,", "map[Api-Key:[abc] Dd-Otlp-Source:[llmobs]]"},
		{"authorization=Basic cGs6c2s=", "map[Authorization:[Basic cGs6c2s=]]"},
		{"authorization=Basic%20a+b/%2C", "map[Authorization:[Basic a+b/,]]"},
		{"secret-word", ""}, {"a b=secret-word", ""}, {"=secret-word", ""}, {"a=secret-word%", ""}, {"a=secret-word%0a", ""}, {"a:b=secret-word", ""},
	} {
		h, err := otlp.ParseHeaders(c.in)
		if (err == nil) != (c.want != "") || err == nil && fmt.Sprint(h) != c.want {
			t.Errorf("ParseHeaders(%q) = %v, %v; want %q", c.in, h, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret-word") {
			t.Errorf("the error shows the value: %v", err)
		}
	}
}
