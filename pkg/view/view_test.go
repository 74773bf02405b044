package view

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"time"

	"ams/pkg/schema"
)

func at(s int) schema.Time {
	return schema.Time{Time: time.Date(2026, 11, 20, 10, 0, s, 0, time.UTC)}
}

func ms(n int64) *int64 { return &n }

func tool(name, input, result string) schema.Event {
	return schema.Event{ID: name, Seq: 1, Type: schema.ToolCall, StartTime: at(1), EndTime: at(3), DurationMS: ms(2000), Status: schema.OK,
		Tool: &schema.Tool{Name: name, Input: schema.Raw(input), Result: schema.Raw(result), Outcome: schema.ToolOK}}
}

func of(events ...schema.Event) *Session {
	return Of(&schema.Session{SessionID: "s", StartTime: at(0), EndTime: at(60), Events: events})
}

// TestEachToolIsSetInItsWay holds calls of tools to their title and their texts.
func TestEachToolIsSetInItsWay(t *testing.T) {
	for _, c := range []struct {
		name, input, result string
		title               string
		parts               string // kind name: text
	}{
		{"Bash", `{"command":"ls -l","description":"List"}`, `{"stdout":"a\nb\n","stderr":"oh"}`, "List", "command : ls -l|output : a\nb|output stderr: oh"},
		{"Read", `{"file_path":"/a/b.go"}`, `{"type":"text","file":{"content":"package b"}}`, "/a/b.go", "code : package b"},
		{"Grep", `{"pattern":"x","path":"/a"}`, `{"content":"/a/b:1:x"}`, "x  in /a", "code : /a/b:1:x"},
		{"Edit", `{"file_path":"/a","old_string":"one\ntwo","new_string":"three"}`, `"done"`, "/a", "diff : -one\n-two\n+three"},
		{"Edit", `{"file_path":"/a","old_string":"x","new_string":"y"}`, `{"structuredPatch":[{"oldStart":3,"oldLines":1,"newStart":3,"newLines":1,"lines":["-x","+y"]}]}`, "/a", "diff : @@ -3,1 +3,1 @@\n-x\n+y"},
		{"Write", `{"file_path":"/a","content":"x\ny\n"}`, `{"type":"create","structuredPatch":[]}`, "/a", "diff : +x\n+y"},
		{"MultiEdit", `{"file_path":"/a","edits":[{"old_string":"x","new_string":"y"}]}`, `{}`, "/a", "diff : @@\n-x\n+y"},
		{"TodoWrite", `{"todos":[{"content":"Do\n it","status":"pending"},{"content":"Done","status":"completed"}]}`, `{}`, "", "todos : [pending] Do it\n[completed] Done"},
		{"mcp__x__y", `{"query":"q","n":3}`, `[{"type":"text","text":"found"}]`, "q", "code n: 3|output : found"},
		{"Odd", `"just a text"`, `null`, "", "code : just a text"},
		{"Odd", ``, ``, "", ""},
		{"Bash", `{"command":7}`, `[1,2]`, "", "code command: 7|output : 1\n2"},
		{"Edit", `{"file_path":"/a"}`, `{"structuredPatch":[{"lines":"x"},7]}`, "/a", "diff : @@ -, +, @@\n@@ -, +, @@"},
	} {
		v := of(tool(c.name, c.input, c.result))
		e := v.Slice(0, 1, EventText)[0]
		var parts []string
		for _, p := range e.Parts {
			parts = append(parts, fmt.Sprintf("%s %s: %s", p.Kind, p.Name, p.Text))
		}
		if got := strings.Join(parts, "|"); e.Title != c.title || got != c.parts {
			t.Errorf("%s %s %s:\ngot  %q %q\nwant %q %q", c.name, c.input, c.result, e.Title, got, c.title, c.parts)
		}
	}
}

func TestSpansSayWhatAPageMustKnow(t *testing.T) {
	waited := tool("Bash", `{"command":"x"}`, `{}`)
	waited.Tool.ApprovalMS = ms(500)
	failed := tool("Read", `{}`, `{}`)
	failed.Tool.IsError, failed.Status, failed.Tool.Outcome = true, schema.Failed, schema.ToolDenied
	agent := schema.Event{ID: "a", Type: schema.Subagent, StartTime: at(5), EndTime: at(9), Subagent: &schema.SubagentInfo{AgentID: "x"}}
	below := tool("Grep", `{}`, `{}`)
	below.ParentID, below.StartTime = "a", at(6)
	v := of(waited, failed, agent, below)
	type span struct {
		start, length, waited, lane, kind, flags, class int
	}
	var got []span
	for b := v.Spans(); len(b) > 0; b = b[SpanBytes:] {
		got = append(got, span{int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:])), int(binary.LittleEndian.Uint16(b[8:])),
			int(binary.LittleEndian.Uint16(b[10:])), int(b[12]), int(b[13]), int(b[14])})
	}
	want := []span{
		{1000, 2000, 16383, 0, kindTool, flagOrdinary | flagWaited, classShell},
		{1000, 2000, 0, 0, kindTool, flagFailed | flagRefused, classRead},
		{5000, 4000, 0, 0, kindAgent, 0, 0},
		{6000, 2000, 0, 1, kindTool, flagOrdinary, classRead},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if v.Lanes() != 2 {
		t.Errorf("%d lanes", v.Lanes())
	}
}

func TestACardTellsWhyAndWhatCameOfIt(t *testing.T) {
	call := tool("Agent", `{"prompt":"look"}`, `{"content":[{"type":"text","text":"found"}]}`)
	usd := 2.0
	agent := schema.Event{ID: "a", Seq: 2, Type: schema.Subagent, StartTime: at(5), EndTime: at(9), Subagent: &schema.SubagentInfo{AgentID: "x", AgentType: "Explore", Description: "Look",
		InvocationPrompt: "look", InvocationReasoning: "I must know", InvocationEventID: "Agent", CostUSD: &usd, Rollup: &schema.Rollup{Subagents: 3, CostUSD: &usd}}}
	answer := schema.Event{ID: "m", Seq: 3, ParentID: "a", Type: schema.LLMMessage, StartTime: at(8), EndTime: at(9), LLM: &schema.LLM{Text: "It is there."}}
	v := of(call, agent, answer)
	got := v.Slice(0, 2, EventText)
	if got[0].Title != "Look" || len(got[0].Parts) != 0 || got[0].Started != 2 {
		t.Errorf("the call %+v", got[0])
	}
	var parts []string
	for _, p := range got[1].Parts {
		parts = append(parts, p.Name+": "+p.Text)
	}
	if text := strings.Join(parts, "|"); text != "why: I must know|asked: look|answer: It is there." || got[1].Agent.Below != 3 || got[1].Agent.Asked != 0 {
		t.Errorf("the card %s %+v", text, got[1].Agent)
	}
	if h := v.Head(time.UTC); len(h.Lanes) != 2 || h.Lanes[1].What != "Look" || h.Lanes[1].Event != 1 {
		t.Errorf("lanes %+v", h.Lanes)
	}
}

// TestAgentsBelowThemselvesAreShown holds a session that no client writes to an end.
func TestAgentsBelowThemselvesAreShown(t *testing.T) {
	agent := func(id, parent string) schema.Event {
		return schema.Event{ID: id, ParentID: parent, Type: schema.Subagent, Subagent: &schema.SubagentInfo{AgentID: id}}
	}
	v := of(agent("a", "b"), agent("b", "a"), agent("c", "c"))
	for n, l := range v.lanes {
		steps := 0
		for at := n; at != 0 && steps < 10; at = v.lanes[at].parent {
			steps++
		}
		if steps == 10 {
			t.Errorf("lane %d never ends: %+v", n, l)
		}
	}
	if _, err := json.Marshal(v.Head(time.UTC)); err != nil {
		t.Error(err)
	}
}

func TestOnlyRastersArePictures(t *testing.T) {
	const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	for input, want := range map[string]bool{
		`{"type":"image","file":{"base64":"` + png + `","type":"image/png"}}`:                                     true,
		`[{"type":"image","data":"` + png + `","mimeType":"image/png"}]`:                                          true,
		`{"content":[{"type":"image","source":{"media_type":"image/png","data":"` + png + `"}}]}`:                 true,
		`{"content":[{"type":"image","source":{"media_type":"image/svg+xml","data":"` + png + `"}}]}`:             false,
		`{"content":[{"type":"image","source":{"media_type":"text/html","data":"PHNjcmlwdD4="}}]}`:                false,
		`{"content":[{"type":"image","source":{"media_type":"image/png","data":"PHNjcmlwdD4="}}]}`:                false,
		`{"content":[{"type":"image","source":{"media_type":"image/png","data":"no base64"}}]}`:                   false,
		`{"content":[{"type":"image","source":{"media_type":"image/png; x=\"<script>\"","data":"` + png + `"}}]}`: false,
	} {
		v := of(tool("Read", `{}`, input))
		shown := false
		for k := range v.Slice(0, 1, EventText)[0].Parts {
			p, _ := v.Whole(0, k)
			if _, ok := p.Picture(); ok {
				shown = true
			}
		}
		if shown != want {
			t.Errorf("%.100s: shown %v", input, shown)
		}
	}
}

func TestEventsHaveIDsAndNumbers(t *testing.T) {
	a, b := tool("A", `{}`, `{}`), tool("B", `{}`, `{}`)
	a.Seq, b.Seq = 1, 7
	v := of(a, b)
	for named, want := range map[string]int{"A": 0, "B": 1, "1": 0, "7": 1, "2": -1, "": -1, "x": -1} {
		if i, ok := v.Index(named); ok != (want >= 0) || ok && i != want {
			t.Errorf("%q: %d %v", named, i, ok)
		}
	}
	if _, ok := v.Whole(9, 0); ok {
		t.Error("an event that is not there has a text")
	}
}

// TestThePagesFilesMakeNoMarkup holds the modules to one place where elements are made, and to nothing that makes markup or code of a text.
func TestThePagesFilesMakeNoMarkup(t *testing.T) {
	bad := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|setAttribute\("on|createContextualFragment|srcdoc|https?://`)
	seen := 0
	err := fs.WalkDir(Files, "static", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(Files, path)
		if err != nil {
			return err
		}
		seen++
		for n, line := range strings.Split(string(b), "\n") {
			if m := bad.FindString(line); m != "" && path != "static/icon.svg" {
				t.Errorf("%s:%d: %s", path, n+1, m)
			}
			if strings.HasSuffix(path, ".html") && regexp.MustCompile(`<script>|<style|\bon[a-z]+=|style=`).MatchString(line) {
				t.Errorf("%s:%d: inline: %s", path, n+1, line)
			}
		}
		return nil
	})
	if err != nil || seen < 10 {
		t.Fatal(seen, err)
	}
}
