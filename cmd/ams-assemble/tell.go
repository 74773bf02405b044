package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// widest is how much of a text a line of the story shows, in characters.
const widest = 110

// tell writes a session as a short story for the terminal.
func tell(w io.Writer, s *schema.Session) error {
	t := &teller{w: w, start: s.StartTime, depth: map[string]int{}}
	t.header(s)
	for i := range s.Events {
		t.event(&s.Events[i])
	}
	return t.err
}

type teller struct {
	w     io.Writer
	start schema.Time
	depth map[string]int // event id -> how deep below the main thread its children stand
	err   error
}

func (t *teller) printf(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format, args...)
	}
}

func (t *teller) header(s *schema.Session) {
	t.printf("session %s: %s", s.SessionID, s.Outcome)
	if s.DurationMS != nil {
		t.printf(" in %s", seconds(*s.DurationMS))
	}
	if c := s.Totals.CostUSD; c != nil {
		t.printf(", $%.6f (%s)", *c, s.Cost.Source)
	}
	t.printf("\n%s, %s, %s, %s; %d input and %d output tokens\n\n", count(s.Totals.LLMCalls, "model call"),
		count(s.Totals.ToolCalls, "tool call"), count(s.Totals.Subagents, "subagent"), count(s.Totals.Errors, "error"),
		s.Totals.Usage.InputTokens, s.Totals.Usage.OutputTokens)
}

func (t *teller) event(e *schema.Event) {
	depth := t.depth[e.ParentID]
	say := func(what, text string) {
		if text = oneLine(text); text != "" {
			t.printf("%7s  %s%-8s %s\n", seconds(e.StartTime.Sub(t.start.Time).Milliseconds()), strings.Repeat("  | ", depth), what, text)
		}
	}
	switch {
	case e.Type == schema.UserPrompt:
		say("PROMPT", e.Prompt)
	case e.LLM != nil:
		say("thinks", e.LLM.Thinking)
		say("says", e.LLM.Text)
	case e.Tool != nil:
		say(e.Tool.Name, toolLine(e))
	case e.Subagent != nil:
		t.depth[e.ID] = depth + 1
		say("SUBAGENT", strings.TrimSpace(e.Subagent.AgentType+": "+e.Subagent.Description))
		depth++
		say("why", e.Subagent.InvocationReasoning)
		say("asked", e.Subagent.InvocationPrompt)
	case e.Error != nil:
		say("ERROR", e.Error.Message)
	default:
		say(string(e.Type), e.Note)
	}
}

// toolLine is what a tool was called with, how long it took, and how it ended.
func toolLine(e *schema.Event) string {
	line := firstText(e.Tool.Input)
	if e.DurationMS != nil {
		line += fmt.Sprintf("  [%s]", seconds(*e.DurationMS))
	}
	if e.Tool.Outcome != schema.ToolOK {
		line += "  " + strings.ToUpper(string(e.Tool.Outcome))
	}
	if e.Error != nil {
		line += ": " + e.Error.Message
	}
	return line
}

// firstText is the member of a tool's input that says most of it.
func firstText(input schema.Raw) string {
	var members map[string]lax.Raw
	if lax.Unmarshal(input, &members) != nil {
		return ""
	}
	for _, name := range []string{"command", "file_path", "pattern", "query", "url", "description", "prompt"} {
		if s := lax.String(members[name]); s != "" {
			return s
		}
	}
	return string(input)
}

// printable is a text without control characters: they could move the cursor, or worse.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) || r == utf8.RuneError {
			return '\ufffd'
		}
		return r
	}, s)
}

// oneLine shows a text on one line, cut if it is long.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(printable(s)), " ")
	if utf8.RuneCountInString(s) > widest {
		s = string([]rune(s)[:widest-1]) + "…"
	}
	return s
}

func seconds(ms int64) string { return fmt.Sprintf("%.1fs", float64(ms)/1000) }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
