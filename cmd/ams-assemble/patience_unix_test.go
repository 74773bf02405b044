//go:build unix

package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// TestARunWaitsForNobodyForLong hands sessions to a receiver that never answers and to a command that never ends: both are
// left and said, what they were to get is stored and in the tables, and they get it when they are well again.
func TestARunWaitsForNobodyForLong(t *testing.T) {
	d := newDesk(t)
	d.patience = patience{receiver: 50 * time.Millisecond, command: 50 * time.Millisecond}
	ids := []string{"one", "two"}
	for i, id := range ids {
		d.prompts(id, "hello", i)
	}
	hang := make(chan struct{})
	d.Before(func(http.ResponseWriter, *tracepb.TracesData) bool { <-hang; return true })
	told := filepath.Join(d.home, "told")
	_, talk := d.does(exitSome, "run", "--otlp-endpoint", d.URL, "--on-stored", "sleep 600")
	for _, want := range []string{
		"session one: it is stored; hand it to otlp: not all of it was taken within 50ms; " +
			"hand it to on-stored: it did not end in time; the next run tries it again\n",
		"session two: it is stored; hand it to otlp: not all of it was taken within 50ms; ",
		"all is stored; 4 hand-overs failed, and the next run tries again\n",
	} {
		if !strings.Contains(talk, want) {
			t.Errorf("said %q, want %q", talk, want)
		}
	}
	if out, _ := d.does(exitDone, "tables", "verify"); !strings.HasPrefix(out, "2 sessions and ") {
		t.Errorf("tables verify: %s", out)
	}
	close(hang)
	d.Before(nil)
	d.patience = patience{}
	d.does(exitDone, "run", "--otlp-endpoint", d.URL, "--on-stored", "cat >> "+told)
	d.wants("tried again", "map[one:1 two:1]")
	lines := readText(t, told)
	for _, id := range ids {
		if strings.Count(lines, `"session_id":"`+id+`"`) != 1 {
			t.Errorf("the command was told %q, want each session once", lines)
		}
	}
}
