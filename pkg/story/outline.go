package story

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// turn is what happened from one prompt to the next, whoever did it.
type turn struct {
	event     *schema.Event // the prompt, or the first event of a session that begins without
	title     string
	sums      sums
	errors    int
	context   int64 // tokens of the last call of the main thread
	signals   []string
	subagents int
}

// turns divides a session at the prompts of its main thread. What a subagent does belongs to the turn in which it
// happens.
func turns(s *schema.Session) []*turn {
	var out []*turn
	signals := signalsAt(s)
	for i := range s.Events {
		e := &s.Events[i]
		if isPrompt := e.Type == schema.UserPrompt && e.AgentID == ""; isPrompt || len(out) == 0 {
			title := e.Prompt
			if !isPrompt {
				title = "(before the first prompt)"
			}
			out = append(out, &turn{event: e, title: title})
		}
		t := out[len(out)-1]
		t.add(e)
		for _, kind := range signals[e.ID] {
			if !slices.Contains(t.signals, kind) {
				t.signals = append(t.signals, kind)
			}
		}
	}
	return out
}

func (t *turn) add(e *schema.Event) {
	switch {
	case e.LLM != nil && !e.Provisional:
		t.sums.addMessage(e.LLM)
		if e.LLM.Usage != nil && e.AgentID == "" {
			t.context, _ = e.LLM.Usage.Input()
		}
	case e.Tool != nil:
		t.sums.addCall(e)
	case e.Subagent != nil:
		t.subagents++
	}
	if Errors.holds(e) {
		t.errors++
	}
}

// signalsAt are the kinds of signals by the events that they name: where to look.
func signalsAt(s *schema.Session) map[string][]string {
	at := map[string][]string{}
	for _, signal := range s.Signals {
		for _, id := range signal.EventIDs {
			at[id] = append(at[id], strings.ReplaceAll(string(signal.Kind), "_", " "))
		}
	}
	return at
}

// figures is how many figures a turn has.
const figures = 5

// facts are the figures of a turn, "" for one that it has not.
func (t *turn) facts() (out [figures]string) {
	out[0], out[1], out[2] = t.sums.money(), count(t.sums.messages, "call", "calls"), count(t.sums.calls, "tool", "tools")
	if t.subagents > 0 {
		out[3] = count(t.subagents, "agent", "agents")
	}
	if t.context > 0 {
		out[4] = "context " + screen.Short(t.context)
	}
	return out
}

// trouble says what of a turn deserves a look.
func (t *turn) trouble() string {
	var out []string
	if t.errors > 0 {
		out = append(out, count(t.errors, "error", "errors"))
	}
	return strings.Join(append(out, t.signals...), ", ")
}

// outline sets a line for each turn: in columns where there is room for them, else with the figures below a title that is long.
func (t *terminal) outline() {
	all := turns(t.session)
	columns := columnsOf(all)
	for _, turn := range all {
		gutter := t.gutter(fmt.Sprintf("#%d", turn.event.Seq), sinceStart(t.session, turn.event))
		title, trouble := screen.Line(turn.title), screen.Line(turn.trouble())
		has := turn.facts()
		facts := list(" · ", slices.Clone(has[:])...)
		room := t.textRoom() - screen.Width(list("  ", facts, trouble)) - 4
		wide := t.textRoom() - columns.width() - 4
		beside := wide-columns.trouble >= minTitle // there is a column for what troubled turns, too
		if beside {
			wide -= columns.trouble
		}
		var lines []string
		switch {
		case wide >= minTitle:
			lines = []string{screen.Pad(title, wide) + "  " + t.Paint(screen.Dim, columns.set(has))}
			if beside {
				lines[0] += "  " + t.Paint(screen.Alarm, trouble)
			} else if trouble != "" {
				lines = append(lines, "  "+t.Paint(screen.Alarm, trouble))
			}
		case screen.Width(title) <= room:
			lines = []string{screen.Pad(title, room) + "  " + list("  ", t.Paint(screen.Dim, facts), t.Paint(screen.Alarm, trouble))}
		default:
			lines = []string{screen.Cut(title, t.textRoom()), "  " + list("  ", t.Paint(screen.Dim, facts), t.Paint(screen.Alarm, trouble))}
		}
		for _, line := range lines {
			t.text(strings.TrimRight(gutter+line, " ") + "\n")
			gutter = t.gutter("", "")
		}
	}
	for _, r := range restOf(t.session, all) {
		t.text(t.gutter("", "") + t.Paint(screen.Dim, r[1]+" · "+r[0]) + "\n")
	}
}

// minTitle is how many columns a title has beside figures in columns.
const minTitle = 40

// columns are how wide the figures of turns are, and with the space before it what troubled them.
type columns struct {
	facts   [figures]int
	trouble int
}

func columnsOf(turns []*turn) (c columns) {
	for _, t := range turns {
		for i, fact := range t.facts() {
			c.facts[i] = max(c.facts[i], screen.Width(fact))
		}
		if trouble := screen.Line(t.trouble()); trouble != "" {
			c.trouble = max(c.trouble, screen.Width(trouble)+2)
		}
	}
	return c
}

func (c columns) width() int {
	sum := 0
	for _, n := range c.facts {
		if n > 0 {
			sum += n + 2
		}
	}
	return sum - 2
}

// set puts figures one below the other, to the right.
func (c columns) set(facts [figures]string) string {
	var out []string
	for i, n := range c.facts {
		if n > 0 {
			out = append(out, strings.Repeat(" ", n-screen.Width(facts[i]))+facts[i])
		}
	}
	return strings.Join(out, "  ")
}

// outline sets a table with a row for each turn.
func (m *markdown) outline() {
	head := []string{"turn", "cost", "calls", "tools", "errors", "context", "signals"}
	m.head(head)
	all := turns(m.session)
	for i, t := range all {
		context := ""
		if t.context > 0 {
			context = screen.Short(t.context)
		}
		before := m.mark()
		m.row([]string{fmt.Sprintf("#%d %s", t.event.Seq, screen.Cut(screen.Line(t.title), 80)), t.sums.money(), number(t.sums.messages),
			number(t.sums.calls), number(t.errors), context, strings.Join(t.signals, ", ")})
		if m.over(m.Max) {
			m.back(before)
			m.leftOut(len(all)-i, "turn")
			return
		}
	}
	for _, r := range restOf(m.session, all) {
		m.row([]string{r[0], r[1], "", "", "", "", ""})
	}
	m.text("\n")
}

// restOf are the rows that make the turns add up to the session: what is in the bill and in no call, and the sum.
func restOf(s *schema.Session, turns []*turn) [][2]string {
	if s.Totals.CostUSD == nil {
		return nil
	}
	rest := *s.Totals.CostUSD
	for _, t := range turns {
		rest -= t.sums.cost
	}
	var out [][2]string
	if math.Abs(rest) > smallestGap {
		out = append(out, [2]string{inNoCall, screen.Money(rest)})
	}
	return append(out, [2]string{"all", screen.Exactly(*s.Totals.CostUSD)})
}
