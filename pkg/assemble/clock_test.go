package assemble_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/price"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// hooksOf makes records of SECONDS=PAYLOAD, the session's id put in.
func hooksOf(t *testing.T, hooks ...string) []assemble.Record {
	t.Helper()
	var out []assemble.Record
	for _, h := range hooks {
		at, raw, _ := strings.Cut(h, "=")
		after, err := time.ParseDuration(at)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, assemble.Record{At: morning.Add(after), Raw: []byte(`{"session_id":"s",` + raw + `}`)})
	}
	return out
}

// story assembles a talk and tells it in one line: what kinds of events, in their order. It checks what holds
// whatever the clocks were.
func story(t *testing.T, lines string, records []assemble.Record) (string, *schema.Session) {
	t.Helper()
	prices, err := price.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	in := assemble.Input{SessionID: "s", Records: records}
	if lines != "" {
		in.Files = []transcript.File{talk(t, lines)}
	}
	set := assemble.Settings{Final: true, Prices: prices}
	checkSane(t, in, set)
	s := assemble.Session(in, set)
	var told []string
	for _, e := range s.Events {
		word := map[schema.EventType]string{schema.UserPrompt: "ask", schema.LLMMessage: "say", schema.ToolCall: "call"}[e.Type]
		if e.Provisional {
			word = "provisional"
		}
		if word != "" {
			told = append(told, word)
		}
		if e.StartTime.Before(s.StartTime.Time) || e.StartTime.Year() < 2026 {
			t.Errorf("%s: event %d (%s) starts %v, the session %v", lines, e.Seq, e.Name, e.StartTime, s.StartTime)
		}
		if e.DurationMS != nil && *e.DurationMS > 60_000 {
			t.Errorf("%s: event %d (%s) lasts %d ms", lines, e.Seq, e.Name, *e.DurationMS)
		}
	}
	if s.DurationMS != nil && (*s.DurationMS < 0 || *s.DurationMS > 60_000) {
		t.Errorf("%s: the session lasts %d ms", lines, *s.DurationMS)
	}
	return strings.Join(told, " "), s
}

func TestAClockThatIsSetBackChangesNoOrder(t *testing.T) {
	for _, c := range []struct {
		lines string
		hooks []string
		want  string
		steps int
	}{
		{"ask answer ask answer", nil, "ask say ask say", 0},
		{"ask answer ask@-3600 answer@-3599", nil, "ask say ask say", 1},
		{"ask answer ask@-3600 answer@-3599 ask@-9000 answer@-8998", nil, "ask say ask say ask say", 2},
		{"ask answer ask@-3600 answer@-3599 ask@-3590 answer@-3588", nil, "ask say ask say ask say", 1},
		{"ask call result@-86400 answer@-86399", nil, "ask say call say", 1},
		{"ask call@-7000 result@-6999 answer@-6998", nil, "ask say call say", 1},
		{"ask request reply@-7000 ask@-6998 answer@-6997", nil, "ask say ask say", 1},
		{"ask request@-7001 reply@-7000 ask@-6998 answer@-6997", nil, "ask say ask say", 1},
		{"ask answer note@-50 note@-49 ask@-48 answer@-47", nil, "ask say ask say", 1},
		{"ask answer@-3600", nil, "ask say", 1},
		// Lines out of order by themselves are no other clock.
		{"ask@0 call@1 result@9 note@2 answer@10", nil, "ask say call say", 0},
		{"ask@0 ask@-30 answer@1", nil, "ask ask say", 0},
		// Hooks have the same clock as the lines.
		{"ask call result@-3600 answer@-3599", []string{
			`-3600s="hook_event_name":"PostToolUse","tool_name":"Bash","tool_use_id":"toolu_1","tool_input":{},"tool_response":"ok","duration_ms":500`,
			`-3598s="hook_event_name":"Stop","last_assistant_message":"done 3"`,
			`-1s="hook_event_name":"SessionStart","source":"startup"`,
			`0s="hook_event_name":"UserPromptSubmit","prompt":"do it 0"`,
			`1s="hook_event_name":"PreToolUse","tool_name":"Bash","tool_use_id":"toolu_1","tool_input":{}`,
		}, "ask say call say", 1},
		{"ask answer ask@-3600 answer@-3599", []string{
			`-3600s="hook_event_name":"UserPromptSubmit","prompt":"do it 2"`,
			`-3598s="hook_event_name":"Stop","last_assistant_message":"not written yet"`,
			`0s="hook_event_name":"UserPromptSubmit","prompt":"do it 0"`,
			`2s="hook_event_name":"Stop","last_assistant_message":"done 1"`,
		}, "ask say ask say provisional", 1},
	} {
		got, s := story(t, c.lines, hooksOf(t, c.hooks...))
		if got != c.want || s.Completeness.ClockSteps != c.steps {
			t.Errorf("%s: %s, %d steps; want %s, %d", c.lines, got, s.Completeness.ClockSteps, c.want, c.steps)
		}
	}
}

// TestAClockThatIsSetBackCostsNothing compares with the same talk by a good clock, a bill and a later process in it.
func TestAClockThatIsSetBackCostsNothing(t *testing.T) {
	_, good := story(t, "ask@0 answer@1 bill ask@5 answer@6", nil)
	_, set := story(t, "ask@0 answer@1 bill ask@-3595 answer@-3594", nil)
	a, b := good.Totals.CostUSD, set.Totals.CostUSD
	if a == nil || b == nil || math.Abs(*a-*b) > 1e-12 || good.Cost.Source != set.Cost.Source {
		t.Errorf("cost %v (%s), by a good clock %v (%s)", b, set.Cost.Source, a, good.Cost.Source)
	}
}

func TestHooksByAnotherClockDoubleNothing(t *testing.T) {
	for _, ahead := range []time.Duration{-90 * time.Minute, -3 * time.Second, 0, 1500 * time.Millisecond, 5 * time.Second, time.Hour, 24 * time.Hour} {
		at := func(after time.Duration, payload string) string { return fmt.Sprint(ahead+after) + "=" + payload }
		hooks := hooksOf(t,
			at(-time.Second, `"hook_event_name":"SessionStart","source":"startup"`),
			at(10*time.Millisecond, `"hook_event_name":"UserPromptSubmit","prompt":"do it 0"`),
			at(1020*time.Millisecond, `"hook_event_name":"PreToolUse","tool_name":"Bash","tool_use_id":"toolu_1","tool_input":{}`),
			at(1990*time.Millisecond, `"hook_event_name":"PostToolUse","tool_name":"Bash","tool_use_id":"toolu_1","tool_input":{},"tool_response":"ok"`),
			at(3050*time.Millisecond, `"hook_event_name":"Stop","last_assistant_message":"done 3"`),
			at(3900*time.Millisecond, `"hook_event_name":"UserPromptSubmit","prompt":"do it 4"`),
			at(5050*time.Millisecond, `"hook_event_name":"Stop","last_assistant_message":"done 5"`))
		got, s := story(t, "ask call result answer ask answer", hooks)
		if want := "ask say call say ask say"; got != want || s.Totals.LLMCalls != 3 || s.Completeness.ProvisionalTail {
			t.Errorf("%v ahead: %s, want %s", ahead, got, want)
		}
		told := time.Duration(s.Completeness.HooksAheadMS) * time.Millisecond
		if off := (told - ahead).Abs(); off > 2*time.Second {
			t.Errorf("%v ahead: told as %v", ahead, told)
		}
		// A turn that the file does not have yet is provisional all the same, with the same words as one before.
		more := append(hooks, hooksOf(t,
			at(7*time.Second, `"hook_event_name":"UserPromptSubmit","prompt":"do it 6"`),
			at(8*time.Second, `"hook_event_name":"Stop","last_assistant_message":"done 5"`))...)
		if got, _ := story(t, "ask call result answer ask answer", more); got != "ask say call say ask say ask provisional" {
			t.Errorf("%v ahead, the file behind: %s", ahead, got)
		}
	}
}

func TestWhatIsNoTimeIsNever1970(t *testing.T) {
	for _, none := range []string{`"2026-02-05_07:00:01"`, `"yesterday"`, `""`, `null`, `1770274801000.5`, `{}`, `"1970-01-01T00:00:00Z"`, `"0001-01-01T00:00:00Z"`,
		`"1980-01-01T00:00:09.5+00:00"`, `"9999-12-31T23:59:59Z"`, `"2026-13-05T07:00:01Z"`} {
		for _, lines := range []string{
			"ask@%s answer@1 ask@2 answer@3", "ask@0 answer@%s ask@2 answer@3", "ask@0 answer@1 ask@%s answer@%[1]s", "ask@%s answer@%[1]s ask@2 answer@3",
		} {
			lines = fmt.Sprintf(lines, none)
			if got, _ := story(t, lines, nil); got != "ask say ask say" {
				t.Errorf("%s: %s", lines, got)
			}
		}
		call := fmt.Sprintf("ask@0 call@%s result@2 answer@%[1]s", none)
		if got, _ := story(t, call, nil); got != "ask say call say" {
			t.Errorf("%s: %s", call, got)
		}
	}
	// A clock that was set only after the client's start.
	unset := hooksOf(t, `1s="hook_event_name":"PreToolUse","tool_name":"Bash","tool_use_id":"toolu_1","tool_input":{}`)
	unset = append([]assemble.Record{{At: time.Unix(9, 0), Raw: []byte(`{"session_id":"s","hook_event_name":"UserPromptSubmit","prompt":"do it 0"}`)}}, unset...)
	for _, lines := range []string{"", "ask@0 call@1 result@2 answer@3"} {
		if got, _ := story(t, lines, unset); !strings.HasPrefix(got, "ask") {
			t.Errorf("%q: %s", lines, got)
		}
	}
}

// TestWithoutAnyTimeTheFilesOwnCounts: it is that of a copy, but better than none.
func TestWithoutAnyTimeTheFilesOwnCounts(t *testing.T) {
	f := talk(t, "ask@null answer@null")
	f.ModTime = morning
	s := assemble.Session(assemble.Input{SessionID: "s", Files: []transcript.File{f}}, assemble.Settings{Final: true, Prices: new(price.Table)})
	if !s.StartTime.Equal(morning) || s.Outcome != schema.Completed {
		t.Errorf("start %v, outcome %s; want %v, completed", s.StartTime, s.Outcome, morning)
	}
}
