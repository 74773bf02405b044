package story

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// table is one table of sums; the first column holds names, the others numbers.
type table struct {
	head []string
	rows [][]string
}

// totals sums a session by tool, by model and by agent.
func totals(s *schema.Session, sum *schema.Summary) []table {
	var out []table
	for _, t := range []table{byTool(s), byModel(s), byAgent(s), byFile(s, sum)} {
		if len(t.rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// inNoCall is the row of what the client's bill has beside the calls of its transcript.
const inNoCall = "in the bill, in no call"

// addRest adds the rows that make a column of costs add up to the cost of the session: what the bill has and no call, and the
// sum.
func (t *table) addRest(s *schema.Session, rows []*sums) {
	all := 0.0
	for _, u := range rows {
		all += u.cost
	}
	row := func(name, text string) []string {
		cells := make([]string, len(t.head))
		cells[0], cells[len(cells)-1] = name, text
		return cells
	}
	total := s.Totals.CostUSD
	if total == nil {
		return
	}
	if rest := *total - all; math.Abs(rest) > smallestGap {
		t.rows = append(t.rows, row(inNoCall, screen.Money(rest)))
	}
	if len(t.rows) > 1 {
		t.rows = append(t.rows, row("all", screen.Exactly(*total)))
	}
}

// sums are what is summed of a tool, a model or an agent.
type sums struct {
	name         string
	calls, fails int
	ms           int64
	messages     int
	usage        schema.Usage
	cost         float64
	unpriced     bool
}

// group adds events up by a key, in the order of what came first.
type group struct {
	order []string
	by    map[string]*sums
}

func (g *group) at(key, name string) *sums {
	if g.by == nil {
		g.by = map[string]*sums{}
	}
	if g.by[key] == nil {
		g.by[key] = &sums{name: name}
		g.order = append(g.order, key)
	}
	return g.by[key]
}

func (s *sums) addMessage(m *schema.LLM) {
	s.messages++
	if m.Usage != nil {
		s.usage = s.usage.Add(*m.Usage)
	} else {
		s.usage = s.usage.Add(schema.Uncounted())
	}
	if m.CostUSD != nil {
		s.cost += *m.CostUSD
	} else {
		s.unpriced = true
	}
}

func (s *sums) addCall(e *schema.Event) {
	s.calls++
	if e.Tool.IsError {
		s.fails++
	}
	switch {
	case e.Tool.ExecutionMS != nil:
		s.ms += *e.Tool.ExecutionMS
	case e.DurationMS != nil:
		s.ms += *e.DurationMS
	}
}

// money is a computed cost; what has no price is not silently nothing.
func (s *sums) money() string {
	switch {
	case s.unpriced && s.cost == 0:
		return "?"
	case s.unpriced:
		return screen.Money(s.cost) + "+?"
	}
	return screen.Money(s.cost)
}

func inText(u schema.Usage) string {
	n, known := u.Input()
	if !known {
		return screen.AtLeast(screen.Short(n), n)
	}
	return screen.Short(n)
}

func outText(u schema.Usage) string {
	if slices.Contains(u.Unknown, schema.OutputTokens) {
		return screen.AtLeast(screen.Short(u.OutputTokens), u.OutputTokens)
	}
	return screen.Short(u.OutputTokens)
}

func byTool(s *schema.Session) table {
	var g group
	for i := range s.Events {
		if e := &s.Events[i]; e.Tool != nil {
			g.at(e.Tool.Name, e.Tool.Name).addCall(e)
		}
	}
	t := table{head: []string{"tool", "calls", "failed", "time"}}
	for _, u := range g.sorted(func(u *sums) float64 { return float64(u.ms) }) {
		t.rows = append(t.rows, []string{u.name, number(u.calls), number(u.fails), screen.Duration(u.ms)})
	}
	return t
}

func byModel(s *schema.Session) table {
	var g group
	for i := range s.Events {
		if e := &s.Events[i]; e.LLM != nil && !e.Provisional {
			g.at(e.LLM.Model, e.LLM.Model).addMessage(e.LLM)
		}
	}
	t := table{head: []string{"model", "calls", "in", "cached", "out", "cost"}}
	rows := g.sorted(func(u *sums) float64 { return u.cost })
	for _, u := range rows {
		t.rows = append(t.rows, []string{u.name, number(u.messages), inText(u.usage), cached(u.usage), outText(u.usage), u.money()})
	}
	t.addRest(s, rows)
	return t
}

// cached is the part of the input that came from the cache.
func cached(u schema.Usage) string {
	all, known := u.Input()
	switch {
	case !known:
		return "?"
	case all <= 0:
		return "-"
	}
	return fmt.Sprintf("%.0f%%", 100*float64(u.CacheReadInputTokens)/float64(all))
}

// byAgent is empty where there is only the main thread.
func byAgent(s *schema.Session) table {
	var g group
	g.at("", "main thread")
	for i := range s.Events {
		if e := &s.Events[i]; e.Subagent != nil {
			g.at(e.Subagent.AgentID, agentName(e.Subagent))
		}
	}
	for i := range s.Events {
		e := &s.Events[i]
		key, name := e.AgentID, "agent "+e.AgentID
		if e.Note == schema.WarmUpNote {
			key, name = e.Note, "warm-ups of the client"
		}
		switch {
		case e.LLM != nil && !e.Provisional:
			g.at(key, name).addMessage(e.LLM)
		case e.Tool != nil:
			g.at(key, name).addCall(e)
		}
	}
	if len(g.order) == 1 {
		return table{}
	}
	t := table{head: []string{"agent", "messages", "tool calls", "failed", "in", "out", "cost"}}
	var rows []*sums
	for _, key := range g.order {
		u := g.by[key]
		rows = append(rows, u)
		t.rows = append(t.rows, []string{u.name, number(u.messages), number(u.calls), number(u.fails), inText(u.usage),
			outText(u.usage), u.money()})
	}
	t.addRest(s, rows)
	return t
}

// filesShown is how many files the table names: a refactoring edits hundreds.
const filesShown = 20

// byFile is a row a file that was edited, the most edited first.
func byFile(s *schema.Session, sum *schema.Summary) table {
	counts := sum.Files
	paths := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b].Edits, counts[a].Edits), strings.Compare(a, b))
	})
	t := table{head: []string{"file", "edits", "+", "−"}}
	var rest schema.FileCount
	for i, path := range paths {
		n := counts[path]
		if i < filesShown {
			t.rows = append(t.rows, []string{inFolder(path, s.Cwd), number(n.Edits), number(n.Added), number(n.Removed)})
			continue
		}
		rest = schema.FileCount{Edits: rest.Edits + n.Edits, Added: rest.Added + n.Added, Removed: rest.Removed + n.Removed}
	}
	if more := len(paths) - filesShown; more > 0 {
		t.rows = append(t.rows, []string{fmt.Sprintf("%s more", number(more)), number(rest.Edits), number(rest.Added), number(rest.Removed)})
	}
	return t
}

// inFolder is a path within the folder that the session ran in.
func inFolder(path, folder string) string {
	for _, slash := range []string{"/", `\`} {
		if within, ok := strings.CutPrefix(path, strings.TrimRight(folder, slash)+slash); ok && folder != "" {
			return within
		}
	}
	return path
}

// sorted are the sums, the largest first, names where they are equal.
func (g *group) sorted(size func(*sums) float64) []*sums {
	var out []*sums
	for _, key := range g.order {
		out = append(out, g.by[key])
	}
	slices.SortStableFunc(out, func(a, b *sums) int {
		return cmp.Or(cmp.Compare(size(b), size(a)), strings.Compare(a.name, b.name))
	})
	return out
}

func number(n int) string { return screen.Number(int64(n)) }
