package otlp_test

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"ams/pkg/otlp"
	"ams/pkg/otlp/otlptest"
	"ams/pkg/redact"
	"ams/pkg/schema"
)

// recorded are the Sessions of the join's cases, by name.
func recorded(t *testing.T) map[string]*schema.Session {
	t.Helper()
	files, err := filepath.Glob("../assemble/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	out := map[string]*schema.Session{}
	for _, path := range files {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if f.Name != "session.json" {
				continue
			}
			s, err := schema.Decode(f.Data)
			if err != nil {
				t.Fatal(path, err)
			}
			out[strings.TrimSuffix(filepath.Base(path), ".txtar")] = s
		}
	}
	return out
}

// isTurn reports whether a span is the root of a turn, and no subagent.
func isTurn(span *tracepb.Span) bool {
	a := otlptest.Attributes(span.Attributes)
	return a["gen_ai.operation.name"] == "invoke_agent" && a["gen_ai.agent.id"] == "" && span.Name != "invoke_agent "+schema.Unnamed
}

// check holds the spans of a whole Session to what is true of every one.
func check(t *testing.T, s *schema.Session, spans []*tracepb.Span, perSession bool) {
	t.Helper()
	seen := map[string]*tracepb.Span{}
	traces := map[string]bool{}
	roots, notes := 0, 0
	var cost float64
	for _, span := range spans {
		id := hex.EncodeToString(span.SpanId)
		if len(span.TraceId) != 16 || len(span.SpanId) != 8 || seen[id] != nil {
			t.Fatalf("%s: ids %x %x, seen %v", span.Name, span.TraceId, span.SpanId, seen[id] != nil)
		}
		if parent := seen[hex.EncodeToString(span.ParentSpanId)]; len(span.ParentSpanId) == 0 {
			roots++
		} else if parent == nil || string(parent.TraceId) != string(span.TraceId) {
			t.Fatalf("%s: its parent %x comes not before it in its trace", span.Name, span.ParentSpanId)
		}
		if span.EndTimeUnixNano <= span.StartTimeUnixNano {
			t.Fatalf("%s ends before or as it begins", span.Name)
		}
		a := otlptest.Attributes(span.Attributes)
		if a["session.id"] != s.SessionID || a["gen_ai.conversation.id"] != s.SessionID || a["openinference.span.kind"] == "" {
			t.Fatalf("%s: attributes %v", span.Name, a)
		}
		var usd float64
		fmt.Sscan(a["gen_ai.usage.cost"], &usd)
		cost += usd
		seen[id], traces[string(span.TraceId)] = span, true
		notes += len(span.Events) + int(span.DroppedEventsCount)
	}
	wantSpans, wantNotes, wantTurns := 0, 0, 0
	var wantCost float64
	for i, e := range s.Events {
		switch {
		case e.LLM != nil || e.Tool != nil || e.Subagent != nil || e.Compaction != nil || e.Type == schema.ErrorEvent:
			wantSpans++
			if e.LLM != nil && e.LLM.CostUSD != nil {
				wantCost += *e.LLM.CostUSD
			}
			if i == 0 {
				wantTurns++
			}
		case e.Type == schema.UserPrompt && e.AgentID == "" || i == 0:
			wantTurns++
		default:
			wantNotes++
		}
	}
	wantSpans += wantTurns
	wantRoots := wantTurns
	if perSession && wantTurns > 0 {
		wantSpans, wantRoots = wantSpans+1, 1
	}
	if len(spans) != wantSpans || notes != wantNotes || roots != wantRoots || len(traces) != wantRoots {
		t.Errorf("%d spans with %d notes, %d roots, %d traces; want %d with %d, %d roots", len(spans), notes, roots, len(traces), wantSpans, wantNotes, wantRoots)
	}
	if diff := cost - wantCost; diff > 1e-9 || diff < -1e-9 {
		t.Errorf("they cost %v, the events %v", cost, wantCost)
	}
}

func TestEveryRecordingBecomesSpans(t *testing.T) {
	for name, s := range recorded(t) {
		for _, perSession := range []bool{false, true} {
			t.Run(fmt.Sprint(name, perSession), func(t *testing.T) {
				m := otlp.Mapping{PerSession: perSession, Content: true, Version: "1"}
				spans := slices.Collect(m.Spans(s, time.Time{}))
				check(t, s, spans, perSession)
				again := slices.Collect(m.Spans(s, time.Time{}))
				for i := range spans {
					if !proto.Equal(spans[i], again[i]) {
						t.Fatalf("%s is another one the second time", spans[i].Name)
					}
				}
				if late := slices.Collect(m.Spans(s, s.EndTime.AddDate(1, 0, 0))); len(late) > 0 {
					t.Errorf("%d spans since its end", len(late))
				}
			})
		}
	}
}

// TestWithoutContentNothingSaidLeaves puts a word into every text of a Session, and looks for it.
func TestWithoutContentNothingSaidLeaves(t *testing.T) {
	const word = "Xyzzy"
	s := session(3)
	s.Title = word
	for i := range s.Events {
		e := &s.Events[i]
		e.Prompt, e.Note = word, word
		e.Error = &schema.Error{Type: "tool_error", Message: word}
		e.Status = schema.Failed
		if e.LLM != nil {
			e.LLM.Text, e.LLM.Thinking = word, word
		}
		if e.Tool != nil {
			e.Tool.Input, e.Tool.Result = schema.Raw(`"`+word+`"`), schema.Raw(`"`+word+`"`)
		}
		if a := e.Subagent; a != nil {
			a.Description, a.InvocationPrompt, a.InvocationReasoning = word, word, word
		}
	}
	s.Signals = []schema.Signal{{Kind: schema.SignalLoop, Text: word, EventIDs: []string{s.Events[1].ID}}}
	for _, content := range []bool{false, true} {
		found := 0
		for span := range (otlp.Mapping{Content: content, PerSession: true}).Spans(s, time.Time{}) {
			found += strings.Count(span.String(), word)
		}
		if (found > 0) != content {
			t.Errorf("content %v: the word is there %d times", content, found)
		}
	}
}

func TestLongAndBadTextsAreCut(t *testing.T) {
	s := session(1)
	long := strings.Repeat("\xff\x00é<", 1<<20)
	s.SessionID, s.Agent.Name, s.Tags = "bad\xff", long, []string{long}
	for i := range s.Events {
		e := &s.Events[i]
		e.Prompt, e.Name, e.Note = long, long, long
		if e.LLM != nil {
			e.LLM.Text, e.LLM.Thinking, e.LLM.Model = long, long, long
		}
		if e.Tool != nil {
			e.Tool.Name, e.Tool.Result = long, schema.Raw(long)
		}
	}
	for span := range (otlp.Mapping{Content: true}).Spans(s, time.Time{}) {
		b, err := proto.Marshal(span)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > 1<<20 {
			t.Errorf("a span of %d bytes", len(b))
		}
		for name, v := range otlptest.Attributes(span.Attributes) {
			if len(v) > 64<<10+2 || !utf8.ValidString(v) {
				t.Errorf("%s has %d bytes", name, len(v))
			}
		}
	}
}

// TestACallIsMapped holds the names that receivers price by.
func TestACallIsMapped(t *testing.T) {
	s := session(1)
	usd := 0.5
	s.Events[1].LLM = &schema.LLM{Model: "claude-x", StopReason: "tool_use", MessageID: "msg_1", Text: "I look", Thinking: "hm", ThinkingTokens: 4, CostUSD: &usd,
		Usage: &schema.Usage{InputTokens: 10, OutputTokens: 20, CacheReadInputTokens: 300, CacheCreationInputTokens: 4000}}
	spans := slices.Collect(otlp.Mapping{Content: true}.Spans(s, time.Time{}))
	got := otlptest.Attributes(spans[1].Attributes)
	for name, want := range map[string]string{
		"gen_ai.operation.name": "chat", "openinference.span.kind": "LLM", "gen_ai.provider.name": "anthropic",
		"gen_ai.request.model": "claude-x", "gen_ai.response.model": "claude-x", "gen_ai.response.id": "msg_1",
		"gen_ai.response.finish_reasons": "[tool_use]", "gen_ai.usage.input_tokens": "4310", "gen_ai.usage.output_tokens": "20",
		"gen_ai.usage.cache_read.input_tokens": "300", "gen_ai.usage.cache_creation.input_tokens": "4000",
		"gen_ai.usage.reasoning.output_tokens": "4", "gen_ai.usage.cost": "0.5",
		"gen_ai.output.messages": `[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"I look"}],"finish_reason":"tool_use"}]`,
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	for name := range got {
		if strings.HasPrefix(name, "llm.token") || strings.Contains(name, "cache_write") {
			t.Errorf("%s would be counted twice", name)
		}
	}
	if spans[1].Kind != tracepb.Span_SPAN_KIND_CLIENT || spans[1].Name != "chat claude-x" {
		t.Errorf("%v %q", spans[1].Kind, spans[1].Name)
	}
	s.Events[1].LLM.Usage.Unknown = []string{schema.CacheReadTokens}
	spans = slices.Collect(otlp.Mapping{}.Spans(s, time.Time{}))
	if got := otlptest.Attributes(spans[1].Attributes); got["gen_ai.usage.input_tokens"] != "" || got["gen_ai.usage.output_tokens"] != "20" {
		t.Errorf("a lower bound is sent as a count: %v", got)
	}
}

// TestWhatHasNoTimeIsAtTheStart takes all times away but the session's.
func TestWhatHasNoTimeIsAtTheStart(t *testing.T) {
	s := session(2)
	for i := range s.Events {
		s.Events[i].StartTime, s.Events[i].EndTime = schema.Time{}, schema.Time{}
	}
	spans := slices.Collect(otlp.Mapping{PerSession: true}.Spans(s, time.Time{}))
	check(t, s, spans, true)
	for _, span := range spans {
		if want := uint64(s.StartTime.UnixNano()); span.StartTimeUnixNano != want || span.EndTimeUnixNano != want+1 {
			t.Errorf("%s is at %d to %d, want %d", span.Name, span.StartTimeUnixNano, span.EndTimeUnixNano, want)
		}
	}
}

// TestAResumedSessionGivesItsNewTurns ends a session, and lets it go on.
func TestAResumedSessionGivesItsNewTurns(t *testing.T) {
	for _, perSession := range []bool{false, true} {
		m := otlp.Mapping{PerSession: perSession}
		before := session(2)
		first := slices.Collect(m.Spans(before, time.Time{}))
		after := session(3)
		news := slices.Collect(m.Spans(after, before.EndTime.Time))
		all := slices.Collect(m.Spans(after, time.Time{}))
		check(t, after, all, perSession)
		for i, span := range first {
			if perSession && i == 0 { // it ends later
				if string(span.SpanId) != string(all[0].SpanId) || span.StartTimeUnixNano != all[0].StartTimeUnixNano {
					t.Error("the session's span is another one")
				}
			} else if !proto.Equal(span, all[i]) {
				t.Errorf("%s of an old turn changed", span.Name)
			}
		}
		turns := 0
		for _, span := range news {
			if isTurn(span) {
				turns++
			}
		}
		if turns != 1 || len(news) >= len(all) {
			t.Errorf("%d turns in %d spans are new, of %d", turns, len(news), len(all))
		}
	}
}

func TestMaskedIsACopy(t *testing.T) {
	s := session(1)
	key := "ghp_" + strings.Repeat("a1B2", 9)
	s.Events[0].Prompt = "use " + key
	masked, err := otlp.Masked(s, redact.Rules{Secrets: true})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(masked.Events[0].Prompt, key) || !strings.Contains(s.Events[0].Prompt, key) {
		t.Errorf("masked %q, the Session itself %q", masked.Events[0].Prompt, s.Events[0].Prompt)
	}
}

// session has turns of five spans: the turn, a call, an Agent tool with its subagent and a call of that one.
func session(turns int) *schema.Session {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	next := func() schema.Time {
		at = at.Add(1234567 * time.Microsecond)
		return schema.At(at)
	}
	s := &schema.Session{SchemaVersion: schema.Version, SessionID: "5e551011-0000-4000-8000-000000000001", TraceID: strings.Repeat("0af7651916cd43dd", 2), StartTime: next()}
	usd := 0.25
	for i := range turns {
		id := func(what string) string { return fmt.Sprintf("%s-%d", what, i) }
		add := func(e schema.Event) {
			e.Seq, e.Status = len(s.Events)+1, schema.OK
			if e.StartTime.IsZero() {
				e.StartTime = next()
			}
			e.EndTime = next()
			s.Events = append(s.Events, e)
			s.EndTime = e.EndTime
		}
		llm := &schema.LLM{Model: "claude-x", Text: "done", CostUSD: &usd, Usage: &schema.Usage{InputTokens: 1, OutputTokens: 2}}
		add(schema.Event{ID: id("prompt"), Type: schema.UserPrompt, Name: "user_prompt", Prompt: "go on"})
		add(schema.Event{ID: id("call"), Type: schema.LLMMessage, Name: "assistant", LLM: llm})
		add(schema.Event{ID: id("tool"), Type: schema.ToolCall, Name: "tool:Agent", Tool: &schema.Tool{Name: "Agent", ToolUseID: id("toolu"), LLMEventID: id("call"), Input: schema.Raw(`{"prompt":"x"}`)}})
		add(schema.Event{ID: id("agent"), Type: schema.Subagent, Name: "subagent:Explore", Subagent: &schema.SubagentInfo{AgentID: id("a"), AgentType: "Explore", InvocationEventID: id("tool")}})
		add(schema.Event{ID: id("inner"), Type: schema.LLMMessage, Name: "assistant", ParentID: id("agent"), AgentID: id("a"), LLM: llm})
		add(schema.Event{ID: id("note"), Type: schema.Notification, Name: "notification", Note: "look"})
	}
	return s
}

func TestASubagentHangsBelowItsTool(t *testing.T) {
	spans := slices.Collect(otlp.Mapping{}.Spans(session(1), time.Time{}))
	var names []string
	above := map[string]string{}
	byID := map[string]string{}
	for _, span := range spans {
		names = append(names, span.Name)
		byID[string(span.SpanId)] = span.Name
		above[span.Name+fmt.Sprint(len(names))] = byID[string(span.ParentSpanId)]
	}
	want := map[string]string{"invoke_agent claude-code1": "", "chat claude-x2": "invoke_agent claude-code", "execute_tool Agent3": "invoke_agent claude-code",
		"invoke_agent Explore4": "execute_tool Agent", "chat claude-x5": "invoke_agent Explore"}
	for span, parent := range want {
		if got, ok := above[span]; !ok || got != parent {
			t.Errorf("%s hangs below %q, want %q (%q)", span, got, parent, names)
		}
	}
	if len(spans[0].Events) != 1 || spans[0].Events[0].Name != "notification" {
		t.Errorf("the turn's notes: %v", spans[0].Events)
	}
}
