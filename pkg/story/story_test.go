package story

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

var update = flag.Bool("update", false, "write the golden files anew")

// everything is a Session with one of each thing that can be told, hostile texts among them.
func everything(t testing.TB) *schema.Session {
	t.Helper()
	b, err := os.ReadFile("testdata/everything.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStoryReadsAsTheGoldenFiles(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	for name, o := range map[string]Options{
		"80.txt":        {Screen: screen.Screen{Cells: 80}},
		"200.txt":       {Screen: screen.Screen{Cells: 200}, Location: berlin},
		"color.txt":     {Screen: screen.Screen{Cells: 100, Color: true}},
		"full.txt":      {Screen: screen.Screen{Cells: 100}, Full: true},
		"errors.txt":    {Screen: screen.Screen{Cells: 100}, Only: []Kind{Errors}},
		"two-kinds.txt": {Screen: screen.Screen{Cells: 100}, Only: []Kind{Prompts, Subagents}},
		"event-4.txt":   {Screen: screen.Screen{Cells: 100}, Event: 4},
		"event-7.txt":   {Screen: screen.Screen{Cells: 100}, Event: 7},
		"page.md":       {},
		"event-4.md":    {Event: 4},
		"summary.txt":   {Screen: screen.Screen{Cells: 100}, Summary: true},
		"outline.txt":   {Screen: screen.Screen{Cells: 80}, Outline: true},
		"outline.md":    {Outline: true},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			tell := Write
			if strings.HasSuffix(name, ".md") {
				tell = Markdown
			}
			if err := tell(&b, everything(t), o); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s", b.Bytes(), want)
			}
		})
	}
}

// checkLines holds a story to its width and to characters that do no harm.
func checkLines(t *testing.T, text string, cells int) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if screen.Width(line) > cells {
			t.Errorf("%d cells in a terminal of %d: %q", screen.Width(line), cells, line)
		}
		if safe := screen.Text(line); safe != line {
			t.Errorf("not safe to show: %q", line)
		}
	}
}

func TestStoryFitsEveryWidth(t *testing.T) {
	s := everything(t)
	for cells := 40; cells <= 220; cells += 7 {
		for _, full := range []bool{false, true} {
			var b strings.Builder
			if err := Write(&b, s, Options{Screen: screen.Screen{Cells: cells}, Full: full}); err != nil {
				t.Fatal(err)
			}
			checkLines(t, b.String(), cells)
		}
	}
}

func TestFullTellsEveryTextWhole(t *testing.T) {
	s := everything(t)
	var b strings.Builder
	if err := Write(&b, s, Options{Screen: screen.Screen{Cells: 300}, Full: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Thought 20 of many.", "line 15", "There is no rule.", "head -200"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not told", want)
		}
	}
	if strings.Contains(b.String(), "more line") {
		t.Errorf("something is cut:\n%s", b.String())
	}
}

func TestLongTextsAreCutWithoutBeingRead(t *testing.T) {
	s := everything(t)
	s.Events[1].Prompt = "begin " + strings.Repeat("中文 ", 5<<20) + " end"
	var b strings.Builder
	began := time.Now()
	if err := Write(&b, s, Options{Screen: screen.Screen{Cells: 80}}); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "begin") || !strings.Contains(text, " end\n") || !strings.Contains(text, "MB more") {
		t.Errorf("want the beginning, the end and the size between:\n%.3000s", text)
	}
	t.Logf("%d MB told in %v", len(s.Events[1].Prompt)>>20, time.Since(began))
}

func TestWhatIsCutIsCountedAsWhatItIs(t *testing.T) {
	s := everything(t)
	s.Events = s.Events[1:2]
	s.Events[0].Prompt = ""
	s.Events[0].StartTime = schema.Time{}
	s.Events[0].Type, s.Events[0].Tool = schema.ToolCall, &schema.Tool{Name: "Write", Input: schema.Raw(`{"file_path":"/x","content":"` + strings.Repeat(`a line of it\n`, 3000) + `"}`)}
	var b strings.Builder
	if err := Write(&b, s, Options{Screen: screen.Screen{Cells: 80}}); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "… 38.9 kB more") || strings.Contains(text, "more line") || strings.Contains(text, "#2  -") {
		t.Errorf("want the bytes that are left out, and no time where none is known:\n%s", text)
	}
}

func TestSelectIsWhatIsTold(t *testing.T) {
	s := everything(t)
	for _, k := range Kinds {
		n := 0
		for _, e := range Select(s, Options{Only: []Kind{k}}) {
			if !k.holds(&e) {
				t.Errorf("%s: got %s", k, e.Name)
			}
			n++
		}
		if n == 0 {
			t.Errorf("nothing is of kind %s", k)
		}
	}
	if got := Select(s, Options{Event: 4}); len(got) != 1 || got[0].Seq != 4 {
		t.Errorf("got %v, want event 4 alone", got)
	}
	if got := Select(s, Options{Event: 4000}); got == nil || len(got) != 0 {
		t.Errorf("got %v, want an empty list", got)
	}
}

// TestAnySessionOfContract10 tells what the Python package wrote: it has none of the fields of 1.1.
func TestAnySessionOfContract10(t *testing.T) {
	s, err := schema.Decode([]byte(`{"schema_version":"1.0","session_id":"s","trace_id":"t","agent":{},"tags":[],"metadata":{},
		"start_time":"2025-01-01T00:00:00+00:00","status":"error","totals":{"usage":{"input_tokens":1,"output_tokens":2}},
		"events":[{"id":"a","seq":1,"type":"tool_call","name":"tool:Bash","start_time":"2025-01-01T00:00:01+00:00","status":"error",
		"tool":{"name":"Bash","input":"ls","result":null,"is_error":true}},{"id":"b","seq":2,"type":"subagent","name":"subagent","status":"ok"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := Write(&b, s, Options{Screen: screen.Screen{Cells: 80}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a session without a prompt", "cost      not known", "Bash  FAILED", "ls", "outcome   error"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
}

func FuzzStory(f *testing.F) {
	b, err := os.ReadFile("testdata/everything.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, 80, false)
	f.Fuzz(func(t *testing.T, body []byte, cells int, full bool) {
		s, err := schema.Decode(body)
		if err != nil || cells < 40 || cells > 300 {
			return
		}
		for _, event := range []int{0, 4} {
			o := Options{Screen: screen.Screen{Cells: cells}, Full: full, Event: event}
			var b strings.Builder
			if err := Write(&b, s, o); err != nil {
				t.Fatal(err)
			}
			checkLines(t, b.String(), cells)
			if err := Markdown(&strings.Builder{}, s, o); err != nil {
				t.Fatal(err)
			}
		}
	})
}
