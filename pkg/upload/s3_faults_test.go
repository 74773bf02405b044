package upload_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

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
			_, err := s.Put(t.Context(), "sessions/a.json", make([]byte, c.size), upload.PutOptions{})
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			wantError(t, err, "put sessions/a.json in bucket bucket", "AMS_S3_ENDPOINT_URL", "silent")
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

// TestS3PutOfAnotherWriterIsNoGhost: while a server stores what one writer sent, it refuses a second one and does not
// show the object yet. The second must not take that for an object that was left half by a crash, and write over the
// first.
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
	for key, most := range map[string]int{"a": upload.MaxObject, "index/a.json": upload.MaxRecord} {
		var n atomic.Int32
		url := serve(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n.Add(1)
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Content-Length", strconv.Itoa(most+1))
			w.WriteHeader(200)
		}))
		if _, _, err := openS3(t, upload.S3Options{Endpoint: url}).Get(t.Context(), key); !errors.Is(err, upload.ErrTooLarge) || n.Load() != 1 {
			t.Errorf("%s: got %v after %d requests, want ErrTooLarge after 1", key, err, n.Load())
		}
	}
}

// TestS3UnpackedObjectIsBounded holds that what a server packs counts by what it unpacks to.
func TestS3UnpackedObjectIsBounded(t *testing.T) {
	setAWS(t, testKey, testSecret)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(make([]byte, upload.MaxRecord+1))
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	url := serve(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	}))
	body, _, err := openS3(t, upload.S3Options{Endpoint: url}).Get(t.Context(), "index/a.json")
	if err == nil && len(body) > upload.MaxRecord {
		t.Errorf("got %d bytes, want at most %d", len(body), upload.MaxRecord)
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

func TestS3ListPageIsBounded(t *testing.T) {
	setAWS(t, testKey, testSecret)
	page := "<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated><Marker>" + strings.Repeat("a", 32<<20) + "</Marker></ListBucketResult>"
	s := openS3(t, upload.S3Options{
		Endpoint: serve(t, true, answer(200, "Content-Type: application/xml", page)), Timeouts: upload.S3Timeouts{Backoff: 1},
	})
	wantError(t, s.List(t.Context(), "", func(upload.Object) error { return nil }), "in bucket bucket", "longer than any page")
}
