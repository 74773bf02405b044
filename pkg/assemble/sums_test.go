package assemble_test

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"ams/pkg/assemble"
	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
	"ams/pkg/signal"
)

// sameUSD is how far two sums of one amount may be apart.
const sameUSD = 1e-9

// TestSumsAddUp holds the sums of every case's index record to its total: by model, by day and by agent they are the
// same, and what they lack to the total is what the Session says that the client's bill holds beside its calls.
func TestSumsAddUp(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := schema.Decode(fileOf(archive, "session.json"))
		if err != nil {
			t.Fatal(err)
		}
		sum := schema.Summarize(s)
		b, err := schema.EncodeSummary(sum)
		if err != nil {
			t.Fatal(err)
		}
		schematest.ValidateIndex(t, b)
		if err := schematest.SumsError(s, sum); err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
	}
}

// callLine returns a transcript line of the model with some usage.
func callLine(id, model string, at time.Time, read, write int) string {
	b, _ := json.Marshal(map[string]any{
		"type": "assistant", "uuid": "u" + id, "sessionId": "s", "timestamp": at.Format(time.RFC3339Nano),
		"message": map[string]any{"id": "msg_" + id, "role": "assistant", "model": model, "stop_reason": "end_turn",
			"content": []any{map[string]any{"type": "text", "text": "answer " + id}},
			"usage": map[string]any{"input_tokens": 10, "output_tokens": 20, "cache_read_input_tokens": read,
				"cache_creation_input_tokens": write}},
	})
	return string(b)
}

func TestACallThatWritesWhatWasCachedIsNoted(t *testing.T) {
	const opus, haiku = "claude-opus-4-5-20251101", "claude-haiku-4-5-20251001"
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	at := func(minutes float64) time.Time { return start.Add(time.Duration(minutes * float64(time.Minute))) }
	first := callLine("1", opus, at(0), 0, 40_000)
	for _, row := range []struct {
		name   string
		second string
		want   *schema.CacheRewrite
	}{
		{"the cache is read", callLine("2", opus, at(1), 40_000, 900), nil},
		{"a pause", callLine("2", opus, at(7), 0, 41_000), &schema.CacheRewrite{Tokens: 40_000, Reason: schema.AfterPause}},
		{"another model", callLine("2", haiku, at(1), 0, 41_000), &schema.CacheRewrite{Tokens: 40_000, Reason: schema.OtherModel}},
		{"another prefix", callLine("2", opus, at(1), 3000, 38_000), &schema.CacheRewrite{Tokens: 37_000, Reason: schema.OtherPrefix}},
		{"a conversation that went back", callLine("2", opus, at(1), 25_000, 200), nil},
		{"a part that changes each time", callLine("2", opus, at(1), 30_000, 11_000), nil},
	} {
		s := sessionOf(t, first, row.second)
		got := s.Events[len(s.Events)-1].LLM.CacheRewrite
		if (got == nil) != (row.want == nil) || got != nil && (got.Tokens != row.want.Tokens || got.Reason != row.want.Reason) {
			t.Errorf("%s: got %+v, want %+v", row.name, got, row.want)
		}
		if row.name == "a pause" { // 5-minute writes cost 1.25 times the input's 5 dollars a million, reads a tenth
			if got.CostUSD == nil || math.Abs(*got.CostUSD-40_000*(6.25-0.5)/1e6) > sameUSD {
				t.Errorf("%s: got a cost of %v, want %v", row.name, schema.OrZero(got.CostUSD), 40_000*(6.25-0.5)/1e6)
			}
		}
	}
	compacted := `{"type":"system","subtype":"compact_boundary","uuid":"b","sessionId":"s","timestamp":"2026-03-01T10:00:30Z","compactMetadata":{"trigger":"auto"}}`
	s := sessionOf(t, first, compacted, callLine("2", opus, at(1), 0, 41_000))
	if got := s.Events[len(s.Events)-1].LLM.CacheRewrite; got != nil {
		t.Errorf("after a compaction: got %+v, want nothing: it is another conversation", got)
	}
}

func TestWorkIsCountedOnceAndWithoutWaiting(t *testing.T) {
	at := func(s int) schema.Time { return schema.At(time.Date(2026, 3, 1, 10, 0, s, 0, time.UTC)) }
	call := func(from, to int) schema.Event {
		took := int64(to-from) * 1000
		return schema.Event{Type: schema.LLMMessage, StartTime: at(from), EndTime: at(to), DurationMS: &took, LLM: &schema.LLM{}}
	}
	blocks := func(from, to int) schema.Event { // a call of an older client: when its blocks ended
		e := call(from, to)
		e.DurationMS = nil
		return e
	}
	prompt := func(n int) schema.Event {
		return schema.Event{Type: schema.UserPrompt, StartTime: at(n), EndTime: at(n)}
	}
	tool := func(from, to int, t schema.Tool) schema.Event {
		return schema.Event{ID: t.ToolUseID, Type: schema.ToolCall, StartTime: at(from), EndTime: at(to), Tool: &t}
	}
	ms := func(n int64) *int64 { return &n }
	agent := schema.Event{Type: schema.Subagent, StartTime: at(0), EndTime: at(50), Subagent: &schema.SubagentInfo{InvocationEventID: "t1", LLMCalls: 1}}
	for _, row := range []struct {
		name   string
		events []schema.Event
		want   int64
	}{
		{"nothing", nil, 0},
		{"one after the other", []schema.Event{call(0, 5), tool(6, 8, schema.Tool{Name: "Bash"})}, 7000},
		{"at once", []schema.Event{call(0, 10), tool(2, 8, schema.Tool{Name: "Bash"}), call(5, 12)}, 12_000},
		{"a person is asked", []schema.Event{tool(0, 50, schema.Tool{Name: "Bash", ExecutionMS: ms(3000), ApprovalMS: ms(46_000)})}, 3000},
		{"a person is asked, and how long it ran is not known", []schema.Event{tool(0, 50, schema.Tool{Name: "Bash", ApprovalMS: ms(46_000)})}, 4000},
		{"a person answers", []schema.Event{tool(0, 50, schema.Tool{Name: "AskUserQuestion"})}, 0},
		{"an agent", []schema.Event{tool(0, 50, schema.Tool{Name: "Agent", ToolUseID: "t1"}), agent, call(1, 4)}, 3000},
		{"an agent of which nothing else is known", []schema.Event{tool(0, 50, schema.Tool{Name: "Agent", ToolUseID: "t2"}), agent}, 50_000},
		{"a call whose request nobody noted", []schema.Event{prompt(2), blocks(10, 12), tool(12, 15, schema.Tool{Name: "Bash"}), blocks(19, 19)}, 17_000},
		{"a call that answers nothing that is known", []schema.Event{blocks(10, 12)}, 2000},
		{"a call long after", []schema.Event{prompt(2), blocks(1000, 1001)}, 1000},
		{"no end", []schema.Event{{StartTime: at(3), Tool: &schema.Tool{Name: "Bash"}}}, 0},
	} {
		s := &schema.Session{Events: row.events}
		if signal.Review(s); *s.ActiveMS != row.want {
			t.Errorf("%s: got %d ms, want %d", row.name, *s.ActiveMS, row.want)
		}
	}
}

func TestTheRepositoryOfAWorktreeIsTheMainOne(t *testing.T) {
	line := func(cwd string) string {
		return `{"type":"user","uuid":` + cwd + `,"sessionId":"s","timestamp":"2026-03-01T10:00:00Z","cwd":` + cwd + `,"message":{"role":"user","content":"go"}}`
	}
	for _, row := range []struct {
		name, want string
		lines      []string
	}{
		{"a folder", "shop", []string{line(`"/home/dev/shop/"`)}},
		{"Windows", "shop", []string{line(`"C:\\work\\shop"`)}},
		{"a worktree of the client's by its place", "shop", []string{line(`"/home/dev/shop/.claude/worktrees/quick-fox/web"`)}},
		{"a worktree that was entered from a part of the repository", "shop", []string{line(`"/home/dev/shop/web"`), line(`"/home/dev/shop/.claude/worktrees/fox"`)}},
		{"a worktree that the client tells of", "shop", []string{line(`"/tmp/trees/quick-fox"`),
			`{"type":"worktree-state","sessionId":"s","worktreeSession":{"originalCwd":"/home/dev/shop","worktreePath":"/tmp/trees/quick-fox"}}`}},
		{"a worktree that was left", "shop", []string{line(`"/home/dev/shop"`), `{"type":"worktree-state","sessionId":"s","worktreeSession":null}`}},
		{"no folder", "", []string{line(`""`)}},
	} {
		if got := schema.OrZero(schema.Summarize(sessionOf(t, row.lines...)).Repo); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}

// TestWhatIsCarriedOverIsReviewedAsOne: half of a transcript is gone, and with it half of a loop.
func TestWhatIsCarriedOverIsReviewedAsOne(t *testing.T) {
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var lines []string
	for i := range 4 {
		at := start.Add(time.Duration(i) * time.Minute).Format(time.RFC3339Nano)
		lines = append(lines, fmt.Sprintf(`{"type":"assistant","uuid":"a%d","sessionId":"s","timestamp":%q,"message":{"id":"msg_%d","role":"assistant",`+
			`"model":"claude-opus-4-5-20251101","content":[{"type":"tool_use","id":"toolu_%d","name":"Bash","input":{"command":"npm test"}}]}}`, i, at, i, i))
	}
	whole, half := sessionOf(t, lines...), sessionOf(t, lines[2:]...)
	if len(half.Signals) > 0 && half.Signals[0].Kind == schema.SignalLoop {
		t.Fatal("half of the loop is one")
	}
	got := assemble.Carry(whole, half, "")
	if len(got.Signals) == 0 || got.Signals[0].Kind != schema.SignalLoop || got.Signals[0].Count != 4 || *got.ActiveMS != *whole.ActiveMS {
		t.Errorf("got signals %+v, %d ms, want a loop of 4, %d ms", got.Signals, *got.ActiveMS, *whole.ActiveMS)
	}
}
