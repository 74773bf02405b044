package upload_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"ams/pkg/upload"
)

func TestShareKeysTellTheirEnd(t *testing.T) {
	until := time.Date(2026, 12, 4, 13, 0, 5, 0, time.FixedZone("", 3600))
	key, again := upload.ShareKey("sid-1", until), upload.ShareKey("sid-1", until)
	if err := upload.CheckKey(key); err != nil || key == again || !strings.HasPrefix(key, "share/sid-1/20261204-120005-") || len(key) < 55 {
		t.Errorf("keys %s and %s, %v", key, again, err)
	}
	if end, ok := upload.ShareEnd(key); !ok || !end.Equal(until) {
		t.Errorf("%s ends at %v, %v", key, end, ok)
	}
	for _, key := range []string{"", "share/", "share/sid-1", "share/sid-1/x.html", "share/20261204-120005-x.html", "index/a/20261204-120005-x.html", "share/a/20261399-120005-x.html"} {
		if end, ok := upload.ShareEnd(key); ok {
			t.Errorf("%q ends at %v", key, end)
		}
	}
	if key := upload.ShareKey("../x", until); key != "" {
		t.Errorf("of a name that is none: %q", key)
	}
}

// TestALinkReadsOneObject asks the server, without keys, at the address, and at others like it.
func TestALinkReadsOneObject(t *testing.T) {
	setAWS(t, testKey, testSecret)
	f := &fake{plain: true}
	s := openS3(t, upload.S3Options{Endpoint: f.start(t), Prefix: "team/ams"})
	key := upload.ShareKey("sid-1", time.Now().Add(time.Hour))
	for _, key := range []string{key, "index/sid-1.json"} {
		if _, err := s.Put(t.Context(), key, []byte("<!doctype html>\n"), upload.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	address, until, err := s.Link(t.Context(), key, time.Hour)
	if err != nil || strings.Contains(address, testSecret) || time.Until(until) > time.Hour || time.Until(until) < 50*time.Minute {
		t.Fatalf("%s until %v, %v", address, until, err)
	}
	get := func(address string) (int, string, string) {
		r, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		return r.StatusCode, r.Header.Get("Content-Type"), string(b)
	}
	if code, kind, body := get(address); code != 200 || kind != "text/html; charset=utf-8" || body != "<!doctype html>\n" {
		t.Errorf("%d, %s: %s", code, kind, body)
	}
	bare, _, _ := strings.Cut(address, "?")
	for _, other := range []string{bare, strings.Replace(address, "share/", "index/", 1), strings.Replace(address, "X-Amz-Signature=", "X-Amz-Signature=0", 1)} {
		if code, _, body := get(other); code == 200 {
			t.Errorf("%s: %d: %s", other, code, body)
		}
	}
}

func TestWhatCannotBeLinkedIsSaid(t *testing.T) {
	setAWS(t, testKey, testSecret)
	f := &fake{}
	s := openS3(t, upload.S3Options{Endpoint: f.start(t)})
	if _, _, err := s.Link(t.Context(), "../x", time.Hour); !errors.Is(err, upload.ErrKey) {
		t.Errorf("a key that is none: %v", err)
	}
	for _, life := range []time.Duration{0, -time.Hour, 8 * 24 * time.Hour} {
		if address, _, err := s.Link(t.Context(), "share/x", life); err == nil {
			t.Errorf("for %v: %s", life, address)
		}
	}
	setAWS(t, "", "")
	s = openS3(t, upload.S3Options{Endpoint: "http://127.0.0.1:1"})
	_, _, err := s.Link(t.Context(), "share/x", time.Hour)
	wantError(t, err, "credentials")
}
