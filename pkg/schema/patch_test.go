package schema

import (
	"slices"
	"testing"
)

func TestPatchIsWhatTheClientSawOrWasAskedFor(t *testing.T) {
	for _, c := range []struct {
		tool, input, result string
		want                []string
	}{
		{"Edit", `{"file_path":"/a","old_string":"x","new_string":"y"}`,
			`{"structuredPatch":[{"oldStart":3,"oldLines":2,"newStart":3,"newLines":2,"lines":[" a","-x","+y"]}]}`, []string{"@@ -3,2 +3,2 @@", " a", "-x", "+y"}},
		{"Edit", `{"file_path":"/a","old_string":"x\nz","new_string":"y"}`, `"done"`, []string{"-x", "-z", "+y"}},
		{"Write", `{"file_path":"/a","content":"1\n2\n"}`, `{"type":"create","structuredPatch":[]}`, []string{"+1", "+2"}},
		{"MultiEdit", `{"file_path":"/a","edits":[{"old_string":"a","new_string":"b"},{"old_string":"c","new_string":""}]}`, `null`, []string{"-a", "+b", "-c"}},
		{"NotebookEdit", `{"notebook_path":"/a.ipynb","new_source":"print(1)"}`, `{}`, []string{"+print(1)"}},
		{"Edit", `{"file_path":"/a"}`, `{"structuredPatch":[{"oldStart":"x","lines":[7]}, 3]}`, []string{"@@ -?,? +?,? @@", "", "@@ -?,? +?,? @@"}},
		{"Read", `{"file_path":"/a"}`, `{}`, nil},
	} {
		tool := &Tool{Name: c.tool, Input: Raw(c.input), Result: Raw(c.result)}
		if got := tool.Patch(); !slices.Equal(got, c.want) {
			t.Errorf("%s %s: got %q, want %q", c.tool, c.input, got, c.want)
		}
	}
	failed := &Tool{Name: "Edit", Input: Raw(`{"file_path":"/a","old_string":"x","new_string":"y"}`), IsError: true}
	if got := failed.Patch(); got != nil {
		t.Errorf("a failed call: %q", got)
	}
}
