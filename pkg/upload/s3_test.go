package upload_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	storetest.Run(t, func(t *testing.T) upload.Store { return open(t) })

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

func TestS3ServerThatRefuses(t *testing.T) {
	setAWS(t, testKey, testSecret)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	for _, scheme := range []string{"http", "https"} {
		s := openS3(t, upload.S3Options{Endpoint: scheme + "://" + addr})
		each(t, s, func(act string, err error) {
			wantError(t, err, act+" index/a.json in bucket bucket", addr, "refused", "AMS_S3_ENDPOINT_URL", "4 attempts")
		})
	}
}

// Some servers that want TLS say no more than this to plain HTTP.
func TestS3ServerThatHangsUp(t *testing.T) {
	setAWS(t, testKey, testSecret)
	addr := listen(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		c.Close() // with bytes unread: a reset
	})
	_, err := openS3(t, upload.S3Options{Endpoint: "http://" + addr}).Put(t.Context(), "a", make([]byte, 100), upload.PutOptions{})
	wantError(t, err, "AMS_S3_ENDPOINT_URL", "https://")
	_, err = openS3(t, upload.S3Options{Endpoint: "https://" + addr}).Put(t.Context(), "a", nil, upload.PutOptions{})
	wantError(t, err, "AMS_S3_ENDPOINT_URL")
}

func TestS3NameThatIsUnknown(t *testing.T) {
	setAWS(t, testKey, testSecret)
	s := openS3(t, upload.S3Options{Endpoint: "https://s3.invalid"})
	_, err := s.Put(t.Context(), "a", nil, upload.PutOptions{})
	wantError(t, err, "s3.invalid", "AMS_S3_ENDPOINT_URL")
}

// listen accepts connections and hands them to do, until the test ends.
func listen(t *testing.T, do func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			wg.Go(func() { do(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, conn := range conns {
			conn.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().String()
}

func TestS3SilentServerIsAnErrorInTime(t *testing.T) {
	setAWS(t, testKey, testSecret)
	reads := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	for _, c := range []struct {
		name, scheme string
		do           func(net.Conn)
		size         int
		times        upload.S3Timeouts
	}{
		{"no answer", "http", reads, 10, upload.S3Timeouts{Header: 100 * time.Millisecond, Backoff: 1}},
		{"no answer, call's time", "http", reads, 10, upload.S3Timeouts{Call: 200 * time.Millisecond, Backoff: 1}},
		{"no handshake", "https", reads, 10, upload.S3Timeouts{TLS: 100 * time.Millisecond, Backoff: 1}},
		{"nothing read", "http", func(net.Conn) {}, 20 << 20, upload.S3Timeouts{Stall: 100 * time.Millisecond, Backoff: 1}},
		{"dial takes long", "http", nil, 10, upload.S3Timeouts{Dial: 1, Backoff: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openS3(t, upload.S3Options{Endpoint: c.scheme + "://" + listen(t, c.do), Timeouts: c.times})
			start := time.Now()
			_, err := s.Put(t.Context(), "index/a.json", make([]byte, c.size), upload.PutOptions{})
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			wantError(t, err, "put index/a.json in bucket bucket", "AMS_S3_ENDPOINT_URL", "silent")
			if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, t.Context().Err()) && t.Context().Err() != nil {
				t.Errorf("looks as if the caller's context had ended: %v", err)
			}
		})
	}
}

func TestS3StalledBodyIsAnErrorInTime(t *testing.T) {
	setAWS(t, testKey, testSecret)
	stop := make(chan struct{})
	url := serve(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(stop) })
	s := openS3(t, upload.S3Options{Endpoint: url, Timeouts: upload.S3Timeouts{Stall: 100 * time.Millisecond, Backoff: 1}})
	_, _, err := s.Get(t.Context(), "a")
	wantError(t, err, "get a in bucket bucket", "silent")
}

func TestS3TLSErrorsSayWhatToDo(t *testing.T) {
	setAWS(t, testKey, testSecret)
	f := &fake{}
	url := f.start(t)
	bundle := os.Getenv("AWS_CA_BUNDLE")
	t.Setenv("AWS_CA_BUNDLE", "")
	_, err := openS3(t, upload.S3Options{Endpoint: url}).Put(t.Context(), "a", nil, upload.PutOptions{})
	wantError(t, err, "AWS_CA_BUNDLE")
	if strings.Contains(err.Error(), "attempts") {
		t.Errorf("tried more than once: %v", err)
	}

	t.Setenv("AWS_CA_BUNDLE", bundle)
	_, err = openS3(t, upload.S3Options{Endpoint: strings.Replace(url, "127.0.0.1", "localhost", 1)}).Put(t.Context(), "a", nil, upload.PutOptions{})
	wantError(t, err, "another name", "AMS_S3_ENDPOINT_URL")

	_, err = openS3(t, upload.S3Options{Endpoint: strings.Replace(url, "https", "http", 1)}).Put(t.Context(), "a", nil, upload.PutOptions{})
	wantError(t, err, "AMS_S3_ENDPOINT_URL", "https://")

	plain := &fake{plain: true}
	_, err = openS3(t, upload.S3Options{Endpoint: strings.Replace(plain.start(t), "http", "https", 1)}).Put(t.Context(), "a", nil, upload.PutOptions{})
	wantError(t, err, "AMS_S3_ENDPOINT_URL", "http://")
}

// lossy stands before a server and lets requests fail by number, from 1.
func lossy(plan func(n int, r *http.Request) storetest.Fault) func(http.Handler) http.Handler {
	var n atomic.Int32
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch plan(int(n.Add(1)), r) {
			case storetest.NotDone:
				panic(http.ErrAbortHandler)
			case storetest.DoneButLost:
				next.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// work stores a session and its summary, reads and lists them, and takes them away.
func work(t *testing.T, s upload.Store) error {
	ctx := t.Context()
	etag, err := s.Put(ctx, "sessions/a", []byte("1"), upload.PutOptions{IfAbsent: true})
	if errors.Is(err, upload.ErrChanged) { // by a first try
		_, etag, err = s.Get(ctx, "sessions/a")
	}
	if err != nil {
		return err
	}
	if _, err := s.Put(ctx, "sessions/a", []byte("2"), upload.PutOptions{IfMatch: etag}); err != nil {
		return err
	}
	if _, err := s.Put(ctx, "index/a", []byte("3"), upload.PutOptions{}); err != nil {
		return err
	}
	body, _, err := s.Get(ctx, "sessions/a")
	if err == nil && string(body) != "2" {
		err = fmt.Errorf("got %q", body)
	}
	if err != nil {
		return err
	}
	n := 0
	if err := s.List(ctx, "", func(upload.Object) error { n++; return nil }); err != nil {
		return err
	}
	if n != 2 {
		return fmt.Errorf("listed %d objects", n)
	}
	return s.Delete(ctx, "index/a")
}

func TestS3EachCallMayFailBothWays(t *testing.T) {
	setAWS(t, testKey, testSecret)
	storetest.EachFault(t, func(t *testing.T) upload.Store {
		f := &fake{}
		return openS3(t, upload.S3Options{Endpoint: f.start(t)})
	}, func(t *testing.T, s, plain upload.Store) {
		if err := work(t, s); err == nil {
			return
		} else if !errors.Is(err, storetest.ErrInjected) {
			t.Fatal(err)
		}
		if err := work(t, s); err != nil {
			t.Errorf("second try: %v", err)
		}
	})
}

// A lost answer is not the caller's concern: not even that of a conditional Put,
// whose second attempt meets the object that the first one stored.
func TestS3RetriesLostRequestsAndAnswers(t *testing.T) {
	setAWS(t, testKey, testSecret)
	for bad := 1; bad <= 6; bad++ {
		for _, fault := range []storetest.Fault{storetest.NotDone, storetest.DoneButLost} {
			f := &fake{wrap: lossy(func(n int, _ *http.Request) storetest.Fault {
				if n == bad {
					return fault
				}
				return storetest.None
			})}
			if err := work(t, openS3(t, upload.S3Options{Endpoint: f.start(t)})); err != nil {
				t.Errorf("request %d %s: %v", bad, fault, err)
			}
		}
	}
}

// Where every answer is lost, the call fails, whatever the server did.
func TestS3AllAnswersLost(t *testing.T) {
	setAWS(t, testKey, testSecret)
	for _, fault := range []storetest.Fault{storetest.NotDone, storetest.DoneButLost} {
		broken := true
		f := &fake{wrap: lossy(func(int, *http.Request) storetest.Fault {
			if broken {
				return fault
			}
			return storetest.None
		})}
		s := openS3(t, upload.S3Options{Endpoint: f.start(t)})
		_, err := s.Put(t.Context(), "sessions/a", []byte("1"), upload.PutOptions{})
		wantError(t, err, "4 attempts")
		broken = false
		if _, _, err := s.Get(t.Context(), "sessions/a"); (err == nil) != (fault == storetest.DoneButLost) {
			t.Errorf("%s: Get: %v", fault, err)
		}
		if err := work(t, s); err != nil {
			t.Errorf("%s: next run: %v", fault, err)
		}
	}
}

func TestS3AnotherWritersBodyIsNeverTakenForOurs(t *testing.T) {
	setAWS(t, testKey, testSecret)
	var s *upload.S3
	f := &fake{}
	f.wrap = lossy(func(n int, r *http.Request) storetest.Fault {
		if n == 1 { // lost on its way, and another machine is quicker
			put(t, f, "sessions/a", "theirs")
			return storetest.NotDone
		}
		return storetest.None
	})
	s = openS3(t, upload.S3Options{Endpoint: f.start(t)})
	if _, err := s.Put(t.Context(), "sessions/a", []byte("ours"), upload.PutOptions{IfAbsent: true}); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
}

// put stores an object behind the server's back.
func put(t *testing.T, f *fake, key, body string) {
	t.Helper()
	if _, err := f.backend.PutObject(t.Context(), "bucket", key, map[string]string{}, strings.NewReader(body), int64(len(body))); err != nil {
		t.Fatal(err)
	}
}

func TestS3ETagsWithAndWithoutQuotes(t *testing.T) {
	setAWS(t, testKey, testSecret)
	for _, quoted := range []bool{false, true} {
		var asked []string
		f := &fake{}
		f.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if etag := r.Header.Get("If-Match"); etag != "" {
					asked = append(asked, etag)
					if strings.HasPrefix(etag, `"`) != quoted {
						answer(412, "", xmlError("PreconditionFailed", "no match")).ServeHTTP(w, r)
						return
					}
				}
				next.ServeHTTP(w, r)
			})
		}
		s := openS3(t, upload.S3Options{Endpoint: f.start(t)})
		etag, err := s.Put(t.Context(), "a", []byte("0"), upload.PutOptions{})
		for i := 1; err == nil && i <= 3; i++ {
			etag, err = s.Put(t.Context(), "a", []byte(strconv.Itoa(i)), upload.PutOptions{IfMatch: etag})
		}
		if err != nil {
			t.Fatalf("quoted %v: %v", quoted, err)
		}
		if _, err := s.Put(t.Context(), "a", []byte("x"), upload.PutOptions{IfMatch: "0"}); !errors.Is(err, upload.ErrChanged) {
			t.Errorf("quoted %v: got %v, want ErrChanged", quoted, err)
		}
		want := map[bool]int{false: 4, true: 5}[quoted] // the first one twice
		if len(asked) != want {
			t.Errorf("quoted %v: asked with %q, want %d", quoted, asked, want)
		}
	}
}

func TestS3ConflictOfConditionalPutsIsErrChanged(t *testing.T) {
	setAWS(t, testKey, testSecret)
	for _, c := range []struct {
		status int
		code   string
	}{{412, "PreconditionFailed"}, {409, "ConditionalRequestConflict"}, {404, "NoSuchKey"}} {
		s := openS3(t, upload.S3Options{Endpoint: serve(t, true, answer(c.status, "", xmlError(c.code, "x")))})
		if _, err := s.Put(t.Context(), "a", nil, upload.PutOptions{IfMatch: "1"}); !errors.Is(err, upload.ErrChanged) {
			t.Errorf("%s: got %v, want ErrChanged", c.code, err)
		}
		if _, err := s.Put(t.Context(), "a", nil, upload.PutOptions{}); err == nil || errors.Is(err, upload.ErrChanged) {
			t.Errorf("%s without a condition: got %v", c.code, err)
		}
	}
}

// A server that was killed may know of an object that it does not have.
func TestS3PutsWhereTheServerSeesAGhost(t *testing.T) {
	setAWS(t, testKey, testSecret)
	for _, forgets := range []bool{false, true} {
		f := &fake{}
		refusals := 0
		f.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("If-None-Match") != "" && (refusals == 0 || !forgets) {
					refusals++
					answer(412, "", xmlError("PreconditionFailed", "there is one")).ServeHTTP(w, r)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
		s := openS3(t, upload.S3Options{Endpoint: f.start(t)})
		if _, err := s.Put(t.Context(), "a", []byte("1"), upload.PutOptions{IfAbsent: true}); err != nil {
			t.Errorf("forgets %v: %v", forgets, err)
		}
		if _, err := s.Put(t.Context(), "a", []byte("2"), upload.PutOptions{IfAbsent: true}); !errors.Is(err, upload.ErrChanged) {
			t.Errorf("forgets %v: got %v, want ErrChanged", forgets, err)
		}
		if body, _, err := s.Get(t.Context(), "a"); string(body) != "1" {
			t.Errorf("forgets %v: got %q, %v", forgets, body, err)
		}
	}
}

// TestS3PutOfAnotherWriterIsNoGhost: while a server stores what one writer sent, it refuses a second one and does not show the object yet. The
// second must not take that for an object that was left half by a crash, and write over the first.
func TestS3PutOfAnotherWriterIsNoGhost(t *testing.T) {
	setAWS(t, testKey, testSecret)
	f := &fake{}
	refusals := 0
	f.wrap = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-None-Match") == "" {
				next.ServeHTTP(w, r)
				return
			}
			if refusals++; refusals == 3 { // by now the first is stored, and seen
				if _, err := f.backend.PutObject(r.Context(), "bucket", "a", map[string]string{}, strings.NewReader("of the first"), 12); err != nil {
					t.Error(err)
				}
			}
			answer(412, "", xmlError("PreconditionFailed", "there is one")).ServeHTTP(w, r)
		})
	}
	s := openS3(t, upload.S3Options{Endpoint: f.start(t)})
	if _, err := s.Put(t.Context(), "a", []byte("of the second"), upload.PutOptions{IfAbsent: true}); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
	if body, _, err := s.Get(t.Context(), "a"); string(body) != "of the first" {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestS3RetriesAServerThatComesBack(t *testing.T) {
	setAWS(t, testKey, testSecret)
	for _, status := range []int{500, 502, 503, 504} {
		var n atomic.Int32
		f := &fake{wrap: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if n.Add(1)%3 != 0 {
					answer(status, "", "").ServeHTTP(w, r)
					return
				}
				next.ServeHTTP(w, r)
			})
		}}
		if err := work(t, openS3(t, upload.S3Options{Endpoint: f.start(t)})); err != nil {
			t.Errorf("%d twice: %v", status, err)
		}
		if n.Load() != 18 {
			t.Errorf("%d: got %d requests, want 18", status, n.Load())
		}
	}
}

func TestS3BodyThatBreaksOff(t *testing.T) {
	setAWS(t, testKey, testSecret)
	body := bytes.Repeat([]byte("0123456789"), 100_000)
	for _, times := range []int32{1, 3, 4} {
		var n atomic.Int32
		url := serve(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			if n.Add(1) <= times {
				_, _ = w.Write(body[:len(body)/2])
				panic(http.ErrAbortHandler)
			}
			_, _ = w.Write(body)
		}))
		got, etag, err := openS3(t, upload.S3Options{Endpoint: url}).Get(t.Context(), "a")
		if times < 4 && (err != nil || !bytes.Equal(got, body) || etag != "1") {
			t.Errorf("%d times: got %d bytes, %v", times, len(got), err)
		}
		if times == 4 {
			wantError(t, err, "get a in bucket bucket", "unexpected EOF")
			if got != nil || n.Load() != 4 {
				t.Errorf("got %d bytes after %d requests", len(got), n.Load())
			}
		}
	}
}

func TestS3TooLargeObjectIsNotRead(t *testing.T) {
	setAWS(t, testKey, testSecret)
	var n atomic.Int32
	url := serve(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Length", strconv.Itoa(upload.MaxObject+1))
		w.WriteHeader(200)
	}))
	if _, _, err := openS3(t, upload.S3Options{Endpoint: url}).Get(t.Context(), "a"); !errors.Is(err, upload.ErrTooLarge) || n.Load() != 1 {
		t.Errorf("got %v after %d requests, want ErrTooLarge after 1", err, n.Load())
	}
}

func TestS3ListsPageByPage(t *testing.T) {
	setAWS(t, testKey, testSecret)
	const n = 2500
	f := &fake{}
	s := openS3(t, upload.S3Options{Endpoint: f.start(t), Prefix: "ams"})
	var want []string
	for i := range n {
		key := fmt.Sprintf("index/%05d.json", i)
		want = append(want, key)
		put(t, f, "ams/"+key, "{}")
	}
	for _, other := range []string{"ams", "ams/", "ams/index/", "ams/index/Capital.json", "amsterdam/index/a.json", "ams/index/a b.json", "index/00001.json"} {
		put(t, f, other, "") // folder markers and other people's objects
	}
	var got []string
	if err := s.List(t.Context(), "index/", func(o upload.Object) error { got = append(got, o.Key); return nil }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d keys, want %d", len(got), n)
	}
	if len(f.requests) != 3 {
		t.Errorf("got %d requests, want 3", len(f.requests))
	}
}

func TestS3ServerThatListsForEverIsAnError(t *testing.T) {
	setAWS(t, testKey, testSecret)
	for _, page := range []string{
		"<ListBucketResult><Name>b</Name><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>a</Key></Contents></ListBucketResult>",
		"<ListBucketResult><Name>b</Name><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>",
		"<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated><Contents><Key>b</Key></Contents><Contents><Key>a</Key></Contents></ListBucketResult>",
	} {
		s := openS3(t, upload.S3Options{Endpoint: serve(t, true, answer(200, "Content-Type: application/xml", page))})
		wantError(t, s.List(t.Context(), "", func(upload.Object) error { return nil }), `list "" in bucket bucket`)
	}
}

func TestS3PolicyThatDeniesTheIndex(t *testing.T) {
	setAWS(t, testKey, testSecret)
	f := &fake{wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/index/") {
				answer(403, "", xmlError("AccessDenied", "Access Denied")).ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}}
	s := openS3(t, upload.S3Options{Endpoint: f.start(t), Prefix: "ams"})
	if _, err := s.Put(t.Context(), "sessions/a.json", []byte("1"), upload.PutOptions{}); err != nil {
		t.Error(err)
	}
	_, err := s.Put(t.Context(), "index/a.json", []byte("1"), upload.PutOptions{})
	wantError(t, err, "AccessDenied", "s3:PutObject", "put index/a.json in bucket bucket", "bucket/ams/*")
	_, _, err = s.Get(t.Context(), "index/a.json")
	wantError(t, err, "s3:GetObject", "s3:ListBucket")
	if errors.Is(err, upload.ErrNotFound) {
		t.Error("denied is not absent")
	}
}
