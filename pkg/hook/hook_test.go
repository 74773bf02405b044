package hook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"ams/pkg/lax"
)

// common begins every payload.
const common = `{"session_id":"s1","transcript_path":"/home/dev/.claude/projects/p/s1.jsonl","cwd":"/home/dev/p","hook_event_name":"%s"`

func ms(f float64) *float64 { return &f }

// events are the 34 events of client 2.1.332, each with the members that only it has.
var events = []struct {
	event, members string
	want           Payload
}{
	{Setup, `"trigger":"init"`, Payload{Trigger: "init"}},
	{SessionStart, `"source":"resume","seconds_since_last_response":1,"context_tokens":4032,"prompt_cache_likely_expired":false`, Payload{Source: "resume"}},
	{InstructionsLoaded, `"file_path":"/home/dev/p/CLAUDE.md","memory_type":"Project","load_reason":"session_start"`,
		Payload{FilePath: "/home/dev/p/CLAUDE.md", LoadReason: "session_start"}},
	{UserPromptSubmit, `"prompt_id":"p1","permission_mode":"default","prompt":" What is 2+2?\n"`, Payload{PromptID: "p1", Prompt: " What is 2+2?\n"}},
	{UserPromptExpansion, `"expansion_type":"slash_command","command_name":"custom","command_args":"with words","command_source":"projectSettings","prompt":"/custom with words"`,
		Payload{CommandName: "custom", CommandSource: "projectSettings", Prompt: "/custom with words"}},
	{PreToolUse, `"agent_id":"a1","agent_type":"Explore","tool_name":"mcp__db__query","tool_input":{"sql":"select 1"},"tool_use_id":"toolu_1","mcp_server":{"name":"db","source":"project"}`,
		Payload{AgentID: "a1", AgentType: "Explore", ToolName: "mcp__db__query", ToolInput: lax.Raw(`{"sql":"select 1"}`), ToolUseID: "toolu_1", MCPServer: &MCPServer{"db", "project"}}},
	{PermissionRequest, `"tool_name":"Bash","tool_input":{"command":"ls"},"permission_suggestions":[{"type":"setMode"}]`, Payload{ToolName: "Bash", ToolInput: lax.Raw(`{"command":"ls"}`)}},
	{PermissionDenied, `"tool_name":"Bash","tool_input":{},"tool_use_id":"toolu_1","reason":"Classifier unavailable"`,
		Payload{ToolName: "Bash", ToolInput: lax.Raw(`{}`), ToolUseID: "toolu_1", Reason: "Classifier unavailable"}},
	{PostToolUse, `"tool_name":"Read","tool_input":{},"tool_response":{"type":"text"},"tool_use_id":"toolu_1","duration_ms":0`,
		Payload{ToolName: "Read", ToolInput: lax.Raw(`{}`), ToolResponse: lax.Raw(`{"type":"text"}`), ToolUseID: "toolu_1", DurationMS: ms(0)}},
	{PostToolUseFailure, `"tool_name":"Bash","tool_input":{},"tool_use_id":"toolu_1","error":"Exit code 4","is_interrupt":true,"duration_ms":19.5`,
		Payload{ToolName: "Bash", ToolInput: lax.Raw(`{}`), ToolUseID: "toolu_1", Error: "Exit code 4", IsInterrupt: true, DurationMS: ms(19.5)}},
	{PostToolBatch, `"tool_calls":[{"tool_name":"Bash","tool_response":"text"}]`, Payload{}},
	{Notification, `"message":"Claude needs your permission","notification_type":"permission_prompt"`,
		Payload{Message: "Claude needs your permission", NotificationType: "permission_prompt"}},
	{MessageDisplay, `"turn_id":"t","message_id":"m","index":0,"final":true,"delta":"text"`, Payload{}},
	{SubagentStart, `"agent_id":"a1","agent_type":"general-purpose"`, Payload{AgentID: "a1", AgentType: "general-purpose"}},
	{SubagentStop, `"agent_id":"a1","agent_type":"","stop_hook_active":false,"agent_transcript_path":"/t/agent-a1.jsonl","last_assistant_message":"Done.","background_tasks":[],"session_crons":[]`,
		Payload{AgentID: "a1", AgentTranscript: "/t/agent-a1.jsonl", LastMessage: "Done."}},
	{Stop, `"stop_hook_active":true,"last_assistant_message":"4","background_tasks":[{"id":"b1"}]`, Payload{StopHookActive: true, LastMessage: "4"}},
	{StopFailure, `"error":"server_error","last_assistant_message":"API Error: 529 Overloaded"`, Payload{Error: "server_error", LastMessage: "API Error: 529 Overloaded"}},
	{PreCompact, `"trigger":"manual","custom_instructions":null`, Payload{Trigger: "manual"}},
	{PostCompact, `"trigger":"auto","compact_summary":"<summary>..</summary>"`, Payload{Trigger: "auto", CompactSummary: "<summary>..</summary>"}},
	{PreModelSwitch, `"from_model":"a","to_model":"b","requested_model":"sonnet","source":"command"`, Payload{FromModel: "a", ToModel: "b", Source: "command"}},
	{PostModelSwitch, `"from_model":"a","to_model":"b","source":"auto","prompt_cache_warm":true`, Payload{FromModel: "a", ToModel: "b", Source: "auto"}},
	{TaskCreated, `"task_id":"1","task_subject":"First task","task_description":"do it"`, Payload{TaskID: "1", TaskSubject: "First task", TaskDescription: "do it"}},
	{TaskCompleted, `"task_id":"1","task_subject":"First task"`, Payload{TaskID: "1", TaskSubject: "First task"}},
	{Elicitation, `"mcp_server_name":"forms","message":"Your name?","mode":"form","requested_schema":{}`, Payload{MCPServerName: "forms", Message: "Your name?"}},
	{ElicitationResult, `"mcp_server_name":"forms","mode":"form","action":"cancel"`, Payload{MCPServerName: "forms", Action: "cancel"}},
	{CwdChanged, `"old_cwd":"/a","new_cwd":"/b"`, Payload{OldCwd: "/a", NewCwd: "/b"}},
	{FileChanged, `"file_path":"/a/x","event":"change"`, Payload{FilePath: "/a/x", FileEvent: "change"}},
	{DirectoryAdded, `"directory":"/c","source":"slash_command"`, Payload{Directory: "/c", Source: "slash_command"}},
	{ConfigChange, `"source":"user_settings","file_path":"/home/dev/.claude/settings.json"`, Payload{Source: "user_settings", FilePath: "/home/dev/.claude/settings.json"}},
	{WorktreeCreate, `"name":"wt2"`, Payload{Name: "wt2"}},
	{WorktreeRemove, `"worktree_path":"/w"`, Payload{WorktreePath: "/w"}},
	{TeammateIdle, `"agent_id":"abob-2c3b","agent_type":"bob","teammate_name":"bob","team_name":"session-fbeb19f6"`, Payload{AgentID: "abob-2c3b", AgentType: "bob", TeammateName: "bob"}},
	{PreSkillShellCommand, `"tool_name":"Bash","tool_input":{"command":"date"},"tool_use_id":"u1:inner:preamble-0","command_name":"state","command_source":"projectSettings","invoked_by":"user"`,
		Payload{ToolName: "Bash", ToolInput: lax.Raw(`{"command":"date"}`), ToolUseID: "u1:inner:preamble-0", CommandName: "state", CommandSource: "projectSettings", InvokedBy: "user"}},
	{SessionEnd, `"reason":"prompt_input_exit"`, Payload{Reason: "prompt_input_exit"}},
}

func TestParseReadsEveryEvent(t *testing.T) {
	for _, e := range events {
		raw := fmt.Sprintf(common, e.event) + "," + e.members + "}\n"
		want := e.want
		want.SessionID, want.TranscriptPath, want.Cwd, want.Event = "s1", "/home/dev/.claude/projects/p/s1.jsonl", "/home/dev/p", e.event
		got, err := Parse([]byte(raw))
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("Parse(%s)\n got %+v, %v\nwant %+v", raw, got, err, want)
		}
	}
}

func TestKnownCoversTheClientsEvents(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range events {
		seen[e.event] = true
		if !Known(e.event) {
			t.Errorf("Known(%q) = false", e.event)
		}
	}
	if len(seen) != 34 {
		t.Errorf("%d events in the table, want the client's 34", len(seen))
	}
	for _, name := range []string{"", "stop", "Stop ", "SessionResume", "PreToolUse\x00"} {
		if Known(name) {
			t.Errorf("Known(%q) = true", name)
		}
	}
}

// TestParseAgreesWithAnotherDecoder has payloads as clients 2.1.330 and, the last two, 2.0.56 sent them.
func TestParseAgreesWithAnotherDecoder(t *testing.T) {
	raws := recorded(t)
	for _, raw := range raws {
		got, err := Parse(raw)
		if err != nil {
			t.Errorf("Parse(%s): %v", raw, err)
			continue
		}
		var want Payload
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("Parse(%s)\n got %+v\nwant %+v", raw, *got, want)
		}
		if !Known(got.Event) || got.SessionID == "" || got.TranscriptPath == "" || got.Cwd == "" {
			t.Errorf("Parse(%s) lacks what every payload has: %+v", raw, *got)
		}
	}
	if len(raws) < 20 {
		t.Errorf("%d recorded payloads", len(raws))
	}
}

func recorded(t testing.TB) [][]byte {
	t.Helper()
	b, err := os.ReadFile("testdata/payloads.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.SplitAfter(bytes.TrimSuffix(b, []byte("\n")), []byte("\n"))
}

func TestParseKeepsWhatFits(t *testing.T) {
	for _, test := range []struct {
		name, raw string
		want      Payload
	}{
		{"nothing in it", `{}`, Payload{}},
		{"white space around", " \r\n{\"session_id\":\"s\"}\r\n\n", Payload{SessionID: "s"}},
		{"unknown members and event", `{"hook_event_name":"NewEvent","session_id":"s","new":{"a":[1]}}`, Payload{Event: "NewEvent", SessionID: "s"}},
		{"nulls", `{"hook_event_name":"Stop","session_id":null,"agent_id":null,"duration_ms":null,"mcp_server":null}`, Payload{Event: "Stop"}},
		{"wrong types everywhere",
			`{"hook_event_name":"PostToolUse","session_id":7,"cwd":["/"],"prompt":{"text":"x"},"agent_id":true,"tool_name":"Bash","duration_ms":"fast","is_interrupt":"no","mcp_server":"db","stop_hook_active":1,"error":{"a":1}}`,
			Payload{Event: "PostToolUse", ToolName: "Bash"}},
		{"an odd server", `{"session_id":"s","mcp_server":{"name":"db","source":5}}`, Payload{SessionID: "s", MCPServer: &MCPServer{Name: "db"}}},
		{"input of any type", `{"tool_input":"ls","tool_response":[1,"a",null]}`, Payload{ToolInput: lax.Raw(`"ls"`), ToolResponse: lax.Raw(`[1,"a",null]`)}},
		{"text cut inside a pair", `{"prompt":"hi \ud83d","tool_input":{"a":"\udc90"}}`, Payload{Prompt: "hi \ufffd", ToolInput: lax.Raw(`{"a":"\udc90"}`)}},
		{"invalid UTF-8", "{\"prompt\":\"hi \xff\"}", Payload{Prompt: "hi \ufffd"}},
		{"key twice", `{"session_id":"a","session_id":"b"}`, Payload{SessionID: "b"}},
		{"big numbers stay as they are", `{"tool_input":{"n":12345678901234567890.10}}`, Payload{ToolInput: lax.Raw(`{"n":12345678901234567890.10}`)}},
	} {
		got, err := Parse([]byte(test.raw))
		if err != nil || !reflect.DeepEqual(*got, test.want) {
			t.Errorf("%s: Parse(%q)\n got %+v, %v\nwant %+v", test.name, test.raw, got, err, test.want)
		}
	}
}

func TestParseRefusesWhatIsNoObject(t *testing.T) {
	for _, raw := range []string{
		"", " \n", "null", "[]", `[{"session_id":"s"}]`, `"text"`, "7", "true", "{", `{"session_id":"s"`, `{"session_id":"s"}}`, `{"session_id":"s"}{}`,
		`{"session_id":"s"} x`, "{'session_id':'s'}", "\x00", "\xff\xfe{\x00}\x00", strings.Repeat("[", 100_000), strings.Repeat(`{"tool_input":`, 100_000),
	} {
		got, err := Parse([]byte(raw))
		if err == nil || got != nil {
			t.Errorf("Parse(%.60q) = %+v, %v; want an error alone", raw, got, err)
			continue
		}
		if !strings.HasPrefix(err.Error(), "parse hook payload: ") || len(err.Error()) > 500 {
			t.Errorf("Parse(%.60q): error %.200q", raw, err)
		}
	}
}

func TestParseLeavesTheInputAlone(t *testing.T) {
	raw := []byte(`{"tool_input":{"command":"ls"},"prompt":"a\u0062"}`)
	before := bytes.Clone(raw)
	got, err := Parse(raw)
	if err != nil || !bytes.Equal(raw, before) {
		t.Fatalf("Parse changed its input to %s, %v", raw, err)
	}
	for i := range raw {
		raw[i] = 'x'
	}
	if string(got.ToolInput) != `{"command":"ls"}` || got.Prompt != "ab" {
		t.Errorf("%+v changed with the input that it was parsed from", *got)
	}
}

func TestParseContext(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     Context
		wantErr  bool
	}{
		{"absent", "", Context{}, false},
		{"empty", "{}", Context{}, false},
		{"null", "null", Context{}, false},
		{"full", `{"agent_name":"coder","agent_version":"1.2","environment":"prod","tags":["a","b"],"metadata":{"team":"x"},"host":"h","user":"u","claude":{"CLAUDE_CODE_ENTRYPOINT":"cli"},"new":1}`,
			Context{AgentName: "coder", AgentVersion: "1.2", Environment: "prod", Tags: []string{"a", "b"}, Metadata: map[string]lax.Raw{"team": lax.Raw(`"x"`)},
				Host: "h", User: "u", Claude: map[string]string{"CLAUDE_CODE_ENTRYPOINT": "cli"}}, false},
		{"metadata of every type", `{"metadata":{"s":"a","n":1.50,"b":true,"z":null,"l":[1,"a"],"o":{"k":{}},"":0}}`,
			Context{Metadata: map[string]lax.Raw{"s": lax.Raw(`"a"`), "n": lax.Raw("1.50"), "b": lax.Raw("true"), "z": lax.Raw("null"), "l": lax.Raw(`[1,"a"]`), "o": lax.Raw(`{"k":{}}`), "": lax.Raw("0")}}, false},
		{"wrong types", `{"agent_name":5,"tags":"a,b","metadata":["x"],"host":{},"user":"u"}`, Context{User: "u"}, false},
		{"one wrong tag", `{"tags":["a",5,"b"],"host":"h"}`, Context{Tags: []string{"a", "", "b"}, Host: "h"}, false},
		{"one wrong variable", `{"claude":{"A":"x","B":5},"host":"h"}`, Context{Claude: map[string]string{"A": "x"}, Host: "h"}, false},
		{"no object", `["a"]`, Context{}, false},
		{"cut", `{"agent_name":"coder`, Context{}, true},
		{"cut after a member", `{"agent_name":"coder","host":`, Context{}, true},
		{"text", "coder", Context{}, true},
		{"two", "{}{}", Context{}, true},
	} {
		got, err := ParseContext([]byte(test.in))
		if (err != nil) != test.wantErr {
			t.Errorf("%s: ParseContext(%s) error %v, want one: %v", test.name, test.in, err, test.wantErr)
		}
		delete(got.Claude, "B")
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: ParseContext(%s)\n got %+v\nwant %+v", test.name, test.in, got, test.want)
		}
	}
}

// FuzzParse holds that Parse takes every JSON object and nothing else, and that the same bytes give the same payload.
func FuzzParse(f *testing.F) {
	for _, raw := range recorded(f) {
		f.Add(raw)
		f.Add(raw[:len(raw)/2])
	}
	for _, s := range []string{"", "null", "[]", `{"duration_ms":"5","mcp_server":7}`, `{"tool_input":1e999,"prompt":"\ud83d"}`, "{\"cwd\":\"\xff\"}", "{}{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := Parse(raw)
		object := lax.Valid(raw) && lax.Raw(raw).Kind() == '{'
		if (err == nil) != object || (got != nil) != object {
			t.Fatalf("Parse(%q) = %+v, %v; is it an object: %v", raw, got, err, object)
		}
		again, _ := Parse(bytes.Clone(raw))
		if !reflect.DeepEqual(got, again) {
			t.Errorf("Parse(%q)\nfirst %+v\nthen %+v", raw, got, again)
		}
		c, err := ParseContext(raw)
		if (err == nil) != (lax.Valid(raw) || len(raw) == 0) {
			t.Errorf("ParseContext(%q) = %+v, %v", raw, c, err)
		}
		if got != nil {
			for _, r := range []lax.Raw{got.ToolInput, got.ToolResponse} {
				if len(r) != 0 && !lax.Valid(r) {
					t.Errorf("Parse(%q) passes on %q", raw, r)
				}
			}
		}
	})
}
