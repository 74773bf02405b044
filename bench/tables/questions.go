package main

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// question is one of docs/tables.md.
type question struct {
	title  string
	sql    string
	report string // the --by of the report that says the same, "" for none
	answer answer // as it is printed there
	end    int    // of the SQL, in the page
	after  int    // where the answer ends
}

var (
	titled   = regexp.MustCompile(`(?m)^### (.*)\n`)
	reported = regexp.MustCompile("`ams-assemble report --by ([a-z,-]+)`")
	fenced   = regexp.MustCompile("(?s)```sql\n(.*?);\n```\n")
	tabled   = regexp.MustCompile(`^\n(\|.*\n)+`)
)

// questions are those of the page.
func questions(page string) (out []question, err error) {
	const from, to = "\n## Ten questions\n", "\n## Rules for readers\n"
	begin, end := strings.Index(page, from), strings.Index(page, to)
	if begin < 0 || end < begin {
		return nil, fmt.Errorf("the page has no part%s", from)
	}
	marks := titled.FindAllStringSubmatchIndex(page[:end], -1)
	for i, m := range marks {
		if m[0] < begin {
			continue
		}
		until := end
		if i+1 < len(marks) {
			until = marks[i+1][0]
		}
		q := question{title: page[m[2]:m[3]]}
		sql := fenced.FindStringSubmatchIndex(page[m[1]:until])
		if sql == nil {
			return nil, fmt.Errorf("%s: there is no SQL", q.title)
		}
		q.sql, q.end = page[m[1]+sql[2]:m[1]+sql[3]], m[1]+sql[1]
		if r := reported.FindStringSubmatch(page[m[1]:q.end]); r != nil {
			q.report = r[1]
		}
		q.after = q.end
		if t := tabled.FindString(page[q.end:until]); t != "" {
			q.answer, q.after = readTable(t), q.end+len(t)
		}
		out = append(out, q)
	}
	return out, nil
}

// null is how an answer shows that there is no value.
const null = "(null)"

func readTable(text string) (a answer) {
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		var row []*string
		for _, cell := range strings.Split(strings.Trim(line, "|"), " | ") {
			cell = strings.TrimSpace(cell)
			row = append(row, &cell)
			if cell == null {
				row[len(row)-1] = nil
			}
		}
		switch i {
		case 0:
			for _, c := range row {
				a.Columns = append(a.Columns, *c)
			}
		case 1:
		default:
			a.Rows = append(a.Rows, row)
		}
	}
	return a
}

func (a answer) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n| %s |\n|%s\n", strings.Join(a.Columns, " | "), strings.Repeat("---|", len(a.Columns)))
	for _, row := range a.Rows {
		var cells []string
		for _, v := range row {
			cells = append(cells, shown(v))
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	return b.String()
}

func shown(v *string) string {
	if v == nil {
		return null
	}
	return strings.ReplaceAll(*v, "\n", " ")
}

// tolerance is how far two amounts of dollars, or shares, may be apart: rows have 1e-10 dollars, reports add floats.
const tolerance = 1e-9

// same reports whether two values are equal, numbers by their value.
func same(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, errX := strconv.ParseFloat(*a, 64)
	y, errY := strconv.ParseFloat(*b, 64)
	if errX == nil && errY == nil {
		return math.Abs(x-y) <= tolerance*math.Max(1, math.Abs(x))
	}
	return shown(a) == shown(b)
}

// differs says where two answers differ, "" for nowhere. Of another run's answer, days and milliseconds may differ.
func differs(a, b answer, anotherRun bool) string {
	if !slices.Equal(a.Columns, b.Columns) {
		return fmt.Sprintf("columns %v and %v", a.Columns, b.Columns)
	}
	if len(a.Rows) != len(b.Rows) {
		return fmt.Sprintf("%d rows and %d", len(a.Rows), len(b.Rows))
	}
	for i := range a.Rows {
		for j, name := range a.Columns {
			x, y := a.Rows[i][j], b.Rows[i][j]
			if same(x, y) || anotherRun && (isDay(x) && isDay(y) || strings.HasSuffix(name, "_ms") && isNumber(x) && isNumber(y)) {
				continue
			}
			return fmt.Sprintf("row %d: %s is %s and %s", i+1, name, shown(x), shown(y))
		}
	}
	return ""
}

func isDay(v *string) bool {
	if v == nil {
		return false
	}
	_, err := time.Parse(time.DateOnly, *v)
	return err == nil
}

func isNumber(v *string) bool {
	if v == nil {
		return false
	}
	_, err := strconv.ParseFloat(*v, 64)
	return err == nil
}
