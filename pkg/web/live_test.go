package web

import (
	"bufio"
	"context"
	"iter"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"ams/pkg/schema"
)

// TestASessionAtWorkGrows follows a session from the start of the server to its end.
func TestASessionAtWorkGrows(t *testing.T) {
	grown := make(chan *schema.Session)
	s := open(t, Options{Access: Access{Loopback: true}, Follow: func(ctx context.Context, _ string) iter.Seq2[*schema.Session, error] {
		return func(yield func(*schema.Session, error) bool) {
			for one := range grown {
				if !yield(one, nil) {
					return
				}
			}
		}
	}}, func() *schema.Session {
		one := session("aaa1", "p", "go", 1, 20)
		one.Outcome, one.Status = schema.StillOpen, schema.Running
		return one
	}())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(ctx, l) }()
	base := "http://" + l.Addr().String()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/s/aaa1/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	next := func() string {
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				return text
			}
		}
		return "end"
	}
	if got := next(); got != "version" || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s %s", got, answer.Header.Get("Content-Type"))
	}
	more := session("aaa1", "p", "go", 2, 20)
	more.Events = append(more.Events, more.Events[0])
	grown <- more
	if got := next(); got != "version" {
		t.Errorf("it grew: %s", got)
	}
	if _, n, err := s.server.shelf.get(t.Context(), "aaa1"); err != nil || n == "" {
		t.Error(n, err)
	}
	if got := s.ask("/api/s/aaa1"); !strings.Contains(got.Body.String(), `"events":2`) {
		t.Errorf("%.300s", got.Body)
	}
	grown <- more // nothing new: nothing is told
	close(grown)
	if got := next(); got != "over" {
		t.Errorf("its end: %s", got)
	}
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the server does not end")
	}
}

// TestTheServerEndsWhileSomebodyWaits holds it to a clean end with an open connection of events.
func TestTheServerEndsWhileSomebodyWaits(t *testing.T) {
	one := session("aaa1", "p", "go", 1, 20)
	one.Outcome, one.Status = schema.StillOpen, schema.Running
	s := open(t, Options{Access: Access{Loopback: true}}, one)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(ctx, l) }()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+"/api/s/aaa1/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the server does not end")
	}
}
