package story

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// Compare sets two sessions side by side: what was asked, how it ended, what it took and cost, with which models, agents,
// tools and files. The errors are those of w.
func Compare(w io.Writer, a, b *schema.Session, o Options) error {
	c := &comparison{terminal: terminal{writer: writer{Writer: w}, Options: o}, a: a, b: b, left: schema.Summarize(a), right: schema.Summarize(b)}
	c.texts()
	c.figures()
	c.parts("model", costs(c.left.PerModel, callCost), costs(c.right.PerModel, callCost), screen.Money)
	c.parts("agent", costs(c.left.Agents, agentCost), costs(c.right.Agents, agentCost), screen.Money)
	c.parts("tool", costs(c.left.Tools, toolCalls), costs(c.right.Tools, toolCalls), plain)
	c.parts("signal", costs(c.left.Signals, signalCount), costs(c.right.Signals, signalCount), plain)
	c.files()
	return c.err
}

type comparison struct {
	terminal
	a, b        *schema.Session
	left, right *schema.Summary
}

func callCost(n schema.CallSums) *float64   { return priced(n.CostUSD, n.UnknownCalls) }
func agentCost(n schema.AgentSums) *float64 { return priced(n.CostUSD, n.UnknownCalls) }
func toolCalls(n schema.ToolCount) *float64 { return known(float64(n.Calls)) }
func signalCount(n int) *float64            { return known(float64(n)) }

// priced is a cost, nil where calls have none that is known.
func priced(usd float64, unknown int) *float64 {
	if unknown > 0 {
		return nil
	}
	return &usd
}
func plain(n float64) string { return screen.Number(int64(n)) }

// costs are figures by name.
func costs[K ~string, V any](in map[K]V, of func(V) *float64) map[string]*float64 {
	out := map[string]*float64{}
	for name, v := range in {
		out[string(name)] = of(v)
	}
	return out
}

// nameColumn is the width of what a line is about.
const nameColumn = 12

// texts are the lines of words: each side gets half of the screen, and as many lines as it needs.
func (c *comparison) texts() {
	half := max((c.Cells-nameColumn-4)/2, 12)
	c.text(c.Paint(screen.Dim, screen.Pad("", nameColumn)+"  "+screen.Pad("A", half)+"  B") + "\n")
	for _, r := range [][3]string{
		{"session", c.a.SessionID, c.b.SessionID},
		{"title", titleOf(c.a), titleOf(c.b)},
		{"began", c.at(c.a.StartTime).Format(moment), c.at(c.b.StartTime).Format(moment)},
		{"outcome", outcomeRow(c.a).text, outcomeRow(c.b).text},
		{"project", c.a.Cwd + prefixed(", branch ", c.a.GitBranch), c.b.Cwd + prefixed(", branch ", c.b.GitBranch)},
		{"client", clientText(c.a), clientText(c.b)},
	} {
		if r[1] == "" && r[2] == "" {
			continue
		}
		left, right := screen.Wrap(screen.Cut(screen.Line(r[1]), 3*half), half), screen.Wrap(screen.Cut(screen.Line(r[2]), 3*half), half)
		for i := range max(len(left), len(right)) {
			name := ""
			if i == 0 {
				name = r[0]
			}
			c.text(strings.TrimRight(c.Paint(screen.Dim, screen.Pad(name, nameColumn))+"  "+screen.Pad(lineAt(left, i), half)+"  "+lineAt(right, i), " ") + "\n")
		}
	}
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// figure is a number of both sides; a side that does not know it is nil.
type figure struct {
	name string
	a, b *float64
	show func(float64) string
}

func (c *comparison) figures() {
	duration := func(ms float64) string { return screen.Duration(int64(ms)) }
	short := func(n float64) string { return screen.Short(int64(n)) }
	count := func(a, b int) (*float64, *float64) { return known(float64(a)), known(float64(b)) }
	turns := [2]int{len(turns(c.a)), len(turns(c.b))}
	var rows []figure
	add := func(name string, a, b *float64, show func(float64) string) {
		rows = append(rows, figure{name, a, b, show})
	}
	both := func(name string, a, b int, show func(float64) string) {
		x, y := count(a, b)
		add(name, x, y, show)
	}
	add("cost", c.left.CostUSD, c.right.CostUSD, screen.Money)
	add("time", float(c.left.DurationMS), float(c.right.DurationMS), duration)
	add("active", float(c.left.ActiveMS), float(c.right.ActiveMS), duration)
	both("turns", turns[0], turns[1], plain)
	both("model calls", c.left.LLMCalls, c.right.LLMCalls, plain)
	both("tool calls", c.left.ToolCalls, c.right.ToolCalls, plain)
	both("agents", c.left.Subagents, c.right.Subagents, plain)
	both("errors", c.left.Errors, c.right.Errors, plain)
	both("tokens in", input(c.left), input(c.right), short)
	both("cached", int(c.left.CacheReadInputTokens), int(c.right.CacheReadInputTokens), short)
	both("tokens out", int(c.left.OutputTokens), int(c.right.OutputTokens), short)
	add("context", float(c.left.PeakContext), float(c.right.PeakContext), short)
	both("rewrites", c.left.CacheRewrites.Count, c.right.CacheRewrites.Count, plain)
	both("compactions", c.left.Compactions, c.right.Compactions, plain)
	c.figureTable("", rows)
}

func input(s *schema.Summary) int {
	return int(s.InputTokens + s.CacheReadInputTokens + s.CacheCreationInputTokens)
}

func known(v float64) *float64 { return &v }

func float(n *int64) *float64 {
	if n == nil {
		return nil
	}
	return known(float64(*n))
}

// partsShown is how many names of a kind are compared: those with the largest figures.
const partsShown = 15

// parts compares figures by name. A side without a name has 0 of it.
func (c *comparison) parts(kind string, a, b map[string]*float64, show func(float64) string) {
	names := slices.Collect(maps.Keys(a))
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(x, y string) int {
		if d := max(schema.OrZero(a[y]), schema.OrZero(b[y])) - max(schema.OrZero(a[x]), schema.OrZero(b[x])); d != 0 {
			if d > 0 {
				return 1
			}
			return -1
		}
		return strings.Compare(x, y)
	})
	var rows []figure
	for _, name := range names[:min(len(names), partsShown)] {
		rows = append(rows, figure{name, orNothing(a, name), orNothing(b, name), show})
	}
	if kind == "model" || kind == "agent" {
		if x, y := c.left.Unassigned(), c.right.Unassigned(); x != nil && y != nil && max(math.Abs(*x), math.Abs(*y)) > smallestGap {
			rows = append(rows, figure{inNoCall, known(noDust(*x)), known(noDust(*y)), show})
		}
	}
	if more := len(names) - partsShown; more > 0 {
		kind += fmt.Sprintf(" (%s more)", number(more))
	}
	c.figureTable(kind, rows)
}

// noDust is 0 for what only adding up left.
func noDust(usd float64) float64 {
	if math.Abs(usd) <= smallestGap {
		return 0
	}
	return usd
}

// orNothing is a figure by its name; a side without the name has 0 of it.
func orNothing(in map[string]*float64, name string) *float64 {
	if v, ok := in[name]; ok {
		return v
	}
	return known(0)
}

// figureTable sets figures with their difference.
func (c *comparison) figureTable(kind string, rows []figure) {
	if len(rows) == 0 {
		return
	}
	t := table{head: []string{kind, "A", "B", "B − A"}}
	for _, r := range rows {
		t.rows = append(t.rows, []string{r.name, shownAs(r.a, r.show), shownAs(r.b, r.show), difference(r)})
	}
	c.text("\n")
	c.table(t)
}

func shownAs(v *float64, show func(float64) string) string {
	if v == nil {
		return "?"
	}
	return show(*v)
}

func difference(r figure) string {
	if r.a == nil || r.b == nil {
		return "?"
	}
	d := *r.b - *r.a
	text := r.show(d)
	if d > 0 {
		text = "+" + text
	}
	switch {
	case *r.a <= 0 || d == 0:
	case *r.b >= 10**r.a:
		text += fmt.Sprintf(" (%sx)", screen.Short(int64(*r.b / *r.a)))
	default:
		text += fmt.Sprintf(" (%+.0f%%)", 100*d / *r.a)
	}
	return text
}

// files names the files that both edited, and how many each edited alone.
func (c *comparison) files() {
	var both []string
	for path := range c.left.Files {
		if _, ok := c.right.Files[path]; ok {
			both = append(both, path)
		}
	}
	if len(c.left.Files)+len(c.right.Files) == 0 {
		return
	}
	slices.Sort(both)
	t := table{head: []string{"file", "A + −", "B + −"}}
	for _, path := range both[:min(len(both), filesShown)] {
		t.rows = append(t.rows, []string{inFolder(path, c.a.Cwd), lineCounts(c.left.Files[path]), lineCounts(c.right.Files[path])})
	}
	if more := len(both) - filesShown; more > 0 {
		t.rows = append(t.rows, []string{number(more) + " more", "", ""})
	}
	t.rows = append(t.rows, []string{"edited by one alone", number(len(c.left.Files) - len(both)), number(len(c.right.Files) - len(both))})
	c.text("\n")
	c.table(t)
}

func lineCounts(n schema.FileCount) string { return fmt.Sprintf("+%d −%d", n.Added, n.Removed) }
