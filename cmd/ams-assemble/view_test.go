package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestViewServesUntilItIsToldToEnd opens the page as a browser does: by the address that it prints, and then by the cookie.
func TestViewServesUntilItIsToldToEnd(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		defer write.Close()
		ended <- run(ctx, env{
			args: []string{"view", "--local-dir", dir, "--spool-dir", dir + "/spool"}, stdin: strings.NewReader(""), stdout: io.Discard, stderr: write,
			getenv: func(name string) string { return map[string]string{"HOME": dir}[name] }, now: time.Now,
		})
	}()
	said := bufio.NewScanner(read)
	if !said.Scan() {
		t.Fatal("it says nothing")
	}
	address := regexp.MustCompile(`^ams-assemble: the page is at (http://127\.0\.0\.1:\d+/\?token=[A-Z0-9]{20,}) until Ctrl-C$`).FindStringSubmatch(said.Text())
	if address == nil {
		t.Fatalf("it says %q", said.Text())
	}
	go io.Copy(io.Discard, read)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	base, _, _ := strings.Cut(address[1], "?")
	for _, one := range []struct {
		client *http.Client
		path   string
		want   int
	}{
		{&http.Client{}, base, 401}, {&http.Client{Jar: jar}, address[1], 200}, {&http.Client{Jar: jar}, base + "api/list", 200}, {&http.Client{}, base + "api/list", 401},
	} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, one.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := one.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if u, _ := url.Parse(one.path); answer.StatusCode != one.want {
			t.Errorf("%s: %d, want %d", u.Path, answer.StatusCode, one.want)
		}
	}
	stop()
	select {
	case code := <-ended:
		if code != exitDone {
			t.Errorf("it ends with %d", code)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not end")
	}
}
