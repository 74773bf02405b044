package assemble_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/price"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// big describes a generated session.
type big struct {
	turns, callsPerTurn, agents, callsPerAgent int
	withIDs                                    bool // hooks carry tool_use_id, as from client 2.0 on
}

// generate makes the session in the client's shape: every turn is a prompt and calls of a tool, agents run beside them.
func generate(b testing.TB, g big) assemble.Input {
	b.Helper()
	in := assemble.Input{SessionID: "11111111-2222-4333-8444-555555555555"}
	at := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	tick := func() time.Time { at = at.Add(7 * time.Millisecond); return at }
	var main bytes.Buffer
	n := 0
	for turn := range g.turns {
		prompt := fmt.Sprintf("prompt-%d", turn)
		hookLine(&in, tick(), `"hook_event_name":"UserPromptSubmit","prompt_id":%q,"prompt":"Go on with step %d"`, prompt, turn)
		fmt.Fprintf(&main, `{"type":"user","uuid":"u%d","timestamp":%q,"promptId":%q,"version":"2.1.330","message":{"content":"Go on with step %d"}}`+"\n",
			turn, stamp(tick()), prompt, turn)
		for range g.callsPerTurn {
			n++
			oneCall(&in, &main, tick, g, fmt.Sprintf("m%d", n), "")
		}
	}
	in.Files = append(in.Files, readBytes(b, main.Bytes(), nil))
	for a := range g.agents {
		id := fmt.Sprintf("a%016x", a)
		var file bytes.Buffer
		hookLine(&in, tick(), `"hook_event_name":"SubagentStart","agent_id":%q,"agent_type":"Explore"`, id)
		for c := range g.callsPerAgent {
			oneCall(&in, &file, tick, g, fmt.Sprintf("%s-%d", id, c), id)
		}
		hookLine(&in, tick(), `"hook_event_name":"SubagentStop","agent_id":%q,"agent_type":"Explore","last_assistant_message":"done"`, id)
		meta := &transcript.Meta{AgentType: "Explore", ToolUseID: fmt.Sprintf("toolu_m%d", a+1)}
		in.Files = append(in.Files, readBytes(b, file.Bytes(), &transcript.AgentFile{AgentID: id, Path: id, Meta: meta}))
	}
	return in
}

func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z") }

func hookLine(in *assemble.Input, at time.Time, format string, args ...any) {
	raw := `{"session_id":"` + in.SessionID + `","cwd":"/home/dev/proj",` + fmt.Sprintf(format, args...) + "}"
	in.Records = append(in.Records, assemble.Record{At: at, Raw: []byte(raw)})
}

// oneCall is a message with one tool call, its hooks with a permission dialog, and its result.
func oneCall(in *assemble.Input, file *bytes.Buffer, tick func() time.Time, g big, id, agent string) {
	input := fmt.Sprintf(`{"command":"make %s","description":"Build it"}`, id)
	ids := ""
	if g.withIDs {
		ids = `,"tool_use_id":"toolu_` + id + `"`
	}
	fmt.Fprintf(file, `{"type":"assistant","uuid":"x%s","timestamp":%q,"version":"2.1.330","requestId":"r%s","message":{"id":"msg_01%s","model":"claude-opus-5-5","stop_reason":"tool_use","content":[{"type":"text","text":"Next."},{"type":"tool_use","id":"toolu_%s","name":"Bash","input":%s}],"usage":{"input_tokens":10,"output_tokens":60,"cache_read_input_tokens":20000,"cache_creation_input_tokens":300}}}`+"\n",
		id, stamp(tick()), id, id, id, input)
	common := fmt.Sprintf(`"agent_id":%q,"tool_name":"Bash","tool_input":%s`, agent, input)
	hookLine(in, tick(), `"hook_event_name":"PreToolUse",%s%s`, common, ids)
	hookLine(in, tick(), `"hook_event_name":"PermissionRequest",%s`, common)
	hookLine(in, tick(), `"hook_event_name":"PostToolUse",%s,"tool_response":{"stdout":"ok"},"duration_ms":3%s`, common, ids)
	fmt.Fprintf(file, `{"type":"user","uuid":"y%s","timestamp":%q,"version":"2.1.330","message":{"content":[{"type":"tool_result","tool_use_id":"toolu_%s","content":"ok"}]},"toolUseResult":{"stdout":"ok"}}`+"\n",
		id, stamp(tick()), id)
}

func readBytes(b testing.TB, data []byte, agent *transcript.AgentFile) transcript.File {
	b.Helper()
	f := transcript.File{Name: "main.jsonl", Agent: agent}
	var err error
	f.Report, err = transcript.Read(bytes.NewReader(data), func(l *transcript.Line) { f.Lines = append(f.Lines, l) })
	if err != nil {
		b.Fatal(err)
	}
	return f
}

// BenchmarkSession joins sessions of growing size; the time for each call must not grow.
func BenchmarkSession(b *testing.B) {
	prices, err := price.Embedded()
	if err != nil {
		b.Fatal(err)
	}
	set := assemble.Settings{Final: true, Prices: prices}
	for _, bench := range []struct {
		name string
		big
	}{
		{"1k calls", big{turns: 20, callsPerTurn: 50, withIDs: true}},
		{"10k calls", big{turns: 200, callsPerTurn: 50, withIDs: true}},
		{"10k calls without ids", big{turns: 200, callsPerTurn: 50}},
		{"10k prompts", big{turns: 10000, callsPerTurn: 1, withIDs: true}},
		{"500 agents", big{turns: 10, callsPerTurn: 100, agents: 500, callsPerAgent: 20, withIDs: true}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			in := generate(b, bench.big)
			b.ReportAllocs()
			var s *schema.Session
			for b.Loop() {
				s = assemble.Session(in, set)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(len(s.Events)), "µs/event")
		})
	}
}
