package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/report"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

// reportReply are the rows of a report.
type reportReply struct {
	By       []string    `json:"by"`
	ByAll    []string    `json:"by_all"` // the dimensions that there are
	Sessions int         `json:"sessions"`
	Rows     []reportRow `json:"rows"`
	Total    sums        `json:"total"`
	Overlaps bool        `json:"overlaps,omitzero"`
	Terms    []string    `json:"terms"`
	Notes    []string    `json:"notes,omitempty"`
}

type reportRow struct {
	Keys []string `json:"keys"`
	sums
	// Search finds the sessions of the row; "" where no filter says it.
	Search string `json:"search,omitzero"`
}

type sums struct {
	Sessions int     `json:"sessions"`
	CostUSD  float64 `json:"cost_usd"`
	Unpriced int     `json:"unpriced,omitzero"`
	Calls    int     `json:"calls"`
	Tokens   int64   `json:"tokens"`
	Tools    int     `json:"tools"`
	Errors   int     `json:"errors"`
	ActiveMS int64   `json:"active_ms"`
	AskedUSD float64 `json:"asked_usd,omitzero"`
	P50      *int64  `json:"p50_ms,omitzero"`
	P95      *int64  `json:"p95_ms,omitzero"`
}

// reportTime bounds a report that must read whole sessions.
const reportTime = 2 * time.Minute

func (s *Server) report(_ http.ResponseWriter, r *http.Request) (reply, error) {
	typed := strings.TrimSpace(r.URL.Query().Get("q"))
	by := strings.Split(r.URL.Query().Get("by"), ",")
	if by[0] == "" {
		by = []string{"day"}
	}
	sum, err := report.New(by, time.UTC)
	if err != nil {
		return reply{}, badRequest("%v.", err)
	}
	c, err := s.records.get(r.Context())
	if err != nil {
		return reply{}, err
	}
	f, err := c.search(r.Context(), s.Library, typed, s.Now().In(s.Location))
	if err != nil {
		return reply{}, err
	}
	if len(f.search.Texts) > 0 {
		return reply{}, &wrong{status: http.StatusBadRequest, say: "A report sums up what filters choose; texts are looked for in the list.",
			hint: "Take the words out of the search."}
	}
	ctx, cancel := context.WithTimeout(r.Context(), reportTime)
	defer cancel()
	failed, err := addUp(ctx, s.Library, c, f.asked, sum)
	if err != nil {
		return reply{}, err
	}
	out := reportReply{By: sum.By(), ByAll: report.Dimensions(), Sessions: len(f.asked), Total: sumsOf(sum.Total()), Overlaps: sum.Overlaps(),
		Rows: []reportRow{}, Terms: append([]string{}, f.search.Terms...)}
	for _, one := range sum.Rows() {
		out.Rows = append(out.Rows, reportRow{one.Keys, sumsOf(one.Sums), searchOf(sum.By(), one.Keys, f.search.Terms)})
	}
	if failed > 0 {
		out.Notes = append(out.Notes, screen.Count(failed, "session")+" could not be read and "+isAre(failed)+" not counted.")
	}
	return reply{value: out}, nil
}

// addUp adds sessions to a report: by their index records, and by their events where those are needed.
func addUp(ctx context.Context, lib *library.Library, c *catalog, of []int32, sum *report.Report) (failed int, err error) {
	var whole []int32
	c.walk(ctx, c.blocksOf(of), sum.Maps(), func(i int32, one library.Stored) {
		switch {
		case one.Unstored:
		case one.Doubt != nil:
			failed++
		case sum.Needs(one.Summary):
			whole = append(whole, i)
		default:
			sum.Add(sum.FromRecord(one.Summary))
		}
	})
	if ctx.Err() != nil {
		return failed, context.Cause(ctx)
	}
	slices.Sort(whole)
	for some := range slices.Chunk(whole, mostLook) {
		parts, err := library.Read(ctx, lib, c.list.Of(c.some(some)), func(_ library.Stored, s *schema.Session) report.Part { return sum.FromSession(s) })
		if err != nil {
			return failed, err
		}
		for part, err := range parts {
			switch {
			case ctx.Err() != nil:
				return failed, context.Cause(ctx)
			case err != nil:
				failed++
			default:
				sum.Add(part)
			}
		}
	}
	return failed, nil
}

func sumsOf(s report.Sums) sums {
	out := sums{Sessions: s.Sessions, CostUSD: s.CostUSD, Unpriced: s.UnknownSessions, Calls: s.Calls, Tokens: s.Input + s.CacheRead + s.CacheWrite + s.Output,
		Tools: s.ToolCalls, Errors: s.Errors, ActiveMS: s.ActiveMS, AskedUSD: s.AskedUSD}
	if ms, ok := s.Execution.Percentile(0.5); ok {
		out.P50 = &ms
	}
	if ms, ok := s.Execution.Percentile(0.95); ok {
		out.P95 = &ms
	}
	return out
}

// filterOf are the filters of dimensions that have another name.
var filterOf = map[string]string{"month": "day", "agent-type": "agent"}

// searchOf is the search that finds the sessions of a row.
func searchOf(by, keys, terms []string) string {
	out := append([]string{}, terms...)
	for i, name := range by {
		term := termOf(name, keys[i])
		if term == "" {
			return ""
		}
		out = append(out, term)
	}
	return strings.Join(out, " ")
}

func termOf(dimension, value string) string {
	key, isMeta := strings.CutPrefix(dimension, "meta.")
	switch {
	case value == report.InNoCall || value == schema.MainThread || value == schema.WarmUps || value == schema.Unnamed:
		return ""
	case isMeta && value != report.None:
		return query.Term("meta", key+"="+value)
	case dimension == "mcp-server" && value != report.None:
		return query.Term("tool", "mcp__"+value+"__*")
	case dimension == "week" && value != report.None:
		return weekOf(value)
	}
	name := dimension
	if other := filterOf[dimension]; other != "" {
		name = other
	}
	if value == report.None {
		return without[dimension]
	}
	for _, known := range query.Keys() {
		if known == name {
			return query.Term(name, value)
		}
	}
	return ""
}

// without are the searches for sessions that have no value of a dimension.
var without = map[string]string{
	"project": "-has:project", "repo": "-has:repo", "branch": "-has:branch", "agent": "-has:agent", "user": "-has:user", "host": "-has:host",
	"environment": "-has:environment", "tag": "-has:tags", "signal": "-has:signals", "skill": "-has:skills", "tool": "-has:tools",
}

// weekOf names the days of a week, such as 2026-W47.
func weekOf(week string) string {
	for day := time.Date(yearOf(week), 1, 1, 0, 0, 0, 0, time.UTC); day.Year() <= yearOf(week)+1; day = day.AddDate(0, 0, 1) {
		year, n := day.ISOWeek()
		if week == isoWeek(year, n) {
			monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
			var days []string
			for i := range 7 {
				days = append(days, monday.AddDate(0, 0, i).Format(time.DateOnly))
			}
			return query.Term("day", strings.Join(days, ","))
		}
	}
	return ""
}

func isoWeek(year, week int) string { return fmt.Sprintf("%d-W%02d", year, week) }

func yearOf(week string) int {
	year, _, _ := strings.Cut(week, "-")
	n, _ := strconv.Atoi(year)
	return n
}
