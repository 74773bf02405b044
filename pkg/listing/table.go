// Package listing shows many sessions: as a table in as many columns as fit, as CSV, as JSON, and in the order that a
// person asks for.
package listing

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"ams/pkg/library"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

// Table lays out sessions in as many columns as fit.
type Table struct {
	screen.Screen
	io.Writer
	ShortID func(name string) string
	Year    int // that is left out of times where the screen is narrow
}

// column is one column of the table. rank says which go first where there is no room: the highest.
type column struct {
	head  string
	rank  int
	right bool
	cell  func(library.Stored) string
	style func(library.Stored) screen.Style
	cells int
	rare  bool // it is left out where no session has any
}

// signalMark marks a session that deserves a look.
func signalMark(r library.Stored) string {
	if len(r.Signals) == 0 {
		return ""
	}
	return "!"
}

// titleCells are what the title gets at least before another column may have its room, and at most.
const (
	titleCells = 20
	titleMost  = 90
)

func (t *Table) columns() []column {
	outcome := func(r library.Stored) string {
		text := string(r.Status)
		if r.Outcome != nil {
			text = string(*r.Outcome)
		}
		if r.Unstored {
			text += "*"
		}
		return text
	}
	return []column{
		{head: "ID", cell: func(r library.Stored) string { return screen.CutLeft(t.ShortID(r.Name), t.idCells()) }, style: func(library.Stored) screen.Style { return screen.Dim }},
		{head: "START", cell: func(r library.Stored) string { return t.start(r.StartTime.Local()) }},
		{head: "!", cell: signalMark, style: func(library.Stored) screen.Style { return screen.Yellow }, rare: true},
		{head: "TITLE", cell: func(r library.Stored) string { return Title(r.Summary) }},
		{head: "PROJECT", rank: 3, cell: func(r library.Stored) string {
			return screen.CutLeft(screen.Line(Project(r.Summary)), t.projectCells())
		}},
		{head: "AGENT", rank: 6, cell: func(r library.Stored) string { return screen.Cut(screen.Line(r.Agent.Name), 20) }},
		{head: "OUTCOME", rank: 1, cell: outcome, style: outcomeStyle},
		{head: "TIME", rank: 5, right: true, cell: func(r library.Stored) string {
			if r.DurationMS == nil {
				return "-"
			}
			return screen.Duration(*r.DurationMS)
		}},
		{head: "COST", rank: 2, right: true, cell: func(r library.Stored) string {
			if r.CostUSD == nil {
				return "?"
			}
			return screen.Money(*r.CostUSD)
		}},
		{head: "TOKENS", rank: 8, right: true, cell: func(r library.Stored) string {
			return tokens(inputOf(r.Summary), schema.UnknownInput(r.UnknownTokens)) + "/" +
				tokens(r.OutputTokens, slices.Contains(r.UnknownTokens, schema.OutputTokens))
		}},
		{head: "TOOLS", rank: 7, right: true, cell: func(r library.Stored) string { return screen.Number(int64(r.ToolCalls)) }},
		{head: "ERR", rank: 4, right: true, cell: func(r library.Stored) string { return screen.Number(int64(r.Errors)) },
			style: func(r library.Stored) screen.Style {
				if r.Errors > 0 {
					return screen.Red
				}
				return screen.Dim
			}},
	}
}

// idCells bound ids that only differ at their ends, which no random ones do: the end tells them apart.
func (t *Table) idCells() int { return max(t.Cells/5, 12) }

// projectCells leave room for it beside title, outcome and cost at 80 columns.
func (t *Table) projectCells() int {
	if t.Cells < 100 {
		return 12
	}
	return 20
}

// tokens is a sum of tokens, marked where a part of it is not known.
func tokens(n int64, unknown bool) string {
	if unknown {
		return screen.AtLeast(screen.Short(n), n)
	}
	return screen.Short(n)
}

func outcomeStyle(r library.Stored) screen.Style {
	switch schema.Outcome(schema.OrZero(r.Outcome)) {
	case schema.FailedTurn:
		return screen.Red
	case schema.Interrupted, schema.Limited, schema.Abandoned:
		return screen.Yellow
	case schema.StillOpen:
		return screen.Green
	}
	return screen.Plain
}

// start leaves the year out where it is this one and the screen is narrow.
func (t *Table) start(at time.Time) string {
	if t.Cells < 120 && at.Year() == t.Year {
		return at.Format("01-02 15:04")
	}
	return at.Format("2006-01-02 15:04")
}

// Show sums up and lays the table out; the sum stands first, where a person sees it whatever the length. more is how many sessions fit and are not shown.
func (t *Table) Show(shown []library.Stored, more int) error {
	sum := sumUp(shown, more)
	if slices.ContainsFunc(shown, func(r library.Stored) bool { return r.Unstored }) {
		sum += "; * is not stored yet"
	}
	if _, err := fmt.Fprintf(t, "%s\n\n", strings.Join(screen.Wrap(sum, t.Cells), "\n")); err != nil {
		return err
	}
	return t.Rows(shown, true)
}

// Rows lays rows out, below the names of the columns where head is set.
func (t *Table) Rows(shown []library.Stored, head bool) error {
	columns := t.fit(t.columns(), shown)
	if head {
		if err := t.row(columns, func(c column) (string, screen.Style) { return c.head, screen.Dim }); err != nil {
			return err
		}
	}
	for _, r := range shown {
		err := t.row(columns, func(c column) (string, screen.Style) {
			style := screen.Plain
			if c.style != nil {
				style = c.style(r)
			}
			return screen.Line(c.cell(r)), style
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fit measures the columns and leaves out what has no room.
func (t *Table) fit(columns []column, shown []library.Stored) []column {
	title := 0
	for i := range columns {
		c := &columns[i]
		c.cells = len(c.head)
		for _, r := range shown {
			c.cells = max(c.cells, screen.Width(screen.Line(c.cell(r))))
		}
		if c.head == "TITLE" {
			title, c.cells = c.cells, 0
		}
	}
	title = min(title, titleMost)
	columns = slices.DeleteFunc(columns, func(c column) bool { // nobody names agents: then there is no column of them
		return (c.rare || c.rank > 0 && c.style == nil && !c.right) && !slices.ContainsFunc(shown, func(r library.Stored) bool { return c.cell(r) != "" })
	})
	for {
		room := t.Cells
		drop := -1
		for i, c := range columns {
			room -= c.cells + 2
			if c.rank > 0 && (drop < 0 || c.rank > columns[drop].rank) {
				drop = i
			}
		}
		if room+2 >= min(title, titleCells) || drop < 0 {
			at := slices.IndexFunc(columns, func(c column) bool { return c.head == "TITLE" })
			columns[at].cells = min(title, max(room+2, len("TITLE")))
			return columns
		}
		columns = slices.Delete(columns, drop, drop+1)
	}
}

func (t *Table) row(columns []column, cell func(column) (string, screen.Style)) error {
	var b strings.Builder
	for i, c := range columns {
		text, style := cell(c)
		if i > 0 {
			b.WriteString("  ")
		}
		pad := screen.Pad
		if c.right {
			pad = screen.PadLeft
		}
		if text = pad(text, c.cells); i == len(columns)-1 {
			text = strings.TrimRight(text, " ")
		}
		b.WriteString(t.Paint(style, text))
	}
	_, err := fmt.Fprintln(t, b.String())
	return err
}

// sumUp adds up what is shown. A cost that is not known is no cost of nothing.
func sumUp(shown []library.Stored, more int) string {
	var ms, in, out int64
	var cost float64
	unknown, tools, errs := 0, 0, 0
	unknownIn, unknownOut := false, false
	for _, r := range shown {
		in, out = in+inputOf(r.Summary), out+r.OutputTokens
		unknownIn = unknownIn || schema.UnknownInput(r.UnknownTokens)
		unknownOut = unknownOut || slices.Contains(r.UnknownTokens, schema.OutputTokens)
		tools, errs = tools+r.ToolCalls, errs+r.Errors
		if r.DurationMS != nil {
			ms += *r.DurationMS
		}
		if r.CostUSD != nil {
			cost += *r.CostUSD
		} else {
			unknown++
		}
	}
	text := screen.Count(len(shown), "session")
	if more > 0 {
		text += fmt.Sprintf(" (%s more fit)", screen.Number(int64(more)))
	}
	text += fmt.Sprintf(", %s, %s", screen.Duration(ms), screen.Money(cost))
	if unknown > 0 {
		text += fmt.Sprintf(" without %s of unknown cost", screen.Number(int64(unknown)))
	}
	return text + fmt.Sprintf(", %s tokens in and %s out, %s, %s", tokens(in, unknownIn), tokens(out, unknownOut),
		screen.Count(tools, "tool call"), screen.Count(errs, "error"))
}
