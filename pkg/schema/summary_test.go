package schema_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"ams/pkg/schema"
)

func TestIndexRecordHasEveryKey(t *testing.T) {
	var root object
	if err := json.Unmarshal(schema.IndexSchema(), &root); err != nil {
		t.Fatal(err)
	}
	properties, _ := root["properties"].(object)
	delete(properties, "cut") // written only where something was
	want := slices.Sorted(maps.Keys(properties))
	for name, s := range map[string]*schema.Session{"full": fullSession(), "minimal": minimalSession()} {
		var got object
		if err := json.Unmarshal(encodeSummary(t, s), &got); err != nil {
			t.Fatal(err)
		}
		if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, want) {
			t.Errorf("%s: got keys %q, want %q", name, keys, want)
		}
		for key, value := range got {
			if name == "full" && value == nil {
				t.Errorf("full: got %s null, want what the Session says", key)
			}
		}
	}
}

func TestIndexRecordIsNullWhereTheSessionSaysNothing(t *testing.T) {
	var got object
	if err := json.Unmarshal(encodeSummary(t, minimalSession()), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"environment", "end_time", "duration_ms", "cost_usd", "title", "cwd", "client_version",
		"outcome", "cost_source", "first_prompt"} {
		if value, ok := got[key]; !ok || value != nil {
			t.Errorf("%s: got %v, want null", key, value)
		}
	}
	for key, want := range map[string]any{"agent": object{}, "tags": []any{}, "metadata": object{}, "models": []any{},
		"tools": object{}, "input_tokens": 0.0, "errors": 0.0} {
		if !reflect.DeepEqual(got[key], want) {
			t.Errorf("%s: got %v, want %v", key, got[key], want)
		}
	}
}

func TestIndexRecordRepeatsTheSession(t *testing.T) {
	s := fullSession()
	got := schema.Summarize(s)
	if got.InputTokens != 12 || got.OutputTokens != 340 || *got.CostUSD != 0.026232 || got.LLMCalls != 1 ||
		got.ToolCalls != 2 || got.Subagents != 1 || got.Errors != 2 || *got.DurationMS != 40_000 {
		t.Errorf("got counts %+v, want those of totals %+v", got, s.Totals)
	}
	if got.SchemaVersion != s.SchemaVersion || got.SessionID != s.SessionID || got.TraceID != s.TraceID ||
		got.Agent != s.Agent || *got.Environment != s.Environment || got.StartTime != s.StartTime ||
		*got.EndTime != s.EndTime || got.Status != s.Status || *got.Outcome != s.Outcome || *got.Title != s.Title ||
		*got.Cwd != s.Cwd || *got.ClientVersion != s.Client.Version || *got.CostSource != s.Cost.Source {
		t.Errorf("got %+v, want the values of the Session", got)
	}
	if !slices.Equal(got.Tags, s.Tags) || !slices.Equal(got.Models, s.Models) || len(got.Metadata) != len(s.Metadata) {
		t.Errorf("got tags %q, models %q, metadata %v, want those of the Session", got.Tags, got.Models, got.Metadata)
	}
}

func TestIndexRecordCountsTools(t *testing.T) {
	s := minimalSession()
	for _, call := range []struct {
		name   string
		failed bool
	}{{"Bash", false}, {"Read", false}, {"Bash", true}, {"Bash", true}, {"Write", true}} {
		s.Events = append(s.Events, schema.Event{
			Type: schema.ToolCall, Tool: &schema.Tool{Name: call.name, IsError: call.failed},
		})
	}
	want := map[string]schema.ToolCount{"Bash": {Calls: 3, Errors: 2}, "Read": {Calls: 1}, "Write": {Calls: 1, Errors: 1}}
	if got := schema.Summarize(s).Tools; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFirstPromptIsCutBetweenCharacters(t *testing.T) {
	for _, row := range []struct{ name, prompt, want string }{
		{"short", "Why?", "Why?"},
		{"just fits", strings.Repeat("é", 200), strings.Repeat("é", 200)},
		{"one too long", strings.Repeat("é", 201), strings.Repeat("é", 199) + "…"},
		{"four bytes each", strings.Repeat("\U0001F600", 5000), strings.Repeat("\U0001F600", 199) + "…"},
	} {
		s := minimalSession()
		s.Events = []schema.Event{
			{Type: schema.LLMMessage, LLM: &schema.LLM{Text: "hello"}},
			{Type: schema.UserPrompt}, // an image alone
			{Type: schema.UserPrompt, Prompt: row.prompt},
			{Type: schema.UserPrompt, Prompt: "later"},
		}
		got := schema.Summarize(s).FirstPrompt
		if got == nil || *got != row.want {
			t.Errorf("%s: got %v, want %q", row.name, got, row.want)
			continue
		}
		if !utf8.ValidString(*got) {
			t.Errorf("%s: got %q, want valid UTF-8", row.name, *got)
		}
	}
}

func TestSummarizeLeavesTheSessionAlone(t *testing.T) {
	s, want := fullSession(), fullSession()
	schema.Summarize(s)
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, want %+v", s, want)
	}
}

func TestFirstAskedIsWhateverWasAsked(t *testing.T) {
	prompt := func(text string) schema.Event { return schema.Event{Type: schema.UserPrompt, Prompt: text} }
	note := func(kind, text string) schema.Event {
		return schema.Event{Type: schema.Notification, Name: "notification:" + kind, Note: text}
	}
	agent := schema.Event{Type: schema.Subagent, Subagent: &schema.SubagentInfo{Description: "Find it", InvocationPrompt: "Find the bug"}}
	for _, row := range []struct {
		name   string
		events []schema.Event
		want   string
	}{
		{"a prompt, whatever came before", []schema.Event{note("command", "/clear"), agent, prompt(" \n"), prompt("Fix it")}, "Fix it"},
		{"a subagent whose session has no prompt", []schema.Event{note("command", "/clear"), agent}, "Find the bug"},
		{"a command of the client", []schema.Event{note("task_notification", "Build done"), note("command", "/cost")}, "/cost"},
		{"another session", []schema.Event{note("setup", "init"), note("teammate_message", "Look here")}, "Look here"},
		{"nobody", []schema.Event{note("setup", "init")}, ""},
	} {
		s := &schema.Session{Events: row.events}
		if got := s.FirstAsked(); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}
