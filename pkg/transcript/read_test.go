package transcript

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"ams/pkg/lax"
)

// readAll reads in and returns the uuids of the lines kept, joined by blanks, their number and the report.
func readAll(t testing.TB, in string) (string, []*Line, Report) {
	t.Helper()
	var uuids []string
	var lines []*Line
	rep, err := Read(strings.NewReader(in), func(l *Line) {
		uuids = append(uuids, l.UUID)
		lines = append(lines, l)
	})
	if err != nil {
		t.Fatalf("Read(%.200q): %v", in, err)
	}
	if rep.Bytes != int64(len(in)) {
		t.Errorf("Read(%.200q) read %d bytes, want %d", in, rep.Bytes, len(in))
	}
	return strings.Join(uuids, " "), lines, rep
}

// user is a line with a uuid and some text.
func user(uuid string, textBytes int) string {
	return `{"type":"user","uuid":"` + uuid + `","message":{"role":"user","content":"` + strings.Repeat("x", textBytes) + `"}}`
}

func TestReadSkipsAndCountsDamage(t *testing.T) {
	a, b, c := user("a", 5), user("b", 5), user("c", 5)
	for _, test := range []struct {
		name, in string
		kept     string
		want     Report
	}{
		{"nothing", "", "", Report{}},
		{"blank lines alone", "\n\r\n  \n\t", "", Report{}},
		{"every line ended", a + "\n" + b + "\n", "a b", Report{Lines: 2}},
		{"no final newline", a + "\n" + b, "a b", Report{Lines: 2}},
		{"CRLF", a + "\r\n" + b + "\r\n", "a b", Report{Lines: 2}},
		{"blank lines between", "\n" + a + "\n\n   \n" + b + "\n\n", "a b", Report{Lines: 2}},
		{"white space around", "  " + a + "\t \n", "a", Report{Lines: 1}},
		{"broken line in the middle", a + "\n" + b[:20] + "\n" + c + "\n", "a c", Report{Lines: 3, Unparsed: 1}},
		{"last line cut", a + "\n" + b[:len(b)-1], "a", Report{Lines: 2, Unparsed: 1, Cut: true}},
		{"last line cut after its first byte", a + "\n{", "a", Report{Lines: 2, Unparsed: 1, Cut: true}},
		{"last line broken, but ended", a + "\n" + b[:20] + "\n", "a", Report{Lines: 2, Unparsed: 1}},
		{"two objects run together", a + b + "\n" + c + "\n", "a b c", Report{Lines: 2}},
		{"three objects run together", a + " " + b + c, "a b c", Report{Lines: 1}},
		{"second object cut", a + b[:20], "a", Report{Lines: 1, Unparsed: 1, Cut: true}},
		{"garbage after an object", a + "garbage\n" + b + "\n", "a b", Report{Lines: 2, Unparsed: 1}},
		{"closing brace too many", a + "}\n" + b + "\n", "a b", Report{Lines: 2, Unparsed: 1}},
		{"comma between objects", a + "," + b + "\n", "a", Report{Lines: 1, Unparsed: 1}},
		{"other JSON values", "[" + a + "]\nnull\n7\n\"text\"\ntrue\n" + a + "\n", "a", Report{Lines: 6, Unparsed: 5}},
		{"value before an object", "7 " + a + "\n", "", Report{Lines: 1, Unparsed: 1}},
		{"text that is no JSON", "Traceback (most recent call last):\n" + a + "\n", "a", Report{Lines: 2, Unparsed: 1}},
		{"NULs of a crashed disk", a + "\n\x00\x00\x00\x00", "a", Report{Lines: 2, Unparsed: 1, Cut: true}},
		{"control character in a text", `{"type":"user","uuid":"` + "a\x01" + `"}` + "\n" + b + "\n", "b", Report{Lines: 2, Unparsed: 1}},
		{"prompt snapshot", `{"type":"api-request-shape","shape":{}}` + "\n" + a + "\n", "a", Report{Lines: 2}},
		{"prompt snapshot that is broken", `{"type":"api-request-blob","message":{}` + "\n" + a + "\n", "a", Report{Lines: 2, Unparsed: 1}},
		{"prompt snapshot with a line run into it", `{"type":"api-request-blob","message":{}}` + a + "\n", "a", Report{Lines: 1}},
		{"known types without use", `{"type":"last-prompt"}` + "\n" + `{"type":"mode"}` + "\n" + a, "a", Report{Lines: 3}},
		{"unknown type", `{"type":"new-thing","uuid":"x"}` + "\n" + a, "a", Report{Lines: 2, Unknown: map[string]int{"new-thing": 1}}},
		{"no type", `{"uuid":"x"}` + "\n{}\n" + a, "a", Report{Lines: 3, Unknown: map[string]int{"": 2}}},
		{"type that is a number", `{"type":7,"uuid":"x"}` + "\n" + a, "a", Report{Lines: 2, Unknown: map[string]int{"": 1}}},
		{"fields that nobody knows", `{"type":"user","uuid":"a","new":{"deep":[1]},"message":{"new":1}}`, "a", Report{Lines: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			kept, _, got := readAll(t, test.in)
			if kept != test.kept {
				t.Errorf("kept %q, want %q", kept, test.kept)
			}
			test.want.Bytes = int64(len(test.in))
			if !maps.Equal(got.Unknown, test.want.Unknown) {
				t.Errorf("unknown types %v, want %v", got.Unknown, test.want.Unknown)
			}
			got.Unknown, test.want.Unknown = nil, nil
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("Read(%q)\n got %+v\nwant %+v", test.in, got, test.want)
			}
		})
	}
}

func TestReadTakesLinesOfAnyLength(t *testing.T) {
	const buffer = 256 << 10
	overhead := len(user("a", 0)) + 1
	for _, length := range []int{overhead, buffer - 1, buffer, buffer + 1, 2*buffer - 1, 2 * buffer, 2*buffer + 1, 2 << 20} {
		in := user("a", length-overhead) + "\n" + user("b", 3) + "\n" + user("c", length-overhead)
		kept, lines, rep := readAll(t, in)
		if kept != "a b c" || rep.Lines != 3 || rep.Unparsed != 0 {
			t.Errorf("lines of %d bytes: kept %q, %+v", length, kept, rep)
			continue
		}
		for i, want := range []int{length - overhead, 3, length - overhead} {
			if got := lines[i].Message.Content.Text; got != strings.Repeat("x", want) {
				t.Errorf("lines of %d bytes: line %d has a text of %d bytes, want %d", length, i+1, len(got), want)
			}
		}
	}
}

func TestReadDoesNotDependOnTheReader(t *testing.T) {
	in := user("a", 10) + "\n" + user("b", 100_000) + user("c", 5) + "\n{\n" + user("d", 5)
	_, want, wantRep := readAll(t, in)
	for name, r := range map[string]io.Reader{
		"one byte at a time":       iotest.OneByteReader(strings.NewReader(in)),
		"half of what is asked":    iotest.HalfReader(strings.NewReader(in)),
		"data together with EOF":   iotest.DataErrReader(strings.NewReader(in)),
		"empty reads now and then": &stutterReader{r: strings.NewReader(in)},
	} {
		var got []*Line
		rep, err := Read(r, func(l *Line) { got = append(got, l) })
		if err != nil || !reflect.DeepEqual(rep, wantRep) || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d lines, %+v, %v; want %d lines, %+v", name, len(got), rep, err, len(want), wantRep)
		}
	}
}

// stutterReader gives nothing on every second read.
type stutterReader struct {
	r    io.Reader
	odds int
}

func (s *stutterReader) Read(p []byte) (int, error) {
	if s.odds++; s.odds%2 == 0 {
		return 0, nil
	}
	return s.r.Read(p[:min(len(p), 1000)])
}

func TestReadKeepsWhatCameBeforeAReadError(t *testing.T) {
	broken := errors.New("disk gone")
	n := 0
	rep, err := Read(io.MultiReader(strings.NewReader(user("a", 5)+"\n"+user("b", 5)[:20]), iotest.ErrReader(broken)), func(*Line) { n++ })
	if !errors.Is(err, broken) || n != 1 || rep.Cut {
		t.Errorf("Read = %+v, %v with %d lines; want the reader's error, 1 line, not cut", rep, err, n)
	}
	if want := "read transcript line 2: disk gone"; err != nil && err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

func TestReadNumbersLinesAsEditorsDo(t *testing.T) {
	_, lines, _ := readAll(t, "\n"+user("a", 5)+"\nbroken\n"+user("b", 5)+user("c", 5)+"\n")
	var got []int
	for _, l := range lines {
		got = append(got, l.Number)
	}
	if want := []int{2, 4, 4}; !reflect.DeepEqual(got, want) {
		t.Errorf("line numbers %v, want %v", got, want)
	}
}

func TestReadBoundsUnknownTypes(t *testing.T) {
	var in strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&in, `{"type":"new-%d"}`+"\n", i)
		fmt.Fprintf(&in, `{"type":"new-0"}`+"\n")
	}
	_, _, rep := readAll(t, in.String())
	sum := 0
	for _, n := range rep.Unknown {
		sum += n
	}
	if len(rep.Unknown) > maxUnknownTypes+1 || sum != 2000 || rep.Unknown["new-0"] != 1001 {
		t.Errorf("%d names, %d lines, %d of the first; want at most %d, 2000, 1001", len(rep.Unknown), sum, rep.Unknown["new-0"], maxUnknownTypes+1)
	}
}

func TestReadSurvivesDeepNesting(t *testing.T) {
	nested := func(depth int) string {
		return `{"type":"user","uuid":"deep","toolUseResult":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}\n"
	}
	for _, test := range []struct {
		depth int
		kept  string
	}{{1000, "deep b"}, {9000, "deep b"}, {11_000, "b"}, {1_000_000, "b"}} {
		kept, _, rep := readAll(t, nested(test.depth)+user("b", 1))
		if kept != test.kept || rep.Lines != 2 {
			t.Errorf("%d deep: kept %q, %+v, want %q", test.depth, kept, rep, test.kept)
		}
	}
	objects := strings.Repeat(`{"message":`, 500_000)
	if kept, _, rep := readAll(t, objects+"\n"+user("b", 1)); kept != "b" || rep.Unparsed != 1 {
		t.Errorf("unclosed objects: kept %q, %+v", kept, rep)
	}
}

func TestReadAcceptsTextThatIsNotUnicode(t *testing.T) {
	for in, want := range map[string]string{
		`cut \ud83d`:         "cut \ufffd",
		`\udc90 alone`:       "\ufffd alone",
		`pair \ud83d\ude00`:  "pair \U0001f600",
		`NUL \u0000 inside`:  "NUL \x00 inside",
		"raw \xff byte":      "raw \ufffd byte",
		"half \xe2\x86 rune": "half \ufffd rune",
		`line \u2028 end`:    "line \u2028 end",
		"line \u2028 end":    "line \u2028 end",
	} {
		for _, content := range []string{`"` + in + `"`, `[{"type":"text","text":"` + in + `"}]`} {
			line := `{"type":"user","uuid":"a","message":{"content":` + content + `}}`
			kept, lines, rep := readAll(t, line+"\n")
			if kept != "a" || rep.Unparsed != 0 {
				t.Errorf("Read(%q) kept %q, %+v", line, kept, rep)
				continue
			}
			c := lines[0].Message.Content
			got := c.Text
			for _, b := range c.Blocks {
				got += b.Text
			}
			if strings.ReplaceAll(got, "\ufffd\ufffd", "\ufffd") != want {
				t.Errorf("Read(%q) gives %q, want %q", line, got, want)
			}
		}
	}
}

// TestReadLosesNoLineToAWrongType has lines of a gateway that writes fields of other types: the field is lost, not the line.
func TestReadLosesNoLineToAWrongType(t *testing.T) {
	text := Content{Blocks: []Block{{Type: "text", Text: "hi", ToolPart: &ToolPart{}}}}
	none := &ToolPart{}
	at := time.Date(2026, 11, 22, 10, 0, 12, 8e6, time.UTC)
	for _, test := range []struct {
		name, in string
		want     Line
	}{
		{"usage is text",
			`{"type":"assistant","uuid":"a","message":{"id":"msg_1","content":[{"type":"text","text":"hi"}],"usage":"12 tokens"}}`,
			Line{Message: &Message{ID: "msg_1", Content: text, Usage: usageOf(noCounts)}}},
		{"token counts are text",
			`{"type":"assistant","uuid":"a","message":{"id":"msg_1","usage":{"input_tokens":"12","output_tokens":3.0,"cache_creation":7}}}`,
			Line{Message: &Message{ID: "msg_1", Usage: usageOf(Counts{12, 3, Absent, Absent, Absent, Absent})}}},
		{"content is a number",
			`{"type":"assistant","uuid":"a","message":{"id":"msg_1","content":7}}`,
			Line{Message: &Message{ID: "msg_1"}}},
		{"content is an object",
			`{"type":"assistant","uuid":"a","message":{"id":"msg_1","content":{"type":"text","text":"hi"}}}`,
			Line{Message: &Message{ID: "msg_1"}}},
		{"blocks are no objects",
			`{"type":"assistant","uuid":"a","message":{"content":["hi",null,{"type":"text","text":"hi"},[1]]}}`,
			Line{Message: &Message{Content: Content{Blocks: []Block{{ToolPart: none}, {ToolPart: none}, {Type: "text", Text: "hi", ToolPart: none}, {ToolPart: none}}}}}},
		{"fields of a block",
			`{"type":"assistant","uuid":"a","message":{"content":[{"type":["text"],"text":{"a":1},"id":5,"name":"Bash","input":"ls","is_error":"yes"}],"model":3,"usage":{"output_tokens":9}}}`,
			Line{Message: &Message{Content: Content{Blocks: []Block{{ToolPart: &ToolPart{Name: "Bash", Input: []byte(`"ls"`)}}}},
				Usage: usageOf(Counts{Absent, 9, Absent, Absent, Absent, Absent})}}},
		{"message is text", `{"type":"user","uuid":"a","message":"hi"}`, Line{}},
		{"time is a number", `{"type":"user","uuid":"a","timestamp":1795341611358,"sessionId":"s"}`, Line{Common: &Common{SessionID: "s"}}},
		{"time is a date", `{"type":"user","uuid":"a","timestamp":"2026-11-22","sessionId":"s"}`, Line{Common: &Common{SessionID: "s"}}},
		{"time has an offset", `{"type":"user","uuid":"a","timestamp":"2026-11-22T11:00:12.008+01:00"}`,
			Line{Timestamp: Stamp(at.UnixMicro()), Time: at}},
		{"flags and nulls",
			`{"type":"user","uuid":"a","isMeta":"true","isSidechain":1,"parentUuid":null,"cwd":null,"message":null,"timestamp":"2026-11-22T10:00:12.008Z"}`,
			Line{Timestamp: Stamp(at.UnixMicro()), Time: at}},
		{"attachment is text", `{"type":"system","uuid":"a","attachment":"x","compactMetadata":[1],"apiErrorStatus":"529"}`, Line{Rare: &Rare{APIErrorStatus: 529}}},
		{"one model's bill is text",
			`{"type":"cost-state","uuid":"a","totalCostUSD":"free","startTime":"x","modelUsage":{"m":{"outputTokens":5},"n":"none"},"totalAPIDuration":378}`,
			Line{Rare: &Rare{TotalAPIDuration: 378, ModelUsage: ModelUsages{"m": {OutputTokens: 5}, "n": {CostUSD: -1}}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			kept, lines, rep := readAll(t, test.in+"\n")
			if kept != "a" || rep.Unparsed != 0 {
				t.Fatalf("Read(%s) kept %q, %+v", test.in, kept, rep)
			}
			got := *lines[0]
			test.want.UUID, test.want.Type, test.want.Number = "a", got.Type, 1
			test.want.Said = &Said{}
			if test.want.Common == nil {
				test.want.Common = &Common{}
			}
			if test.want.Rare == nil {
				test.want.Rare = &Rare{}
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("Read(%s)\n got %+v\nwant %+v", test.in, got, test.want)
			}
		})
	}
}

// TestReadRealLines has lines as clients 2.1.330 and, the last, 2.0.56 wrote them, of eleven kinds that a Session
// needs and two that it does not.
func TestReadRealLines(t *testing.T) {
	in, err := os.ReadFile("testdata/lines.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	_, lines, rep := readAll(t, string(in))
	if rep.Lines != 13 || rep.Unparsed != 0 || rep.Cut || len(rep.Unknown) != 0 || len(lines) != 11 {
		t.Fatalf("%d lines kept, %+v; want 11 of 13", len(lines), rep)
	}
	prompt, request, thinking, use, cost := lines[1], lines[2], lines[3].Message, lines[4].Message, lines[5]
	queued, compact, retry, failed, old := lines[6], lines[7], lines[8], lines[9], lines[10]
	for _, test := range []struct{ name, got, want string }{
		{"queue-operation", lines[0].Operation + " " + lax.String(lines[0].Content), "enqueue Use a helper [[lane:main]]"},
		{"prompt", fmt.Sprint(prompt.PromptSource, prompt.TurnOrigin, prompt.Time.UnixMilli(), prompt.Message.Content.Text),
			"sdk" + "sdk" + "1795341612008" + "Use a helper [[lane:main]]"},
		{"api-request", request.ID, lines[3].RequestRef},
		{"thinking", fmt.Sprint(thinking.Model, thinking.Content.Blocks[0].Thinking, thinking.Usage.Ephemeral5m), "claude-opus-5-5A helper should do this.4000"},
		{"tool use", fmt.Sprint(use.ID == thinking.ID, use.Content.Blocks[0].Name, len(use.Content.Blocks[0].Input) > 10, use.Usage.WebSearches), "trueAgenttrue0"},
		{"cost-state", fmt.Sprint(*cost.TotalCostUSD, cost.ModelUsage["claude-opus-5-5"].OutputTokens), "0.039360000000000006 205"},
		{"queued prompt", queued.Attachment.Prompt.Text + queued.Attachment.CommandMode, "Queued while two runsprompt"},
		{"compact boundary", fmt.Sprint(*compact.CompactMetadata), "{manual 4032 2624 0 595}"},
		{"retry", fmt.Sprint(retry.Subtype, retry.RetryAttempt, retry.RetryInMS, lax.IsNull(retry.Error)), "api_error1 619 false"},
		{"failed call", fmt.Sprint(failed.Message.Model == SyntheticModel, failed.IsAPIError, failed.APIErrorStatus, lax.String(failed.Error)), "true true 529 server_error"},
		{"result of 2.0.56", fmt.Sprint(old.AgentID, old.Version, old.IsSidechain, old.Message.Content.Blocks[0].ToolUseID, len(old.ToolUseResult)),
			"fbe673dd 2.0.56 true toolu_01sub100002 110"},
	} {
		if strings.ReplaceAll(test.got, " ", "") != strings.ReplaceAll(test.want, " ", "") {
			t.Errorf("%s: %s, want %s", test.name, test.got, test.want)
		}
	}
}

func TestReadDropsAttachmentsButQueuedPrompts(t *testing.T) {
	in := `{"type":"attachment","uuid":"a","attachment":{"type":"hook_success","stdout":"x"}}
{"type":"attachment","uuid":"b"}
{"type":"attachment","uuid":"c","attachment":null}
{"type":"attachment","uuid":"d","attachment":{"type":"queued_command","prompt":"and then","commandMode":"prompt"}}
{"type":"attachment","uuid":"e","attachment":{"type":"queued_command","prompt":[{"type":"text","text":"and then"},{"type":"image"}]}}
{"type":"attachment","uuid":"f","attachment":{"type":"prompt_snapshot","systemPrompt":["x"]}}
`
	kept, lines, rep := readAll(t, in)
	if kept != "d e" || rep.Lines != 6 || len(rep.Unknown) != 0 {
		t.Fatalf("kept %q, %+v; want the queued prompts", kept, rep)
	}
	if got := lines[0].Attachment.Prompt.Text; got != "and then" {
		t.Errorf("prompt %q, want %q", got, "and then")
	}
	if got := lines[1].Attachment.Prompt.Blocks; len(got) != 2 || got[0].Text != "and then" {
		t.Errorf("prompt blocks %+v, want a text and an image", got)
	}
}

func TestNestedGivesTheSubagentsLine(t *testing.T) {
	in := `{"type":"progress","uuid":"p","sessionId":"s","version":"2.1.30","timestamp":"2026-11-22T10:00:13Z","parentToolUseID":"toolu_1",` +
		`"data":{"type":"agent_progress","agentId":"a1b2c3","prompt":"Look","message":{"type":"assistant","uuid":"n","timestamp":"2026-11-22T10:00:12Z",` +
		`"requestId":"req_1","message":{"id":"msg_1","model":"m","content":[{"type":"text","text":"hi"}],"usage":{"output_tokens":5}}}}}`
	_, lines, _ := readAll(t, in+"\n")
	if len(lines) != 1 {
		t.Fatalf("%d lines, want 1", len(lines))
	}
	at := time.Date(2026, 11, 22, 10, 0, 12, 0, time.UTC)
	want := &Line{
		Type: "assistant", UUID: "n", Timestamp: Stamp(at.UnixMicro()), IsSidechain: true,
		Common:    &Common{SessionID: "s", AgentID: "a1b2c3", Version: "2.1.30"},
		RequestID: "req_1", Number: 1, Time: at, Said: &Said{}, Rare: &Rare{},
		Message: &Message{ID: "msg_1", Model: "m", Content: Content{Blocks: []Block{{Type: "text", Text: "hi", ToolPart: &ToolPart{}}}},
			Usage: usageOf(Counts{Absent, 5, Absent, Absent, Absent, Absent})},
	}
	if got := lines[0].Nested(); !reflect.DeepEqual(got, want) {
		t.Errorf("Nested\n got %+v\nwant %+v", got, want)
	}
	if lines[0].ParentTool != "toolu_1" || lines[0].Data.Prompt != "Look" {
		t.Errorf("parent %q, prompt %q; want toolu_1, Look", lines[0].ParentTool, lines[0].Data.Prompt)
	}

	without := strings.Replace(in, `"timestamp":"2026-11-22T10:00:12Z",`, "", 1)
	_, lines, _ = readAll(t, without)
	if got := lines[0].Nested().Time; !got.Equal(at.Add(time.Second)) {
		t.Errorf("time of a nested line without one: %v, want its bearer's %v", got, at.Add(time.Second))
	}
}

func TestNestedIsNilWithoutASubagentsLine(t *testing.T) {
	for _, in := range []string{
		`{"type":"user"}`,
		`{"type":"progress"}`,
		`{"type":"progress","data":"agent_progress"}`,
		`{"type":"progress","data":{"type":"bash_progress","agentId":"a","message":{"type":"user"}}}`,
		`{"type":"progress","data":{"type":"agent_progress","agentId":"a"}}`,
		`{"type":"progress","data":{"type":"agent_progress","agentId":"a","message":"text"}}`,
		`{"type":"progress","data":{"type":"agent_progress","message":{"type":"user"}}}`,
	} {
		_, lines, _ := readAll(t, in)
		for _, l := range lines {
			if n := l.Nested(); n != nil {
				t.Errorf("Nested of %s = %+v, want nil", in, n)
			}
		}
	}
}

// TestReadKeepsNoLineBuffer checks that kept lines do not hold on to the buffer that they were read into.
func TestReadKeepsNoLineBuffer(t *testing.T) {
	in := bytes.Repeat([]byte(`{"type":"user","uuid":"a","unknown":"`+strings.Repeat("x", 100_000)+`"}`+"\n"), 100)
	var lines []*Line
	grown := heapGrowth(func() {
		if _, err := Read(bytes.NewReader(in), func(l *Line) { lines = append(lines, l) }); err != nil {
			t.Fatal(err)
		}
	})
	if len(lines) != 100 || grown > 2<<20 {
		t.Errorf("%d lines hold %d bytes of a 10 MB file that has nothing to keep", len(lines), grown)
	}
}

// heapGrowth returns how many bytes more are in use after fn.
func heapGrowth(fn func()) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	fn()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

func TestReadBoundsNamesOfUnknownTypes(t *testing.T) {
	_, _, rep := readAll(t, `{"type":"`+strings.Repeat("x", 1<<20)+`"}`+"\n")
	for name := range rep.Unknown {
		if len(name) > 100 {
			t.Errorf("a name of %d bytes in the report, want at most 100", len(name))
		}
	}
	if len(rep.Unknown) != 1 {
		t.Errorf("%d unknown types, want 1", len(rep.Unknown))
	}
}

func TestReadSkipsAByteOrderMark(t *testing.T) {
	kept, _, rep := readAll(t, "\ufeff"+user("a", 5)+"\n"+user("b", 5)+"\n")
	if kept != "a b" || rep.Lines != 2 || rep.Unparsed != 0 {
		t.Errorf("kept %q, %+v; want a b, 2 lines", kept, rep)
	}
}

// TestReadKeepsOnlySubagentsProgress has the bulk of what clients 2.1.7 to 2.1.81 wrote: three of four progress lines
// are about running commands and hooks.
func TestReadKeepsOnlySubagentsProgress(t *testing.T) {
	kept, _, rep := readAll(t, `{"type":"progress","uuid":"a","data":{"type":"bash_progress","output":"x"}}
{"type":"progress","uuid":"b","data":{"type":"hook_progress"}}
{"type":"progress","uuid":"c"}
{"type":"progress","uuid":"d","data":{"type":"agent_progress","agentId":"a1","message":{"type":"user"}}}
`)
	if kept != "d" || rep.Lines != 4 || len(rep.Unknown) != 0 {
		t.Errorf("kept %q, %+v; want d, 4 lines", kept, rep)
	}
}
