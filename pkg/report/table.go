package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"ams/pkg/screen"
)

// column is one column of the table. rank says which go first where there is no room: the highest.
type column struct {
	head  string
	rank  int
	needs measure // that a dimension may lack
	cell  func(Row) string
	left  bool
	cells int
}

// barMost is the widest a bar gets, and barLeast the narrowest that says anything.
const (
	barMost  = 24
	barLeast = 6
	keyCells = 40 // of one dimension, at the most
)

// Write sets the report for a screen: the sum first, then the rows, of which it shows at most limit (0: all) and sums
// the others up. Bars are for a person: bars says whether there are any.
func (r *Report) Write(w io.Writer, s screen.Screen, limit int, bars bool) error {
	var b strings.Builder
	for _, line := range r.summary() {
		b.WriteString(strings.Join(screen.Wrap(line, s.Cells), "\n") + "\n")
	}
	rows, others := cutRows(r.Rows(), len(r.dims), limit)
	if others != nil {
		at := len(rows)
		for at > 0 && rank(rows[at-1]) > 0 {
			at--
		}
		rows = slices.Insert(rows, at, *others)
	}
	columns, bar := r.fit(rows, s.Cells, bars)
	b.WriteString("\n" + s.Paint(screen.Dim, tableLine(columns, func(c column) string { return c.head })) + "\n")
	if len(rows) == 0 {
		b.WriteString("no session has any\n")
	}
	most := 0.0
	for _, row := range rows {
		most = max(most, r.size(row))
	}
	for _, row := range rows {
		line := tableLine(columns, func(c column) string { return c.cell(row) })
		if n := int(math.Round(float64(bar) * r.size(row) / max(most, math.SmallestNonzeroFloat64))); bar > 0 && n > 0 {
			line = screen.Pad(line, s.Cells-bar-2) + "  " + s.Paint(screen.Cyan, strings.Repeat("█", n))
		}
		b.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// unknownSessions stands for how many sessions several rows are of: one may be in more than one of them.
const unknownSessions = -1

// cutRows leaves the first rows, and sums the others up into one; what is in no call stays by itself.
func cutRows(rows []Row, dims, limit int) (shown []Row, others *Row) {
	if limit <= 0 || limit >= len(rows) {
		return rows, nil
	}
	var cut []Row
	for i, row := range rows {
		if i < limit || rank(row) > 0 {
			shown = append(shown, row)
		} else {
			cut = append(cut, row)
		}
	}
	if len(cut) == 0 {
		return shown, nil
	}
	others = &Row{Keys: make([]string, dims)}
	others.Keys[0] = fmt.Sprintf("(%s others)", screen.Number(int64(len(cut))))
	for _, row := range cut {
		others.add(row.Sums)
	}
	others.Sessions = unknownSessions
	return shown, others
}

// size is what a bar shows.
func (r *Report) size(row Row) float64 {
	if r.ofTools() {
		return float64(row.ToolCalls)
	}
	return max(row.CostUSD, 0)
}

func (r *Report) ofTools() bool { return slices.ContainsFunc(r.dims, dimension.ofTools) }

func (r *Report) columns() []column {
	var out []column
	for i, d := range r.dims {
		out = append(out, column{head: strings.ToUpper(d.name), left: true, cell: func(row Row) string { return screen.Cut(screen.Line(row.Keys[i]), keyCells) }})
	}
	toolsHead, ranked := "TOOLS", 7
	if r.ofTools() {
		toolsHead, ranked = "CALLS", 0
	}
	figures := []column{
		{head: "SESSIONS", rank: 4, cell: func(row Row) string {
			if row.Sessions == unknownSessions {
				return "-"
			}
			return screen.Number(int64(row.Sessions))
		}},
		{head: "COST", needs: ofCalls, cell: func(row Row) string { return costText(row.Sums) }},
		{head: "CALLS", rank: 5, needs: ofCalls, cell: func(row Row) string { return screen.Number(int64(row.Calls)) }},
		{head: "IN", rank: 3, needs: tokens, cell: func(row Row) string { return atLeast(row.Input+row.CacheRead+row.CacheWrite, row.Uncertain) }},
		{head: "CACHED", rank: 2, needs: tokens, cell: func(row Row) string { return cachedText(row.Sums) }},
		{head: "OUT", rank: 6, needs: tokens, cell: func(row Row) string { return atLeast(row.Output, row.Uncertain) }},
		{head: toolsHead, rank: ranked, needs: ofTools, cell: func(row Row) string { return screen.Number(int64(row.ToolCalls)) }},
		{head: "ERR", rank: 1, needs: ofTools, cell: func(row Row) string { return screen.Number(int64(row.Errors)) }},
		{head: "ACTIVE", rank: 8, needs: active, cell: func(row Row) string { return screen.Duration(row.ActiveMS) }},
	}
	if r.ofTools() {
		figures = append(figures,
			column{head: "ASKED", rank: 3, cell: func(row Row) string { return askedText(row.Sums) }},
			column{head: "P50", rank: 2, cell: func(row Row) string { return percentile(row.Execution, 0.5) }},
			column{head: "P95", rank: 2, cell: func(row Row) string { return percentile(row.Execution, 0.95) }},
			column{head: "WAIT P50", rank: 9, cell: func(row Row) string { return percentile(row.Approval, 0.5) }},
			column{head: "WAIT P95", rank: 9, cell: func(row Row) string { return percentile(row.Approval, 0.95) }})
	}
	for _, c := range figures {
		if c.needs == "" || !r.lacks(c.needs) {
			out = append(out, c)
		}
	}
	return out
}

// fit measures the columns, leaves out what has no room, and says how wide bars may be.
func (r *Report) fit(rows []Row, cells int, bars bool) (columns []column, bar int) {
	columns = r.columns()
	for i := range columns {
		columns[i].cells = len(columns[i].head)
		for _, row := range rows {
			columns[i].cells = max(columns[i].cells, screen.Width(columns[i].cell(row)))
		}
	}
	for {
		room, drop := cells+2, -1
		for i, c := range columns {
			room -= c.cells + 2
			if c.rank > 0 && (drop < 0 || c.rank > columns[drop].rank) {
				drop = i
			}
		}
		if room >= 0 || drop < 0 {
			for ; room < 0; room++ { // what is left are names and the cost
				widest := 0
				for i, c := range columns {
					if c.left && c.cells > columns[widest].cells {
						widest = i
					}
				}
				columns[widest].cells = max(columns[widest].cells-1, 1)
			}
			if bar = min(room-4, barMost); !bars || bar < barLeast {
				bar = 0
			}
			return columns, bar
		}
		columns = slices.Delete(columns, drop, drop+1)
	}
}

func tableLine(columns []column, cell func(column) string) string {
	var b strings.Builder
	for i, c := range columns {
		if i > 0 {
			b.WriteString("  ")
		}
		if c.left {
			b.WriteString(screen.Pad(cell(c), c.cells))
		} else {
			b.WriteString(screen.PadLeft(cell(c), c.cells))
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// summary is what the rows add up to, and what they do not tell.
func (r *Report) summary() []string {
	t := r.Total()
	text := screen.Count(t.Sessions, "session") + ", " + costText(t) + ", " + screen.Count(t.Calls, "model call") + ", " +
		atLeast(t.Input+t.CacheRead+t.CacheWrite, t.Uncertain) + " tokens in"
	if _, ok := t.CachedShare(); ok {
		text += " (" + cachedText(t) + " from cache)"
	}
	text += " and " + atLeast(t.Output, t.Uncertain) + " out, " + screen.Count(t.ToolCalls, "tool call") + ", " + screen.Count(t.Errors, "error") +
		", " + screen.Duration(t.ActiveMS) + " at work"
	lines := []string{text}
	if t.UnknownSessions > 0 {
		lines = append(lines, fmt.Sprintf("The cost of %s is not known; of these only the calls with a price are in it.", screen.Count(t.UnknownSessions, "session")))
	}
	if t.UnknownCalls > 0 {
		lines = append(lines, screen.Count(t.UnknownCalls, "model call")+" have no price of their own.")
	}
	if r.Overlaps() {
		lines = append(lines, "A session may be in several rows; the sum counts it once.")
	}
	if r.ofTools() {
		lines = append(lines, "ASKED is the cost of the model calls that asked for a tool; those that ask for several count for each. P50 and P95 are of the "+
			"execution, WAIT of a person's approval.")
	}
	if r.opened > 0 {
		lines = append(lines, "The events of "+screen.Count(r.opened, "session")+" were read for this.")
	}
	return lines
}

func costText(s Sums) string {
	text := screen.Money(s.CostUSD)
	switch {
	case s.CostUSD == 0 && s.UnknownSessions > 0:
		return "?"
	case s.UnknownSessions > 0:
		text += "+?"
	}
	return text
}

func askedText(s Sums) string {
	switch {
	case s.AskedUnknown > 0 && s.AskedUSD == 0:
		return "?"
	case s.AskedUnknown > 0:
		return screen.Money(s.AskedUSD) + "+?"
	}
	return screen.Money(s.AskedUSD)
}

func cachedText(s Sums) string {
	share, ok := s.CachedShare()
	switch {
	case s.Uncertain:
		return "?"
	case !ok:
		return "-"
	}
	return fmt.Sprintf("%.0f%%", 100*share)
}

func atLeast(n int64, uncertain bool) string {
	if uncertain {
		return screen.AtLeast(screen.Short(n), n)
	}
	return screen.Short(n)
}

func percentile(t Times, p float64) string {
	ms, ok := t.Percentile(p)
	if !ok {
		return "-"
	}
	return screen.Duration(ms)
}
