package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"

	"ams/pkg/schema"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// bucketServer is an S3 server over TLS that checks signatures and integrity, and can be told to fail.
type bucketServer struct {
	*httptest.Server
	deny  atomic.Value                    // a part of the path that is denied, "" for none
	wrap  func(http.Handler) http.Handler // what stands before it, nil for nothing
	trust bool                            // no signatures are checked: what stands before it changes headers
	puts  atomic.Int64
	gets  atomic.Int64 // of objects, not of lists
}

const (
	testKeyID  = "testkey"
	testSecret = "testsecret-that-appears-nowhere"
)

func newBucketServer(t testing.TB) *bucketServer {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(t.Context(), "traces"); err != nil {
		t.Fatal(err)
	}
	fake := gofakes3.New(backend, gofakes3.WithV4Auth(map[string]string{testKeyID: testSecret}), gofakes3.WithIntegrityCheck(true))
	handler, open := fake.Server(), gofakes3.New(backend, gofakes3.WithIntegrityCheck(true)).Server()
	b := &bucketServer{}
	b.deny.Store("")
	b.wrap = func(next http.Handler) http.Handler { return next }
	var one sync.Mutex // its conditional puts are not atomic
	inner := handler
	handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut || r.Method == http.MethodDelete {
			one.Lock()
			defer one.Unlock()
		}
		if b.trust {
			open.ServeHTTP(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
	b.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if deny := b.deny.Load().(string); deny != "" && r.Method == http.MethodPut && strings.Contains(r.URL.Path, deny) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
			return
		}
		if r.Method == http.MethodPut {
			b.puts.Add(1)
		}
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, ".json") {
			b.gets.Add(1)
		}
		b.wrap(handler).ServeHTTP(w, r)
	}))
	t.Cleanup(b.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_CA_BUNDLE": ca, "AWS_ACCESS_KEY_ID": testKeyID, "AWS_SECRET_ACCESS_KEY": testSecret, "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "none"),
		"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_SESSION_TOKEN": "",
	} {
		t.Setenv(name, value)
	}
	return b
}

func (b *bucketServer) flags(spoolDir string) []string {
	return []string{"--spool-dir", spoolDir, "--claude-dir", "nowhere", "--s3-bucket", "traces", "--s3-endpoint-url", b.URL, "--now"}
}

// runIn runs a command line in process and returns the exit code, stdout and stderr.
func runIn(t *testing.T, now time.Time, args ...string) (int, string, string) {
	t.Helper()
	var out, talk bytes.Buffer
	home := t.TempDir()
	code := run(context.Background(), env{
		args: args, stdin: strings.NewReader(""), stdout: &out, stderr: &talk,
		getenv: func(name string) string { return map[string]string{"HOME": home}[name] }, now: func() time.Time { return now }, self: "ams-assemble",
	})
	if strings.Contains(out.String()+talk.String(), testSecret) {
		t.Errorf("ams-assemble %v prints the secret key:\n%s%s", args, out.String(), talk.String())
	}
	return code, out.String(), talk.String()
}

// fillSpool records a small session.
func fillSpool(t *testing.T, dir, id string, at time.Time) {
	t.Helper()
	var records []spool.Record
	for i, event := range []string{`"SessionStart","source":"startup"`, `"UserPromptSubmit","prompt":"Hello from ` + id + `"`, `"SessionEnd","reason":"other"`} {
		raw := []byte(`{"session_id":"` + id + `","cwd":"/p","hook_event_name":` + event + `}`)
		records = append(records, spool.Record{Key: spool.KeyFor(at.Add(time.Duration(i)*time.Second), raw, 0), Raw: raw})
	}
	if _, err := spool.Insert(dir, id, records); err != nil {
		t.Fatal(err)
	}
}

func (b *bucketServer) store(t *testing.T) upload.Store {
	t.Helper()
	s, err := upload.NewS3(t.Context(), upload.S3Options{Bucket: "traces", Prefix: "ams", Endpoint: b.URL})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRunShipsToS3(t *testing.T) {
	b, dir, now := newBucketServer(t), t.TempDir(), time.Now()
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	fillSpool(t, dir, "one", at)
	fillSpool(t, dir, "two", at)
	later := now.Add(time.Minute)
	if code, out, talk := runIn(t, later, b.flags(dir)...); code != exitDone || strings.Count(out, "\n") != 2 || talk != "" {
		t.Fatalf("first run: exit %d\n%s%s", code, out, talk)
	}
	store := b.store(t)
	for _, key := range []string{"sessions/2026/11/22/one.json", "index/one.json", "sessions/2026/11/22/two.json", "index/two.json"} {
		if _, _, err := store.Get(t.Context(), key); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	before := b.puts.Load()
	if code, out, talk := runIn(t, later, b.flags(dir)...); code != exitDone || out+talk != "" || b.puts.Load() != before {
		t.Errorf("idle run: exit %d, %d puts\n%s%s", code, b.puts.Load()-before, out, talk)
	}
}

// TestRunRepeatsWhatDidNotArrive cuts the way between body and index, and takes the server away: the next run does
// the work again, and nothing is lost.
func TestRunRepeatsWhatDidNotArrive(t *testing.T) {
	b, dir, later := newBucketServer(t), t.TempDir(), time.Now().Add(time.Minute)
	fillSpool(t, dir, "one", time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	b.deny.Store("/index/")
	code, out, talk := runIn(t, later, b.flags(dir)...)
	if code != exitNothing || out != "" || !strings.Contains(talk, "index/one.json") {
		t.Errorf("index denied: exit %d\n%s%s\nwant %d and the key that was denied", code, out, talk, exitNothing)
	}
	b.deny.Store("")
	if code, out, talk := runIn(t, later, b.flags(dir)...); code != exitDone || !strings.HasPrefix(out, "one  ") {
		t.Errorf("the run after: exit %d\n%s%s", code, out, talk)
	}
	fillSpool(t, dir, "two", time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	b.CloseClientConnections()
	flags := b.flags(dir)
	b.Close()
	start := time.Now()
	code, _, talk = runIn(t, later, flags...)
	if code != exitNothing || !strings.Contains(talk, "two") || time.Since(start) > 2*time.Minute {
		t.Errorf("server gone: exit %d after %v\n%s", code, time.Since(start), talk)
	}
	if s, err := spool.Read(dir, "two"); err != nil || len(s.Records) != 3 {
		t.Errorf("the spool of what could not be stored: %d records, %v", len(s.Records), err)
	}
}

func TestRunNamesTheSettingThatIsWrong(t *testing.T) {
	b, dir, later := newBucketServer(t), t.TempDir(), time.Now().Add(time.Minute)
	fillSpool(t, dir, "one", time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	t.Setenv("AWS_ACCESS_KEY_ID", "nobody")
	if code, _, talk := runIn(t, later, b.flags(dir)...); code != exitNothing || !strings.Contains(talk, "AWS_ACCESS_KEY_ID") {
		t.Errorf("wrong key: exit %d\n%s", code, talk)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", testKeyID)
	if code, _, talk := runIn(t, later, append(b.flags(dir), "--s3-bucket", "elsewhere")...); code != exitNothing || !strings.Contains(talk, "elsewhere") {
		t.Errorf("wrong bucket: exit %d\n%s", code, talk)
	}
	if code, _, talk := runIn(t, later, "run", "--storage", "s3", "--spool-dir", dir); code != exitUsage || !strings.Contains(talk, "AMS_S3_BUCKET") {
		t.Errorf("no bucket: exit %d\n%s", code, talk)
	}
}

// TestTwoMachinesStoreOneSession lets two machines with a part of a session each, and no receipt, store it: neither
// loses what the other has.
func TestTwoMachinesStoreOneSession(t *testing.T) {
	b, later := newBucketServer(t), time.Now().Add(time.Minute)
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for i, note := range []string{"from here", "from there"} {
		dir := t.TempDir()
		raw := []byte(`{"session_id":"one","cwd":"/p","hook_event_name":"Notification","message":"` + note + `"}`)
		records := []spool.Record{{Key: spool.KeyFor(at.Add(time.Duration(i)*time.Second), raw, 0), Raw: raw}}
		if i == 0 { // the first has more of it
			prompt := []byte(`{"session_id":"one","cwd":"/p","hook_event_name":"UserPromptSubmit","prompt":"Hello"}`)
			records = append(records, spool.Record{Key: spool.KeyFor(at, prompt, 0), Raw: prompt})
		}
		if _, err := spool.Insert(dir, "one", records); err != nil {
			t.Fatal(err)
		}
		if code, out, talk := runIn(t, later, b.flags(dir)...); code != exitDone {
			t.Fatalf("machine %d: exit %d\n%s%s", i+1, code, out, talk)
		}
	}
	body, _, err := b.store(t).Get(t.Context(), "sessions/2026/11/22/one.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range s.Events {
		got = append(got, e.Prompt+e.Note)
	}
	if want := "Hello|from here|from there"; strings.Join(got, "|") != want {
		t.Errorf("events: got %q, want %q", strings.Join(got, "|"), want)
	}
}
