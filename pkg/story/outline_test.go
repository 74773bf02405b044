package story

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// TestFiguresOfTurnsStandInColumns: on a wide screen the turns of any titles, sums and troubles are compared at a glance.
func TestFiguresOfTurnsStandInColumns(t *testing.T) {
	s := &schema.Session{SessionID: "s", Totals: schema.Totals{}}
	for i, title := range []string{"short", strings.Repeat("a long title ", 40), "日本語で書かれた", "x"} {
		s.Events = append(s.Events, schema.Event{ID: fmt.Sprint("p", i), Seq: len(s.Events) + 1, Type: schema.UserPrompt, Prompt: title})
		for range 1 + i*7 {
			cost := 0.5 * float64(i+1)
			s.Events = append(s.Events, schema.Event{ID: fmt.Sprint("c", len(s.Events)), Type: "llm_call", Status: schema.OK,
				LLM: &schema.LLM{CostUSD: &cost, Usage: &schema.Usage{InputTokens: int64(900 * (i + 1))}}})
		}
		if i == 1 {
			s.Events = append(s.Events, schema.Event{ID: "e", Type: "tool_call", Status: schema.Failed, Tool: &schema.Tool{Name: "Bash", IsError: true}})
		}
	}
	calls := regexp.MustCompile(`\d+ calls?  `)
	for _, cells := range []int{120, 200} {
		var out bytes.Buffer
		if err := Write(&out, s, Options{Screen: screen.Screen{Cells: cells}, Outline: true}); err != nil {
			t.Fatal(err)
		}
		column := 0
		for line := range strings.Lines(out.String()) {
			if at := calls.FindStringIndex(line); at != nil && strings.HasPrefix(strings.TrimSpace(line), "#") {
				end := screen.Width(line[:at[1]])
				if column == 0 {
					column = end
				}
				if end != column {
					t.Errorf("%d columns: calls are told at %d and %d\n%s", cells, column, end, out.String())
				}
			}
			if screen.Width(strings.TrimRight(line, "\n")) > cells {
				t.Errorf("%d columns: too wide: %s", cells, line)
			}
		}
		if column == 0 {
			t.Errorf("no turn has its calls\n%s", out.String())
		}
	}
}
