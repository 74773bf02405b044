package upload_test

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
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

	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

const (
	testKey    = "testkey"
	testSecret = "testsecret123"
)

// setAWS gives the test its own credentials and takes the developer's away.
func setAWS(t *testing.T, key, secret string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", none)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", none)
	t.Setenv("AWS_ACCESS_KEY_ID", key)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
}

// fake is an S3 server in memory that checks signatures, dates and checksums.
type fake struct {
	backend *s3mem.Backend
	wrap    func(http.Handler) http.Handler // what stands before it
	plain   bool                            // http instead of https

	mu       sync.Mutex
	requests []*http.Request // with their headers as they came; guarded by mu
}

// start returns the server's URL and lets the test trust its certificate. TLS is
// the rule: only over TLS does the SDK send checksums as trailers, which old
// servers refuse.
func (f *fake) start(t *testing.T) (url string) {
	t.Helper()
	f.backend = s3mem.New()
	if err := f.backend.CreateBucket(t.Context(), "bucket"); err != nil {
		t.Fatal(err)
	}
	handler := gofakes3.New(f.backend, gofakes3.WithV4Auth(map[string]string{testKey: testSecret}), gofakes3.WithIntegrityCheck(true)).Server()
	if f.wrap != nil {
		handler = f.wrap(handler)
	}
	return serve(t, !f.plain, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.requests = append(f.requests, r.Clone(r.Context()))
		f.mu.Unlock()
		handler.ServeHTTP(w, r)
	}))
}

// serve starts an HTTP server for the test and trusts its certificate.
func serve(t *testing.T, secure bool, handler http.Handler) (url string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(handler)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(srv.Close)
	if !secure {
		srv.Start()
		return srv.URL
	}
	srv.StartTLS()
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	return srv.URL
}

// quick are timeouts for tests: a loaded machine keeps them, a failing test does
// not wait long.
var quick = upload.S3Timeouts{Backoff: time.Millisecond}

func openS3(t *testing.T, opt upload.S3Options) *upload.S3 {
	t.Helper()
	if opt.Bucket == "" {
		opt.Bucket = "bucket"
	}
	if opt.Timeouts == (upload.S3Timeouts{}) {
		opt.Timeouts = quick
	}
	s, err := upload.NewS3(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wantError checks an error's text: one line that holds all parts and no secret.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one with %q", parts)
	}
	text := err.Error()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("error %q does not say %q", text, part)
		}
	}
	noSecret(t, err)
}

func noSecret(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			if strings.Contains(text, testSecret) {
				t.Errorf("error holds the secret: %q", text)
			}
		}
		if strings.ContainsAny(err.Error(), "\n\r\t") {
			t.Errorf("error is not one line: %q", err)
		}
	}
}

func TestS3IsAStore(t *testing.T) {
	for _, c := range []struct {
		name, prefix string
		plain        bool
	}{
		{"https", "ams", false},
		{"http", "ams", true},
		{"no prefix", "", false},
		{"strange prefix", "/team a/ünï+100%/x=1&y?z#'(*)!/", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			setAWS(t, testKey, testSecret)
			storetest.Run(t, func(t *testing.T) upload.Store {
				f := &fake{plain: c.plain}
				return openS3(t, upload.S3Options{Endpoint: f.start(t), Prefix: c.prefix})
			}, storetest.RacyIfMatch)
		})
	}
}

// TestS3OnAServer runs the suite and what needs a real server's clock against
// one that runs: its settings are those of the programs.
func TestS3OnAServer(t *testing.T) {
	endpoint := os.Getenv("AMS_TEST_S3_ENDPOINT_URL")
	if endpoint == "" {
		t.Skip("no server: AMS_TEST_S3_ENDPOINT_URL and AMS_TEST_S3_BUCKET name one, AWS_* its keys (.ci/accept-s3 does it)")
	}
	n := 0
	open := func(t *testing.T) *upload.S3 {
		n++
		return openS3(t, upload.S3Options{Bucket: os.Getenv("AMS_TEST_S3_BUCKET"), Endpoint: endpoint,
			Prefix: fmt.Sprintf("storetest/%d-%d", time.Now().UnixNano(), n)})
	}
	storetest.Run(t, func(t *testing.T) upload.Store { return open(t) }, storetest.LosesUpdates)

	t.Run("AWrongClockIsToldOrCorrected", func(t *testing.T) { wrongClock(t, func() *upload.S3 { return open(t) }) })
}

func TestS3WrongClock(t *testing.T) {
	setAWS(t, testKey, testSecret)
	wrongClock(t, func() *upload.S3 { return openS3(t, upload.S3Options{Endpoint: (&fake{}).start(t)}) })
}

// wrongClock holds that the SDK signs again by the server's date, and that an
// error says so where that does not help.
func wrongClock(t *testing.T, open func() *upload.S3) {
	for _, wrong := range []time.Duration{3 * time.Hour, -3 * time.Hour} {
		s := open()
		s.ShiftClock(wrong, false)
		_, err := s.Put(t.Context(), "a", []byte("1"), upload.PutOptions{})
		wantError(t, err, "RequestTimeTooSkewed", "the clock of this machine")
		s = open()
		s.ShiftClock(wrong, true)
		if _, err := s.Put(t.Context(), "a", []byte("1"), upload.PutOptions{}); err != nil {
			t.Errorf("clock wrong by %v, with the server's date to go by: %v", wrong, err)
		}
	}
}

func TestS3RequestsAreWhatOldServersTake(t *testing.T) {
	setAWS(t, testKey, testSecret)
	t.Setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_supported") // the SDK's default
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	for _, plain := range []bool{false, true} {
		f := &fake{plain: plain}
		s := openS3(t, upload.S3Options{Endpoint: f.start(t), Prefix: "ams"})
		ctx := t.Context()
		etag, err := s.Put(ctx, "index/a.json", []byte("{}"), upload.PutOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(ctx, "raw/a.tar.zst", make([]byte, 5<<20), upload.PutOptions{IfAbsent: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(ctx, "index/a.json", []byte("{ }"), upload.PutOptions{IfMatch: etag}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Get(ctx, "index/a.json"); err != nil {
			t.Fatal(err)
		}
		if err := s.List(ctx, "", func(upload.Object) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(ctx, "index/a.json"); err != nil {
			t.Fatal(err)
		}
		wantPath := []string{"/bucket/ams/index/a.json", "/bucket/ams/raw/a.tar.zst", "/bucket/ams/index/a.json",
			"/bucket/ams/index/a.json", "/bucket", "/bucket/ams/index/a.json"}
		wantType := []string{"application/json", "application/zstd", "application/json", "", "", ""}
		wantMD5 := []string{"mZFLkyvTelC5g8XnyQrpOw==", "XzY+DlipXwbL6bvGYsXftg==", "", "", "", ""}
		if len(f.requests) != len(wantPath) {
			t.Fatalf("got %d requests, want %d", len(f.requests), len(wantPath))
		}
		for i, r := range f.requests {
			name := fmt.Sprintf("plain %v, request %d, %s %s", plain, i, r.Method, r.URL)
			if got := strings.TrimSuffix(r.URL.Path, "/"); got != wantPath[i] {
				t.Errorf("%s: path %q, want %q", name, got, wantPath[i])
			}
			if got := r.Header.Get("Content-Type"); got != wantType[i] {
				t.Errorf("%s: Content-Type %q, want %q", name, got, wantType[i])
			}
			if got := r.Header.Get("Content-MD5"); r.Method == "PUT" && (got == "" || wantMD5[i] != "" && got != wantMD5[i]) {
				t.Errorf("%s: Content-MD5 %q, want %q", name, got, wantMD5[i])
			}
			if r.Method == "PUT" && (r.ContentLength < 0 || len(r.TransferEncoding) > 0) {
				t.Errorf("%s: length %d, transfer encoding %q", name, r.ContentLength, r.TransferEncoding)
			}
			auth := r.Header.Get("Authorization")
			if !strings.Contains(auth, "/us-east-1/s3/") || strings.Contains(auth, "accept-encoding") {
				t.Errorf("%s: Authorization %q", name, auth)
			}
			for header, values := range r.Header {
				header, value := strings.ToLower(header), strings.Join(values, ",")
				if strings.Contains(value, "aws-chunked") || strings.Contains(value, "STREAMING") || strings.Contains(value, "gzip") {
					t.Errorf("%s: %s: %s", name, header, value)
				}
				for _, bad := range []string{"x-amz-trailer", "x-amz-checksum-", "x-amz-sdk-checksum", "x-amz-tagging", "x-amz-server-side", "x-amz-decoded", "content-encoding"} {
					if strings.HasPrefix(header, bad) {
						t.Errorf("%s: header %s: %s", name, header, value)
					}
				}
			}
		}
	}
}

func TestS3EncryptsOnlyWhenAsked(t *testing.T) {
	setAWS(t, testKey, testSecret)
	for _, c := range []struct{ sse, key string }{{"", ""}, {"AES256", ""}, {"aws:kms", ""}, {"aws:kms", "arn:aws:kms:eu-west-1:1:key/2"}} {
		var got http.Header
		url := serve(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.Header
			w.Header().Set("ETag", `"1"`)
		}))
		s := openS3(t, upload.S3Options{Endpoint: url, SSE: c.sse, KMSKeyID: c.key})
		if _, err := s.Put(t.Context(), "a", nil, upload.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		if sse, key := got.Get("X-Amz-Server-Side-Encryption"), got.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"); sse != c.sse || key != c.key {
			t.Errorf("%+v: got %q, %q", c, sse, key)
		}
	}
}

func TestS3SettingsAreChecked(t *testing.T) {
	for _, c := range []struct {
		name string
		opt  upload.S3Options
		env  map[string]string
		want []string
	}{
		{"no bucket", upload.S3Options{Endpoint: "http://127.0.0.1:1"}, nil, []string{"AMS_S3_BUCKET"}},
		{"bucket with scheme", upload.S3Options{Bucket: "s3://b/x", Endpoint: "http://127.0.0.1:1"}, nil, []string{"AMS_S3_BUCKET", "AMS_S3_PREFIX"}},
		{"no region", upload.S3Options{Bucket: "b"}, nil, []string{"AMS_S3_REGION", "AWS_REGION", "AMS_S3_ENDPOINT_URL"}},
		{"no scheme", upload.S3Options{Bucket: "b", Endpoint: "127.0.0.1:9000"}, nil, []string{"AMS_S3_ENDPOINT_URL", "https://host:port"}},
		{"no URL", upload.S3Options{Bucket: "b", Endpoint: "http://[::1"}, nil, []string{"AMS_S3_ENDPOINT_URL"}},
		{"other scheme", upload.S3Options{Bucket: "b", Endpoint: "s3://host"}, nil, []string{"AMS_S3_ENDPOINT_URL"}},
		{"query", upload.S3Options{Bucket: "b", Endpoint: "https://host/?a=b"}, nil, []string{"AMS_S3_ENDPOINT_URL"}},
		{"keys in the URL", upload.S3Options{Bucket: "b", Endpoint: "https://" + testKey + ":" + testSecret + "@host"}, nil, []string{"AMS_S3_ENDPOINT_URL", "AWS_SECRET_ACCESS_KEY"}},
		{"keys, no scheme", upload.S3Options{Bucket: "b", Endpoint: testKey + ":" + testSecret + "@host"}, nil, []string{"AMS_S3_ENDPOINT_URL"}},
		{"keys in the SDK's setting", upload.S3Options{Bucket: "b", Region: "x"}, map[string]string{"AWS_ENDPOINT_URL_S3": "https://a:" + testSecret + "@host"}, []string{"AWS_SECRET_ACCESS_KEY"}},
		{"encryption", upload.S3Options{Bucket: "b", Region: "x", SSE: "aes"}, nil, []string{"AES256", "aws:kms"}},
		{"KMS key without KMS", upload.S3Options{Bucket: "b", Region: "x", SSE: "AES256", KMSKeyID: "k"}, nil, []string{"aws:kms"}},
		{"prefix", upload.S3Options{Bucket: "b", Region: "x", Prefix: "a/../b"}, nil, []string{"AMS_S3_PREFIX"}},
		{"prefix with two slashes", upload.S3Options{Bucket: "b", Region: "x", Prefix: "a//b"}, nil, []string{"AMS_S3_PREFIX"}},
		{"prefix with a line end", upload.S3Options{Bucket: "b", Region: "x", Prefix: "a\n"}, nil, []string{"AMS_S3_PREFIX"}},
		{"profile", upload.S3Options{Bucket: "b", Region: "x"}, map[string]string{"AWS_PROFILE": "nobody"}, []string{"nobody"}},
		{"CA bundle", upload.S3Options{Bucket: "b", Region: "x"}, map[string]string{"AWS_CA_BUNDLE": "/not/there.pem"}, []string{"/not/there.pem"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			setAWS(t, testKey, testSecret)
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			_, err := upload.NewS3(t.Context(), c.opt)
			wantError(t, err, c.want...)
		})
	}
}

func TestS3DamagedCredentialsFileIsNotShown(t *testing.T) {
	setAWS(t, "", "")
	for _, text := range []string{"[default]\n" + testSecret + "\n", "[default\naws_secret_access_key=" + testSecret, testSecret + "]=["} {
		file := filepath.Join(t.TempDir(), "credentials")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
		s, err := upload.NewS3(t.Context(), upload.S3Options{Bucket: "b", Endpoint: "http://127.0.0.1:1", Timeouts: quick})
		if err == nil {
			_, err = s.Put(t.Context(), "a", nil, upload.PutOptions{})
		}
		if err == nil {
			t.Errorf("%q: got no error", text)
		}
		noSecret(t, err)
	}
}

func TestS3RegionAndEndpointFromTheSDKsSettings(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config")
	text := "[profile a]\nregion = eu-north-1\n[profile b]\nregion = eu-north-1\nendpoint_url = ENDPOINT\n"
	for _, c := range []struct {
		name, region, want string
		env                map[string]string
		own                bool // the endpoint is in the options
	}{
		{"default", "", "us-east-1", nil, true},
		{"own", "eu-west-1", "eu-west-1", map[string]string{"AWS_REGION": "eu-west-2"}, true},
		{"AWS_REGION", "", "eu-west-2", map[string]string{"AWS_REGION": "eu-west-2"}, true},
		{"profile", "", "eu-north-1", map[string]string{"AWS_PROFILE": "a"}, true},
		{"AWS_ENDPOINT_URL_S3", "", "us-east-1", map[string]string{"AWS_ENDPOINT_URL_S3": "ENDPOINT"}, false},
		{"profile's endpoint", "", "eu-north-1", map[string]string{"AWS_PROFILE": "b"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			setAWS(t, testKey, testSecret)
			var auth, path string
			url := serve(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				auth, path = r.Header.Get("Authorization"), r.URL.Path
				w.Header().Set("ETag", `"1"`)
			}))
			if err := os.WriteFile(config, []byte(strings.ReplaceAll(text, "ENDPOINT", url)), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("AWS_CONFIG_FILE", config)
			for name, value := range c.env {
				t.Setenv(name, strings.ReplaceAll(value, "ENDPOINT", url))
			}
			opt := upload.S3Options{Region: c.region}
			if c.own {
				opt.Endpoint = url
			}
			if _, err := openS3(t, opt).Put(t.Context(), "a", nil, upload.PutOptions{}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(auth, "/"+c.want+"/s3/") || path != "/bucket/a" {
				t.Errorf("got %q to %s, want region %s", auth, path, c.want)
			}
		})
	}
}

// each calls all methods of a store.
func each(t *testing.T, s upload.Store, check func(act string, err error)) {
	t.Helper()
	_, err := s.Put(t.Context(), "index/a.json", []byte("{}"), upload.PutOptions{})
	check("put", err)
	_, err = s.Put(t.Context(), "index/a.json", []byte("{}"), upload.PutOptions{IfMatch: "1"})
	check("put", err)
	_, err = s.Put(t.Context(), "index/a.json", []byte("{}"), upload.PutOptions{IfAbsent: true})
	check("put", err)
	_, _, err = s.Get(t.Context(), "index/a.json")
	check("get", err)
	check("list", s.List(t.Context(), "index/a.json", func(upload.Object) error { return nil }))
	check("delete", s.Delete(t.Context(), "index/a.json"))
}

func TestS3ErrorsNameTheSettingToChange(t *testing.T) {
	for _, c := range []struct {
		name        string
		key, secret string
		bucket      string
		want        []string
	}{
		{"wrong key", "otherkey", testSecret, "bucket", []string{"InvalidAccessKeyId", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"}},
		{"wrong secret", testKey, testSecret + "4", "bucket", []string{"SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"}},
		{"no bucket", testKey, testSecret, "other-bucket", []string{"NoSuchBucket", "AMS_S3_BUCKET"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			setAWS(t, c.key, c.secret)
			f := &fake{}
			s := openS3(t, upload.S3Options{Endpoint: f.start(t), Bucket: c.bucket, Prefix: "ams"})
			each(t, s, func(act string, err error) {
				wantError(t, err, append(c.want, act+" index/a.json in bucket "+c.bucket)...)
				if errors.Is(err, upload.ErrChanged) || errors.Is(err, upload.ErrNotFound) {
					t.Errorf("%s: got the contract's error: %v", act, err)
				}
			})
		})
	}
}

// answer is a server that says one thing to everything.
func answer(status int, header, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for line := range strings.SplitSeq(header, "\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				w.Header().Set(name, value)
			}
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func xmlError(code, message string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\n<Error><Code>" + code + "</Code><Message>" + message + "</Message><RequestId>1</RequestId></Error>"
}

func TestS3AnswersThatSayNo(t *testing.T) {
	const page = "<!DOCTYPE html><html><body>Welcome\nto the hotel</body></html>"
	for _, c := range []struct {
		name   string
		status int
		header string
		body   string
		want   []string
	}{
		{"other region", 301, "X-Amz-Bucket-Region: eu-west-1", xmlError("PermanentRedirect", "use the specified endpoint"), []string{"AMS_S3_REGION=eu-west-1"}},
		{"malformed for the region", 400, "", xmlError("AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong; expecting 'eu-west-1'"), []string{"AMS_S3_REGION", "expecting 'eu-west-1'"}},
		{"redirect to https", 302, "Location: https://s3.example/", page, []string{"302", "https://s3.example/", "AMS_S3_ENDPOINT_URL"}},
		{"denied", 403, "", xmlError("AccessDenied", "Access Denied"), []string{"AccessDenied", "s3:", "bucket/ams/*"}},
		{"expired token", 400, "", xmlError("ExpiredToken", "The provided token has expired."), []string{"AWS_SESSION_TOKEN"}},
		{"clock", 403, "", xmlError("RequestTimeTooSkewed", "too large"), []string{"clock", time.Now().UTC().Format("2006-01-02")}},
		{"full of the secret", 400, "", xmlError("Weird", "your key\n"+testSecret+"\x7f "+strings.Repeat("long ", 1000)), []string{"Weird", "[secret]", "..."}},
		{"versitygw's unknown key", 404, "", xmlError("XAdminUserNotFound", "no such user"), []string{"AWS_ACCESS_KEY_ID"}},
		{"no S3 server", 404, "Content-Type: text/html", page, []string{"404", "AMS_S3_ENDPOINT_URL"}},
		{"no method", 405, "Content-Type: text/plain", "not allowed", []string{"405", "AMS_S3_ENDPOINT_URL"}},
		{"portal", 200, "Content-Type: text/html", page, []string{"not one of an S3 server", "AMS_S3_ENDPOINT_URL"}},
		{"portal with an ETag", 200, "Content-Type: text/html\nETag: \"1\"", page, []string{"AMS_S3_ENDPOINT_URL"}},
		{"down", 503, "", xmlError("SlowDown", "reduce"), []string{"503", "4 attempts", "next run"}},
		{"down without words", 502, "", "", []string{"502", "4 attempts", "next run"}},
		{"no encryption", 501, "", xmlError("NotImplemented", "no KMS"), []string{"AMS_S3_SSE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			setAWS(t, testKey, testSecret)
			opt := upload.S3Options{Endpoint: serve(t, true, answer(c.status, c.header, c.body)), Prefix: "ams"}
			if c.status == 501 {
				opt.SSE = "AES256"
			}
			each(t, openS3(t, opt), func(act string, err error) {
				wantError(t, err, append(c.want, act+" index/a.json in bucket bucket")...)
				var failure *upload.S3Error
				if !errors.As(err, &failure) || failure.Hint == "" && c.name != "full of the secret" || failure.Bucket != "bucket" {
					t.Errorf("%s: got %#v", act, err)
				}
				if len(err.Error()) > 900 {
					t.Errorf("%s: %d bytes of error", act, len(err.Error()))
				}
			})
		})
	}
}

func TestS3SessionTokenIsNotShown(t *testing.T) {
	setAWS(t, testKey, "othersecret")
	t.Setenv("AWS_SESSION_TOKEN", testSecret)
	s := openS3(t, upload.S3Options{Endpoint: serve(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(400, "", xmlError("InvalidToken", "not "+r.Header.Get("X-Amz-Security-Token"))).ServeHTTP(w, r)
	}))})
	each(t, s, func(act string, err error) { wantError(t, err, "[secret]", "AWS_SESSION_TOKEN") })
}

func TestS3WithoutCredentialsFailsFast(t *testing.T) {
	setAWS(t, "", "")
	f := &fake{}
	s := openS3(t, upload.S3Options{Endpoint: f.start(t), Timeouts: upload.S3Timeouts{Call: time.Minute}})
	start := time.Now()
	each(t, s, func(act string, err error) { wantError(t, err, "no credentials", "AWS_ACCESS_KEY_ID", "AWS_PROFILE") })
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	if len(f.requests) != 0 {
		t.Errorf("asked the server %d times", len(f.requests))
	}
}

// At AWS the instance's own service is asked, and may not be there.
func TestS3WithoutCredentialsAtAWSAsksTheInstanceOnce(t *testing.T) {
	setAWS(t, "", "")
	var asked atomic.Int32
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", serve(t, false, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusNotFound)
	})))
	s := openS3(t, upload.S3Options{Region: "eu-west-1"})
	_, err := s.Put(t.Context(), "a", nil, upload.PutOptions{})
	wantError(t, err, "no credentials", "AWS_ACCESS_KEY_ID")
	if n := asked.Load(); n < 1 || n > 4 {
		t.Errorf("asked %d times", n)
	}
}

func TestS3SSOThatRanOutSaysSo(t *testing.T) {
	setAWS(t, "", "")
	t.Setenv("HOME", t.TempDir())
	config := filepath.Join(t.TempDir(), "config")
	text := "[profile work]\nregion=eu-west-1\nsso_session=work\nsso_account_id=1\nsso_role_name=r\n[sso-session work]\nsso_region=eu-west-1\nsso_start_url=https://127.0.0.1:1/start\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", config)
	t.Setenv("AWS_PROFILE", "work")
	_, err := openS3(t, upload.S3Options{}).Put(t.Context(), "a", nil, upload.PutOptions{})
	wantError(t, err, "no credentials", "aws sso login")
}
