package report

import (
	"math"
	"slices"
	"time"

	"ams/pkg/schema"
)

// piece is what one session adds to one row.
type piece struct {
	keys []string
	sums Sums
}

// rounding is what adding up costs of some thousand calls may be off by, in US dollars: less than any call costs.
const rounding = 1e-9

// Needs reports whether the Session of an index record must be read: the record lacks a field, or the report asks for
// what no record has.
func (r *Report) Needs(s *schema.Summary) bool {
	dividing := 0
	for _, d := range r.dims {
		if s.Lacks(d.field) || d.ofTools() || d.time && !r.onOneDay(d, s) {
			return true
		}
		if d.divides() {
			dividing++
		}
	}
	return dividing > 1
}

// onOneDay reports whether a session lies within one day, week or month of the report's zone, or days are those of UTC,
// which index records know.
func (r *Report) onOneDay(d dimension, s *schema.Summary) bool {
	if r.location == time.UTC {
		return true
	}
	end := s.StartTime
	if s.EndTime != nil {
		end = *s.EndTime
	}
	return d.key(s.StartTime.In(r.location)) == d.key(end.In(r.location))
}

// Maps are the fields of an index record that [Report.FromRecord] reads: all of those that are maps, and perhaps others.
func (r *Report) Maps() []string {
	maps := []string{"per_model"}
	for _, d := range r.dims {
		maps = append(maps, d.field)
	}
	return maps
}

// FromRecord is what a session adds, by its index record, of which the report [Report.Needs] no more.
func (r *Report) FromRecord(s *schema.Summary) Part {
	total := sumsOf(s)
	at := slices.IndexFunc(r.dims, dimension.divides)
	if at < 0 {
		return Part{pieces: r.spread(s, -1, "", total), total: total}
	}
	d := r.dims[at]
	parts := d.divide(s)
	if d.time && r.location != time.UTC {
		parts = []part{{d.key(s.StartTime.In(r.location)), together(parts)}}
	}
	return Part{pieces: r.parts(s, total, at, parts), total: total}
}

func together(parts []part) (all Sums) {
	for _, p := range parts {
		all.add(p.sums)
	}
	return all
}

// parts are the pieces of a session by one dimension that divides it, and by those that do not.
func (r *Report) parts(s *schema.Summary, total Sums, at int, parts []part) []piece {
	if len(parts) == 0 {
		parts = []part{{key: None}}
	}
	var out []piece
	rest := total.CostUSD
	for _, p := range parts {
		sums := p.sums
		rest -= sums.CostUSD
		sums.Sessions, sums.UnknownSessions, sums.Uncertain = 1, total.UnknownSessions, total.Uncertain
		out = append(out, r.spread(s, at, p.key, sums)...)
	}
	if math.Abs(rest) > rounding {
		out = append(out, r.spread(s, at, InNoCall, Sums{Sessions: 1, CostUSD: rest})...)
	}
	return out
}

// spread gives sums a row for each value of the dimensions of whole sessions. The key is that of the dimension at a place.
func (r *Report) spread(s *schema.Summary, at int, key string, sums Sums) []piece {
	rows := [][]string{make([]string, 0, len(r.dims))}
	for i, d := range r.dims {
		values := []string{key}
		if i != at {
			values = valuesOf(d, s)
		}
		before := rows
		for _, v := range values[1:] {
			for _, row := range before {
				rows = append(rows, append(slices.Clone(row), v))
			}
		}
		for j := range before {
			rows[j] = append(rows[j], values[0])
		}
	}
	out := make([]piece, len(rows))
	for i, keys := range rows {
		out[i] = piece{keys, sums}
	}
	return out
}

// valuesOf are the values of a session, without those that stand twice.
func valuesOf(d dimension, s *schema.Summary) []string {
	values := d.values(s)
	if len(values) == 1 && values[0] != "" { // most have one
		return values
	}
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	if len(values) == 0 {
		return []string{None}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// FromSession is what a session adds, by its events where those alone tell.
func (r *Report) FromSession(s *schema.Session) Part {
	sum := schema.Summarize(s)
	if !r.Needs(sum) {
		part := r.FromRecord(sum)
		part.opened = true
		return part
	}
	e := &eventSums{report: r, session: s, sum: sum, rows: map[string]*piece{}, context: context{location: r.location, types: map[string]string{"": schema.MainThread}}}
	total := sumsOf(sum)
	if slices.ContainsFunc(r.dims, dimension.ofTools) {
		e.tools()
		total.Execution, total.Approval = e.execution, e.approval
	} else {
		e.calls(total)
	}
	part := Part{total: total, opened: true}
	for _, p := range e.rows {
		p.sums.Sessions, p.sums.UnknownSessions, p.sums.Uncertain = 1, total.UnknownSessions, total.Uncertain
		part.pieces = append(part.pieces, *p)
	}
	return part
}
