package assemble

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ams/pkg/price"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

func joined(t *testing.T, in Input) *schema.Session {
	t.Helper()
	prices, err := price.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	in.SessionID = "s"
	return Session(in, Settings{Final: true, Prices: prices})
}

func TestAChainOfManyAgentsIsFollowedAsFarAsClientsNest(t *testing.T) {
	const n = 20_000
	in := Input{Files: []transcript.File{{Name: "s.jsonl"}}}
	for i := range n {
		meta := &transcript.Meta{AgentType: "x", ParentAgentID: fmt.Sprint("a", i+1)}
		in.Files = append(in.Files, transcript.File{Agent: &transcript.AgentFile{AgentID: fmt.Sprint("a", i), Meta: meta}})
	}
	s := joined(t, in)
	if len(s.Events) != n {
		t.Fatalf("got %d events, want %d", len(s.Events), n)
	}
	for _, e := range s.Events {
		if e.Subagent.Depth > maxAgentDepth {
			t.Fatalf("%s: got depth %d, want at most %d", e.AgentID, e.Subagent.Depth, maxAgentDepth)
		}
	}
}

func TestWhatWasCutIsSaid(t *testing.T) {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	large := strings.Repeat("x", maxPart+1)
	in := Input{ShortRecords: 3, Files: []transcript.File{{Name: "s.jsonl", Report: transcript.Report{LeftOut: 4, Short: 5}}}}
	in.Records = append(in.Records, Record{At: at, Raw: []byte(`{"session_id":"s","hook_event_name":"UserPromptSubmit","prompt":"` + large + `"}`)})
	for i := range 100 {
		in.Records = append(in.Records, Record{At: at, Raw: fmt.Appendf(nil, `{"session_id":"s","hook_event_name":"Unknown%d"}`, i)})
	}
	s := joined(t, in)
	c := s.Completeness
	if c.Cut == nil || c.Cut.Lines != 4 || c.Cut.Inputs != 3+5+1 {
		t.Errorf("got %+v, want 4 lines and 9 inputs", c.Cut)
	}
	if len(c.UnknownRecords) > maxEvents+1 || c.UnknownRecords["(others)"] < 30 {
		t.Errorf("got %d names of unknown events, %d others", len(c.UnknownRecords), c.UnknownRecords["(others)"])
	}
}
