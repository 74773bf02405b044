package assemble_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/price"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// linesOf reads lines of JSON, one second apart, as a file of a session.
func linesOf(t *testing.T, name string, lines ...string) transcript.File {
	t.Helper()
	var b strings.Builder
	for i, l := range lines {
		fmt.Fprintf(&b, `{"uuid":"%s-%d","sessionId":"s","timestamp":%q,%s}`+"\n", name, i, morning.Add(time.Duration(i)*time.Second).Format(time.RFC3339), l)
	}
	f := transcript.File{Name: name}
	var err error
	if f.Report, err = transcript.Read(strings.NewReader(b.String()), func(l *transcript.Line) { f.Lines = append(f.Lines, l) }); err != nil {
		t.Fatal(err)
	}
	return f
}

func use(id, name, input string) string {
	return fmt.Sprintf(`"type":"assistant","message":{"id":"msg_01%s","model":"claude-opus-5-5","stop_reason":"tool_use","content":[{"type":"tool_use","id":%[1]q,"name":%[2]q,"input":%[3]s}]}`, id, name, input)
}

func result(id, text, more string) string {
	return fmt.Sprintf(`"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":%q,"content":%q%s]}`, id, text, more)
}

func notice(task, status string) string {
	return fmt.Sprintf(`"type":"user","turnOrigin":"task_notification","message":{"role":"user","content":"<task-notification>\n<task-id>%s</task-id>\n<status>%s</status>\n<summary>It was so</summary>\n</task-notification>"}`, task, status)
}

const (
	launched = `Command running in background with ID: b1. Output is being written to: /tmp/x/tasks/b1.output.`
	refusal  = "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the new_string was NOT written to the file). "
)

func joined(t *testing.T, records []assemble.Record, files ...transcript.File) *schema.Session {
	t.Helper()
	in, set := assemble.Input{SessionID: "s", Records: records, Files: files}, assemble.Settings{Final: true, Prices: new(price.Table)}
	checkSane(t, in, set)
	return assemble.Session(in, set)
}

func TestAShellInTheBackgroundHasTheEndThatIsTold(t *testing.T) {
	shell := []string{use("t1", "Bash", `{"command":"x","run_in_background":true}`), result("t1", launched, `}`)}
	known := result("t1", "moved", `}`) + `,"toolUseResult":{"stdout":"","backgroundTaskId":"b1"}`
	for _, c := range []struct {
		name  string
		lines []string
		hooks []assemble.Record
		want  string // status and seconds after its start
	}{
		{"no end", shell, nil, " -"},
		{"known by its text", append(shell[:2:2], notice("b1", "completed")), nil, "completed 2s"},
		{"known by its id", []string{shell[0], known, notice("b1", "failed")}, nil, "failed 2s"},
		{"of another", append(shell[:2:2], notice("b2", "completed")), nil, " -"},
		{"a notice without a status", append(shell[:2:2], notice("b1", "")), nil, " -"},
		{"stopped", append(shell[:2:2], use("t2", "TaskStop", `{"task_id":"b1"}`), result("t2", "Successfully stopped task: b1", `}`)), nil, "killed 3s"},
		{"stopped by an older client", append(shell[:2:2], use("t2", "KillShell", `{"shell_id":"b1"}`), result("t2", "Successfully killed shell: b1", `}`)), nil, "killed 3s"},
		{"could not be stopped", append(shell[:2:2], use("t2", "TaskStop", `{"task_id":"b1"}`), result("t2", "No task", `,"is_error":true}`)), nil, " -"},
		{"told in a queue first", append(shell[:2:2],
			`"type":"queue-operation","operation":"enqueue","content":"<task-notification>\n<task-id>b1</task-id>\n<status>completed</status>\n<summary>It was so</summary>\n</task-notification>"`,
			notice("b2", "completed"), notice("b1", "completed")), nil, "completed 2s"},
		{"told by a hook alone", shell, hooksOf(t,
			`7s="hook_event_name":"UserPromptSubmit","prompt":"<task-notification>\n<task-id>b1</task-id>\n<status>completed</status>\n</task-notification>"`), "completed 7s"},
		{"in the foreground", []string{shell[0], result("t1", "done", `}`)}, nil, "none"},
	} {
		s := joined(t, c.hooks, linesOf(t, "s.jsonl", c.lines...))
		got := "none"
		for _, e := range s.Events {
			if e.Tool == nil || e.Tool.ToolUseID != "t1" {
				continue
			}
			if b := e.Tool.Background; b != nil {
				got = b.Status + " -"
				if b.DurationMS != nil {
					got = fmt.Sprint(b.Status, " ", time.Duration(*b.DurationMS)*time.Millisecond)
				}
			}
			if e.Tool.Outcome != schema.ToolOK || *e.DurationMS != 1000 {
				t.Errorf("%s: the call itself: %s, %d ms", c.name, e.Tool.Outcome, *e.DurationMS)
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAKilledAgentEndsWhenItWasKilled(t *testing.T) {
	const (
		prompt  = `"type":"user","agentId":"a1","isSidechain":true,"message":{"role":"user","content":"work"}`
		works   = `"type":"assistant","agentId":"a1","isSidechain":true,"message":{"id":"msg_01w","model":"claude-opus-5-5","stop_reason":"tool_use","content":[{"type":"tool_use","id":"t9","name":"Bash","input":{}}]}`
		cut     = `"type":"user","agentId":"a1","isSidechain":true,"message":{"role":"user","content":[{"type":"text","text":"[Request interrupted by user for tool use]"}]}`
		answers = `"type":"assistant","agentId":"a1","isSidechain":true,"message":{"id":"msg_01a","model":"claude-opus-5-5","stop_reason":"end_turn","content":[{"type":"text","text":"done"}]}`
	)
	start := `0.5s="hook_event_name":"SubagentStart","agent_id":"a1","agent_type":"worker"`
	launch := []string{use("t1", "Agent", `{"prompt":"work","run_in_background":true}`), result("t1", "launched", `}`) + `,"toolUseResult":{"status":"async_launched","agentId":"a1"}`}
	idle := `"type":"system","subtype":"informational","content":"idle"`
	for _, c := range []struct {
		name  string
		main  []string
		agent []string
		hooks []string
		want  string
	}{
		{"interrupted, nothing told", launch, []string{prompt, works, cut}, nil, "error 2s interrupted"},
		{"interrupted and told", append(launch[:2:2], notice("a1", "killed")), []string{prompt, works, cut}, nil, "error 2s killed"},
		{"told alone", append(launch[:2:2], idle, notice("a1", "killed")), []string{prompt, works}, nil, "error 3s killed"},
		{"stopped, not told", append(launch[:2:2], use("t2", "TaskStop", `{"task_id":"a1"}`), result("t2", "stopped", `}`)), []string{prompt, works}, nil, "error 3s killed"},
		{"failed", append(launch[:2:2], idle, notice("a1", "failed")), []string{prompt, works}, nil, "error 3s failed"},
		{"told to be done", append(launch[:2:2], idle, notice("a1", "completed")), []string{prompt, works}, nil, "ok 3s "},
		{"done", append(launch[:2:2], idle, notice("a1", "completed")), []string{prompt, works, answers}, nil, "ok 2s "},
		{"killed, then went on to its end", append(launch[:2:2], notice("a1", "killed")), []string{prompt, works, cut, prompt, answers}, nil, "ok 4s "},
		{"killed, then goes on", append(launch[:2:2], notice("a1", "killed")), []string{prompt, works, cut, prompt, works}, nil, "running - "},
		{"by hooks alone", nil, nil, []string{start,
			`3s="hook_event_name":"UserPromptSubmit","prompt":"<task-notification>\n<task-id>a1</task-id>\n<status>killed</status>\n<summary>It was so</summary>\n</task-notification>"`}, "error 3s killed"},
		{"still at work", launch, []string{prompt, works}, []string{start}, "running - "},
	} {
		var files []transcript.File
		if c.main != nil {
			files = append(files, linesOf(t, "s.jsonl", c.main...))
		}
		if c.agent != nil {
			f := linesOf(t, "agent-a1.jsonl", c.agent...)
			f.Agent = &transcript.AgentFile{AgentID: "a1", Path: "agent-a1.jsonl"}
			files = append(files, f)
		}
		got := "none"
		for _, e := range joined(t, hooksOf(t, c.hooks...), files...).Events {
			if e.Subagent == nil {
				continue
			}
			end, why := "-", ""
			if !e.EndTime.IsZero() {
				end = e.EndTime.Sub(morning).String()
			}
			if e.Error != nil {
				why = e.Error.Type
			}
			got = fmt.Sprintf("%s %s %s", e.Status, end, why)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestARefusalWithAWordIsNoInterruption(t *testing.T) {
	const stop, word = refusal + "STOP what you are doing and wait for the user to tell you how to proceed.", refusal + "To tell you how to proceed, the user said:\nnot so"
	pre := hooksOf(t, `0.1s="hook_event_name":"PreToolUse","tool_name":"Bash","tool_use_id":"t1","tool_input":{}`)
	dialog := append(pre[:1:1], hooksOf(t, `0.2s="hook_event_name":"PermissionRequest","tool_name":"Bash","tool_input":{}`)...)
	for _, c := range []struct {
		name, text, more string
		hooks            []assemble.Record
		want             schema.ToolOutcome
	}{
		{"marked", stop, `,"toolDenialKind":"user-rejected","toolDenialBeforeRun":true`, pre, schema.ToolDenied},
		{"interrupted", stop, `,"toolDenialKind":"user-rejected"`, pre, schema.ToolInterrupted},
		{"interrupted after it was allowed", stop, `,"toolDenialKind":"user-rejected","permissionDecision":{"decision":"accept","source":"user_temporary"}`, dialog, schema.ToolInterrupted},
		{"the client's decision", stop, `,"toolDenialKind":"user-rejected","permissionDecision":{"decision":"reject","source":"user_reject"}`, pre, schema.ToolDenied},
		{"with a word", word, `,"toolDenialKind":"user-rejected","userFeedback":"not so","holdsPersonsWords":true`, pre, schema.ToolDenied},
		{"with a word, in an older client", word, ``, pre, schema.ToolDenied},
		{"an older client, no dialog seen", stop, ``, pre, schema.ToolInterrupted},
		{"an older client, a dialog seen", stop, ``, dialog, schema.ToolDenied},
		{"no hooks", stop, ``, nil, schema.ToolDenied},
	} {
		s := joined(t, c.hooks, linesOf(t, "s.jsonl", use("t1", "Bash", `{}`), result("t1", c.text, `,"is_error":true}`)+c.more))
		for _, e := range s.Events {
			if e.Tool != nil && e.Tool.Outcome != c.want {
				t.Errorf("%s: %s, want %s", c.name, e.Tool.Outcome, c.want)
			}
		}
	}
}
