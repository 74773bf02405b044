package assemble_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"ams/pkg/assemble"
	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
	"ams/pkg/transcript"
)

// parts are the ways in which two machines see a session: what one has, and what the other has. The
// sizes that a Session names prove nothing of either.
var parts = map[string]func(in *assemble.Input, machine int){
	"every other record": func(in *assemble.Input, machine int) {
		var mine []assemble.Record
		for i, r := range in.Records {
			if i%2 == machine {
				mine = append(mine, r)
			}
		}
		in.Records = mine
	},
	"half of each file": func(in *assemble.Input, machine int) {
		in.Files = append([]transcript.File{}, in.Files...)
		for i := range in.Files {
			f := &in.Files[i]
			half := len(f.Lines) / 2
			f.Lines, f.Bytes = [2][]*transcript.Line{f.Lines[:half], f.Lines[half:]}[machine], f.Bytes/2
		}
	},
	"one has the hooks, one the transcript": func(in *assemble.Input, machine int) {
		if machine == 0 {
			in.Files = nil
		} else {
			in.Records = nil
		}
	},
}

// TestUniteTakesFromNeitherMachine stores two machines' parts of every case of testdata one over
// the other, in both orders and again and again: no event of either is lost, and both come to the
// same bytes and stay there.
func TestUniteTakesFromNeitherMachine(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for how, part := range parts {
			for _, others := range []bool{len(how)%2 == 0} {
				seen := make([]*schema.Session, 2)
				for machine := range seen {
					in, set := readCase(t, archive)
					if part(&in, machine); len(in.Records) > 0 || len(in.Files) > 0 {
						seen[machine] = assemble.Session(in, set)
					}
				}
				if seen[0] == nil || seen[1] == nil {
					continue
				}
				t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar")+"/"+how, func(t *testing.T) {
					twoMachines(t, seen[0], seen[1], others)
					twoMachines(t, seen[1], seen[0], others)
				})
			}
		}
	}
}

func twoMachines(t *testing.T, first, second *schema.Session, others bool) {
	t.Helper()
	put := func(stored, fresh *schema.Session) *schema.Session {
		united, more := assemble.Unite(stored, fresh, "", assemble.Elsewhere{Others: others, Mentioned: mentionedIn(fresh)})
		if len(united.Events) > len(fresh.Events) && !more {
			t.Errorf("more = false of %d events, with %d in all", len(fresh.Events), len(united.Events))
		}
		return united
	}
	stored := put(first, second)
	schematest.Validate(t, encode(t, stored))
	has, warmUps := map[string]int{}, map[string]bool{}
	for _, e := range stored.Events {
		has[e.ID]++
		warmUps[e.AgentID] = warmUps[e.AgentID] || e.Note == schema.WarmUpNote
	}
	for _, s := range []*schema.Session{first, second} {
		for _, e := range s.Events {
			if e.Type == schema.UserPrompt && first.Completeness.CopiedCalls != second.Completeness.CopiedCalls {
				continue // of a fork: one machine alone knows it for a copy
			}
			if e.Type == schema.Subagent && warmUps[e.AgentID] {
				continue // one machine alone knows it for a warm-up
			}
			blocked := e.Type == schema.UserPrompt && e.Error != nil // one by its text, for the channels share no id of it
			if has[e.ID] != 1 && !e.Provisional && !blocked {
				t.Errorf("event %s %q is there %d times", e.Name, e.Note+e.Prompt, has[e.ID])
			}
		}
	}
	for range 2 { // to see what the other added
		stored = put(put(stored, first), second)
	}
	for _, fresh := range []*schema.Session{first, second} {
		if again := put(stored, fresh); !bytes.Equal(encode(t, again), encode(t, stored)) {
			t.Errorf("they write for ever:\n%s", firstDifference(encode(t, again), encode(t, stored)))
		}
	}
}

// mentionedIn is what a machine's inputs mention, as far as its Session tells.
func mentionedIn(s *schema.Session) func(map[string]bool) map[string]bool {
	text := map[string]bool{}
	for _, e := range s.Events {
		if e.Tool != nil {
			text[e.Tool.ToolUseID] = true
		}
		if e.LLM != nil {
			text[e.LLM.MessageID] = true
		}
		text[e.AgentID] = true
	}
	return func(map[string]bool) map[string]bool { return text }
}

// TestUniteTellsAnotherMachinesEventsFromErrors: a better program must be able to correct an older
// one, and not by taking from another machine.
func TestUniteTellsAnotherMachinesEventsFromErrors(t *testing.T) {
	tool := func(id string) schema.Event {
		return schema.Event{ID: "event " + id, Type: schema.ToolCall, Name: "tool:Bash", Tool: &schema.Tool{Name: "Bash", ToolUseID: id}}
	}
	note := schema.Event{ID: "event note", Type: schema.Notification, Name: "notification", Note: "there"}
	session := func(program string, events ...schema.Event) *schema.Session {
		return &schema.Session{SessionID: "s", SchemaVersion: schema.Version, Events: events,
			Completeness: &schema.Completeness{ProgramVersion: program, Records: map[string]int{"PreToolUse": 1}}}
	}
	for _, c := range []struct {
		name       string
		old, fresh *schema.Session
		others     bool
		mentioned  string // an id in the inputs of fresh
		want       string
	}{
		{"another call, same program", session("1", tool("a")), session("1", tool("b")), false, "b", "tool:a tool:b"},
		{"another call, another program", session("1", tool("a")), session("2", tool("b")), false, "b", "tool:a tool:b"},
		{"a call that a better program leaves out", session("1", tool("a"), tool("b")), session("2", tool("b")), false, "a", "tool:b"},
		{"the same, known to be of two machines", session("1", tool("a"), tool("b")), session("2", tool("b")), true, "a", "tool:b"},
		{"a note, same program", session("1", note), session("1", tool("b")), false, "b", "note tool:b"},
		{"a note, another program", session("1", note, tool("b")), session("2", tool("b")), false, "b", "tool:b"},
		{"a note, known to be of two machines", session("1", note, tool("b")), session("2", tool("b")), true, "b", "note tool:b"},
		{"nothing new", session("1", tool("a"), tool("b")), session("1", tool("b")), true, "b", "tool:a tool:b"},
	} {
		got, _ := assemble.Unite(c.old, c.fresh, "", assemble.Elsewhere{Others: c.others, Mentioned: func(map[string]bool) map[string]bool {
			return map[string]bool{c.mentioned: true}
		}})
		var has []string
		for _, e := range got.Events {
			if e.Tool != nil {
				has = append(has, "tool:"+e.Tool.ToolUseID)
			} else {
				has = append(has, "note")
			}
		}
		slices.Sort(has)
		if text := strings.Join(has, " "); text != c.want {
			t.Errorf("%s: got %s, want %s", c.name, text, c.want)
		}
	}
}

// TestUnitingKeepsTheSumsOfMessagesThatWereLeftOut has a stored Session too large for all of its messages, and an input that
// has less of it by now.
func TestUnitingKeepsTheSumsOfMessagesThatWereLeftOut(t *testing.T) {
	usd := 3.5
	message := func(id string) schema.Event {
		return schema.Event{ID: id, Type: schema.LLMMessage, LLM: &schema.LLM{Text: id, Usage: &schema.Usage{OutputTokens: 10}}}
	}
	file := func(lines int) []schema.InputFile {
		return []schema.InputFile{{Name: "s.jsonl", Lines: lines, Bytes: int64(100 * lines)}}
	}
	old := &schema.Session{SessionID: "s", Events: []schema.Event{message("a"), message("b")},
		Totals: schema.Totals{LLMCalls: 7, Usage: schema.Usage{OutputTokens: 70}, CostUSD: &usd}, Cost: &schema.Cost{ComputedUSD: &usd},
		Completeness: &schema.Completeness{Files: file(7), Cut: &schema.Cut{Messages: 5}}}
	fresh := &schema.Session{SessionID: "s", Events: []schema.Event{message("b")}, Completeness: &schema.Completeness{Files: file(1)}}
	got := assemble.Carry(old, fresh, "")
	if got.Totals.LLMCalls != 7 || got.Totals.Usage.OutputTokens != 70 || got.Totals.CostUSD == nil || *got.Totals.CostUSD != usd {
		t.Errorf("got %+v, want the sums of all seven messages", got.Totals)
	}
	if c := got.Completeness.Cut; c == nil || c.Messages != 5 {
		t.Errorf("got %+v, want the five that were left out to be said", c)
	}
	whole := *old
	whole.Completeness = &schema.Completeness{Files: file(7)}
	if got := assemble.Carry(&whole, fresh, ""); got.Totals.LLMCalls != 2 {
		t.Errorf("nothing was left out: got %d calls, want the 2 that are there", got.Totals.LLMCalls)
	}
}
