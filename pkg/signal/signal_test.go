package signal

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ams/pkg/schema"
)

// story makes a Session event by event, each a second after the one before.
type story struct{ schema.Session }

func newStory() *story {
	s := new(story)
	s.Outcome, s.Completeness = schema.Completed, &schema.Completeness{Final: true}
	return s
}

func (s *story) add(e schema.Event) *story {
	n := len(s.Events)
	e.ID = fmt.Sprint("e", n)
	e.StartTime = schema.At(time.Date(2026, 3, 1, 10, 0, n, 0, time.UTC))
	e.EndTime = e.StartTime
	if e.Status == "" {
		e.Status = schema.OK
	}
	s.Events = append(s.Events, e)
	return s
}

func (s *story) prompt() *story { return s.add(schema.Event{Type: schema.UserPrompt, Prompt: "go on"}) }

// call adds a call of the model that costs a cent and was sent so many tokens.
func (s *story) call(sent int64) *story {
	usd := 0.01
	return s.add(schema.Event{Type: schema.LLMMessage, LLM: &schema.LLM{Usage: &schema.Usage{CacheReadInputTokens: sent}, CostUSD: &usd}})
}

// tool adds a call of a tool; edits change it.
func (s *story) tool(name, input string, edits ...func(*schema.Event)) *story {
	t := &schema.Tool{Name: name, Input: schema.Raw(input), Outcome: schema.ToolOK}
	for i := len(s.Events) - 1; i >= 0 && t.LLMEventID == ""; i-- {
		if s.Events[i].LLM != nil {
			t.LLMEventID = s.Events[i].ID
		}
	}
	s.add(schema.Event{Type: schema.ToolCall, Tool: t})
	for _, edit := range edits {
		edit(&s.Events[len(s.Events)-1])
	}
	return s
}

func (s *story) bash(command string, edits ...func(*schema.Event)) *story {
	return s.tool("Bash", fmt.Sprintf(`{"command":%q,"description":"step %d"}`, command, len(s.Events)), edits...)
}

func (s *story) edit(path, before, after string) *story {
	return s.tool("Edit", fmt.Sprintf(`{"file_path":%q,"old_string":%q,"new_string":%q}`, path, before, after))
}

func (s *story) many(n int, each func(i int)) *story {
	for i := range n {
		each(i)
	}
	return s
}

func outcome(o schema.ToolOutcome) func(*schema.Event) {
	return func(e *schema.Event) {
		e.Tool.Outcome, e.Tool.IsError = o, o != schema.ToolOK && o != schema.ToolUnknown
	}
}

func took(execution, approval int64) func(*schema.Event) {
	return func(e *schema.Event) {
		all := execution + approval
		e.DurationMS, e.Tool.ExecutionMS = &all, &execution
		if approval > 0 {
			e.Tool.ApprovalMS = &approval
		}
	}
}

func result(r string) func(*schema.Event) {
	return func(e *schema.Event) { e.Tool.Result = schema.Raw(r) }
}
func by(agent string) func(*schema.Event) { return func(e *schema.Event) { e.AgentID = agent } }

var failed = outcome(schema.ToolFailed)

// TestRules has for each rule the shapes that must give a signal, and those that are like them and must not.
func TestRules(t *testing.T) {
	for _, row := range []struct {
		name  string
		story *story
		want  string // kind and count of each signal
	}{
		// loop
		{"a file read three times", newStory().tool("Read", `{"file_path":"/a"}`).tool("Grep", `{"pattern":"x"}`).
			tool("Read", `{"file_path":"/a"}`).tool("Read", `{ "file_path": "/a" }`), "loop 3"},
		{"read twice", newStory().tool("Read", `{"file_path":"/a"}`).tool("Read", `{"file_path":"/a"}`), ""},
		{"other parts of a file", newStory().tool("Read", `{"file_path":"/a"}`).tool("Read", `{"file_path":"/a","offset":9}`).
			tool("Read", `{"file_path":"/a","offset":18}`), ""},
		{"the same test, nothing changed", newStory().bash("go test ./...", failed).bash("git diff").bash("go test ./...", failed).
			tool("Read", `{"file_path":"/a"}`).bash("go test ./...", failed).bash("go test ./...", failed), "loop 4"},
		{"a test after each edit", newStory().bash("go test", failed).edit("/a", "1", "2").bash("go test", failed).edit("/a", "2", "3").
			bash("go test", failed).edit("/b", "1", "2").bash("go test"), ""},
		{"a read after each command", newStory().tool("Read", `{"file_path":"/a"}`).bash("make gen").tool("Read", `{"file_path":"/a"}`).
			bash("make gen2").tool("Read", `{"file_path":"/a"}`), ""},
		{"asked again by a person", newStory().bash("git status").prompt().bash("git status").prompt().bash("git status"), ""},
		{"each agent reads it", newStory().tool("Read", `{"file_path":"/a"}`, by("a")).tool("Read", `{"file_path":"/a"}`, by("b")).
			tool("Read", `{"file_path":"/a"}`, by("c")), ""},
		{"waiting for a build", newStory().bash("sleep 60; gh run view").bash("sleep 60; gh run view").bash("sleep 60; gh run view").
			tool("BashOutput", `{"bash_id":"1"}`).tool("BashOutput", `{"bash_id":"1"}`).tool("BashOutput", `{"bash_id":"1"}`), ""},
		{"an edit that fails each time", newStory().tool("Edit", `{"file_path":"/a","old_string":"x","new_string":"y"}`, failed).
			tool("Edit", `{"file_path":"/a","old_string":"x","new_string":"y"}`, failed).
			tool("Edit", `{"file_path":"/a","old_string":"x","new_string":"y"}`, failed), "loop 3"},
		{"read anew after a compaction", newStory().tool("Read", `{"file_path":"/a"}`).tool("Read", `{"file_path":"/a"}`).
			add(schema.Event{Type: schema.Compaction, Compaction: &schema.Compacted{Trigger: "auto"}}).tool("Read", `{"file_path":"/a"}`), ""},

		// failing
		{"five failures in a row", failures(newStory(), 5), "failing 5"},
		{"four", failures(newStory(), 4), ""},
		{"a success between", failures(failures(newStory(), 3).bash("echo ok"), 3), ""},
		{"most calls", mixed(newStory(), 12, 7), "failing 7"},
		{"half of the calls", mixed(newStory(), 12, 6), ""},
		{"refused by a person", newStory().bash("a", outcome(schema.ToolDenied)).bash("b", outcome(schema.ToolDenied)).bash("c", outcome(schema.ToolDenied)).
			bash("d", outcome(schema.ToolDenied)).bash("e", outcome(schema.ToolDenied)), ""},

		// churn
		{"ten edits for one prompt", edits(newStory().prompt(), 10), "churn 10"},
		{"nine", edits(newStory().prompt(), 9), ""},
		{"many edits for two prompts", edits(edits(newStory().prompt(), 8).prompt(), 8), ""},
		{"a change made again after it was taken back", newStory().edit("/a", "left", "right").edit("/a", "right", "left").edit("/a", "left", "right"), "churn 1"},
		{"a test print that went", newStory().edit("/a", "f()", "print(); f()").edit("/a", "print(); f()", "f()"), ""},
		{"three changes taken back", newStory().edit("/a", "1", "2").edit("/a", "2", "1").edit("/a", "3", "4").edit("/a", "4", "3").
			edit("/a", "5", "6").edit("/a", "6", "5"), "churn 3"},
		{"one change in many files", newStory().edit("/a", "1", "2").edit("/b", "1", "2").edit("/c", "1", "2"), ""},

		// cache_rewrite
		{"a large prompt after a pause", newStory().rewrite(90_000), "cache_rewrite 1"},
		{"several", newStory().rewrite(10_000).rewrite(10_000).rewrite(10_000), "cache_rewrite 3"},
		{"a small one", newStory().rewrite(20_000), ""},

		// context
		{"near the window", newStory().call(150_000).call(185_000).call(190_000), "context 2"},
		{"room left", newStory().call(150_000), ""},
		{"a model with more room", newStory().call(185_000).call(350_000), ""},
		{"near the larger window", newStory().call(350_000).call(950_000), "context 1"},
		{"compacted twice", newStory().compacted("auto").compacted("manual"), "context 2"},
		{"compacted once", newStory().compacted("auto").compacted("micro").compacted("micro"), ""},

		// retries
		{"three attempts before one call", newStory().retried(3, 3000), "retries 3"},
		{"a long wait", newStory().retried(1, 90_000), "retries 1"},
		{"one here, one there", newStory().retried(1, 500).retried(2, 900), ""},

		// slow_tool
		{"a build of six minutes", newStory().bash("make", took(360_000, 0)), "slow_tool 1"},
		{"a build of two minutes that waited for a person for four", newStory().bash("make", took(120_000, 240_000)), ""},
		{"an agent", newStory().tool("Agent", `{"prompt":"go"}`, took(900_000, 0)), ""},

		// approval
		{"a long wait for a person", newStory().bash("make", took(1000, 400_000)), "approval 1"},
		{"many short waits", manyWaits(newStory(), 20, 60_000), "approval 20"},
		{"a few short waits", manyWaits(newStory(), 5, 60_000), ""},

		// agent_lost
		{"an agent that was killed", newStory().agent(schema.Failed, "killed", true), "agent_lost 1"},
		{"an agent that never ended", newStory().agent(schema.Running, "", false), "agent_lost 1"},
		{"an agent that is at work", newStory().open().agent(schema.Running, "", false), ""},
		{"an agent that answered", newStory().agent(schema.OK, "", true), ""},

		// unfinished
		{"a call without a result", newStory().call(10).bash("make", outcome(schema.ToolUnknown)), "unfinished 1"},
		{"a call without a result that is at work", newStory().open().call(10).bash("make", outcome(schema.ToolUnknown)), ""},
		{"a call without a result that was answered for", newStory().bash("make", outcome(schema.ToolUnknown)).call(10), ""},
		{"an error at the end", newStory().apiError(schema.FailedTurn), "unfinished 1"},
		{"an error that was overcome", newStory().apiError(schema.Completed).call(10), ""},
		{"open todos", newStory().tool("TodoWrite", `{"todos":[{"status":"completed"},{"status":"in_progress"},{"status":"pending"}]}`), "unfinished 2"},
		{"todos that were done", newStory().tool("TodoWrite", `{"todos":[{"status":"pending"}]}`).tool("TodoWrite", `{"todos":[{"status":"completed"}]}`), ""},
		{"an open task", newStory().tool("TaskCreate", `{"subject":"a"}`, result(`{"task":{"id":"1"}}`)).
			tool("TaskCreate", `{"subject":"b"}`, result(`{"task":{"id":"2"}}`)).tool("TaskUpdate", `{"taskId":"1","status":"completed"}`), "unfinished 1"},

		// huge_result
		{"a page of a million characters", newStory().tool("mcp__web__get", `{"url":"x"}`, result(`[{"type":"text","text":"`+strings.Repeat("x", 1e6)+`"}]`)), "huge_result 1"},
		{"a picture", newStory().tool("Read", `{"file_path":"/a.png"}`, result(`{"type":"image","file":{"base64":"`+strings.Repeat("x", 1e6)+`"}}`)), ""},
		{"a large file that was edited", newStory().tool("Edit", `{"file_path":"/a"}`, result(`{"originalFile":"`+strings.Repeat("x", 1e6)+`"}`)), ""},
		{"a file", newStory().tool("Read", `{"file_path":"/a"}`, result(`{"file":{"content":"`+strings.Repeat("x", 50_000)+`"}}`)), ""},

		{"nothing", newStory(), ""},
	} {
		if got := kinds(Find(&row.story.Session)); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}

// kinds are the kinds and counts of signals.
func kinds(signals []schema.Signal) string {
	var out []string
	for _, s := range signals {
		out = append(out, fmt.Sprintf("%s %d", s.Kind, s.Count))
	}
	return strings.Join(out, ", ")
}

func failures(s *story, n int) *story {
	return s.many(n, func(i int) { s.bash(fmt.Sprint("try ", i), failed) })
}

// mixed has n calls of as many tools, some of which fail.
func mixed(s *story, n, fail int) *story {
	return s.many(n, func(i int) {
		if i < fail {
			s.tool(fmt.Sprint("mcp__x__t", i), `{}`, failed)
		} else {
			s.tool(fmt.Sprint("mcp__x__t", i), `{}`)
		}
	})
}

func edits(s *story, n int) *story {
	return s.many(n, func(i int) { s.edit("/a", fmt.Sprint("line ", len(s.Events)), fmt.Sprint("row ", len(s.Events))) })
}

func manyWaits(s *story, n int, ms int64) *story {
	return s.many(n, func(i int) { s.bash(fmt.Sprint("step ", i), took(10, ms)) })
}

func (s *story) rewrite(tokens int64) *story {
	s.call(1000)
	usd := 0.5
	s.Events[len(s.Events)-1].LLM.CacheRewrite = &schema.CacheRewrite{Tokens: tokens, Reason: schema.AfterPause, CostUSD: &usd}
	return s
}

func (s *story) compacted(trigger string) *story {
	return s.add(schema.Event{Type: schema.Compaction, Compaction: &schema.Compacted{Trigger: trigger}})
}

func (s *story) retried(n int, ms int64) *story {
	s.call(1000)
	llm := s.Events[len(s.Events)-1].LLM
	llm.Retries, llm.RetryMS = n, ms
	return s
}

func (s *story) agent(status schema.Status, why string, ended bool) *story {
	s.add(schema.Event{Type: schema.Subagent, Status: status, Subagent: &schema.SubagentInfo{AgentID: "a", AgentType: "Explore"}})
	e := &s.Events[len(s.Events)-1]
	if why != "" {
		e.Error = &schema.Error{Type: why}
	}
	if !ended {
		e.EndTime = schema.Time{}
	}
	return s
}

// open leaves the session at work.
func (s *story) open() *story {
	s.Outcome, s.Completeness.Final = schema.StillOpen, false
	return s
}

func (s *story) apiError(o schema.Outcome) *story {
	s.Outcome = o
	return s.add(schema.Event{Type: schema.ErrorEvent, Status: schema.Failed, Error: &schema.Error{Type: "overloaded_error"}})
}

// TestAnOrdinaryDayHasNoSignals is a day of forty prompts, ten agents, and what happens on any: tests that fail until
// they pass, files that are edited a few times, a pause, a person who thinks before they permit, an API that is busy once.
func TestAnOrdinaryDayHasNoSignals(t *testing.T) {
	s := newStory()
	for turn := range 40 {
		s.prompt()
		if turn%4 == 3 {
			s.call(20_000).tool("Agent", fmt.Sprintf(`{"prompt":"look for %d"}`, turn), took(200_000, 0))
			s.agent(schema.OK, "", true)
			id := fmt.Sprint("agent ", turn)
			for i := range 8 {
				s.tool("Grep", fmt.Sprintf(`{"pattern":"p%d"}`, i), by(id)).tool("Read", fmt.Sprintf(`{"file_path":"/src/%d.go"}`, i), by(id))
			}
		}
		file := fmt.Sprintf("/src/%d.go", turn%7)
		s.call(int64(20_000+2500*turn)).tool("Read", fmt.Sprintf(`{"file_path":%q}`, file))
		for try := range 3 {
			s.call(int64(20_000+2500*turn)).edit(file, fmt.Sprint("v", turn, try), fmt.Sprint("v", turn, try+1))
			if try < 2 {
				s.call(30_000).bash("go test ./...", failed, took(9000, int64(2000*try)))
			}
		}
		s.call(30_000).bash("go test ./...", took(9000, 0)).bash("git status")
		if turn == 12 {
			s.rewrite(15_000)
		}
		if turn == 20 {
			s.retried(2, 1500)
		}
	}
	if got := Find(&s.Session); len(got) > 0 {
		t.Errorf("got %+v, want none", got)
	}
}

func TestASignalHoldsItsEvidence(t *testing.T) {
	s := newStory().call(10).bash("npm test", failed).call(10).bash("npm test", failed).call(10).bash("npm test", failed)
	got := Find(&s.Session)
	usd := 0.03
	want := []schema.Signal{{
		Kind: schema.SignalLoop, Count: 3, Text: "the same call 3 times with nothing changed between: Bash npm test",
		EventIDs: []string{"e1", "e3", "e5"}, CostUSD: got[0].CostUSD,
	}}
	if !reflect.DeepEqual(got, want) || got[0].CostUSD == nil || *got[0].CostUSD != usd {
		t.Errorf("got %+v, want %+v at %v", got, want, usd)
	}
}

func TestSignalsAreFewAndTheSameEachTime(t *testing.T) {
	s := newStory()
	for i := range 200 {
		for range 3 + i%4 {
			s.tool("Read", fmt.Sprintf(`{"file_path":"/%d"}`, i))
		}
	}
	s.many(80, func(int) { s.tool("Read", `{"file_path":"/often"}`) })
	got := Find(&s.Session)
	if len(got) != mostOfKind || got[0].Count != 80 || len(got[0].EventIDs) != schema.MaxSignalEvents || !strings.HasSuffix(got[2].Text, "(and 198 more such)") {
		t.Errorf("got %d signals, the first of %d with %d events, want %d, 80, %d", len(got), got[0].Count, len(got[0].EventIDs), mostOfKind, schema.MaxSignalEvents)
	}
	for range 10 {
		if again := Find(&s.Session); !reflect.DeepEqual(again, got) {
			t.Fatalf("got %+v, then %+v", got, again)
		}
	}
}

func TestEveryKindHasARule(t *testing.T) {
	var have []schema.SignalKind
	for _, r := range rules {
		have = append(have, r.kind)
	}
	if !slices.Equal(have, schema.SignalKinds()) {
		t.Errorf("got rules for %v, want one for each of %v, in their order", have, schema.SignalKinds())
	}
	if mostOfKind*len(rules) > schema.MaxSignals {
		t.Errorf("%d rules give up to %d signals, more than the %d that a Session holds", len(rules), mostOfKind*len(rules), schema.MaxSignals)
	}
}
