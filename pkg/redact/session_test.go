package redact

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"ams/pkg/schema"
)

// redacted are the strings of a Session that hold what people, models and tools wrote.
var redacted = []string{
	"Title", "Agent.Name", "Agent.Version", "Environment", "Tags[]", "Metadata{}", "Metadata{key}", "Host", "User",
	"Cwd", "GitBranch", "Repo", "Signals[].Text",
	"Events[].Prompt", "Events[].Note", "Events[].LLM.Thinking", "Events[].LLM.Text", "Events[].LLM.ServerTools[].Input",
	"Events[].LLM.ServerTools[].Result", "Events[].Tool.Input", "Events[].Tool.ExecutedInput", "Events[].Tool.Result",
	"Events[].Tool.FullOutput.Path",
	"Events[].Tool.Permission.Feedback", "Events[].Subagent.Description",
	"Events[].Subagent.InvocationPrompt", "Events[].Subagent.InvocationReasoning", "Events[].Subagent.TranscriptPath",
	"Events[].Compaction.Summary", "Events[].Error.Message",
}

// never are the strings that stay as they are.
var never = []string{
	// Ids: other records are found by them.
	"SessionID", "TraceID", "ParentSessionID", "Signals[].EventIDs[]", "Cost.Differences[].EventIDs[]", "Events[].ID", "Events[].ParentID",
	"Events[].AgentID",
	"Events[].PromptID", "Events[].LLM.MessageID", "Events[].LLM.RequestID", "Events[].LLM.ServerTools[].ToolUseID",
	"Events[].Tool.ToolUseID",
	"Events[].Tool.LLMEventID", "Events[].Subagent.AgentID", "Events[].Subagent.InvocationEventID",
	"Events[].Subagent.ParentAgentID",
	"Events[].Tool.Background.TaskID",
	// Words from a list that the client, the API or AMS has.
	"SchemaVersion", "Status", "Outcome", "EndReason", "Cost.Source", "Cost.Differences[].Reason",
	"Completeness.Missing[]", "Events[].Type",
	"Events[].Status", "Events[].PromptSource", "Events[].LLM.StopReason", "Events[].Tool.Outcome",
	"Events[].Tool.Permission.Decision",
	"Events[].Tool.Permission.Source", "Events[].Tool.ExecutedInputBy", "Events[].Subagent.Link",
	"Events[].Compaction.Trigger", "Events[].Error.Type",
	"Signals[].Kind", "Events[].LLM.CacheRewrite.Reason",
	"Limit.Kind", "Events[].Tool.Background.Status", "Totals.Usage.Unknown[]", "Events[].LLM.Usage.Unknown[]",
	"Events[].Subagent.Usage.Unknown[]", "Events[].Subagent.Rollup.Usage.Unknown[]",
	// Names and versions of programs, models, tools, agents and events.
	"Client.Name", "Client.Version", "Client.Entrypoint", "Models[]", "Cost.UnpricedModels[]", "Cost.PricesDate",
	"Cost.Differences[].Model",
	"Completeness.ProgramVersion", "Completeness.Records{key}", "Completeness.UnknownRecords{key}",
	"Completeness.UnknownLines{key}",
	"Completeness.Files[].Name", "Events[].Name", "Events[].LLM.Model", "Events[].LLM.ServerTools[].Name",
	"Events[].Tool.Name",
	"Events[].Tool.MCPServer", "Events[].Subagent.AgentType", "MainAgent",
	// What Session itself writes.
	"Redactions{key}",
}

const (
	secretText = `token = "fake0000fake0000"`
	secretJSON = `{"password":"x"}`
)

// fill sets every string below v to a secret and notes the paths.
func fill(v reflect.Value, path string, paths *[]string) {
	switch {
	case v.Type() == reflect.TypeFor[schema.Time]():
	case v.Type() == reflect.TypeFor[schema.Raw]():
		v.SetBytes([]byte(secretJSON))
		*paths = append(*paths, path)
	case v.Kind() == reflect.String:
		v.SetString(secretText)
		*paths = append(*paths, path)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), path, paths)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), path+"[]", paths)
	case v.Kind() == reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, path+"{}", paths)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(secretText), value)
		*paths = append(*paths, path+"{key}")
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), paths)
		}
	}
}

// changed notes the paths of the strings below v that fill did not leave so.
func changed(v reflect.Value, path string, paths *[]string) {
	switch {
	case v.Type() == reflect.TypeFor[schema.Time]():
	case v.Type() == reflect.TypeFor[schema.Raw]():
		if string(v.Bytes()) != secretJSON {
			*paths = append(*paths, path)
		}
	case v.Kind() == reflect.String:
		if v.String() != secretText {
			*paths = append(*paths, path)
		}
	case v.Kind() == reflect.Pointer:
		changed(v.Elem(), path, paths)
	case v.Kind() == reflect.Slice:
		changed(v.Index(0), path+"[]", paths)
	case v.Kind() == reflect.Map:
		for _, key := range v.MapKeys() {
			if key.String() != secretText {
				*paths = append(*paths, path+"{key}")
			}
			changed(v.MapIndex(key), path+"{}", paths)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			changed(v.Field(i), strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), paths)
		}
	}
}

// TestEveryStringOfASessionIsDecided fails for a new field of [schema.Session] until it is walked or stands in never.
func TestEveryStringOfASessionIsDecided(t *testing.T) {
	var s schema.Session
	var all, got []string
	fill(reflect.ValueOf(&s).Elem(), "", &all)
	for _, path := range all {
		if slices.Contains(redacted, path) == slices.Contains(never, path) {
			t.Errorf("%s must be either in redacted or in never", path)
		}
	}
	for _, path := range slices.Concat(redacted, never) {
		if !slices.Contains(all, path) {
			t.Errorf("%s is no string of a Session", path)
		}
	}
	New(Rules{Secrets: true}).Session(&s)
	s.Redactions = map[string]int{secretText: 1}
	changed(reflect.ValueOf(&s).Elem(), "", &got)
	for _, path := range all {
		if want := slices.Contains(redacted, path); slices.Contains(got, path) != want {
			t.Errorf("%s: redacted: got %t, want %t", path, !want, want)
		}
	}
}

func TestSession(t *testing.T) {
	newSession := func() *schema.Session {
		return &schema.Session{
			Title: "mail jane@example.com", Cwd: "/home/jane@example.com/415-555-0132",
			Metadata: map[string]schema.Raw{"api_key": schema.Raw(`"abc"`), "jane@example.com": schema.Raw(`1`),
				"z": schema.Raw(`"joe@example.com"`)},
			Events: []schema.Event{
				{Prompt: "the password is hunter2", Note: "[email#7]"},
				{Tool: &schema.Tool{Input: schema.Raw(`{"command":"PGPASSWORD=hunter2 psql","timeout":4111111111111111}`)}},
				{Error: &schema.Error{Message: "no route to joe@example.com"}},
			},
		}
	}
	s := newSession()
	New(Rules{Secrets: true, Personal: true}).Session(s)
	for _, c := range [][2]string{
		{s.Title, "mail [email#8]"},
		{s.Cwd, "/home/[email#8]/[phone#1]"},
		{string(s.Metadata["api_key"]), `"[secret:api-key#1]"`},
		{string(s.Metadata["[email#8]"]), `1`},
		{string(s.Metadata["z"]), `"[email#9]"`},
		{s.Events[0].Prompt, "the password is [secret:password#1]"},
		{string(s.Events[1].Tool.Input), `{"command":"PGPASSWORD=[secret:password#1] psql","timeout":4111111111111111}`},
		{s.Events[2].Error.Message, "no route to [email#9]"},
	} {
		if c[0] != c[1] {
			t.Errorf("got %q, want %q", c[0], c[1])
		}
	}
	want := map[string]int{"email": 6, "phone": 1, "secret:api-key": 1, "secret:password": 2}
	if !reflect.DeepEqual(s.Redactions, want) {
		t.Errorf("Redactions: got %v, want %v", s.Redactions, want)
	}

	again := New(Rules{Secrets: true, Personal: true})
	before, err := schema.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	again.Session(s)
	after, err := schema.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	if string(after) != string(before) {
		t.Errorf("redacting twice\n got %s\nwant %s", after, before)
	}

	off := newSession()
	off.Redactions = map[string]int{"email": 1}
	New(Rules{}).Session(off)
	if want := newSession(); off.Title != want.Title || off.Redactions["email"] != 1 {
		t.Errorf("without rules: got %q and %v, want no change", off.Title, off.Redactions)
	}
}
