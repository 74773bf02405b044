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

// facts are the figures of a turn.
func (t *turn) facts() []string {
	facts := []string{t.sums.money(), count(t.sums.messages, "call", "calls"), count(t.sums.calls, "tool", "tools")}
	if t.subagents > 0 {
		facts = append(facts, count(t.subagents, "agent", "agents"))
	}
	if t.context > 0 {
		facts = append(facts, "context "+screen.Short(t.context))
	}
	return facts
}

// trouble says what of a turn deserves a look.
func (t *turn) trouble() string {
	var out []string
	if t.errors > 0 {
		out = append(out, count(t.errors, "error", "errors"))
	}
	return strings.Join(append(out, t.signals...), ", ")
}

// outline sets a line for each turn.
func (t *terminal) outline() {
	all := turns(t.session)
	for _, turn := range all {
		gutter := t.gutter(fmt.Sprintf("#%d", turn.event.Seq), sinceStart(t.session, turn.event))
		facts, trouble := list(" · ", turn.facts()...), screen.Line(turn.trouble())
		room := max(t.textRoom()-screen.Width(list("  ", facts, trouble))-4, minText)
		lines := []string{screen.Cut(screen.Line(turn.title), t.textRoom())}
		if title := screen.Line(turn.title); screen.Width(title) <= room || t.textRoom() >= 2*minText+screen.Width(facts) {
			lines = []string{screen.Pad(title, room) + "  " + list("  ", t.Paint(screen.Dim, facts), t.Paint(screen.Alarm, trouble))}
		} else {
			lines = append(lines, "  "+list("  ", t.Paint(screen.Dim, facts), t.Paint(screen.Alarm, trouble)))
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
