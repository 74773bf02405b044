package chrometrace

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

var update = flag.Bool("update", false, "write the golden files anew")

// at is a time of the test's day.
func at(ms int) schema.Time {
	return schema.At(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond))
}

func ms(n int64) *int64 { return &n }

// work is a session in which everything overlaps: two calls at once, of which one waits for a person, a subagent that starts another,
// one in the background that outlives its turn, a shell left running, and what never ended.
func work() *schema.Session {
	usd := 0.25
	return &schema.Session{
		SessionID: "0e1f2a3b-0000-4000-8000-00000000c0de", Title: "Repair the build", StartTime: at(0), Outcome: schema.StillOpen,
		Totals: schema.Totals{CostUSD: &usd, LLMCalls: 2, ToolCalls: 4, Usage: schema.Usage{InputTokens: 10, OutputTokens: 5}},
		Events: []schema.Event{
			{ID: "p", Seq: 1, Type: schema.UserPrompt, StartTime: at(1), EndTime: at(1), Prompt: "Find out why.\n\nThen repair it."},
			{ID: "m", Seq: 2, Type: schema.LLMMessage, StartTime: at(1), EndTime: at(100), LLM: &schema.LLM{Model: "claude-opus-5-5",
				Text: "I look.", CostUSD: &usd, Usage: &schema.Usage{InputTokens: 10, OutputTokens: 5}}},
			{ID: "b", Seq: 3, Type: schema.ToolCall, StartTime: at(100), EndTime: at(400), Tool: &schema.Tool{Name: "Bash",
				Input: schema.Raw(`{"command":"make"}`), Outcome: schema.ToolOK, ExecutionMS: ms(50), ApprovalMS: ms(200)}},
			{ID: "d", Seq: 4, Type: schema.ToolCall, StartTime: at(110), EndTime: at(300), Tool: &schema.Tool{Name: "Write",
				Outcome: schema.ToolDenied, ApprovalMS: ms(1000)}, Error: &schema.Error{Type: "denied", Message: "not that one"}},
			{ID: "c", Seq: 5, Type: schema.ToolCall, StartTime: at(120), EndTime: at(130), Tool: &schema.Tool{Name: "Agent", ExecutionMS: ms(10)}},
			{ID: "a", Seq: 6, Type: schema.Subagent, StartTime: at(125), EndTime: at(900), AgentID: "a1", Subagent: &schema.SubagentInfo{
				AgentID: "a1", AgentType: "Explore", Description: "look around", InvocationEventID: "c", InvocationReasoning: "It is large."}},
			{ID: "c2", Seq: 7, ParentID: "a", AgentID: "a1", Type: schema.ToolCall, StartTime: at(300), Tool: &schema.Tool{Name: "Agent"}},
			{ID: "a2", Seq: 8, ParentID: "a", AgentID: "a2", Type: schema.Subagent, StartTime: at(290), Subagent: &schema.SubagentInfo{
				AgentID: "a2", AgentType: "Explore", InvocationEventID: "c2"}},
			{ID: "m2", Seq: 9, ParentID: "a2", AgentID: "a2", Type: schema.LLMMessage, StartTime: at(500), LLM: &schema.LLM{Model: "claude-haiku-5-5"}},
			{ID: "s", Seq: 10, Type: schema.ToolCall, StartTime: at(400), EndTime: at(401), Tool: &schema.Tool{Name: "Bash",
				Background: &schema.Background{TaskID: "1", Status: "killed", EndTime: at(800)}}},
			{ID: "w", Seq: 11, AgentID: "8bbe797b", Type: schema.LLMMessage, StartTime: at(2), EndTime: at(3), Note: schema.WarmUpNote,
				LLM: &schema.LLM{}},
			{ID: "k", Seq: 12, Type: schema.Compaction, StartTime: at(700), EndTime: at(750), DurationMS: ms(50),
				Compaction: &schema.Compacted{TokensBefore: 9000, TokensAfter: 100}},
			{ID: "e", Seq: 13, Type: schema.ErrorEvent, StartTime: at(760), Error: &schema.Error{Type: "api_error", Message: "overloaded"}},
			{ID: "n", Seq: 14, Type: schema.Notification, Name: "notification:idle", StartTime: at(950)},
		},
	}
}

func decoded(t *testing.T, path string) *schema.Session {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func written(t testing.TB, s *schema.Session) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for name, s := range map[string]*schema.Session{
		"overlaps":   work(),
		"everything": decoded(t, "../story/testdata/everything.json"),
		"empty":      {SessionID: "s1"},
	} {
		t.Run(name, func(t *testing.T) {
			got := written(t, s)
			checkTrace(t, got)
			golden := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if !bytes.Equal(got, written(t, s)) {
				t.Error("the same Session gives other bytes")
			}
		})
	}
}

// event is a record as a viewer reads it.
type event struct {
	Name  string         `json:"name"`
	Cat   string         `json:"cat"`
	Phase string         `json:"ph"`
	TS    *int64         `json:"ts"`
	Dur   *int64         `json:"dur"`
	PID   int            `json:"pid"`
	TID   int            `json:"tid"`
	ID    int            `json:"id"`
	Args  map[string]any `json:"args"`
}

// checkTrace holds a trace to what viewers need: metadata first, records in order, spans of one thread that hold each other or do not
// meet, numbers of processes and threads that differ, each arrow with a span open at both of its ends.
func checkTrace(t *testing.T, trace []byte) []event {
	t.Helper()
	var all struct {
		TraceEvents []event `json:"traceEvents"`
	}
	d := json.NewDecoder(bytes.NewReader(trace))
	d.DisallowUnknownFields()
	if err := json.Unmarshal(trace, &all); err != nil {
		t.Fatalf("%v\n%s", err, trace)
	}
	named, owner, open := map[int]bool{}, map[int]int{}, map[int][]int64{}
	begun, ended := map[int]int64{}, map[int]int64{}
	last := int64(math.MinInt64)
	for _, e := range all.TraceEvents {
		if e.Phase == "M" {
			if len(owner) > 0 && last != math.MinInt64 {
				t.Errorf("%+v stands behind others", e)
			}
			named[max(e.TID, e.PID)] = true
			continue
		}
		if e.TS == nil || *e.TS < last || *e.TS < 0 {
			t.Fatalf("%+v is out of order", e)
		}
		last = *e.TS
		if !named[e.PID] || !named[e.TID] || e.PID == e.TID {
			t.Errorf("%+v is in a thread without a name of its own", e)
		}
		if pid, known := owner[e.TID]; known && pid != e.PID {
			t.Errorf("%+v is in a thread of process %d", e, pid)
		}
		owner[e.TID] = e.PID
		stack := open[e.TID]
		for len(stack) > 0 && stack[len(stack)-1] <= *e.TS && !(e.Phase == "f" && stack[len(stack)-1] == *e.TS) {
			stack = stack[:len(stack)-1]
		}
		switch e.Phase {
		case "X":
			if e.Dur == nil || *e.Dur < 0 {
				t.Fatalf("%+v has no duration", e)
			}
			if len(stack) > 0 && stack[len(stack)-1] < *e.TS+*e.Dur {
				t.Errorf("%+v overlaps the span before it", e)
			}
			stack = append(stack, *e.TS+*e.Dur)
		case "s":
			if _, twice := begun[e.ID]; twice {
				t.Errorf("%+v begins twice", e)
			}
			begun[e.ID] = *e.TS
		case "f":
			ended[e.ID] = *e.TS
			if _, ok := begun[e.ID]; !ok || len(stack) == 0 {
				t.Errorf("%+v is bound to nothing", e)
			}
		case "i":
		default:
			t.Errorf("phase %q", e.Phase)
		}
		open[e.TID] = stack
	}
	if len(begun) != len(ended) {
		t.Errorf("%d arrows begin and %d end", len(begun), len(ended))
	}
	return all.TraceEvents
}

// TestApprovalAndExecutionStandApart looks at the parts of calls.
func TestApprovalAndExecutionStandApart(t *testing.T) {
	got := map[string]string{}
	for _, e := range checkTrace(t, written(t, work())) {
		if e.Cat == "approval" || e.Cat == "execution" {
			got[fmt.Sprintf("%d %s", *e.TS/1000, e.Cat)] = fmt.Sprint(*e.Dur / 1000)
		}
	}
	want := map[string]string{"150 approval": "200", "350 execution": "50", // Bash
		"110 approval":  "190", // a wait cannot have begun before its call
		"120 execution": "10"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestHostileWordsStayText fills every text with what steers terminals, quotes, is no UTF-8 or is very long.
func TestHostileWordsStayText(t *testing.T) {
	for _, word := range []string{"\x1b[2J\u202e\u0000evil", "</script><script>alert(1)</script>", `"},{"ph":"X"`, "a\xffb",
		strings.Repeat("中", 1<<20), strings.Repeat(" \n", 1<<20) + "x", strings.Repeat("\u0300", 300), ""} {
		s := work()
		s.SessionID, s.Title, s.MainAgent = word, word, word
		for i := range s.Events {
			e := &s.Events[i]
			e.Name, e.Note, e.Prompt, e.AgentID = word, word, word, word
			if e.LLM != nil {
				e.LLM.Model, e.LLM.Text, e.LLM.Thinking, e.LLM.StopReason = word, word, word, word
			}
			if e.Tool != nil {
				e.Tool.Name, e.Tool.Outcome = word, schema.ToolOutcome(word)
			}
			if a := e.Subagent; a != nil {
				a.AgentType, a.Description, a.InvocationPrompt, a.InvocationReasoning = word, word, word, word
			}
		}
		trace := written(t, s)
		checkTrace(t, trace)
		if len(trace) > 100_000 {
			t.Errorf("%d bytes for %.20q", len(trace), word)
		}
		if text := string(trace); screen.Text(text) != text || !utf8.Valid(trace) {
			t.Errorf("not safe to show: %.20q", word)
		}
	}
}

func TestCutKeepsCharactersWhole(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "",
		" a\n\n b ":                          "a b",
		strings.Repeat("é", 120):             strings.Repeat("é", 120),
		strings.Repeat("é", 121):             strings.Repeat("é", 119) + "…",
		strings.Repeat("𝄞", 5000):            strings.Repeat("𝄞", 119) + "…",
		"a" + strings.Repeat(" ", 2000):      "a…",
		"a" + strings.Repeat("b", 118) + "c": "a" + strings.Repeat("b", 118) + "c",
	} {
		if got := cut(in); got != want {
			t.Errorf("cut(%.30q) = %q, want %q", in, got, want)
		}
	}
}

// TestBadClocks has times that are absent, that go back, and that are 9,000 years apart.
func TestBadClocks(t *testing.T) {
	for name, spoil := range map[string]func(i int, e *schema.Event){
		"none":    func(_ int, e *schema.Event) { e.StartTime, e.EndTime = schema.Time{}, schema.Time{} },
		"no ends": func(_ int, e *schema.Event) { e.EndTime = schema.Time{} },
		"back":    func(i int, e *schema.Event) { e.StartTime, e.EndTime = at(-1000*i), at(-1000*i-500) },
		"far": func(i int, e *schema.Event) {
			if i%2 == 0 {
				e.StartTime = schema.At(time.Date(1+i*700, 1, 1, 0, 0, 0, 0, time.UTC))
			}
		},
		"one parent of all": func(_ int, e *schema.Event) { e.ID, e.ParentID = "a", "a" },
		"long waits": func(_ int, e *schema.Event) {
			if e.Tool != nil {
				e.Tool.ApprovalMS, e.Tool.ExecutionMS = ms(math.MaxInt64), ms(math.MinInt64)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := work()
			for i := range s.Events {
				spoil(i, &s.Events[i])
			}
			checkTrace(t, written(t, s))
		})
	}
}

// crowd is a session of many calls, all of them at once, each in an agent of its own if so asked.
func crowd(n int, agents bool) *schema.Session {
	s := &schema.Session{SessionID: "s1", StartTime: at(0), EndTime: at(n)}
	for i := range n {
		id := fmt.Sprint("call-", i)
		e := schema.Event{ID: id, Seq: i + 1, Type: schema.ToolCall, StartTime: at(i), EndTime: at(2 * n),
			Tool: &schema.Tool{Name: "Read", ExecutionMS: ms(5), ApprovalMS: ms(3), Input: schema.Raw(`{"file_path":"/src/main.go"}`)}}
		if agents {
			s.Events = append(s.Events, schema.Event{ID: "a" + id, StartTime: at(i), EndTime: at(i + 5), Type: schema.Subagent,
				Subagent: &schema.SubagentInfo{AgentID: "a" + id, InvocationEventID: id}})
		}
		s.Events = append(s.Events, e)
	}
	return s
}

// TestManyAtOnce writes 30,000 calls in 30,000 lanes, and as many agents; an error of the writer ends it.
func TestManyAtOnce(t *testing.T) {
	for _, agents := range []bool{false, true} {
		if got := len(checkTrace(t, written(t, crowd(30_000, agents)))); got < 90_000 {
			t.Errorf("%d records", got)
		}
	}
	if err := Write(failing{}, crowd(1000, false)); err == nil {
		t.Error("no error of a full disk")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// TestMemoryIsBounded writes large texts: what is kept beside the Session are some numbers of each event.
func TestMemoryIsBounded(t *testing.T) {
	s := crowd(30_000, false)
	long := schema.Raw(`{"command":"` + strings.Repeat("x", 1<<20) + `"}`)
	for i := range s.Events {
		s.Events[i].Tool.Input = long
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	w := &peak{}
	if err := Write(w, s); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(w.most) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("%d MB more while it writes", grown>>20)
	}
	if all := after.TotalAlloc - before.TotalAlloc; all > 512<<20 {
		t.Errorf("%d MB in all", all>>20)
	}
}

// peak notes how large the heap is while something is written.
type peak struct{ most, writes uint64 }

func (p *peak) Write(b []byte) (int, error) {
	if p.writes++; p.writes%500 == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		p.most = max(p.most, m.HeapAlloc)
	}
	return len(b), nil
}

func BenchmarkWrite(b *testing.B) {
	s := crowd(30_000, false)
	for b.Loop() {
		if err := Write(io.Discard, s); err != nil {
			b.Fatal(err)
		}
	}
}
