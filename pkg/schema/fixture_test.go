package schema_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"ams/pkg/schema"
)

// at returns a time of the test story, n seconds and some microseconds after its start.
func at(n int) schema.Time {
	return schema.At(time.Date(2026, 11, 22, 10, 0, n, 140_001_000, time.UTC))
}

// eventID returns the id of the n-th event of the test story.
func eventID(n int) string { return fmt.Sprintf("5f0e%028x", n) }

// The places in fullSession's events.
const (
	iPrompt = iota
	iMessage
	iInvocation
	iSubagent
	iDenied
	iNotification
	iCompaction
	iError
	iProvisional
)

// minimalSession says nothing that need not be said.
func minimalSession() *schema.Session {
	return &schema.Session{
		SchemaVersion: schema.Version,
		SessionID:     "4eaac988-79e9-48db-88c6-0f231988ff78",
		TraceID:       eventID(0),
		StartTime:     at(0),
		Status:        schema.OK,
	}
}

// fullSession uses every field of every type at least once; a test holds that.
func fullSession() *schema.Session {
	return &schema.Session{
		SchemaVersion: schema.Version,
		SessionID:     "4eaac988-79e9-48db-88c6-0f231988ff78",
		TraceID:       eventID(0),
		Title:         "Why is <b>a & b</b> slow?",
		Agent:         schema.Agent{Name: "reviewer", Version: "3.1"},
		Environment:   "production",
		Tags:          []string{"nightly", "eu"},
		Metadata: map[string]schema.Raw{
			"ticket": schema.Raw(`"AB-12"`), "limits": schema.Raw(`{"usd":1.50,"tags":["x",null]}`), "none": schema.Raw(`null`),
		},
		StartTime:       at(0),
		EndTime:         at(40),
		DurationMS:      new(int64(40_000)),
		ActiveMS:        new(int64(11_000)),
		Status:          schema.Failed,
		Outcome:         schema.FailedTurn,
		Limit:           &schema.Limit{Kind: schema.MaxBudgetUSD, Max: 0.03, Used: 0.0425},
		EndReason:       "other",
		ParentSessionID: "11cdc9d4-ecaf-4a7e-8d15-6b26b95ccc26",
		Client:          &schema.Client{Name: "claude-code", Version: "2.1.330", Entrypoint: "sdk-cli"},
		Host:            "ci-7",
		User:            "dev",
		Cwd:             "/home/dev/project",
		GitBranch:       "main",
		Repo:            "project",
		MainAgent:       "lead",
		Models:          []string{"claude-opus-5-5", "claude-haiku-5-5"},
		Totals: schema.Totals{
			Usage: fullUsage().Add(schema.Uncounted()), CostUSD: new(0.026232), WarmUpCalls: 1, LLMCalls: 1, ToolCalls: 2, Subagents: 1, Errors: 2,
			NumTurns: new(1), DurationMS: new(int64(40_000)), DurationAPIMS: new(int64(0)),
		},
		Cost:         fullCost(),
		Completeness: fullCompleteness(),
		Redactions:   map[string]int{"api_key": 2, "email": 1},
		Signals: []schema.Signal{{
			Kind: schema.SignalSlowTool, Count: 1, Text: "Agent ran 6 s", EventIDs: []string{eventID(3)}, CostUSD: new(0.001), MS: new(int64(6000)),
		}},
		Stored: &schema.Stored{Rev: 1_795_341_600_140},
		Events: []schema.Event{
			iPrompt: {
				ID: eventID(1), Seq: 1, Type: schema.UserPrompt, Name: "user_prompt", StartTime: at(0), EndTime: at(0),
				Status: schema.OK, PromptID: "6c1f", PromptSource: "sdk", Prompt: "Why is it slow? ünïcødé \u2028 \U0001F600\n",
			},
			iMessage:    fullMessage(),
			iInvocation: fullInvocation(),
			iSubagent:   fullSubagent(),
			iDenied: {
				ID: eventID(5), Seq: 5, ParentID: eventID(4), Type: schema.ToolCall, Name: "tool:mcp__db__query",
				StartTime: at(8), Status: schema.Failed, AgentID: "a0123456789abcdef",
				Tool: &schema.Tool{
					Name: "mcp__db__query", ToolUseID: "toolu_02", Input: schema.Raw(`null`), IsError: true,
					Outcome: schema.ToolDenied, MCPServer: "db",
					Permission: &schema.Permission{Decision: "reject", Source: "config", Feedback: "not here"},
				},
				Error: &schema.Error{Type: "tool_error", Message: "Permission to use mcp__db__query has been denied."},
			},
			iNotification: {
				ID: eventID(6), Seq: 6, Type: schema.Notification, Name: "notification:idle_prompt", StartTime: at(20),
				EndTime: at(20), Status: schema.OK, Note: "Claude is waiting for your input",
			},
			iCompaction: {
				ID: eventID(7), Seq: 7, Type: schema.Compaction, Name: "compaction", StartTime: at(21), EndTime: at(23),
				DurationMS: new(int64(2000)), Status: schema.OK,
				Compaction: &schema.Compacted{Trigger: "manual", TokensBefore: 190_000, TokensAfter: 900, Summary: "We looked."},
			},
			iError: {
				ID: eventID(8), Seq: 8, Type: schema.ErrorEvent, Name: "error", StartTime: at(30), EndTime: at(30),
				Status: schema.Failed, Error: &schema.Error{Type: "overloaded_error", Message: "API Error: 529"},
			},
			iProvisional: {
				ID: eventID(9), Seq: 9, Type: schema.LLMMessage, Name: "assistant", StartTime: at(40), EndTime: at(40),
				Status: schema.OK, Provisional: true, LLM: &schema.LLM{Text: "It is the index."},
			},
		},
	}
}

func fullUsage() schema.Usage {
	return schema.Usage{
		InputTokens: 12, OutputTokens: 340, CacheReadInputTokens: 5600, CacheCreationInputTokens: 7800,
		CacheCreation: &schema.CacheCreation{Ephemeral5mInputTokens: 800, Ephemeral1hInputTokens: 7000},
	}
}

func fullCost() *schema.Cost {
	return &schema.Cost{
		Source: schema.Mixed, RecordedUSD: new(0.026232), ComputedUSD: new(0.02723), DifferenceUSD: new(-0.000998),
		Differences: []schema.CostGap{{
			Reason: "an answer that was cut", USD: new(-0.000998), Model: "claude-opus-5-5", EventIDs: []string{eventID(2)},
		}},
		PricesDate: "2026-11-22", UnknownCalls: 1, UnpricedModels: []string{"local-model"}, OutputUnderReported: true,
		RecordedGuess: true,
	}
}

func fullCompleteness() *schema.Completeness {
	return &schema.Completeness{
		ProgramVersion: "1.0.0", Final: true, Records: map[string]int{"PreToolUse": 2, "Stop": 1},
		Files:   []schema.InputFile{{Name: "4eaac988-79e9-48db-88c6-0f231988ff78.jsonl", Lines: 31, Bytes: 146_000}},
		Missing: []string{"hooks"}, UnreadableRecords: 1, CutRecords: 2, DuplicateRecords: 3,
		UnknownRecords: map[string]int{"Brew": 1}, UnparsedLines: 4, CutLines: 1, UnknownLines: map[string]int{"tea": 5},
		CallsWithoutResult: 1, AgentsWithoutFile: 1, ProvisionalTail: true, CopiedCalls: 6, RefusedBills: 1, CarriedEvents: 7,
		ClockSteps: 1, HooksAheadMS: -2500, DamagedSpools: 1, SalvagedRecords: 8,
		Cut: &schema.Cut{Lines: 1, Inputs: 2, Fields: 3, Events: 4, Deep: 5, Messages: 6},
	}
}

func fullMessage() schema.Event {
	return schema.Event{
		ID: eventID(2), Seq: 2, Type: schema.LLMMessage, Name: "assistant", StartTime: at(1), EndTime: at(4),
		DurationMS: new(int64(3000)), Status: schema.OK, PromptID: "6c1f",
		LLM: &schema.LLM{
			Model: "claude-opus-5-5", StopReason: "tool_use", Thinking: "An agent can look & tell.", Text: "I send an agent.",
			MessageID: "msg_01", RequestID: "req_01", Usage: new(fullUsage()), CostUSD: new(0.02723), Retries: 1,
			RetryMS: 2000, CacheRewrite: &schema.CacheRewrite{Tokens: 7800, Reason: schema.AfterPause, CostUSD: new(0.01)},
			OutputUnderReported: true, ThinkingTokens: 40, WebSearchRequests: 1,
			ServerTools: []schema.ServerToolCall{{
				Name: "web_search", ToolUseID: "srvtoolu_01", Input: schema.Raw(`{"query":"slow"}`), Result: schema.Raw(`[{"url":"a"}]`),
			}},
		},
	}
}

func fullInvocation() schema.Event {
	return schema.Event{
		ID: eventID(3), Seq: 3, Type: schema.ToolCall, Name: "tool:Agent", StartTime: at(4), EndTime: at(10),
		DurationMS: new(int64(6000)), Status: schema.OK, Note: "subagent invocation",
		Tool: &schema.Tool{
			Name: "Agent", ToolUseID: "toolu_01", Input: schema.Raw(`{"prompt":"Find <it>","n":12345678901234567890}`),
			ExecutedInput: schema.Raw(`{"prompt":"Find <it> here","n":1}`), ExecutedInputBy: schema.ChangedByHook,
			FullOutput: &schema.OutputFile{Path: "/home/dev/tool-results/b1.txt", Bytes: 408_908},
			Result:     schema.Raw(`{"content":[{"type":"text","text":"the index"}],"empty":{},"none":[]}`), Outcome: schema.ToolOK,
			LLMEventID: eventID(2), ExecutionMS: new(int64(5500)), ApprovalMS: new(int64(0)),
			Background: &schema.Background{TaskID: "b51ia5wsd", Status: "completed", EndTime: at(12), DurationMS: new(int64(8000))},
		},
	}
}

func fullSubagent() schema.Event {
	return schema.Event{
		ID: eventID(4), Seq: 4, Type: schema.Subagent, Name: "subagent:Explore", StartTime: at(5),
		EndTime: at(9), DurationMS: new(int64(4000)), Status: schema.OK, AgentID: "a0123456789abcdef",
		Subagent: &schema.SubagentInfo{
			AgentID: "a0123456789abcdef", AgentType: "Explore", Description: "find it", InvocationPrompt: "Find <it>",
			InvocationReasoning: "I send an agent.", InvocationEventID: eventID(3), Link: schema.LinkExact,
			ParentAgentID: "afedcba9876543210", Depth: 2, Background: true, TranscriptPath: "/home/dev/agent-a0.jsonl",
			Usage: new(fullUsage()), CostUSD: new(0.001), LLMCalls: 1, ToolCalls: 1,
			Rollup: &schema.Rollup{Subagents: 1, LLMCalls: 2, ToolCalls: 3, Usage: fullUsage(), CostUSD: new(0.002)},
		},
	}
}

// structs calls visit for each struct of this package in v, which holds no other structs but times.
func structs(v reflect.Value, visit func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			structs(v.Elem(), visit)
		}
	case reflect.Slice:
		if v.Type() != rawType {
			for i := range v.Len() {
				structs(v.Index(i), visit)
			}
		}
	case reflect.Struct:
		if v.Type() == timeType {
			return
		}
		visit(v)
		for i := range v.NumField() {
			structs(v.Field(i), visit)
		}
	}
}

func TestFullSessionLeavesNoFieldEmpty(t *testing.T) {
	used := make(map[string]bool)
	structs(reflect.ValueOf(fullSession()), func(v reflect.Value) {
		for i := range v.NumField() {
			name := v.Type().Name() + "." + v.Type().Field(i).Name
			used[name] = used[name] || !v.Field(i).IsZero()
		}
	})
	for name, ok := range used {
		if !ok {
			t.Errorf("%s is empty everywhere in fullSession, want it set at least once", name)
		}
	}
}
