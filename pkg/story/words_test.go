package story

import (
	"errors"
	"io"
	"strings"
	"testing"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// told is one event as a wide terminal shows it.
func told(t *testing.T, e schema.Event) string {
	t.Helper()
	e.ID, e.Seq, e.Status = "e1", 1, schema.OK
	var b strings.Builder
	s := &schema.Session{SessionID: "s1", Events: []schema.Event{e}}
	if err := Write(&b, s, Options{Screen: screen.Screen{Cells: 200}, Only: []Kind{Tools}}); err != nil {
		t.Fatal(err)
	}
	if b.Len() == 0 {
		t.Fatalf("nothing is told of %+v", e)
	}
	return b.String()
}

func TestCallsTellWhoHadAWord(t *testing.T) {
	bash := func(change func(*schema.Tool)) schema.Event {
		tool := &schema.Tool{Name: "Bash", Input: schema.Raw(`{"command":"ls"}`), Result: schema.Raw(`"out"`), Outcome: schema.ToolOK}
		change(tool)
		return schema.Event{Type: schema.ToolCall, Name: "tool:Bash", Tool: tool}
	}
	changed := schema.Raw(`{"command":"pwd"}`)
	for _, row := range []struct {
		name       string
		event      schema.Event
		want, none string
	}{
		{"words", bash(func(t *schema.Tool) { t.Permission = &schema.Permission{Decision: "accept", Feedback: "but only once"} }),
			"a person says  but only once", "changed"},
		{"no words", bash(func(t *schema.Tool) { t.Permission = &schema.Permission{Decision: "accept"} }), "out", "a person says"},
		{"a hook", bash(func(t *schema.Tool) { t.ExecutedInput, t.ExecutedInputBy = changed, schema.ChangedByHook }),
			"a hook changed the input", "person"},
		{"a person", bash(func(t *schema.Tool) { t.ExecutedInput, t.ExecutedInputBy = changed, schema.ChangedByUser }),
			"a person changed the input", "hook"},
		{"nobody knows who", bash(func(t *schema.Tool) { t.ExecutedInput = changed }), "the input was changed before it ran", "hook"},
		{"an answer", bash(func(t *schema.Tool) {
			t.Name, t.ExecutedInput, t.ExecutedInputBy = "AskUserQuestion", changed, schema.ChangedByUser
		}), "answered by a person", "changed"},
		{"a cut output", bash(func(t *schema.Tool) { t.FullOutput = &schema.OutputFile{Path: "/tmp/b1.txt", Bytes: 408_908} }),
			"cut by the client; the whole, " + screen.Bytes(408_908) + ", is in /tmp/b1.txt", "person"},
		{"a cut output of unknown size", bash(func(t *schema.Tool) { t.FullOutput = &schema.OutputFile{Path: "/tmp/b1.txt"} }),
			"cut by the client; the whole is in /tmp/b1.txt", ", is in"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := told(t, row.event)
			if !strings.Contains(got, row.want) || strings.Contains(got, row.none) {
				t.Errorf("want %q and no %q in\n%s", row.want, row.none, got)
			}
		})
	}
}

func TestSizesOfACompactionAreToldAsFarAsKnown(t *testing.T) {
	for _, row := range []struct {
		before, after int64
		want          string
	}{
		{174_000, 900, "auto  174k → 900 tokens"},
		{174_000, 0, "auto  174k tokens before"},
		{0, 900, "auto  900 tokens after"},
		{0, 0, "auto"},
	} {
		e := &schema.Event{Type: schema.Compaction, Compaction: &schema.Compacted{Trigger: "auto", TokensBefore: row.before, TokensAfter: row.after}}
		if got := compactionPassage(e).title; got != row.want {
			t.Errorf("%d, %d: got %q, want %q", row.before, row.after, got, row.want)
		}
	}
}

func TestPromptsTellWhatCameWithThem(t *testing.T) {
	for _, c := range []struct{ note, terminal, page string }{
		{"attachments: 2", "PROMPT  typed · attachments: 2\n", "(typed · attachments: 2)"},
		{schema.OutputNote + "a.go\nb.go", "└ a.go\n", "a.go\nb.go\n"},
		{schema.OutputNote + "\x1b[31mred", `└ \x1b[31mred`, `\x1b[31mred`},
		{"", "PROMPT  typed\n", "(typed)"},
	} {
		e := schema.Event{ID: "e1", Seq: 1, Type: schema.UserPrompt, Name: "user_prompt", Prompt: "look", PromptSource: "typed", Note: c.note}
		s := &schema.Session{Events: []schema.Event{e}}
		o := Options{Screen: screen.Screen{Cells: 100}, Only: []Kind{Prompts}}
		var terminal, page strings.Builder
		if err := errors.Join(Write(&terminal, s, o), Markdown(&page, s, o)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(terminal.String(), c.terminal) || !strings.Contains(page.String(), c.page) {
			t.Errorf("note %q: want %q and %q in\n%s\n%s", c.note, c.terminal, c.page, &terminal, &page)
		}
		checkLines(t, terminal.String(), 100)
	}
}

func TestAStoryWithoutPassagesSaysWhy(t *testing.T) {
	silent := []schema.Event{{ID: "e1", Seq: 1, Type: schema.LLMMessage, LLM: &schema.LLM{StopReason: "end_turn"}}}
	for _, c := range []struct {
		events []schema.Event
		only   []Kind
		want   string
	}{
		{nil, nil, "this session has no events"},
		{nil, []Kind{Errors}, "this session has no events"},
		{silent, nil, "cost not known"},
		{silent, []Kind{Errors}, "nothing of that kind happened in this session"},
	} {
		for _, tell := range []func(io.Writer, *schema.Session, Options) error{Write, Markdown} {
			var b strings.Builder
			err := tell(&b, &schema.Session{SessionID: "s", Events: c.events}, Options{Screen: screen.Screen{Cells: 100}, Only: c.only})
			if err != nil || !strings.Contains(b.String(), c.want) {
				t.Errorf("%v, want %q in\n%s", err, c.want, b.String())
			}
		}
	}
}
