package web

import (
	"testing"
	"time"
)

// TestRecordsAreReadAgainAsFarAsTheyChanged holds a list to what the store has, and to the memory of what it had.
func TestRecordsAreReadAgainAsFarAsTheyChanged(t *testing.T) {
	s := open(t, Options{Access: Access{Loopback: true}}, several()...)
	r := &s.server.records
	first, err := r.read(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	same, err := r.read(t.Context(), true)
	if err != nil || same != first {
		t.Errorf("what did not change is another catalog: %v", err)
	}
	s.put(session("eee5", "shop", "one more", 2, 24))
	changed := several()[0]
	changed.Title = "told anew"
	s.put(changed)
	next, err := r.read(t.Context(), true)
	if err != nil || next == first || next.version == first.version || len(next.kept) != 5 {
		t.Fatalf("%d sessions, %v", len(next.kept), err)
	}
	records := func(c *catalog) map[string]*block {
		m := map[string]*block{}
		for _, k := range c.kept {
			m[k.name] = k.block
		}
		return m
	}
	before, after := records(first), records(next)
	if before["bbb2"] != after["bbb2"] || before["aaa1"] == after["aaa1"] {
		t.Error("a record that did not change is kept twice, or one that changed is not read")
	}
	s.server.records.at = time.Now()
	got := decode[listReply](t, s.ask("/api/list?q=id:aaa1"))
	if len(got.Rows) != 1 || got.Rows[0].Title != "told anew" {
		t.Errorf("%+v", got.Rows)
	}
}
