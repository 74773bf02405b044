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

// oneText is a line of a message with one text.
func oneText(uuid, text string) *transcript.Line {
	content := transcript.Content{Blocks: []transcript.Block{{Type: "text", Text: text, ToolPart: &transcript.ToolPart{}}}}
	return &transcript.Line{Type: "assistant", UUID: uuid, Message: &transcript.Message{ID: "msg_1", Content: content},
		Common: &transcript.Common{}, Said: &transcript.Said{}, Rare: &transcript.Rare{}}
}

// TestAReplayIsLookedForInAsManyPiecesAsCallsHave has calls of fewer pieces than the bound, and of more.
func TestAReplayIsLookedForInAsManyPiecesAsCallsHave(t *testing.T) {
	for _, n := range []int{1, maxPieces - 1, maxPieces, maxPieces + 5} {
		c := &call{}
		for i := range n {
			c.lines = append(c.lines, oneText(fmt.Sprint("u", i), fmt.Sprint("piece ", i)))
		}
		c.best = c.lines[0]
		last := c.lines[n-1]
		if got, want := sameLine(c, oneText(last.UUID, "")), n <= maxPieces; got != want {
			t.Errorf("%d pieces: the last is found: %v, want %v", n, got, want)
		}
		if c.renew(oneText("again", "piece 0")); len(c.lines) != n {
			t.Errorf("%d pieces: %d after one that it has", n, len(c.lines))
		}
		want := n
		if n < maxPieces {
			want++
		}
		if c.renew(oneText("new", "another piece")); len(c.lines) != want {
			t.Errorf("%d pieces: %d after one that it lacks, want %d", n, len(c.lines), want)
		}
	}
}

// TestTheLinesOfAMessageAreLookedForAsFarBackAsTheyStand has one at the bound, and one behind it.
func TestTheLinesOfAMessageAreLookedForAsFarBackAsTheyStand(t *testing.T) {
	lines := []*transcript.Line{oneText("u0", "too far"), oneText("u1", "just")}
	for len(lines) < maxBack+1 {
		lines = append(lines, &transcript.Line{Type: "user"})
	}
	lines = append(lines, oneText("last", "the last"))
	r := replays{joiner: &joiner{in: Input{Files: []transcript.File{{Lines: lines}}}}}
	last := place{0, len(lines) - 1}
	for text, want := range map[string]int{"the last": last.line, "just": 1, "too far": -1, "nowhere": -1} {
		if got := r.lineOf(last, oneText("x", text)); got != want {
			t.Errorf("%s: got line %d, want %d", text, got, want)
		}
	}
}
