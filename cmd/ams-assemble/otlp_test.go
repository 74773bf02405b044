package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"ams/pkg/otlp/otlptest"
	"ams/pkg/spool"
)

// desk is a person's home folder, a few sessions in it, and a receiver.
type desk struct {
	t     *testing.T
	home  string
	began time.Time
	*otlptest.Receiver
	vars map[string]string // of the environment
	patience
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, home: t.TempDir(), began: time.Now().Add(-time.Hour), Receiver: otlptest.New(t)}
	d.vars = map[string]string{"HOME": d.home, "AMS_OTLP_HEADERS": "authorization=Basic%20c2VjcmV0LWtleQ=="}
	return d
}

// prompts records a turn some minutes after the desk began, and the session's end.
func (d *desk) prompts(id, prompt string, minutes int) {
	d.t.Helper()
	var records []spool.Record
	for i, event := range []string{fmt.Sprintf(`"UserPromptSubmit","prompt":%q`, prompt), `"SessionEnd","reason":"other"`} {
		raw := fmt.Sprintf(`{"session_id":%q,"cwd":"/p","hook_event_name":%s}`, id, event)
		at := d.began.Add(time.Duration(minutes)*time.Minute + time.Duration(i)*time.Second)
		records = append(records, spool.Record{Key: spool.KeyFor(at, []byte(raw), 0), Raw: []byte(raw)})
	}
	if _, err := spool.Insert(filepath.Join(d.home, ".local", "state", "ams", "spool"), id, records); err != nil {
		d.t.Fatal(err)
	}
}

// does runs a command line, and holds its exit code and that it shows no key.
func (d *desk) does(code int, args ...string) (stdout, stderr string) {
	d.t.Helper()
	var out, talk bytes.Buffer
	got := run(context.Background(), env{
		args: args, stdin: strings.NewReader(""), stdout: &out, stderr: &talk,
		getenv: func(name string) string { return d.vars[name] }, now: time.Now, self: "ams-assemble",
		patience: d.patience,
	})
	if got != code {
		d.t.Fatalf("ams-assemble %v: exit %d, want %d\n%s%s", args, got, code, out.Bytes(), talk.Bytes())
	}
	if strings.Contains(out.String()+talk.String(), "c2VjcmV0") {
		d.t.Fatalf("ams-assemble %v shows the key: %s%s", args, out.Bytes(), talk.Bytes())
	}
	return out.String(), talk.String()
}

// got are the sessions of which spans came since it was called last, with how many.
func (d *desk) got() string {
	counts := map[string]int{}
	for _, span := range otlptest.Spans(d.Take()) {
		counts[otlptest.Attributes(span.Attributes)["session.id"]]++
	}
	return fmt.Sprint(counts)
}

func (d *desk) wants(what, want string) {
	d.t.Helper()
	if got := d.got(); got != want {
		d.t.Errorf("%s: %s came, want %s", what, got, want)
	}
}

func TestRunSendsWhatBecomesFinalOnce(t *testing.T) {
	d := newDesk(t)
	d.prompts("before", "hello", 0)
	d.does(0, "run")
	sending := []string{"run", "--otlp-endpoint", d.URL, "--otlp-headers", d.vars["AMS_OTLP_HEADERS"]}
	d.does(0, sending...)
	d.wants("what was over before", "map[]")

	d.prompts("new", "hello", 1)
	d.Before(func(w http.ResponseWriter, _ *tracepb.TracesData) bool {
		w.WriteHeader(http.StatusInternalServerError)
		w.Write([]byte("Basic c2VjcmV0LWtleQ== is known"))
		return true
	})
	_, talk := d.does(3, sending...)
	if want := "session new: it is stored; hand it to otlp: send to " + d.URL + "/v1/traces: 500 Internal Server Error: Basic [header] is known; the next run tries it again"; !strings.Contains(talk, want) {
		t.Errorf("said %q, want %q", talk, want)
	}
	if _, err := os.Stat(filepath.Join(d.home, ".local/share/ams/index/new.json")); err != nil {
		t.Error(err)
	}
	d.Before(nil)
	d.does(0, sending...)
	d.wants("tried again", "map[new:1]")
	d.does(0, sending...)
	d.wants("sent", "map[]")

	d.prompts("new", "one more thing", 2)
	d.does(0, sending...)
	d.wants("resumed", "map[new:1]")
	d.does(0, "export", "otlp", "new", "--otlp-endpoint", d.URL)
	d.wants("all of it", "map[new:2]")
}

func TestWhatAReceiverRefusesIsSaidAndNotSentAgain(t *testing.T) {
	d := newDesk(t)
	d.prompts("one", "hello", 0)
	d.Before(func(w http.ResponseWriter, _ *tracepb.TracesData) bool {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too \u001b[31mold"}}`))
		return true
	})
	_, talk := d.does(0, "run", "--otlp-endpoint", d.URL)
	if want := `ams-assemble: otlp: session one: the receiver refused 1 of 1 span: too \x1b[31mold`; !strings.Contains(talk, want) {
		t.Errorf("said %q, want %q", talk, want)
	}
	if _, talk := d.does(0, "run", "--otlp-endpoint", d.URL); talk != "" {
		t.Errorf("said %q", talk)
	}
}

// TestSecretsAreMaskedWhatIsStoredOrNot sends a session that is stored without masks.
func TestSecretsAreMaskedWhateverIsStored(t *testing.T) {
	d := newDesk(t)
	key := "ghp_" + strings.Repeat("a1B2", 9)
	d.prompts("one", "use "+key, 0)
	for _, args := range [][]string{
		{"run", "--redact-secrets", "no", "--otlp-endpoint", d.URL, "--otlp-content", "yes"},
		{"export", "otlp", "one", "--redact-secrets", "no", "--otlp-endpoint", d.URL, "--otlp-content", "yes"},
		{"export", "otlp", "one", "--otlp-endpoint", d.URL},
	} {
		d.does(0, args...)
		spans := otlptest.Spans(d.Take())
		input := otlptest.Attributes(spans[0].Attributes)["input.value"]
		if content := strings.Contains(strings.Join(args, " "), "content"); strings.Contains(input, key) || content && !strings.HasPrefix(input, "use [secret:") || !content && input != "" {
			t.Errorf("%v sends %q", args, input)
		}
	}
	if b, err := os.ReadFile(filepath.Join(d.home, ".local/share/ams/index/one.json")); err != nil || !bytes.Contains(b, []byte(key)) {
		t.Errorf("the store has a mask (%v): nothing was tried", err)
	}
}

func TestExportOTLP(t *testing.T) {
	d := newDesk(t)
	for i := range 6 {
		d.prompts(fmt.Sprintf("s%d", i), "hello", i)
	}
	d.does(0, "run")
	d.vars["AMS_OTLP_ENDPOINT"] = d.URL // which no flag reads here
	to := []string{"--otlp-endpoint", d.URL}
	out, talk := d.does(0, append([]string{"export", "otlp", "s0", "s3"}, to...)...)
	if out != "s0  1 span\ns3  1 span\n" || talk != "ams-assemble: 2 sessions sent to "+d.URL+"/v1/traces\n" {
		t.Errorf("said %q and %q", out, talk)
	}
	d.wants("two by id", "map[s0:1 s3:1]")
	d.does(0, append([]string{"export", "otlp", "--since", "1d", "--otlp-trace", "session"}, to...)...)
	d.wants("all, with a span of the session", "map[s0:2 s1:2 s2:2 s3:2 s4:2 s5:2]")
	for _, args := range [][]string{{}, {"s0", "--since", "1d"}, {"s0", "--otlp-trace", "day"}, {"s0", "--otlp-content", "perhaps"}, {"s0", "--otlp-headers", "secret"}} {
		d.does(2, append(append([]string{"export", "otlp"}, args...), to...)...)
	}
	d.does(2, "export", "otlp", "s0")
	d.does(2, "export", "otlp", "s0", "--otlp-endpoint", "localhost:4318")
	d.does(2, "export")
	d.does(3, append([]string{"export", "otlp", "s0", "none"}, to...)...)
	d.does(1, append([]string{"export", "otlp", "--since", "1d", "--agent", "nobody"}, to...)...)

	d.Take()
	d.Close()
	_, talk = d.does(1, append([]string{"export", "otlp", "--since", "1d"}, to...)...)
	if n := strings.Count(talk, "refused"); n != 3 || !strings.Contains(talk, "it failed 3 times in a row, and no other is tried") {
		t.Errorf("said %d times %q", n, talk)
	}
}
