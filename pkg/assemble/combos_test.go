package assemble_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"ams/pkg/assemble"
	"ams/pkg/hook"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// What is left of a tool call.
const (
	hasPre = 1 << iota
	hasPost
	hasUse
	hasResult
)

// combo keeps those pieces of the session's tool calls that mask names.
func combo(in assemble.Input, mask int) assemble.Input {
	in.Records = slices.DeleteFunc(slices.Clone(in.Records), func(r assemble.Record) bool {
		p, err := hook.Parse(r.Raw)
		return err == nil && (p.Event == hook.PreToolUse && mask&hasPre == 0 ||
			strings.HasPrefix(p.Event, hook.PostToolUse) && mask&hasPost == 0)
	})
	in.Files = slices.Clone(in.Files)
	for i, f := range in.Files {
		var kept []*transcript.Line
		for _, l := range f.Lines {
			if cut := withoutBlocks(l, mask); cut != nil {
				kept = append(kept, cut)
			}
		}
		in.Files[i].Lines = kept
	}
	return in
}

// withoutBlocks is a line without the blocks that mask does not name; nil where nothing is left of a result.
func withoutBlocks(l *transcript.Line, mask int) *transcript.Line {
	if l.Message == nil {
		return l
	}
	line, message := *l, *l.Message
	line.Message = &message
	message.Content.Blocks = slices.DeleteFunc(slices.Clone(message.Content.Blocks), func(b transcript.Block) bool {
		return b.Type == "tool_use" && mask&hasUse == 0 || b.Type == "tool_result" && mask&hasResult == 0
	})
	if l.Type == "user" && len(message.Content.Blocks) == 0 && message.Content.Text == "" {
		return nil
	}
	return &line
}

// TestToolCallsInAllCombinations keeps every choice of PreToolUse, PostToolUse, tool_use and tool_result. Whatever is
// left, the call is one event with the same id; its times, input, result and outcome come from what there is.
func TestToolCallsInAllCombinations(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/agent.txtar")
	if err != nil {
		t.Fatal(err)
	}
	whole, set := readCase(t, archive)
	want := toolEvents(assemble.Session(whole, set))
	for mask := range 16 {
		var parts []string
		for i, name := range []string{"Pre", "Post", "tool_use", "tool_result"} {
			if mask&(1<<i) != 0 {
				parts = append(parts, name)
			}
		}
		t.Run(fmt.Sprintf("%d %s", mask, strings.Join(parts, "+")), func(t *testing.T) {
			in := combo(whole, mask)
			checkSane(t, in, set)
			got := toolEvents(assemble.Session(in, set))
			if mask == 0 {
				if len(got) != 0 {
					t.Errorf("%d tool calls out of nothing", len(got))
				}
				return
			}
			if len(got) != len(want) {
				t.Fatalf("%d tool calls, want %d", len(got), len(want))
			}
			for id, w := range want {
				checkCombo(t, mask, got[id], w)
			}
		})
	}
}

func toolEvents(s *schema.Session) map[string]schema.Event {
	out := map[string]schema.Event{}
	for _, e := range s.Events {
		if e.Tool != nil {
			out[e.Tool.ToolUseID] = e
		}
	}
	return out
}

func checkCombo(t *testing.T, mask int, got, want schema.Event) {
	t.Helper()
	if got.ID != want.ID {
		t.Fatalf("%s: id %q, want %q", want.Name, got.ID, want.ID)
	}
	named, ended := mask&(hasPre|hasPost|hasUse) != 0, mask&(hasPost|hasResult) != 0
	if named && (got.Name != want.Name || got.AgentID != want.AgentID || got.ParentID != want.ParentID) {
		t.Errorf("%s: name %q, agent %q, parent %q, want those of %q, %q, %q",
			want.Name, got.Name, got.AgentID, got.ParentID, want.Name, want.AgentID, want.ParentID)
	}
	if (len(got.Tool.Input) > 0) != named {
		t.Errorf("%s: input %s", want.Name, got.Tool.Input)
	}
	if (mask&hasUse != 0) != (got.Tool.LLMEventID == want.Tool.LLMEventID) {
		t.Errorf("%s: asked by %q, want %q", want.Name, got.Tool.LLMEventID, want.Tool.LLMEventID)
	}
	if (mask&hasPost != 0) != (got.Tool.ExecutionMS != nil) {
		t.Errorf("%s: execution_ms %v", want.Name, got.Tool.ExecutionMS)
	}
	if ended == got.EndTime.IsZero() {
		t.Errorf("%s: end %v", want.Name, got.EndTime)
	}
	wantOutcome := want.Tool.Outcome
	if !ended {
		wantOutcome = schema.ToolUnknown
	}
	if got.Tool.Outcome != wantOutcome {
		t.Errorf("%s: outcome %q, want %q", want.Name, got.Tool.Outcome, wantOutcome)
	}
	if (len(got.Tool.Result) > 0) != (wantOutcome == schema.ToolOK) || (got.Error != nil) != (wantOutcome == schema.ToolFailed) {
		t.Errorf("%s: result %s, error %v", want.Name, got.Tool.Result, got.Error)
	}
}

// TestIDsAreTheSameFromEitherChannel assembles every case whole, by its hooks alone and by its transcript alone: an
// event that two of them tell has one id, so that a Session whose input was pruned can be united with the one stored
// before.
func TestIDsAreTheSameFromEitherChannel(t *testing.T) {
	forEachCase(t, func(t *testing.T, in assemble.Input, set assemble.Settings) {
		if len(in.Records) == 0 || len(in.Files) == 0 {
			t.Skip("has one channel only")
		}
		whole := byKey(assemble.Session(in, set))
		hooks, lines := in, in
		hooks.Files, hooks.Siblings, hooks.Parents = nil, nil, nil
		lines.Records = nil
		for channel, one := range map[string]assemble.Input{"hooks": hooks, "transcript": lines} {
			for key, id := range byKey(assemble.Session(one, set)) {
				if whole[key] != "" && whole[key] != id {
					t.Errorf("%q has another id by its %s alone", key, channel)
				}
			}
		}
	})
}

// byKey names events by what a person would recognise them by.
func byKey(s *schema.Session) map[string]string {
	out := map[string]string{}
	for _, e := range s.Events {
		key := ""
		switch {
		case e.Tool != nil:
			key = "tool " + e.Tool.ToolUseID
		case e.Subagent != nil:
			key = "agent " + e.Subagent.AgentID
		case e.LLM != nil:
			key = "call " + e.LLM.MessageID
			if e.Provisional {
				key = "provisional " + e.LLM.Text
			}
		case e.Type == schema.UserPrompt:
			key = "prompt " + strings.TrimSpace(e.Prompt)
			if e.Error != nil && e.PromptID == "" {
				key = "blocked " + key // the transcript has no id of it; Carry goes by its text
			}
		default:
			key = e.Name + " " + e.Note
			if e.Error != nil {
				key += e.Error.Message
			}
		}
		for n := 2; out[key] != ""; n++ {
			key = fmt.Sprintf("%s (%d)", key, n)
		}
		out[key] = e.ID
	}
	return out
}
