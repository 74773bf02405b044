package schema_test

import (
	"testing"

	"ams/pkg/schema"
)

func TestEditsAreCountedAsADiffCountsThem(t *testing.T) {
	for _, row := range []struct {
		name, tool, input, result string
		want                      schema.FileEdit
	}{
		{"the client's diff", "Edit", `{"file_path":"/a.go","old_string":"a","new_string":"b"}`,
			`{"filePath":"/a.go","originalFile":"","structuredPatch":[{"lines":[" x","-a","+b","+c"]},{"lines":["-d","\\ No newline"]}]}`,
			schema.FileEdit{Path: "/a.go", Added: 2, Removed: 2}},
		{"the input alone", "Edit", `{"file_path":"/a.go","old_string":"x\na\ny","new_string":"x\nb\nc\ny"}`, `"ok"`,
			schema.FileEdit{Path: "/a.go", Added: 2, Removed: 1}},
		{"several edits", "MultiEdit", `{"file_path":"/a.go","edits":[{"old_string":"a","new_string":""},{"old_string":"","new_string":"b\nc\n"}]}`, ``,
			schema.FileEdit{Path: "/a.go", Added: 2, Removed: 1}},
		{"a new file", "Write", `{"file_path":"/a.go","content":"a\nb\n"}`, `{"type":"create","structuredPatch":[]}`,
			schema.FileEdit{Path: "/a.go", Added: 2}},
		{"a file with escapes", "Write", `{"file_path":"/a.go","content":"a\\n\\\nb\"\n\nc"}`, ``, schema.FileEdit{Path: "/a.go", Added: 4}},
		{"an empty file", "Write", `{"file_path":"/a.go","content":""}`, ``, schema.FileEdit{Path: "/a.go"}},
		{"a file whose text before is not known", "Write", `{"file_path":"/a.go","content":"a\nb\n"}`, `{"type":"update","structuredPatch":[]}`,
			schema.FileEdit{Path: "/a.go"}},
		{"a notebook", "NotebookEdit", `{"notebook_path":"/a.ipynb","new_source":"x"}`, ``, schema.FileEdit{Path: "/a.ipynb", Added: 1}},
	} {
		tool := schema.Tool{Name: row.tool, Input: schema.Raw(row.input), Result: schema.Raw(row.result), Outcome: schema.ToolOK}
		if got, ok := tool.Edit(); !ok || got != row.want {
			t.Errorf("%s: got %+v, %v, want %+v", row.name, got, ok, row.want)
		}
	}
	for name, tool := range map[string]schema.Tool{
		"one that failed":     {Name: "Edit", Input: schema.Raw(`{"file_path":"/a"}`), IsError: true},
		"one that was denied": {Name: "Edit", Input: schema.Raw(`{"file_path":"/a"}`), Outcome: schema.ToolDenied},
		"a reader":            {Name: "Read", Input: schema.Raw(`{"file_path":"/a"}`)},
		"one without a path":  {Name: "Edit", Input: schema.Raw(`{"old_string":"a"}`)},
		"one that is no JSON": {Name: "Edit", Input: schema.Raw(`{"file_path":`)},
		"one of another kind": {Name: "Edit", Input: schema.Raw(`["/a"]`)},
	} {
		if got, ok := tool.Edit(); ok {
			t.Errorf("%s: got %+v, want none", name, got)
		}
	}
	changed := schema.Tool{Name: "Write", Input: schema.Raw(`{"file_path":"/a"}`), ExecutedInput: schema.Raw(`{"file_path":"/b"}`)}
	if got, _ := changed.Edit(); got.Path != "/b" {
		t.Errorf("got %q, want the file that it ran with", got.Path)
	}
}

func TestSkillsByTheirCalls(t *testing.T) {
	s := minimalSession()
	for _, input := range []string{`{"skill":"pdf"}`, `{"skill":"pdf","args":"x"}`, `{"command":"old"}`, `{}`} {
		s.Events = append(s.Events, schema.Event{Tool: &schema.Tool{Name: "Skill", Input: schema.Raw(input), IsError: input == `{"command":"old"}`}})
	}
	got := schema.Summarize(s).Skills
	if len(got) != 2 || got["pdf"] != (schema.ToolCount{Calls: 2}) || got["old"] != (schema.ToolCount{Calls: 1, Errors: 1}) {
		t.Errorf("got %v, want two of pdf and one of old that failed", got)
	}
}

// TestRecordsOfBeforeAreReadForWhatTheyHave reads what older programs wrote, those of others among them: they used some
// names of 1.2 for other things.
func TestRecordsOfBeforeAreReadForWhatTheyHave(t *testing.T) {
	const head = `"session_id":"s1","trace_id":"t","agent":{"name":"a"},"start_time":"2026-01-02T03:04:05+00:00","status":"ok","tool_calls":3`
	for name, body := range map[string]string{
		"1.0":                     `{"schema_version":"1.0",` + head + `}`,
		"1.1":                     `{"schema_version":"1.1",` + head + `,"tools":{"Bash":{"calls":3,"errors":0}},"outcome":"completed"}`,
		"manifest and topology":   `{"schema_version":"1.1",` + head + `,"manifest":{"files":["a"],"host":{"name":"x"}},"topology":[{"agents":2}]}`,
		"other shapes of our own": `{"schema_version":"1.1",` + head + `,"files":["a"],"agents":3,"signals":"none","user":{"name":"x"},"per_day":[1]}`,
	} {
		sum, err := schema.DecodeSummary([]byte(body))
		if err != nil || sum.SessionID != "s1" || sum.ToolCalls != 3 || sum.StartTime.IsZero() || sum.Agent.Name != "a" {
			t.Errorf("%s: got %+v (%v), want what it holds", name, sum, err)
			continue
		}
		if !sum.Lacks("files") || !sum.Lacks("user") || sum.Lacks("tools") || sum.Unassigned() != nil {
			t.Errorf("%s: got a record that knows its files", name)
		}
	}
}
