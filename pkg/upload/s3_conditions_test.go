package upload_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

// refusing stands before a server and answers for it whatever has one of the headers.
func refusing(status int, body string, headers ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if slices.ContainsFunc(headers, func(h string) bool { return r.Header.Get(h) != "" }) {
				answer(status, "", body).ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// retagging stands before a server as a proxy that changes the ETags of its answers, and of
// If-Match what it is told to.
func retagging(answers func(etag string) string, asked func(etag string) string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			if tag := r.Header.Get("If-Match"); tag != "" && asked(tag) != tag {
				answer(412, "", xmlError("PreconditionFailed", "no match")).ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(rec, r)
			for name, values := range rec.Header() {
				w.Header()[name] = values
			}
			if tag := rec.Header().Get("ETag"); tag != "" {
				w.Header().Set("ETag", answers(tag))
			}
			w.WriteHeader(rec.Code)
			_, _ = w.Write(rec.Body.Bytes())
		})
	}
}

const match, absent = "If-Match", "If-None-Match"

// withoutConditions are servers and proxies that do not know conditions, or not as they should.
var withoutConditions = []struct {
	name  string
	wrap  func(http.Handler) http.Handler
	lacks []string
}{
	{"501 to both", refusing(501, xmlError("NotImplemented", "a header you provided implies functionality that is not implemented"), match, absent), []string{match, absent}},
	{"501 to If-Match", refusing(501, xmlError("NotImplemented", "no"), match), []string{match}},
	{"501 to If-None-Match", refusing(501, xmlError("NotImplemented", "no"), absent), []string{absent}},
	{"501 without words", refusing(501, "", match, absent), []string{match, absent}},
	{"405 to both", refusing(405, xmlError("MethodNotAllowed", "no"), match, absent), []string{match, absent}},
	{"405 to If-None-Match", refusing(405, "not allowed", absent), []string{absent}},
	{"400 to both", refusing(400, xmlError("InvalidArgument", "If-Match is not supported"), match, absent), []string{match, absent}},
	{"400 to If-Match", refusing(400, xmlError("InvalidRequest", "no"), match), []string{match}},
	{"a header that gets lost", refusing(403, xmlError("SignatureDoesNotMatch", "the signature does not match"), match, absent), []string{match, absent}},
	{"412 to every If-Match", refusing(412, xmlError("PreconditionFailed", "no match"), match), []string{match}},
	{"weak ETags", retagging(func(tag string) string { return "W/" + tag }, func(tag string) string { return tag }), nil},
	{"weak ETags that never match", retagging(func(tag string) string { return "W/" + tag }, func(string) string { return "" }), []string{match}},
	{"ETags of a proxy that compresses", retagging(func(tag string) string { return strings.TrimSuffix(tag, `"`) + `-gzip"` }, func(tag string) string { return tag }), nil},
	{"ETags with a word behind", retagging(func(tag string) string { return tag + `-gzip` }, func(tag string) string { return tag }), nil},
	{"such ETags that never match", retagging(func(tag string) string { return strings.TrimSuffix(tag, `"`) + `-gzip"` }, func(string) string { return "" }), []string{match}},
}

// TestS3WithoutConditionsIsAStore: the rules of conditional puts hold on such servers, too, for one writer at a time.
func TestS3WithoutConditionsIsAStore(t *testing.T) {
	for i, c := range withoutConditions {
		t.Run(c.name, func(t *testing.T) {
			setAWS(t, testKey, testSecret)
			if i%4 == 0 { // the whole suite against one of each kind
				storetest.Run(t, func(t *testing.T) upload.Store {
					f := &fake{wrap: c.wrap}
					return openS3(t, upload.S3Options{Endpoint: f.start(t), Prefix: "ams"})
				}, storetest.RacyIfMatch)
			}
			f := &fake{wrap: c.wrap}
			s := openS3(t, upload.S3Options{Endpoint: f.start(t), Prefix: "ams"})
			if err := work(t, s); err != nil {
				t.Fatal(err)
			}
			if got := s.Lacks(); !slices.Equal(got, c.lacks) {
				t.Errorf("the server lacks %q, want %q", got, c.lacks)
			}
			asked := len(f.requests)
			if _, err := s.Put(t.Context(), "sessions/b", nil, upload.PutOptions{IfAbsent: true}); err != nil {
				t.Error(err)
			}
			if len(f.requests) > asked+3 {
				t.Errorf("%d requests for a put, want no second probe", len(f.requests)-asked)
			}
			var left []string
			if err := s.List(t.Context(), "", func(o upload.Object) error { left = append(left, o.Key); return nil }); err != nil {
				t.Fatal(err)
			}
			if want := []string{"sessions/a", "sessions/b"}; !slices.Equal(left, want) {
				t.Errorf("got %q, want %q and no probe", left, want)
			}
		})
	}
}

// TestS3RefusalWithAnotherCauseIsNoLackOfConditions: what fails without the condition, too, says
// nothing of conditions, nor does what fails once.
func TestS3RefusalWithAnotherCauseIsNoLackOfConditions(t *testing.T) {
	for _, status := range []int{400, 405, 501} {
		setAWS(t, testKey, testSecret)
		for _, c := range []struct {
			name string
			bad  func(n int, r *http.Request) bool
		}{
			{"every put", func(_ int, r *http.Request) bool { return r.Method == http.MethodPut }},
			{"one key", func(_ int, r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/bad") }},
			{"once", func(n int, r *http.Request) bool { return r.Method == http.MethodPut && n == 1 }},
		} {
			var n atomic.Int32
			f := &fake{wrap: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if c.bad(int(n.Add(1)), r) {
						answer(status, "", xmlError("InvalidRequest", "no such thing")).ServeHTTP(w, r)
						return
					}
					next.ServeHTTP(w, r)
				})
			}}
			s := openS3(t, upload.S3Options{Endpoint: f.start(t)})
			_, err := s.Put(t.Context(), "sessions/bad", []byte("1"), upload.PutOptions{IfAbsent: true})
			wantError(t, err, fmt.Sprint(status), "put sessions/bad")
			if got := s.Lacks(); len(got) != 0 {
				t.Errorf("%d, %s: the server lacks %q, want nothing", status, c.name, got)
			}
		}
	}
}

// TestS3ListWithoutTokens: a page that is not the last and names no token is gone on with, or is an
// error, and never the whole.
func TestS3ListWithoutTokens(t *testing.T) {
	setAWS(t, testKey, testSecret)
	const n = 2100
	for _, c := range []struct {
		name  string
		query func(r *http.Request) // what the server does not heed
		whole bool
	}{
		{"heeds start-after", func(*http.Request) {}, true},
		{"heeds nothing", func(r *http.Request) {
			q := r.URL.Query()
			q.Del("start-after")
			r.URL.RawQuery = q.Encode()
		}, false},
	} {
		f := &fake{wrap: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				rec := httptest.NewRecorder()
				next.ServeHTTP(rec, r)
				page := rec.Body.String()
				if before, after, ok := strings.Cut(page, "<NextContinuationToken>"); ok {
					_, after, _ = strings.Cut(after, "</NextContinuationToken>")
					page = before + after
				}
				answer(rec.Code, "Content-Type: application/xml", page).ServeHTTP(w, r)
			})
		}}
		inner := f.wrap
		f.wrap = func(next http.Handler) http.Handler {
			return inner(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				unsigned := r.Clone(r.Context())
				c.query(unsigned)
				next.ServeHTTP(w, unsigned)
			}))
		}
		s := openS3(t, upload.S3Options{Endpoint: f.start(t), Prefix: "ams"})
		for i := range n {
			put(t, f, fmt.Sprintf("ams/index/%05d.json", i), "{}")
		}
		got := 0
		err := s.List(t.Context(), "index/", func(upload.Object) error { got++; return nil })
		if c.whole && (err != nil || got != n) {
			t.Errorf("%s: got %d objects, %v; want %d", c.name, got, err, n)
		}
		if !c.whole && err == nil {
			t.Errorf("%s: got %d of %d objects and no error", c.name, got, n)
		}
	}
	empty := "<ListBucketResult><Name>b</Name><IsTruncated>true</IsTruncated></ListBucketResult>"
	s := openS3(t, upload.S3Options{Endpoint: serve(t, true, answer(200, "Content-Type: application/xml", empty))})
	wantError(t, s.List(t.Context(), "", func(upload.Object) error { return nil }), "cuts the list short")
}

// TestS3RedirectIsNotBelieved: nothing is sent there, and nothing that it says counts.
func TestS3RedirectIsNotBelieved(t *testing.T) {
	setAWS(t, testKey, testSecret)
	for _, status := range []int{301, 302, 307, 308} {
		var asked atomic.Int32
		other := serve(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			answer(200, "ETag: \"1\"\nContent-Type: application/json", "{}").ServeHTTP(w, r)
		}))
		url := serve(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Location", other+r.URL.Path)
			w.WriteHeader(status)
		}))
		each(t, openS3(t, upload.S3Options{Endpoint: url}), func(act string, err error) {
			wantError(t, err, fmt.Sprint(status), strings.TrimPrefix(other, "https://"), "AMS_S3_ENDPOINT_URL")
		})
		if asked.Load() != 0 {
			t.Errorf("%d: the other host was asked %d times", status, asked.Load())
		}
	}
}

// TestS3AnswersOfSomebodyElseAreTold: neither a page nor a compressed body is an object, and what
// is no object must not be taken for a damaged one, which would be replaced.
func TestS3AnswersOfSomebodyElseAreTold(t *testing.T) {
	setAWS(t, testKey, testSecret)
	const page = "<!DOCTYPE html><html><body>Welcome</body></html>"
	for _, c := range []struct{ name, header, body, want string }{
		{"page", "Content-Type: text/html\nETag: \"1\"", page, "not one of an S3 server"},
		{"page without a type", "Content-Type: text/plain\nETag: \"1\"", "\n " + page, "not one of an S3 server"},
		{"compressed", "Content-Type: application/json\nContent-Encoding: gzip\nETag: \"1\"", "\x1f\x8b\x08", "compressed"},
		{"compressed by another rule", "Content-Encoding: br\nETag: \"1\"", "x", "compressed"},
		{"compressed without a word", "Content-Type: application/octet-stream\nETag: \"1\"", "\x1f\x8b\x08\x00", "compressed"},
	} {
		s := openS3(t, upload.S3Options{Endpoint: serve(t, true, answer(200, c.header, c.body))})
		_, _, err := s.Get(t.Context(), "index/a.json")
		wantError(t, err, "get index/a.json", c.want, "AMS_S3_ENDPOINT_URL")
		if strings.Contains(c.header, "Encoding") || strings.Contains(c.header, "html") {
			wantError(t, s.List(t.Context(), "", func(upload.Object) error { return nil }), "list ", c.want)
		}
	}
	f := &fake{}
	s := openS3(t, upload.S3Options{Endpoint: f.start(t)})
	for _, body := range []string{"<what somebody stored>", "\x1f\x8b"} { // our own type: it is what it is
		if _, err := s.Put(t.Context(), "index/a.json", []byte(body), upload.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		if got, _, err := s.Get(t.Context(), "index/a.json"); string(got) != body {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

// TestS3ShortKeysLeaveTheMessage: a key of a test setup is in half of all words.
func TestS3ShortKeysLeaveTheMessage(t *testing.T) {
	for secret, shown := range map[string]bool{"a": true, "e": true, "key": true, "put": true, "the": true, "port": true, "minio": false, "hunter2": false, "longer-than-a-word": false} {
		setAWS(t, testKey, secret)
		said := "you are not allowed to put here, nor is " + secret
		s := openS3(t, upload.S3Options{Endpoint: serve(t, true, answer(403, "", xmlError("AccessDenied", said)))})
		_, err := s.Put(t.Context(), "index/a.json", nil, upload.PutOptions{})
		text := err.Error()
		for _, part := range []string{"put index/a.json in bucket bucket: 403 AccessDenied: you are not allowed to put here, nor is ", "these credentials may not do it: allow s3:PutObject"} {
			if !strings.Contains(text, part) {
				t.Errorf("secret %q: %q does not say %q", secret, text, part)
			}
		}
		if !shown && strings.Contains(text, secret) {
			t.Errorf("secret %q is in %q", secret, text)
		}
	}
}

func TestS3IsLookedAtByHEAD(t *testing.T) {
	setAWS(t, testKey, testSecret)
	f := &fake{}
	s := openS3(t, upload.S3Options{Endpoint: f.start(t)})
	if _, err := s.Put(t.Context(), "sessions/a", bytes.Repeat([]byte("1"), 5000), upload.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if o, err := s.Look(t.Context(), "sessions/a"); err != nil || o.Size != 5000 || len(f.requests) != 2 || f.requests[1].Method != http.MethodHead {
		t.Errorf("got %+v, %v after %d requests", o, err, len(f.requests))
	}
}
