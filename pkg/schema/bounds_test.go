package schema_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
)

// Bounds that tests can reach.
const (
	smallField   = 1000
	smallEvent   = 10_000
	smallSession = 30_000
)

// TestEveryTextIsBounded makes each text and value of a Session large, one at a time.
func TestEveryTextIsBounded(t *testing.T) {
	ours := map[string]bool{ // of our own making, or bounded where they are read
		"Session.SchemaVersion": true, "Completeness.ProgramVersion": true, "InputFile.Name": true, "Cost.PricesDate": true, "CostGap.Reason": true,
		"CostGap.Model": true, "CostGap.EventIDs": true, "Cost.UnpricedModels": true, "Completeness.Missing": true, "Usage.Unknown": true,
	}
	large := strings.Repeat("large ", 20_000)
	tried := map[string]bool{}
	for again := true; again; {
		again = false
		s := fullSession()
		name := ""
		structs(reflect.ValueOf(s), func(v reflect.Value) {
			for i := range v.NumField() {
				at := v.Type().Name() + "." + v.Type().Field(i).Name
				if name != "" || tried[at] || ours[at] || v.Field(i).IsZero() {
					continue
				}
				switch p := v.Field(i).Addr().Interface().(type) {
				case *string:
					*p = large
				case *schema.Raw:
					*p = schema.Raw(`{"text":"` + large + `"}`)
				case *[]string:
					*p = slices.Repeat([]string{large}, 3)
				case *map[string]schema.Raw:
					continue // bounded by a megabyte
				default:
					continue
				}
				name, tried[at], again = at, true, true
			}
		})
		if name == "" {
			continue
		}
		before := len(encode(t, fullSession()))
		s.BoundBy(smallField, smallEvent, smallSession)
		b := encode(t, s)
		if grown := len(b) - before; grown > smallEvent+smallField {
			t.Errorf("%s: got %d bytes more, want at most %d", name, grown, smallEvent+smallField)
		}
		if cut := s.Completeness.Cut; cut.Fields+cut.Events == 3+4 {
			t.Errorf("%s: got %+v, want what was cut to be counted", name, cut)
		}
	}
	if len(tried) < 40 {
		t.Errorf("tried %d fields, want all: %v", len(tried), slices.Sorted(maps.Keys(tried)))
	}
}

func TestASessionIsBounded(t *testing.T) {
	text := strings.Repeat("word ", 1000)
	s := minimalSession()
	for i := range 30 {
		s.Events = append(s.Events, schema.Event{ID: eventID(i), Type: schema.UserPrompt, Name: "user_prompt", StartTime: at(i), Status: schema.OK, Prompt: text})
	}
	s.Events[7].Prompt = "short"
	s.BoundBy(smallField, smallEvent, smallSession)
	total := 0
	for _, e := range s.Events {
		total += len(e.Prompt)
	}
	if total > smallSession || total < smallSession/4 {
		t.Errorf("got %d bytes of prompts, want at most %d and not much less", total, smallSession)
	}
	if s.Events[7].Prompt != "short" || !strings.HasPrefix(s.Events[8].Prompt, "word word ") || !strings.HasSuffix(s.Events[8].Prompt, "… [cut]") {
		t.Errorf("got %q and %.40q, want the short one whole and the beginning of the long one", s.Events[7].Prompt, s.Events[8].Prompt)
	}
	first := encode(t, s)
	s.BoundBy(smallField, smallEvent, smallSession)
	if again := encode(t, s); string(again) != string(first) {
		t.Error("got other bytes the second time, want what was cut to stay as it is")
	}
}

func TestDeepValuesAreKeptAsText(t *testing.T) {
	deep := schema.Raw(strings.Repeat(`[`, 9900) + `{"key":"value"}` + strings.Repeat(`]`, 9900))
	s := minimalSession()
	for i := range 6 {
		s.Events = append(s.Events, schema.Event{
			ID: eventID(i), Seq: i + 1, Type: schema.ToolCall, Name: "tool:x", StartTime: at(i), Status: schema.OK,
			Tool: &schema.Tool{Name: "x", Input: schema.Raw(`{"a":[1]}`), Result: deep},
		})
	}
	s.Metadata = map[string]schema.Raw{"deep": deep}
	b := encode(t, s)
	if len(b) > 10*7*len(deep) || s.Completeness.Cut.Deep != 7 {
		t.Errorf("got %d bytes and %+v, want at most ten times the input and 7 deep values", len(b), s.Completeness.Cut)
	}
	if !strings.Contains(string(b), `[{\"key\":\"value\"}]`) {
		t.Error("got no text of the innermost value, want nothing lost")
	}
	schematest.Validate(t, b)
	if _, err := schema.Decode(b); err != nil {
		t.Error(err)
	}
}

func TestTheShortPartsOfAnEventStayWhole(t *testing.T) {
	s := minimalSession()
	s.Events = []schema.Event{{
		ID: eventID(1), Type: schema.ToolCall, Name: "tool:Write", StartTime: at(1), Status: schema.OK,
		Tool: &schema.Tool{
			Name:   "Write",
			Input:  schema.Raw(`{"content":"` + strings.Repeat("text ", 10_000) + `","file_path":"/a.go"}`),
			Result: schema.Raw(`{"ok":true}`),
		},
	}}
	s.BoundBy(smallField, smallEvent, smallSession)
	tool := s.Events[0].Tool
	if !strings.HasSuffix(string(tool.Input), `… [cut]","file_path":"/a.go"}`) || string(tool.Result) != `{"ok":true}` {
		t.Errorf("got input %.40q...%q and result %s, want the content shortened and the rest whole",
			tool.Input, tool.Input[len(tool.Input)-40:], tool.Result)
	}
}

func TestAnIndexRecordIsBounded(t *testing.T) {
	const most = schema.MaxSummary
	s := fullSession()
	s.Title = strings.Repeat("title ", 10_000)
	for i := range 2000 {
		s.Tags = append(s.Tags, fmt.Sprint("tag", i))
		s.Metadata[fmt.Sprint("key", i)] = schema.Raw(`"` + strings.Repeat("v", i%50) + `"`)
		s.Events = append(s.Events, schema.Event{Tool: &schema.Tool{Name: fmt.Sprint("tool", i)}})
	}
	s.Metadata["large"] = schema.Raw(`"` + strings.Repeat("v", most) + `"`)
	members := len(s.Metadata)
	sum := schema.Summarize(s)
	sum.BoundBy(most)
	b, err := schema.EncodeSummary(sum)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > most || len(b) < most-100 || !slices.Equal(sum.Cut, []string{"agents", "first_prompt", "metadata", "tags", "tools"}) {
		t.Errorf("got %d bytes, cut %q, want at most %d and not much less", len(b), sum.Cut, most)
	}
	if len(s.Metadata) != members || len(sum.Tags) == 0 || len(sum.Models) != len(s.Models) {
		t.Errorf("got %d metadata in the Session, %d tags and %d models in its record, want the Session whole and models last to go",
			len(s.Metadata), len(sum.Tags), len(sum.Models))
	}
	schematest.ValidateIndex(t, b)
}

func TestAnIndexRecordLosesFirstWhatAListCanDoWithout(t *testing.T) {
	long := strings.Repeat("a-long-folder/", 8)
	session := func(files, agents, tools int) *schema.Summary {
		s := fullSession()
		for i := range files {
			for range 1 + i%3 {
				s.Events = append(s.Events, schema.Event{Tool: &schema.Tool{Name: "Edit",
					Input: schema.Raw(fmt.Sprintf(`{"file_path":"/%s%d.go","old_string":"a","new_string":"b"}`, long, i))}})
			}
		}
		for i := range agents {
			s.Events = append(s.Events, schema.Event{Subagent: &schema.SubagentInfo{AgentID: fmt.Sprint(i), AgentType: fmt.Sprint(long, i)}})
		}
		for i := range tools {
			s.Events = append(s.Events, schema.Event{Tool: &schema.Tool{Name: fmt.Sprint(long, i)}})
		}
		return schema.Summarize(s)
	}
	for _, row := range []struct {
		name                 string
		files, agents, tools int
		want                 []string
	}{
		{"what fits", 20, 10, 10, nil},
		{"many files", 300, 10, 10, []string{"files"}},
		{"many agents", 20, 300, 10, []string{"agents", "files"}},
		{"many tools", 20, 20, 300, []string{"agents", "files", "tools"}},
	} {
		sum := session(row.files, row.agents, row.tools)
		b, err := schema.EncodeSummary(sum)
		if err != nil || len(b) > schema.MaxSummary || !slices.Equal(sum.Cut, row.want) {
			t.Errorf("%s: got %d bytes, cut %q (%v), want at most %d, cut %q", row.name, len(b), sum.Cut, err, schema.MaxSummary, row.want)
		}
		schematest.ValidateIndex(t, b)
		for path, n := range sum.Files {
			if row.name == "many files" && n.Edits == 1 {
				t.Errorf("%s: got %s with one edit, want those with more", row.name, path)
			}
		}
	}
}

func TestShortFilesAreBoundedByNumber(t *testing.T) {
	s := minimalSession()
	for i := range 250 {
		s.Events = append(s.Events, schema.Event{Tool: &schema.Tool{Name: "Write", Input: schema.Raw(fmt.Sprintf(`{"file_path":"%d"}`, i))}})
	}
	sum := schema.Summarize(s)
	sum.BoundBy(1 << 20)
	if len(sum.Files) != 200 || !slices.Equal(sum.Cut, []string{"files"}) {
		t.Errorf("got %d files, cut %q, want 200 and said", len(sum.Files), sum.Cut)
	}
}
