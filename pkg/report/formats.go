package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"ams/pkg/lax"
	"ams/pkg/screen"
)

// row is a row for programs: of what is not known of the rows, null.
type row struct {
	Keys     map[string]string `json:"keys,omitempty"`
	Sessions int               `json:"sessions"`
	CostUSD  *float64          `json:"cost_usd"`
	// UnknownSessions is how many sessions have no total cost; of them cost_usd holds what is known.
	UnknownSessions int      `json:"unknown_cost_sessions"`
	Calls           *int     `json:"calls"`
	UnknownCalls    *int     `json:"unknown_cost_calls"`
	Input           *int64   `json:"input_tokens"`
	CacheRead       *int64   `json:"cache_read_input_tokens"`
	CacheWrite      *int64   `json:"cache_creation_input_tokens"`
	Output          *int64   `json:"output_tokens"`
	Uncertain       bool     `json:"tokens_are_lower_bounds"`
	CachedShare     *float64 `json:"cached_share"`
	ToolCalls       *int     `json:"tool_calls"`
	Errors          *int     `json:"errors"`
	ActiveMS        *int64   `json:"active_ms"`
	AskedUSD        *float64 `json:"asked_usd"`
	P50             *int64   `json:"execution_p50_ms"`
	P95             *int64   `json:"execution_p95_ms"`
	WaitP50         *int64   `json:"approval_p50_ms"`
	WaitP95         *int64   `json:"approval_p95_ms"`
}

// document is the form of a report as JSON.
type document struct {
	By       []string `json:"by"`
	TimeZone string   `json:"time_zone"`
	Rows     []row    `json:"rows"`
	Total    row      `json:"total"`
	// Overlaps says that a session may be in several rows with all that it has; one that is divided by day or model is in several
	// with a part each.
	Overlaps   bool `json:"overlaps"`
	EventsRead int  `json:"events_read_of_sessions"`
}

// JSON writes the rows and the sum.
func (r *Report) JSON(w io.Writer) error {
	d := document{By: r.By(), TimeZone: r.zone(), Rows: []row{}, Total: r.forPrograms(r.Total(), nil, true), Overlaps: r.Overlaps(), EventsRead: r.opened}
	for _, one := range r.Rows() {
		d.Rows = append(d.Rows, r.forPrograms(one.Sums, one.Keys, false))
	}
	b, err := lax.Encode(d)
	if err == nil {
		_, err = w.Write(append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// zone names the time zone of days: by its place where that is known, else by how far it is from UTC.
func (r *Report) zone() string {
	if name := r.location.String(); name != "Local" {
		return name
	}
	return time.Now().In(r.location).Format("-07:00")
}

func (r *Report) forPrograms(s Sums, keys []string, whole bool) row {
	out := row{Sessions: s.Sessions, UnknownSessions: s.UnknownSessions, Uncertain: s.Uncertain}
	if keys != nil {
		out.Keys = map[string]string{}
		for i, d := range r.dims {
			out.Keys[d.name] = keys[i]
		}
	}
	has := func(m measure) bool { return whole || !r.lacks(m) }
	if has(ofCalls) {
		out.CostUSD, out.Calls, out.UnknownCalls = &s.CostUSD, &s.Calls, &s.UnknownCalls
	}
	if has(tokens) {
		out.Input, out.CacheRead, out.CacheWrite, out.Output = &s.Input, &s.CacheRead, &s.CacheWrite, &s.Output
		if share, ok := s.CachedShare(); ok && !s.Uncertain {
			out.CachedShare = &share
		}
	}
	if has(ofTools) {
		out.ToolCalls, out.Errors = &s.ToolCalls, &s.Errors
	}
	if has(active) {
		out.ActiveMS = &s.ActiveMS
	}
	if !r.ofTools() {
		return out
	}
	if !whole {
		out.AskedUSD = &s.AskedUSD
	}
	for _, p := range []struct {
		to *(*int64)
		of Times
		at float64
	}{{&out.P50, s.Execution, 0.5}, {&out.P95, s.Execution, 0.95}, {&out.WaitP50, s.Approval, 0.5}, {&out.WaitP95, s.Approval, 0.95}} {
		if ms, ok := p.of.Percentile(p.at); ok {
			*p.to = &ms
		}
	}
	return out
}

// CSV writes one line a row (RFC 4180), without the sum; what is not known is empty. A key that a spreadsheet would take
// for a formula begins with a '.
func (r *Report) CSV(out io.Writer) error {
	w := csv.NewWriter(out)
	w.UseCRLF = true
	head := append(r.By(), "sessions", "cost_usd", "unknown_cost_sessions", "calls", "unknown_cost_calls", "input_tokens", "cache_read_input_tokens",
		"cache_creation_input_tokens", "output_tokens", "tool_calls", "errors", "active_ms", "asked_usd", "execution_p50_ms", "execution_p95_ms",
		"approval_p50_ms", "approval_p95_ms")
	lines := [][]string{head}
	for _, one := range r.Rows() {
		p := r.forPrograms(one.Sums, one.Keys, false)
		var line []string
		for _, key := range one.Keys {
			line = append(line, screen.SheetCell(key))
		}
		line = append(line, strconv.Itoa(p.Sessions), text(p.CostUSD), strconv.Itoa(p.UnknownSessions), text(p.Calls), text(p.UnknownCalls), text(p.Input),
			text(p.CacheRead), text(p.CacheWrite), text(p.Output), text(p.ToolCalls), text(p.Errors), text(p.ActiveMS), text(p.AskedUSD), text(p.P50),
			text(p.P95), text(p.WaitP50), text(p.WaitP95))
		lines = append(lines, line)
	}
	if err := w.WriteAll(lines); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// text is a figure, "" for none.
func text[T int | int64 | float64](p *T) string {
	if p == nil {
		return ""
	}
	if f, ok := any(*p).(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(*p)
}
