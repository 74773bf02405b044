package assemble_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/price"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// morning is when talks begin.
var morning = time.Date(2026, 2, 5, 7, 0, 0, 0, time.UTC)

// timestamp is a line's in JSON: so many seconds after the morning's beginning, or the text as it is; otherwise its
// place in the file.
func timestamp(t *testing.T, at string, place int) string {
	t.Helper()
	after := time.Duration(place) * time.Second
	if n, err := strconv.Atoi(at); err == nil {
		after = time.Duration(n) * time.Second
	} else if at != "" {
		return strings.ReplaceAll(at, "_", " ")
	}
	return strconv.Quote(morning.Add(after).Format(time.RFC3339Nano))
}

// talk makes the lines of a main file, one second apart: each word is one line, as sayings has them; word@SECONDS has
// another time.
func talk(t *testing.T, words string) transcript.File {
	t.Helper()
	var b strings.Builder
	for i, word := range strings.Fields(words) {
		word, at, _ := strings.Cut(word, "@")
		line, ok := sayings[word]
		if !ok {
			t.Fatalf("no saying %q", word)
		}
		fmt.Fprintf(&b, `{"uuid":"u%d","sessionId":"s","timestamp":%s,"version":"2.1.81",%s}`+"\n",
			i, timestamp(t, at, i), strings.ReplaceAll(line, "@", fmt.Sprint(i)))
	}
	f := transcript.File{Name: "s.jsonl"}
	var err error
	f.Report, err = transcript.Read(strings.NewReader(b.String()), func(l *transcript.Line) { f.Lines = append(f.Lines, l) })
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const usage = `"usage":{"input_tokens":10,"output_tokens":1000}`

var sayings = map[string]string{
	"ask":      `"type":"user","message":{"role":"user","content":"do it @"}`,
	"answer":   `"type":"assistant","message":{"id":"msg_01@","model":"claude-opus-4-6","stop_reason":"end_turn","content":[{"type":"text","text":"done @"}],` + usage + `}`,
	"plain":    `"type":"assistant","message":{"id":"msg_01@","model":"claude-opus-4-6","stop_reason":null,"content":[{"type":"text","text":"done @"}],` + usage + `}`,
	"think":    `"type":"assistant","message":{"id":"msg_01@","model":"claude-opus-4-6","stop_reason":null,"content":[{"type":"thinking","thinking":"hm"}],` + usage + `}`,
	"call":     `"type":"assistant","message":{"id":"msg_01@","model":"claude-opus-4-6","stop_reason":"tool_use","content":[{"type":"tool_use","id":"toolu_1","name":"Bash","input":{}}],` + usage + `}`,
	"mute":     `"type":"assistant","message":{"id":"msg_01@","model":"claude-opus-4-6","stop_reason":null,"content":[{"type":"text","text":"I look"},{"type":"tool_use","id":"toolu_1","name":"Bash","input":{}}],` + usage + `}`,
	"result":   `"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"ok"}]}`,
	"last":     `"type":"user","toolEndsTurn":true,"message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"ok"}]}`,
	"error":    `"type":"assistant","isApiErrorMessage":true,"error":"rate_limit","message":{"id":"x@","model":"<synthetic>","stop_reason":"stop_sequence","content":[{"type":"text","text":"You've hit your limit"}]}`,
	"duration": `"type":"system","subtype":"turn_duration","durationMs":1000`,
	"stopped":  `"type":"user","message":{"role":"user","content":[{"type":"text","text":"[Request interrupted by user]"}]}`,
	"bill":     `"type":"cost-state","totalCostUSD":0.02`,
	"more":     `"type":"cost-state","totalCostUSD":0.05`,
	"notice":   `"type":"user","turnOrigin":"task_notification","message":{"role":"user","content":"<task-notification><task-id>b1</task-id><status>completed</status></task-notification>"}`,
	"turns":    `"type":"attachment","attachment":{"type":"max_turns_reached","maxTurns":3,"turnCount":4}`,
	"budget":   `"type":"attachment","attachment":{"type":"budget_usd","used":0,"total":0.03,"remaining":0.03}`,
	"spent":    `"type":"attachment","attachment":{"type":"budget_usd","used":0.04,"total":0.03,"remaining":-0.01}`,
	"request":  `"type":"api-request","id":"r@"`,
	"reply":    `"type":"assistant","requestRef":"r1","message":{"id":"msg_01@","model":"claude-opus-4-6","stop_reason":"end_turn","content":[{"type":"text","text":"done @"}],` + usage + `}`,
	"note":     `"type":"system","subtype":"informational","content":"note @"`,
	"shell":    `"type":"system","subtype":"local_command","content":"<local-command-stderr>Shell command failed for pattern \"!` + "`x`" + `\": exit 3</local-command-stderr>"`,
	"command":  `"type":"system","subtype":"local_command","content":"<local-command-stdout>Error: nothing to compact</local-command-stdout>"`,
	"failed":   `"type":"system","subtype":"local_command","commandOutcome":{"kind":"failed"},"content":"<local-command-stderr>no such thing</local-command-stderr>"`,
	"blocked":  `"type":"system","subtype":"informational","content":"UserPromptSubmit operation blocked by hook:\n[x]: not now\n\nOriginal prompt: do it"`,
}

func TestOutcome(t *testing.T) {
	for _, c := range []struct {
		lines string
		want  schema.Outcome
	}{
		{"", schema.Completed},
		{"command", schema.Completed},
		{"ask", schema.Abandoned},
		{"ask answer", schema.Completed},
		{"answer", schema.Completed},
		// An API error that ended the last turn, whatever follows; a new turn is another matter.
		{"ask error", schema.FailedTurn},
		{"ask error duration", schema.FailedTurn},
		{"ask error duration bill", schema.FailedTurn},
		{"ask error ask answer duration", schema.Completed},
		{"ask error answer duration", schema.Completed},
		{"ask answer duration ask error duration", schema.FailedTurn},
		{"ask call stopped duration", schema.Interrupted},
		// Something is open, whether or not a person's words are in the file.
		{"call", schema.Abandoned},
		{"call result", schema.Abandoned},
		{"mute", schema.Abandoned},
		{"ask call result", schema.Abandoned},
		{"ask call result duration", schema.Completed},
		{"ask answer ask", schema.Abandoned},
		{"ask think", schema.Abandoned},
		// The last word is a plain answer, without a stop reason.
		{"ask plain", schema.Completed},
		{"ask mute result plain", schema.Completed},
		{"plain call", schema.Abandoned},
		{"ask call last", schema.Completed},
		// The client's bill is its last act: lines behind it are of an answer that was cut off.
		{"ask bill", schema.Interrupted},
		{"ask bill answer", schema.Interrupted},
		{"ask call bill result", schema.Interrupted},
		{"ask call result bill plain", schema.Interrupted},
		{"ask answer bill", schema.Completed},
		{"ask answer bill ask answer", schema.Completed},
		{"ask answer bill notice answer", schema.Completed},
		{"ask answer bill ask", schema.Abandoned},
		{"ask bill answer duration", schema.Completed},
		{"ask stopped bill answer", schema.Interrupted},
		// Bounds of a run.
		{"ask call result turns bill", schema.Limited},
		{"ask call result turns bill ask answer bill", schema.Completed},
		{"ask budget call bill", schema.Interrupted},
		{"ask budget call more", schema.Limited},
		{"ask budget answer more", schema.Limited},
		{"ask budget call result spent", schema.Limited},
		{"ask budget answer bill", schema.Completed},
		{"ask answer bill ask budget answer more", schema.Limited},      // 0.03 of 0.03
		{"ask answer more ask budget answer more", schema.Completed},    // it spent nothing
		{"ask budget answer more ask answer more", schema.Completed},    // the second run had no bound
		{"ask budget error more", schema.FailedTurn},                    // that stopped it first
		{"ask budget call result budget call", schema.Abandoned},        // no bill: by what the calls cost
		{"ask budget call result answer", schema.Limited},               // the same: two calls of 0.02505
		{"ask budget call result budget call result", schema.Abandoned}, // used says that nothing was spent before
		{"ask budget answer more ask budget answer bill", schema.Completed},
		// Commands of the client's own.
		{"shell", schema.FailedTurn},
		{"failed bill", schema.FailedTurn},
		{"ask answer shell", schema.FailedTurn},
		{"ask answer command", schema.Completed},
		{"shell ask answer", schema.Completed},
		{"blocked", schema.Interrupted},
		{"blocked bill", schema.Interrupted},
		{"blocked ask answer", schema.Completed},
	} {
		prices, err := price.Embedded()
		if err != nil {
			t.Fatal(err)
		}
		in := assemble.Input{SessionID: "s", Files: []transcript.File{talk(t, c.lines)}}
		s := assemble.Session(in, assemble.Settings{Final: true, Prices: prices})
		if s.Outcome != c.want {
			t.Errorf("%q: outcome %s, want %s", c.lines, s.Outcome, c.want)
		}
		if (s.Limit != nil) != (c.want == schema.Limited) {
			t.Errorf("%q: limit %v", c.lines, s.Limit)
		}
	}
}

// TestStopEndsAnAnswerBehindTheBill: a hook that saw the turn end knows better than the place of the lines.
func TestStopEndsAnAnswerBehindTheBill(t *testing.T) {
	in := assemble.Input{SessionID: "s", Files: []transcript.File{talk(t, "ask bill answer")}, Records: []assemble.Record{{
		At:  time.Date(2026, 2, 5, 7, 0, 3, 0, time.UTC),
		Raw: []byte(`{"session_id":"s","hook_event_name":"Stop","last_assistant_message":"done 2"}`),
	}}}
	prices, err := price.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if s := assemble.Session(in, assemble.Settings{Final: true, Prices: prices}); s.Outcome != schema.Completed {
		t.Errorf("outcome %s, want completed", s.Outcome)
	}
}
