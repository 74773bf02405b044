package table

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go/compress/zstd"

	"ams/pkg/schema"
)

// began is when the sessions of these tests start.
var began = time.Date(2026, 11, 22, 10, 0, 0, 140_001_000, time.UTC)

// sample is a Session with an event of each type.
func sample(id string) *schema.Session {
	at := func(s int) schema.Time { return schema.At(began.Add(time.Duration(s) * time.Second)) }
	s := &schema.Session{
		SchemaVersion: schema.Version, SessionID: id, TraceID: "t-" + id, Title: "Fix — it", Agent: schema.Agent{Name: "bot"}, Tags: []string{"ci", "night"},
		Metadata: map[string]schema.Raw{"ticket": schema.Raw(`"AB-1"`), "n": schema.Raw(`{"a": 1}`)}, StartTime: at(0), EndTime: at(60), DurationMS: ptr(int64(60_000)),
		Status: schema.OK, Outcome: schema.Completed, Host: "h", User: "u", Cwd: "/w/repo", Models: []string{"claude-x"},
		Totals: schema.Totals{Usage: schema.Usage{InputTokens: 5, OutputTokens: 7}, CostUSD: ptr(0.1234567891), LLMCalls: 1, ToolCalls: 2},
		Events: []schema.Event{
			{ID: "p", Type: schema.UserPrompt, Name: "user_prompt", StartTime: at(0), Status: schema.OK, Prompt: "do it"},
			{ID: "l", Type: schema.LLMMessage, Name: "assistant", StartTime: at(1), EndTime: at(2), Status: schema.OK, LLM: &schema.LLM{Model: "claude-x", Text: "I do",
				Thinking: "hm", Usage: &schema.Usage{InputTokens: 5, OutputTokens: 7, Unknown: []string{schema.OutputTokens}}, CostUSD: ptr(0.0)}},
			{ID: "t", ParentID: "l", Type: schema.ToolCall, Name: "tool:Write", StartTime: at(3), Status: schema.OK, Tool: &schema.Tool{Name: "Write",
				Input: schema.Raw(`{"file_path":"/w/a.go","content":"a\nb\n"}`), Result: schema.Raw(`"done"`), Outcome: schema.ToolOK, ExecutionMS: ptr(int64(0))}},
			{ID: "f", Type: schema.ToolCall, Name: "tool:Bash", StartTime: at(4), Status: schema.Failed, Tool: &schema.Tool{Name: "Bash", IsError: true,
				Input: schema.Raw(`{"command": "false"}`), Permission: &schema.Permission{Decision: "allow", Source: "user"}}, Error: &schema.Error{Type: "tool_error", Message: "exit 1"}},
			{ID: "a", Type: schema.Subagent, Name: "subagent:Explore", StartTime: at(5), AgentID: "a1", Subagent: &schema.SubagentInfo{AgentID: "a1", AgentType: "Explore",
				InvocationPrompt: "look", InvocationReasoning: "to know", Usage: &schema.Usage{InputTokens: 1}}},
			{ID: "al", ParentID: "a", Type: schema.LLMMessage, Name: "assistant", StartTime: at(6), AgentID: "a1", LLM: &schema.LLM{Model: "claude-x", Text: "seen"}},
			{ID: "c", Type: schema.Compaction, Name: "compaction", StartTime: at(7), Compaction: &schema.Compacted{Trigger: "auto", TokensBefore: 9, Summary: "sum"}},
			{ID: "n", Type: schema.Notification, Name: "notification", StartTime: at(8), Note: "look here"},
			{ID: "e", Type: schema.ErrorEvent, Name: "error", StartTime: at(9), Status: schema.Failed, Error: &schema.Error{Message: "overloaded"}},
		},
	}
	for i := range s.Events {
		s.Events[i].Seq = i + 1
	}
	return s
}

// rowOf is the row of a Session stored with a counter.
func rowOf(t *testing.T, s *schema.Session, rev int64) (Session, *schema.Summary) {
	t.Helper()
	s.Stored = &schema.Stored{Rev: rev}
	sum := schema.Summarize(s)
	record, err := schema.EncodeSummary(sum)
	if err != nil {
		t.Fatal(err)
	}
	row, err := SessionOf(s.SessionID, "etag-"+s.SessionID, record, len(s.Events))
	if err != nil {
		t.Fatal(err)
	}
	back, err := schema.DecodeSummary(record)
	if err != nil {
		t.Fatal(err)
	}
	return row, back
}

// file is a part of rows.
func file[R row](t *testing.T, rows ...R) []byte {
	t.Helper()
	var b bytes.Buffer
	w := newFileWriter[R](&b, "part", int64(len(rows)), new(zstd.Codec))
	if err := errors.Join(w.write(rows...), w.close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// all are the rows of a part, and the error at their end.
func all[R row](b []byte) (out []R, err error) {
	p, err := open[R](bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	for row, err := range rows[R](p) {
		if err != nil {
			return out, err
		}
		out = append(out, *row)
	}
	return out, nil
}

func TestRowsComeBackAsTheyWent(t *testing.T) {
	var want []Session
	var events []Event
	for i := range 200 { // more than are read at once
		s := sample(fmt.Sprintf("s%03d", i))
		row, _ := rowOf(t, s, int64(i+1))
		row.Part = "part"
		want = append(want, row)
		for e := range EventsOf(s) {
			events = append(events, e)
		}
	}
	want = append(want, Tombstone("z", "z", 7))
	got, err := all[Session](file(t, want...))
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d rows, %v; want %d", len(got), err, len(want))
	}
	for i := range want {
		if diff := differ(&got[i], &want[i]); diff != "" {
			t.Fatalf("row %d: %s", i, diff)
		}
	}
	back, err := all[Event](file(t, events...))
	if err != nil || len(back) != len(events) {
		t.Fatalf("%d rows, %v; want %d", len(back), err, len(events))
	}
	for i := range events {
		if diff := differ(&back[i], &events[i]); diff != "" {
			t.Fatalf("event %d: %s", i, diff)
		}
	}
}

// TestARecordComesBack holds that a list may take a row for the index record.
func TestARecordComesBack(t *testing.T) {
	s := sample("a")
	s.Metadata["deep"] = schema.Raw(`{"z": [1.50, "é", "\u003c", null], "a": 1e400}`)
	row, want := rowOf(t, s, 3)
	old := *want
	for _, sum := range []*schema.Summary{want, &old} {
		got, err := schema.DecodeSummary([]byte(row.Record))
		if err != nil {
			t.Fatal(err)
		}
		a, errA := schema.EncodeSummary(got)
		b, errB := schema.EncodeSummary(sum)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("got\n%s%v\nwant\n%s%v", a, errA, b, errB)
		}
	}
	if strings.ContainsAny(row.Record, "\n") {
		t.Errorf("%q", row.Record)
	}
	b := file(t, row)
	n := 0
	for e, err := range ReadSessions(bytes.NewReader(b), int64(len(b))) {
		if n++; err != nil || e.Record != row.Record || e.IndexETag != row.IndexETag || e.Rev != 3 || e.Name != "a" || e.SessionID != "a" {
			t.Errorf("%+v, %v", e, err)
		}
	}
	if n != 1 {
		t.Errorf("%d rows", n)
	}
}

// TestOlderRecordsHaveNullForWhatTheyLack holds that a count that a record of 1.1 has not is no 0.
func TestOlderRecordsHaveNullForWhatTheyLack(t *testing.T) {
	row, err := SessionOf("a", "tag", []byte(`{"schema_version":"1.1","session_id":"a","start_time":"2026-11-22T10:00:00+00:00","llm_calls":3}`), 4)
	if err != nil || row.Compactions != nil || row.RetryMS != nil || row.CacheRewriteCostUSD != nil || *row.LLMCalls != 3 || row.Rev != 0 || row.UnassignedUSD != nil {
		t.Errorf("%+v, %v", row, err)
	}
	for _, record := range []string{"", "{}", `{"schema_version":"2.0","session_id":"a"}`, "nonsense"} {
		if row, err := SessionOf("a", "tag", []byte(record), 0); err == nil {
			t.Errorf("%q gives %+v", record, row)
		}
	}
}

func TestEventsTellWhatWasSaidAndAsked(t *testing.T) {
	rows := slices.Collect(EventsOf(sample("a")))
	for i, want := range []struct{ agent, text, input string }{
		{"(main)", "do it", ""}, {"(main)", "I do", ""}, {"(main)", "done", `{"file_path":"/w/a.go","content":"a\nb\n"}`},
		{"(main)", "exit 1", `{"command":"false"}`}, {"Explore", "to know", "look"}, {"Explore", "seen", ""}, {"(main)", "sum", ""},
		{"(main)", "look here", ""}, {"(main)", "overloaded", ""},
	} {
		if r := rows[i]; r.AgentType != want.agent || r.Text != want.text || r.Input != want.input || r.Turn != 1 || r.Seq != int64(i+1) || *r.TextBytes != int64(len(want.text)) {
			t.Errorf("event %d: %+v, want %+v", i, r, want)
		}
	}
	if r := rows[1]; r.Thinking != "hm" || *r.ThinkingBytes != 2 || *r.CostUSD != 0 || *r.OutputTokens != 7 || !slices.Equal(r.UnknownTokens, []string{"output_tokens"}) {
		t.Errorf("%+v", r)
	}
	if r := rows[2]; r.File != "/w/a.go" || *r.LinesAdded != 2 || *r.ExecutionMS != 0 || *r.IsError {
		t.Errorf("%+v", r)
	}
	if r := rows[3]; r.Permission != "allow" || !*r.IsError || r.ErrorType != "tool_error" || r.ExecutionMS != nil {
		t.Errorf("%+v", r)
	}
	if r := rows[5]; r.InputTokens != nil || r.CostUSD != nil || r.AgentID != "a1" {
		t.Errorf("%+v", r)
	}
}

func TestTextsAreCutOnTheBorderOfACharacter(t *testing.T) {
	for _, c := range []struct {
		in    string
		n     int
		whole int64
	}{
		{strings.Repeat("a", MaxText), MaxText, MaxText},
		{strings.Repeat("a", MaxText+1), MaxText, MaxText + 1},
		{strings.Repeat("é", MaxText), MaxText, 2 * MaxText},
		{"a" + strings.Repeat("é", MaxText), MaxText - 1, 2*MaxText + 1},
		{"ab" + strings.Repeat("\U0001F600", MaxText), MaxText - 2, 4*MaxText + 2},
		{"a\xffb", 5, 5},
		{strings.Repeat("\xff", MaxText), MaxText - 1, 3 * MaxText},
	} {
		got, whole := clip(c.in)
		if len(got) != c.n || *whole != c.whole || got != valid(got) {
			t.Errorf("%.10q: %d of %d bytes, want %d of %d", c.in, len(got), *whole, c.n, c.whole)
		}
	}
	if got, whole := clip(""); got != "" || whole != nil {
		t.Errorf("%q, %v", got, whole)
	}
}

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		in   float64
		want int64
	}{{0, 0}, {0.628905, 6_289_050_000}, {1e-8, 100}, {4.9e-11, 0}, {-0.5, -5_000_000_000}, {0.1 + 0.2, 3_000_000_000}, {99_999_999.5, 999_999_995_000_000_000}} {
		if got := USD(&c.in); got == nil || *got != c.want {
			t.Errorf("%v: %v, want %d", c.in, got, c.want)
		}
	}
	for _, in := range []float64{1e8, -1e8, math.Inf(1), math.NaN(), 1e300} {
		if got := USD(&in); got != nil {
			t.Errorf("%v: %d", in, *got)
		}
	}
	if USD(nil) != nil {
		t.Error("nil is an amount")
	}
}

func TestBadPartsAreNamed(t *testing.T) {
	row, _ := rowOf(t, sample("a"), 1)
	var rows []Session
	for i := range 300 {
		row.SessionID, row.Title = fmt.Sprintf("s%03d", i), fmt.Sprint(i*i)
		rows = append(rows, row)
	}
	good := file(t, rows...)
	newer := bytes.Replace(bytes.Clone(good), []byte("ams.version\x18\x011"), []byte("ams.version\x18\x012"), 1)
	foreign := bytes.Replace(bytes.Clone(good), []byte("ams.table"), []byte("xyz.table"), 1)
	for name, c := range map[string]struct {
		body []byte
		want error
	}{
		"newer": {newer, ErrNewer}, "foreign": {foreign, ErrForeign}, "no bytes": {nil, ErrEmpty}, "no rows": {file[Session](t), ErrEmpty},
		"other table": {file(t, slices.Collect(EventsOf(sample("a")))...), ErrForeign},
		"text":        {[]byte("hello, this is no Parquet file"), ErrDamaged}, "short": {[]byte("PAR1"), ErrDamaged},
		"cut": {good[:len(good)/2], ErrDamaged}, "no head": {good[len(good)/2:], ErrDamaged}, "zeros": {make([]byte, 1<<16), ErrDamaged},
	} {
		if _, err := all[Session](c.body); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	for i := 4; i < len(good); i += 1 + len(good)/400 { // one bit at a time: wrong rows may come, but no crash
		bad := bytes.Clone(good)
		bad[i] ^= 0x40
		if got, err := all[Session](bad); err == nil && len(got) > len(rows) {
			t.Errorf("bit %d: %d rows", i, len(got))
		}
	}
}

// TestOlderPartsLackColumns reads a part of a program that knew fewer of them.
func TestOlderPartsLackColumns(t *testing.T) {
	b := oldPart(t)
	for e, err := range ReadSessions(bytes.NewReader(b), int64(len(b))) {
		if err != nil || e.SessionID != "a" || e.Rev != 3 || e.Record != "" || e.Deleted {
			t.Errorf("%+v, %v", e, err)
		}
	}
	got, err := all[Session](b)
	if err != nil || len(got) != 1 || got[0].Title != "" || got[0].CostUSD != nil || len(got[0].Tools) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEqualRowsAreEqual(t *testing.T) {
	a, _ := rowOf(t, sample("a"), 1)
	b, _ := rowOf(t, sample("a"), 1)
	if diff := differ(&a, &b); diff != "" {
		t.Error(diff)
	}
	b.Tools["Bash"]++
	if diff := differ(&a, &b); diff != "tools" {
		t.Errorf("%q", diff)
	}
	typ := reflect.TypeFor[Session]()
	for i := range typ.NumField() { // a field that no column has would be lost
		if name := column(typ.Field(i)); name == "" || name == "cost" {
			t.Errorf("%s has the column %q", typ.Field(i).Name, name)
		}
	}
}
