package story

import (
	"fmt"
	"testing"
	"time"

	"ams/pkg/schema"
)

func TestTheHeaderNamesTheEventsOfSignals(t *testing.T) {
	usd, ms := 0.25, int64(390_000)
	s := &schema.Session{StartTime: schema.At(time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC))}
	var ids []string
	for i := range 12 {
		id := fmt.Sprint("e", i)
		ids = append(ids, id)
		s.Events = append(s.Events, schema.Event{ID: id, Seq: i + 1})
	}
	s.Signals = []schema.Signal{
		{Kind: schema.SignalLoop, Count: 3, Text: "the same call 3 times: Bash npm test", EventIDs: []string{"e1", "e3", "gone"}, CostUSD: &usd},
		{Kind: schema.SignalSlowTool, Count: 12, Text: "Bash make ran 6 min", EventIDs: ids, MS: &ms},
		{Kind: schema.SignalUnfinished, Count: 1, Text: "ends in an error"},
	}
	want := []string{
		"loop: the same call 3 times: Bash npm test ($0.250, #2 #4)",
		"slow tool: Bash make ran 6 min (6m 30s, #1 #2 #3 #4 #5 #6 #7 #8 …)",
		"unfinished: ends in an error",
	}
	var got []row
	for _, r := range header(s, schema.Summarize(s), Options{}) {
		if r.name == "signal" {
			got = append(got, r)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got %d rows, want %d", len(got), len(want))
	}
	for i, r := range got {
		if r.text != want[i] || !r.alarm {
			t.Errorf("got %q, want %q in alarm", r.text, want[i])
		}
	}
	if len(signalRows(&schema.Session{})) > 0 {
		t.Error("got signals of a session without any")
	}
}
