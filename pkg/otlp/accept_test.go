package otlp_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"ams/pkg/otlp"
	"ams/pkg/otlp/otlptest"
	"ams/pkg/schema"
)

// The tests of this file send to programs of others, which .ci/accept-otlp builds and names in these variables.
const (
	collectorVar = "AMS_TEST_COLLECTOR"
	jaegerVar    = "AMS_TEST_JAEGER"
)

// program is a receiver that runs.
type program struct {
	otlp string // its address
	http string // of its own API
	said *lockedBuffer
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// startProgram starts the program that a variable names, with a configuration in which OTLP and API stand for addresses.
func startProgram(t *testing.T, variable, config string) program {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Skipf("%s names no program; .ci/accept-otlp does", variable)
	}
	addresses := map[string]string{}
	for _, name := range []string{"OTLP", "API", "THIRD"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addresses[name] = l.Addr().String()
		l.Close()
		config = strings.ReplaceAll(config, name, addresses[name])
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := program{"http://" + addresses["OTLP"], "http://" + addresses["API"], &lockedBuffer{}}
	cmd := exec.Command(path, "--config", file)
	cmd.Stdout, cmd.Stderr = p.said, p.said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 300 {
		if conn, err := net.Dial("tcp", addresses["OTLP"]); err == nil {
			conn.Close()
			return p
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s does not listen:\n%s", path, p.said)
	return p
}

// accepted are Sessions to send: the recordings, and one of 30,000 spans.
func accepted(t *testing.T) map[string]*schema.Session {
	all := recorded(t)
	for name, s := range all { // some are the same session, at another time
		s.SessionID, s.TraceID = s.SessionID+" "+name, ""
	}
	long := session(6000)
	long.SessionID, long.TraceID = "30000aaa-0000-4000-8000-000000000001", strings.Repeat("1e55", 8)
	all["30,000 spans"] = long
	return all
}

// sendTwice sends all Sessions, each twice, and returns the spans that must be there.
func sendTwice(t *testing.T, address string, m otlp.Mapping) []*tracepb.Span {
	t.Helper()
	endpoint, err := otlp.ParseEndpoint(address)
	if err != nil {
		t.Fatal(err)
	}
	c := otlp.New(otlp.Options{Endpoint: endpoint, Mapping: m})
	var out []*tracepb.Span
	for name, s := range accepted(t) {
		for again := range 2 {
			sent, err := c.Send(t.Context(), s, time.Time{})
			if err != nil || sent.Refused > 0 || sent.Why != "" {
				t.Fatal(name, sent, err)
			}
			if again == 1 {
				for span := range m.Spans(s, time.Time{}) {
					out = append(out, span)
				}
			}
		}
	}
	return out
}

// line is what is compared of a span.
func line(trace, id, parent, name string, start, end int64, attributes int) string {
	return fmt.Sprintf("%s %s %s %q %d %d %d", trace, id, parent, name, start, end, attributes)
}

// lineOf is the line of a span that was sent, with times in units of so many nanoseconds.
func lineOf(span *tracepb.Span, unit int64) string {
	return line(hex.EncodeToString(span.TraceId), hex.EncodeToString(span.SpanId), hex.EncodeToString(span.ParentSpanId), span.Name,
		int64(span.StartTimeUnixNano)/unit, int64(span.EndTimeUnixNano)/unit, len(span.Attributes))
}

var printedSpan = regexp.MustCompile(`(?m)^Span #\d+\n +Trace ID +: (\w*)\n +Parent ID +: (\w*)\n +ID +: (\w*)\n +Name +: (.*)\n +Kind +: .*\n +Start time +: (.*)\n +End time +: (.*)\n`)

// TestACollectorTakesIt has a collector print what it takes.
func TestACollectorTakesIt(t *testing.T) {
	p := startProgram(t, collectorVar, `
receivers: {otlp: {protocols: {http: {endpoint: OTLP}}}}
exporters: {debug: {verbosity: detailed, use_internal_logger: false}}
service:
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [debug]}}
`)
	want := map[string]int{}
	spans := sendTwice(t, p.otlp, otlp.Mapping{Version: "1", Content: true})
	for _, span := range spans {
		want[line(hex.EncodeToString(span.TraceId), hex.EncodeToString(span.SpanId), hex.EncodeToString(span.ParentSpanId), span.Name,
			int64(span.StartTimeUnixNano), int64(span.EndTimeUnixNano), 0)] += 2
	}
	var got map[string]int
	for range 100 { // it prints after it answered
		got = map[string]int{}
		for _, m := range printedSpan.FindAllStringSubmatch(p.said.String(), -1) {
			got[line(m[1], m[3], m[2], m[4], printedTime(t, m[5]), printedTime(t, m[6]), 0)]++
		}
		if len(got) == len(want) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	missing := 0
	for l, n := range want {
		if got[l] != n {
			missing++
			if missing < 5 {
				t.Errorf("%d times, want %d: %s", got[l], n, l)
			}
		}
	}
	t.Logf("%d spans of %d sessions were sent twice, %d are missing or otherwise", len(spans), len(accepted(t)), missing)
	if text := p.said.String(); !strings.Contains(text, "-> gen_ai.usage.cache_read.input_tokens: Int(") || !strings.Contains(text, "-> service.name: Str(") {
		t.Error("attributes are missing")
	}
}

func printedTime(t *testing.T, text string) int64 {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05.999999999 -0700 MST", text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixNano()
}

// jaegerSpan is a span as Jaeger's API gives it: times in microseconds.
type jaegerSpan struct {
	TraceID, SpanID, OperationName string
	References                     []struct{ RefType, SpanID string }
	StartTime, Duration            int64
	Tags                           []struct {
		Key   string
		Value any
	}
}

// TestJaegerGivesItBack sends to Jaeger and reads the traces by its API.
func TestJaegerGivesItBack(t *testing.T) {
	p := startProgram(t, jaegerVar, `
extensions:
  jaeger_storage: {backends: {memory: {memory: {max_traces: 100000}}}}
  jaeger_query: {storage: {traces: memory}, http: {endpoint: API}, grpc: {endpoint: THIRD}}
receivers: {otlp: {protocols: {http: {endpoint: OTLP}}}}
exporters: {jaeger_storage_exporter: {trace_storage: memory}}
service:
  extensions: [jaeger_storage, jaeger_query]
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [jaeger_storage_exporter]}}
`)
	for _, perSession := range []bool{false, true} {
		traces := map[string]map[string]*tracepb.Span{}
		spans := sendTwice(t, p.otlp, otlp.Mapping{Version: "1", Content: true, PerSession: perSession})
		for _, span := range spans {
			id := hex.EncodeToString(span.TraceId)
			if traces[id] == nil {
				traces[id] = map[string]*tracepb.Span{}
			}
			traces[id][hex.EncodeToString(span.SpanId)] = span
		}
		asked := 0
		for id, want := range traces {
			if len(traces) > 1000 && len(want) == 5 && asked > 500 {
				continue // of the turns of the long one
			}
			asked++
			got := jaegerTrace(t, p, id)
			if len(got) != len(want) {
				t.Errorf("trace %s has %d spans, want %d", id, len(got), len(want))
			}
			for _, span := range got {
				checkJaeger(t, span, want[span.SpanID])
			}
		}
		t.Logf("%d spans in %d traces were sent twice, %d traces read back", len(spans), len(traces), asked)
	}
}

func jaegerTrace(t *testing.T, p program, id string) []jaegerSpan {
	t.Helper()
	resp, err := http.Get(p.http + "/api/traces/" + id)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Data []struct{ Spans []jaegerSpan }
	}
	b, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(b, &answer)
	}
	if err != nil || len(answer.Data) != 1 {
		t.Fatalf("trace %s: %s %v %.300s", id, resp.Status, err, b)
	}
	return answer.Data[0].Spans
}

// checkJaeger compares a span that came back with what was sent.
func checkJaeger(t *testing.T, got jaegerSpan, want *tracepb.Span) {
	t.Helper()
	parent := ""
	for _, r := range got.References {
		parent = r.SpanID
	}
	if want == nil {
		t.Fatalf("span %s was not sent", got.SpanID)
	}
	if l := line(got.TraceID, got.SpanID, parent, got.OperationName, got.StartTime, got.StartTime+got.Duration, len(want.Attributes)); l != lineOf(want, 1000) {
		t.Errorf("got  %s\nwant %s", l, lineOf(want, 1000))
	}
	tags := map[string]string{}
	for _, tag := range got.Tags {
		if tags[tag.Key] = fmt.Sprint(tag.Value); tag.Key == "@jaeger@warnings" {
			t.Errorf("%s: Jaeger warns: %v", got.OperationName, tag.Value)
		}
	}
	for name, value := range otlptest.Attributes(want.Attributes) {
		if has, ok := tags[name]; !ok || !strings.HasPrefix(value, "[") && !strings.Contains(value, "e") && has != value && len(value) < 16 {
			t.Errorf("%s of %s is %q, want %q", name, got.OperationName, has, value)
		}
	}
}
