// Package report sums sessions up: who spent what, on what, when. It is pure: index records and, where those do not tell,
// whole Sessions in; rows out, and ways to set them ([Report.Write], [Report.JSON], [Report.CSV]).
//
// A report has one to three dimensions. Some are of the whole session (project, user, outcome), others divide it
// (day, model, tool): then a session has a part in several rows, and what the client's bill holds and no call has is a
// row of its own ([InNoCall]), so that the rows add up to the sum. Rows by tag, signal or any other dimension of which
// a session has several values overlap; the sum counts each session once.
//
// One dimension that divides sessions is told by index records alone; two of them, times of execution, and days of
// another zone than UTC ask the events ([Report.Needs]).
package report

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"ams/pkg/schema"
)

// InNoCall is the key of the row with the cost that is in the bill of a session and in no call of a model.
const InNoCall = "(in the bill, in no call)"

// None is the key of what has no value of a dimension: a session without a branch, or with no call on any day.
const None = "(none)"

// MaxDimensions is how many dimensions a report may have: a table of more is not read by anybody.
const MaxDimensions = 3

// Sums are what a row adds up.
type Sums struct {
	Sessions int
	// CostUSD is what is known of the cost, in US dollars; UnknownSessions are the sessions without a total, of which it
	// holds what their calls cost as far as that is known.
	CostUSD         float64
	UnknownSessions int
	Calls           int // of models
	UnknownCalls    int // whose cost is not known

	// Tokens by kind. Uncertain says that a session is among them whose counts are lower bounds.
	Input, CacheRead, CacheWrite, Output int64
	Uncertain                            bool

	ToolCalls, Errors int   // errors of any kind; of rows by tool, calls that failed
	ActiveMS          int64 // the union of what the model and tools took in each session
	// AskedUSD is the cost of the calls that asked for a tool. A call that asks for several counts for each of them:
	// these add up to nothing.
	AskedUSD     float64
	AskedUnknown int // calls that asked and whose cost is not known

	// Execution and Approval are times of tool calls in ms, of rows by tool alone.
	Execution, Approval Times

	// What adding up lost of the two costs: sessions come in any order, and their sum must not depend on it.
	costLost, askedLost float64
}

// CachedShare is the part of the input that was read from the cache, from 0 to 1; false where there was no input.
func (s *Sums) CachedShare() (float64, bool) {
	all := s.Input + s.CacheRead + s.CacheWrite
	return float64(s.CacheRead) / float64(all), all > 0
}

func (s *Sums) add(o Sums) {
	s.Sessions += o.Sessions
	s.CostUSD, s.costLost = plus(s.CostUSD, s.costLost+o.costLost, o.CostUSD)
	s.UnknownSessions += o.UnknownSessions
	s.Calls, s.UnknownCalls = s.Calls+o.Calls, s.UnknownCalls+o.UnknownCalls
	s.Input, s.CacheRead, s.CacheWrite, s.Output = s.Input+o.Input, s.CacheRead+o.CacheRead, s.CacheWrite+o.CacheWrite, s.Output+o.Output
	s.Uncertain = s.Uncertain || o.Uncertain
	s.ToolCalls, s.Errors, s.ActiveMS = s.ToolCalls+o.ToolCalls, s.Errors+o.Errors, s.ActiveMS+o.ActiveMS
	s.AskedUSD, s.askedLost = plus(s.AskedUSD, s.askedLost+o.askedLost, o.AskedUSD)
	s.AskedUnknown += o.AskedUnknown
	s.Execution = append(s.Execution, o.Execution...)
	s.Approval = append(s.Approval, o.Approval...)
}

// plus adds to a sum, and to what rounding took from it (Neumaier's sum).
func plus(sum, lost, x float64) (float64, float64) {
	all := sum + x
	if math.Abs(sum) >= math.Abs(x) {
		return all, lost + (sum - all + x)
	}
	return all, lost + (x - all + sum)
}

// rounded rounds US dollars to ten digits after the point: a token costs down to 1e-8.
func rounded(usd float64) float64 { return math.Round(usd*1e10) / 1e10 }

// settled returns the sums as they are told.
func (s Sums) settled() Sums {
	s.CostUSD, s.AskedUSD = rounded(s.CostUSD+s.costLost), rounded(s.AskedUSD+s.askedLost)
	s.costLost, s.askedLost = 0, 0
	return s
}

// Times are durations in ms, in no order.
type Times []int64

// Percentile is the smallest of the times that a share p of them, from 0 to 1, does not exceed; false where there are none.
func (t Times) Percentile(p float64) (ms int64, ok bool) {
	if len(t) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(t))
	return sorted[max(int(math.Ceil(p*float64(len(sorted))))-1, 0)], true
}

// Row is one row: a key for each dimension, and the sums.
type Row struct {
	Keys []string
	Sums
}

// Report adds sessions up. Its zero value is not usable: see [New].
type Report struct {
	dims     []dimension
	location *time.Location
	rows     map[string]*Row
	total    Sums
	opened   int // sessions whose events were read
}

// New returns a report by dimensions, named as in [Dimensions] or meta.KEY. Days are of the location, UTC where nil. The
// error names what is no dimension, or says why they do not go together.
func New(by []string, location *time.Location) (*Report, error) {
	dims, err := parse(by)
	if err != nil {
		return nil, err
	}
	if location == nil {
		location = time.UTC
	}
	return &Report{dims: dims, location: location, rows: map[string]*Row{}}, nil
}

// By are the names of the dimensions.
func (r *Report) By() []string {
	var names []string
	for _, d := range r.dims {
		names = append(names, d.name)
	}
	return names
}

// Part is what one session adds to a report.
type Part struct {
	pieces []piece
	total  Sums
	opened bool
}

// Add adds a part. It keeps nothing of the record that the part is of.
func (r *Report) Add(p Part) {
	if p.opened {
		r.opened++
	}
	r.total.add(p.total)
	for _, one := range p.pieces {
		key := strings.Join(one.keys, "\x00")
		row := r.rows[key]
		if row == nil {
			row = &Row{}
			for _, k := range one.keys {
				row.Keys = append(row.Keys, strings.Clone(k))
			}
			r.rows[strings.Clone(key)] = row
		}
		row.add(one.sums)
	}
}

// Opened is of how many sessions the events were read.
func (r *Report) Opened() int { return r.opened }

// Total is the sum over all sessions, each counted once.
func (r *Report) Total() Sums { return r.total.settled() }

// Rows are the rows: those by time in its order, else the dearest first; what is in no call is the last.
func (r *Report) Rows() []Row {
	rows := make([]Row, 0, len(r.rows))
	for _, row := range r.rows {
		rows = append(rows, Row{row.Keys, row.settled()})
	}
	slices.SortFunc(rows, func(a, b Row) int {
		if n := cmp.Compare(rank(a), rank(b)); n != 0 {
			return n
		}
		for i, d := range r.dims {
			if n := strings.Compare(a.Keys[i], b.Keys[i]); d.time && n != 0 {
				return n
			}
		}
		return cmp.Or(cmp.Compare(b.CostUSD, a.CostUSD), cmp.Compare(b.ToolCalls, a.ToolCalls), cmp.Compare(b.Sessions, a.Sessions),
			slices.Compare(a.Keys, b.Keys))
	})
	return rows
}

func rank(row Row) int {
	if slices.Contains(row.Keys, InNoCall) {
		return 1
	}
	return 0
}

// lacks reports whether a measure is not known of the rows, because of a dimension that divides sessions.
func (r *Report) lacks(m measure) bool {
	return slices.ContainsFunc(r.dims, func(d dimension) bool { return slices.Contains(d.lacks, m) })
}

// Overlaps reports whether a session may be in several rows with all that it has.
func (r *Report) Overlaps() bool {
	return slices.ContainsFunc(r.dims, func(d dimension) bool { return d.several })
}

// sumsOf are the sums of a whole session.
func sumsOf(s *schema.Summary) Sums {
	sums := Sums{
		Sessions: 1, Calls: s.LLMCalls, Input: s.InputTokens, CacheRead: s.CacheReadInputTokens, CacheWrite: s.CacheCreationInputTokens,
		Output: s.OutputTokens, Uncertain: len(s.UnknownTokens) > 0, ToolCalls: s.ToolCalls, Errors: s.Errors,
		ActiveMS: schema.OrZero(s.ActiveMS),
	}
	for _, m := range s.PerModel {
		sums.UnknownCalls += m.UnknownCalls
		if s.CostUSD == nil {
			sums.CostUSD += m.CostUSD
		}
	}
	if s.CostUSD != nil {
		sums.CostUSD = *s.CostUSD
	} else {
		sums.UnknownSessions = 1
	}
	return sums
}
