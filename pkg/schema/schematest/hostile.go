package schematest

import (
	"strings"
	"time"

	"ams/pkg/schema"
)

// Marks are what no reader may ever run, load or follow: each sets the document's title to "pwned", asks for a file of another machine, or closes
// what a page put around a text.
var Marks = []string{
	`<script>document.title="pwned"</script>`,
	`<img src=x onerror="document.title='pwned'">`,
	`</script><script>document.title="pwned"</script>`,
	`<!--<script>`, `]]>`, `--></style></textarea></title>`,
	`<svg onload="document.title='pwned'"><a xlink:href="javascript:document.title='pwned'">x</a></svg>`,
	`<iframe srcdoc="<script>parent.document.title='pwned'</script>"></iframe>`,
	`<link rel=stylesheet href=http://192.0.2.1/x.css><base href=http://192.0.2.1/>`,
	`[a link](javascript:document.title='pwned') ![picture](http://192.0.2.1/x.png)`,
	`<meta http-equiv=refresh content="0;url=http://192.0.2.1/">`,
	"\u202eevil\u2066 \u200b\ufeff", "\x1b]0;pwned\x07\x1b[2J\x1b[31mred\x1b[0m", "\u2028\u2029", "a\x00b",
	`"}],"events":[{"__proto__":{"title":"pwned"}}]`, `constructor`, `__proto__`, `${document.title="pwned"}`, "`",
}

// Hostile is a session in which every text that somebody else chose holds all [Marks]: names, titles, ids, inputs, results, addresses and
// pictures.
func Hostile() *schema.Session {
	all := strings.Join(Marks, "\n")
	at := func(s int) schema.Time { return schema.At(time.Date(2026, 11, 21, 9, 0, s, 0, time.UTC)) }
	ms, usd := int64(900), 0.5
	usage := &schema.Usage{InputTokens: 5, OutputTokens: 5}
	s := &schema.Session{
		SchemaVersion: schema.Version, SessionID: "../../" + Marks[0], TraceID: "00", Title: all, Agent: schema.Agent{Name: all, Version: all},
		Environment: all, Tags: []string{all, Marks[1]}, Metadata: map[string]schema.Raw{all: quoted(all), "__proto__": quoted(all)},
		StartTime: at(0), EndTime: at(60), Status: schema.Failed, Outcome: schema.FailedTurn, EndReason: all,
		Client: &schema.Client{Name: all, Version: all, Entrypoint: all}, Host: all, User: all, Cwd: all, GitBranch: all, Repo: all, MainAgent: all,
		Models: []string{all}, ParentSessionID: all, Totals: schema.Totals{CostUSD: &usd, LLMCalls: 2, ToolCalls: 9, Subagents: 1, Errors: 1},
		Signals: []schema.Signal{{Kind: "loop", Count: 2, Text: all, EventIDs: []string{all, "m"}}},
	}
	failed := &schema.Error{Type: all, Message: all}
	event := func(e schema.Event) {
		e.Seq = len(s.Events) + 1
		if e.ID == "" {
			e.ID = Marks[len(s.Events)%len(Marks)] + string(rune('a'+len(s.Events)))
		}
		e.StartTime, e.EndTime, e.DurationMS, e.Note, e.Status = at(e.Seq), at(e.Seq+1), &ms, all, schema.OK
		s.Events = append(s.Events, e)
	}
	event(schema.Event{Type: schema.UserPrompt, Name: all, Prompt: all, PromptSource: all})
	event(schema.Event{ID: "m", Type: schema.LLMMessage, Name: all, LLM: &schema.LLM{Model: all, StopReason: all, Thinking: all, Text: all, Usage: usage,
		CostUSD: &usd, ServerTools: []schema.ServerToolCall{{Name: all, Input: object("query", all), Result: quoted(all)}}}})
	for _, name := range []string{"Bash", "Read", "Edit", "Write", "TodoWrite", "WebFetch", "mcp__" + Marks[0], "AskUserQuestion"} {
		wrong := failed
		if name != "Bash" { // whose failure hides its result
			wrong = nil
		}
		event(schema.Event{Type: schema.ToolCall, Name: "tool:" + name, Error: wrong, Tool: &schema.Tool{Name: name, ToolUseID: all, LLMEventID: "m",
			Input: object("command", all, "description", all, "file_path", all, "old_string", all, "new_string", all+"\n", "content", all,
				"url", "javascript:document.title='pwned'", "todos", all, "questions", all),
			Result:     schema.Raw(`[{"type":"text","text":` + string(quoted(all)) + `},` + picture + `,` + svg + `]`),
			Permission: &schema.Permission{Decision: all, Source: all, Feedback: all}, MCPServer: all, FullOutput: &schema.OutputFile{Path: all},
			Background: &schema.Background{TaskID: all, Status: all}}})
	}
	event(schema.Event{ID: "call", Type: schema.ToolCall, Name: "tool:Agent", Tool: &schema.Tool{Name: "Agent", Input: object("prompt", all)}})
	event(schema.Event{ID: "agent", Type: schema.Subagent, Name: "subagent:" + all, AgentID: all, Subagent: &schema.SubagentInfo{AgentID: all, AgentType: all,
		Description: all, InvocationPrompt: all, InvocationReasoning: all, InvocationEventID: "call", Link: schema.LinkExact, TranscriptPath: all,
		Usage: usage, CostUSD: &usd, LLMCalls: 1}})
	event(schema.Event{Type: schema.LLMMessage, ParentID: "agent", AgentID: all, Name: all, LLM: &schema.LLM{Model: all, Text: all, Usage: usage, CostUSD: &usd}})
	event(schema.Event{Type: schema.Compaction, Name: all, Compaction: &schema.Compacted{Trigger: all, Summary: all}})
	event(schema.Event{Type: schema.Notification, Name: "notification:" + all})
	event(schema.Event{Type: schema.ErrorEvent, Name: all, Error: failed})
	return s
}

// picture is a PNG of one pixel, and svg what calls itself a picture and is a program.
const (
	picture = `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}`
	svg     = `{"type":"image","source":{"type":"base64","media_type":"image/svg+xml","data":"PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIG9ubG9hZD0iZG9jdW1lbnQudGl0bGU9J3B3bmVkJyIvPg=="}}`
)
