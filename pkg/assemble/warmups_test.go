package assemble_test

import (
	"fmt"
	"testing"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// Lines and hooks of client 2.0.56, which writes no prompts into the files of agents when it is started with -p.
const (
	asks     = `"type":"user","version":"2.0.56","message":{"role":"user","content":"do it"}`
	answers  = `"type":"assistant","version":"2.0.56","message":{"id":"m1","content":[{"type":"text","text":"ready"}],"usage":{"output_tokens":3}}`
	answers2 = `"type":"assistant","version":"2.0.56","message":{"id":"m2","content":[{"type":"text","text":"done"}],"usage":{"output_tokens":3}}`
	works    = `"type":"assistant","version":"2.0.56","message":{"id":"m1","content":[{"type":"tool_use","id":"t2","name":"Read","input":{}}],"usage":{"output_tokens":3}}`
	warmsUp  = `"type":"user","version":"2.0.56","message":{"role":"user","content":"Warmup"}`
	begins   = `"hook_event_name":"SessionStart","source":"startup"`
	resumes  = `"hook_event_name":"SessionStart","source":"resume"`
	compacts = `"hook_event_name":"SessionStart","source":"compact"`
	submits  = `"hook_event_name":"UserPromptSubmit","prompt":"do it"`
	calls    = `"hook_event_name":"PreToolUse","tool_name":"Task","tool_use_id":"t1","tool_input":{"prompt":"Look","subagent_type":"Explore"}`
	starts   = `"hook_event_name":"SubagentStart","agent_id":"a1","agent_type":"Explore"`
	stops    = `"hook_event_name":"SubagentStop","agent_id":"a1"`
	typed    = `"hook_event_name":"SubagentStop","agent_id":"a1","agent_type":"Explore"`
	rests    = `"hook_event_name":"Stop"`
)

// fired are hooks, so far apart that equal ones are two.
func fired(payloads ...string) []assemble.Record {
	var out []assemble.Record
	for i, p := range payloads {
		at := morning.Add(time.Duration(i) * 3 * time.Second)
		out = append(out, assemble.Record{At: at, Raw: []byte(`{"session_id":"s",` + p + `}`)})
	}
	return out
}

func agentLines(t *testing.T, lines ...string) transcript.File {
	f := linesOf(t, "agent-a1.jsonl", lines...)
	f.Agent = &transcript.AgentFile{AgentID: "a1", Path: "agent-a1.jsonl"}
	return f
}

// agentsIn counts subagents, and the messages of agents.
func agentsIn(s *schema.Session) (agents, messages int) {
	for _, e := range s.Events {
		switch {
		case e.Type == schema.Subagent:
			agents++
		case e.Type == schema.LLMMessage && e.AgentID != "":
			messages++
		}
	}
	return agents, messages
}

func TestAWarmUpWithoutAPromptIsNoSubagent(t *testing.T) {
	const (
		later = `"type":"assistant","version":"2.1.110","message":{"id":"m1","content":[{"type":"text","text":"ready"}],"usage":{"output_tokens":3}}`
		told  = `"type":"user","version":"2.0.56","message":{"role":"user","content":"Look"}`
		goes  = `"parentUuid":"u0",` + answers // the file's beginning is lost
	)
	called := []string{asks, use("t1", "Task", `{"prompt":"Look"}`), result("t1", "ready", `}`) + `,"toolUseResult":{"agentId":"a1"}`}
	main := []string{asks}
	for _, c := range []struct {
		name        string
		hooks       []string
		main, agent []string
		want        int // subagents
	}{
		{"answers once", nil, main, []string{answers}, 0},
		{"answers once, in two lines", nil, main, []string{answers, answers}, 0},
		{"answers twice", nil, main, []string{answers, answers2}, 1},
		{"uses a tool", nil, main, []string{works}, 1},
		{"uses a tool, having been told to warm up", nil, main, []string{warmsUp, works}, 0},
		{"was told something", nil, main, []string{told, answers}, 1},
		{"has a call", nil, called, []string{answers}, 1},
		{"a call is left that nobody knows the agent of", nil, called[1:2], []string{answers}, 1},
		{"a file without its beginning", nil, main, []string{goes}, 1},
		{"the main file is gone", nil, nil, []string{answers}, 1},
		{"a client that warms nothing up", nil, main, []string{later}, 1},

		{"hooks alone: before the first prompt", []string{begins, starts, submits, stops, rests}, nil, nil, 0},
		{"hooks alone: before the first prompt after a resume", []string{begins, submits, rests, resumes, starts, stops, submits, rests}, nil, nil, 0},
		{"hooks alone: after the prompt", []string{begins, submits, starts, stops, rests}, nil, nil, 1},
		{"hooks alone: after a call", []string{begins, submits, calls, starts, stops, rests}, nil, nil, 1},
		{"hooks alone: the prompt was not seen", []string{begins, calls, starts, stops, submits}, nil, nil, 1},
		{"hooks alone: no prompt at all", []string{begins, starts, stops, rests}, nil, nil, 1},
		{"hooks alone: the beginning was not seen", []string{starts, stops, submits, rests}, nil, nil, 1},
		{"hooks alone: after a compaction", []string{begins, submits, compacts, starts, stops, submits}, nil, nil, 1},
		{"hooks alone: it goes on after a resume", []string{begins, submits, starts, stops, resumes, starts, submits, stops}, nil, nil, 1},
		{"hooks alone: a later client", []string{begins, starts, submits, typed, rests}, nil, nil, 1},
		{"hooks alone: no end, and so no client", []string{begins, starts, submits, rests}, nil, nil, 1},

		{"both", []string{begins, starts, submits, stops, rests}, main, []string{answers}, 0},
		{"both, answers twice", []string{begins, starts, submits, stops, rests}, main, []string{answers, answers2}, 0},
		{"both, but its file is gone", []string{begins, starts, submits, rests}, main, nil, 0},
		{"both, and it was told something", []string{begins, starts, submits, stops, rests}, main, []string{told, answers}, 1},
		{"both, and it has a call", []string{begins, submits, calls, starts, stops, rests}, called, []string{answers}, 1},
		{"both, and the hooks lack its start", []string{begins, submits, stops, rests}, main, []string{answers}, 0},
	} {
		var files []transcript.File
		if c.main != nil || c.agent != nil {
			files = append(files, linesOf(t, "s.jsonl", c.main...))
		}
		if c.agent != nil {
			files = append(files, agentLines(t, c.agent...))
		}
		s := joined(t, fired(c.hooks...), files...)
		got, spent := agentsIn(s)
		if got != c.want || (spent > 0) != (c.agent != nil) || s.Totals.WarmUpCalls > 0 != (c.want == 0 && spent > 0) {
			t.Errorf("%s: got %d subagents, %d messages, %d warm-up calls, want %d subagents", c.name, got, spent, s.Totals.WarmUpCalls, c.want)
		}
	}
}

// TestTwoMachinesAgreeOnAWarmUp: of two that do not agree, the one that can prove what it says is right, whoever
// comes first.
func TestTwoMachinesAgreeOnAWarmUp(t *testing.T) {
	main := linesOf(t, "s.jsonl", asks)
	part := func(hooks []string, files ...transcript.File) *schema.Session {
		return joined(t, fired(hooks...), files...)
	}
	answered := part(nil, main, agentLines(t, answers))
	for _, c := range []struct {
		name string
		a, b *schema.Session
		want int
	}{
		{"hooks that cannot tell", part([]string{starts, stops}), answered, 0},
		{"hooks that cannot tell of one told to warm up", part([]string{starts, stops}), part(nil, main, agentLines(t, warmsUp, works)), 0},
		{"hooks that can tell", part([]string{begins, starts, submits, stops}), answered, 0},
		{"an agent file without the main file", part(nil, linesOf(t, "s.jsonl"), agentLines(t, answers)), answered, 0},
		{"a call", part([]string{begins, submits, calls, starts, stops}), answered, 1},
		{"an answer more", part(nil, main, agentLines(t, answers, answers2)), answered, 1},
		{"a tool", part(nil, main, agentLines(t, works)), answered, 1},
	} {
		for _, order := range [][2]*schema.Session{{c.a, c.b}, {c.b, c.a}} {
			for _, others := range []bool{true, false} {
				s, _ := assemble.Unite(order[0], order[1], "", assemble.Elsewhere{Others: others, Mentioned: mentionedIn(order[1])})
				got, spent := agentsIn(s)
				if got != c.want || spent == 0 || s.Totals.Subagents != got || (s.Totals.WarmUpCalls > 0) != (c.want == 0) {
					t.Errorf("%s: got %s", c.name, fmt.Sprint(got, " subagents, ", spent, " messages, ", s.Totals.WarmUpCalls, " warm-up calls"))
				}
			}
		}
	}
}
