package story

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// quiet is a session in which most calls say nothing and only ask for tools, as most of real ones do. What the bill has
// more than its calls is in no call.
func quiet(calls int, bill float64) *schema.Session {
	s := &schema.Session{SessionID: "s", Cwd: "/p"}
	all := bill
	event := func(e schema.Event) {
		e.Seq, e.ID = len(s.Events)+1, fmt.Sprint("e", len(s.Events)+1)
		s.Events = append(s.Events, e)
	}
	event(schema.Event{Type: schema.UserPrompt, Prompt: "Do it"})
	for i := range calls {
		cost := 0.0123 + float64(i)*1e-7
		all += cost
		event(schema.Event{Type: schema.LLMMessage, LLM: &schema.LLM{Model: fmt.Sprint("m", i%3), StopReason: "tool_use", CostUSD: &cost,
			Usage: &schema.Usage{InputTokens: 10, CacheCreationInputTokens: 200, CacheReadInputTokens: 30_000, OutputTokens: 42}}})
		id := s.Events[len(s.Events)-1].ID
		event(schema.Event{Type: schema.ToolCall, Tool: &schema.Tool{Name: "Read", LLMEventID: id, Outcome: schema.ToolOK}})
		event(schema.Event{Type: schema.ToolCall, Tool: &schema.Tool{Name: "Read", LLMEventID: id, Outcome: schema.ToolOK}})
		event(schema.Event{Type: schema.ToolCall, Tool: &schema.Tool{Name: "Bash", LLMEventID: id, Outcome: schema.ToolOK}})
	}
	s.Totals.CostUSD = &all
	return s
}

// TestNoCallIsWithoutItsPrice reads the story of quiet calls: each has a line, with what it asked for and its cost.
func TestNoCallIsWithoutItsPrice(t *testing.T) {
	var b strings.Builder
	if err := Write(&b, quiet(5, 0), Options{Screen: screen.Screen{Cells: 160}}); err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`CLAUDE  asks for Read 2x, Bash  (m\d · )?210 new and 30\.0k cached in, 42 out · \$0\.012\n`).FindAllString(b.String(), -1)
	if len(lines) != 5 {
		t.Errorf("%d calls have their line, want 5\n%s", len(lines), b.String())
	}
}

// TestTablesAddUpToTheCost holds what the tables are made of to the cost of the session, to 1e-9 dollars, whether the bill has more
// than the calls, less, or the same.
func TestTablesAddUpToTheCost(t *testing.T) {
	for _, bill := range []float64{0, 0.4567, -0.1} {
		s := quiet(40, bill)
		sum := schema.Summarize(s)
		rest := *sum.Unassigned()
		calls := 0.0
		for _, m := range sum.PerModel {
			calls += m.CostUSD
		}
		if math.Abs(calls+rest-*s.Totals.CostUSD) > 1e-9 || math.Abs(rest-bill) > 1e-9 {
			t.Errorf("calls %v and rest %v are not %v", calls, rest, *s.Totals.CostUSD)
		}
		for _, tab := range totals(s, sum) {
			if tab.head[len(tab.head)-1] != "cost" {
				continue
			}
			shown := 0.0
			last := tab.rows[len(tab.rows)-1]
			for _, row := range tab.rows[:len(tab.rows)-1] {
				shown += dollars(t, row[len(row)-1])
			}
			if all := dollars(t, last[len(last)-1]); last[0] != "all" || math.Abs(shown-all) > 0.001*float64(len(tab.rows)) {
				t.Errorf("with a bill of %v more, the rows show %v, the last %v", bill, shown, last)
			}
			if names := fmt.Sprint(tab.rows); strings.Contains(names, inNoCall) != (bill != 0) {
				t.Errorf("with a bill of %v more: %s", bill, names)
			}
		}
	}
}

func dollars(t *testing.T, text string) float64 {
	t.Helper()
	usd, err := strconv.ParseFloat(strings.NewReplacer("$", "", ",", "").Replace(text), 64)
	if err != nil {
		t.Fatal(err)
	}
	return usd
}

// TestAPageKeepsItsBound cuts a long story at a passage, and says how much is left out.
func TestAPageKeepsItsBound(t *testing.T) {
	s := quiet(900, 0)
	for _, most := range []int{100, 2_000, 65_536, 0} {
		var b strings.Builder
		if err := Markdown(&b, s, Options{Max: most}); err != nil {
			t.Fatal(err)
		}
		n := utf8.RuneCountInString(b.String())
		if cut := strings.Contains(b.String(), "more events left out"); most > 100 && !cut || most == 0 && cut || most > 0 && (n > most || n < most/2) && most > 100 || most == 100 && n > most {
			t.Errorf("at most %d: %d characters, cut: %v", most, n, cut)
		}
	}
}

// TestTwoSessionsFitTheScreen sets sessions side by side, of which one has a call without a price: its cost is not told as nothing.
func TestTwoSessionsFitTheScreen(t *testing.T) {
	a, b := quiet(5, 0), quiet(9, 0.2)
	a.SessionID, b.SessionID = "53159367-9d8d-42e1-8074-3b10f8a54d6e", "e99d347d-4cfc-4479-a821-9d8957996278"
	a.Cwd, b.Cwd = "/home/somebody/a/rather/long/folder", "/home/somebody/项目"
	for i := range b.Events {
		if m := b.Events[i].LLM; m != nil && m.Model == "m1" {
			m.CostUSD = nil
		}
	}
	for _, cells := range []int{40, 60, 80, 120, 200} {
		var out strings.Builder
		if err := Compare(&out, a, b, Options{Screen: screen.Screen{Cells: cells}}); err != nil {
			t.Fatal(err)
		}
		checkLines(t, out.String(), cells)
		if !regexp.MustCompile(`(?m)^  m1 +\$0\.\d+ +\?`).MatchString(out.String()) {
			t.Errorf("at %d: the cost of m1 in\n%s", cells, &out)
		}
	}
}
