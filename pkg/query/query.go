// Package query says which sessions are wanted, and reads what a person types of it: times, spans, ranges. It is
// pure: whoever lists, searches or sums up sessions asks [Query.Match] about the index record of each.
package query

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// Query says which sessions are wanted. Empty fields want all. Of a list of values one must fit, except for Tags,
// Meta, Tools and Words, of which all must. A value with commas fits where it stands so, and where the values between
// its commas would fit.
type Query struct {
	Since, Until time.Time // of the start: from Since on, before Until
	Agents       []string  // names, in any case
	Environments []string
	Statuses     []string
	Outcomes     []string
	Models       []string // parts of names
	Tags         []string
	Meta         []string // KEY=VALUE
	Tools        []string // called at least once; a * at the end stands for anything
	Cwd          string   // a folder and what is below it, or a part of a path
	Cost         Range    // in US dollars; a session without a cost fits no range
	MinDuration  time.Duration
	Words        []string // in the title, the first prompt, the repository or the branch, in any case

	// Names in any case; a * at the end stands for anything.
	Users, Hosts, Branches, Repos []string
	AgentTypes                    []string // of a subagent, or of the main thread
	Signals                       []string // kinds
	Files                         []string // that were edited: a path, a folder with what is below it, or a part of a path
	Errors                        Range
	Tokens                        Range // input, cached or not, and output; a count that is not whole fits no upper bound

	Time      Range    // from start to end in milliseconds; a session without an end fits no range
	AnyAgents []string // as Agents or AgentTypes
	Projects  []string // the last folders of where sessions ran; a * at the end stands for anything
	Skills    []string // that were loaded; a * at the end stands for anything
	IDs       []string // beginnings of ids
	Days      []string // of calls of models in UTC, or beginnings of days: 2026-11 is a month
	Has       []string // all of them: names of properties
}

// condition is one filter: what it asks for, and the fields of the index record that it asks.
type condition struct {
	fields []string
	fits   func(q *Query, s *schema.Summary) bool // true where nothing is asked for
}

var conditions = []condition{
	{nil, func(q *Query, s *schema.Summary) bool {
		return (q.Since.IsZero() || !s.StartTime.Before(q.Since)) && (q.Until.IsZero() || s.StartTime.Before(q.Until))
	}},
	{nil, func(q *Query, s *schema.Summary) bool {
		return oneOf(q.Statuses, string(s.Status)) && oneOf(q.Outcomes, string(schema.OrZero(s.Outcome)))
	}},
	{nil, func(q *Query, s *schema.Summary) bool {
		return q.Cost.All() || s.CostUSD != nil && q.Cost.Holds(*s.CostUSD)
	}},
	{nil, func(q *Query, s *schema.Summary) bool {
		return q.MinDuration <= 0 || s.DurationMS != nil && time.Duration(*s.DurationMS)*time.Millisecond >= q.MinDuration
	}},
	{nil, func(q *Query, s *schema.Summary) bool { return q.Errors.All() || q.Errors.Holds(float64(s.Errors)) }},
	{nil, (*Query).matchTokens},
	{[]string{"agent"}, func(q *Query, s *schema.Summary) bool { return oneOf(q.Agents, s.Agent.Name) }},
	{[]string{"environment"}, func(q *Query, s *schema.Summary) bool { return oneOf(q.Environments, schema.OrZero(s.Environment)) }},
	{[]string{"cwd"}, func(q *Query, s *schema.Summary) bool { return q.Cwd == "" || IsBelow(schema.OrZero(s.Cwd), q.Cwd) }},
	{[]string{"models"}, (*Query).matchModel},
	{[]string{"tags"}, (*Query).matchTags},
	{[]string{"metadata"}, (*Query).matchMeta},
	{[]string{"tools"}, (*Query).matchTools},
	{[]string{"user"}, func(q *Query, s *schema.Summary) bool { return nameOf(q.Users, s.User) }},
	{[]string{"host"}, func(q *Query, s *schema.Summary) bool { return nameOf(q.Hosts, s.Host) }},
	{[]string{"git_branch"}, func(q *Query, s *schema.Summary) bool { return nameOf(q.Branches, s.GitBranch) }},
	{[]string{"repo"}, func(q *Query, s *schema.Summary) bool { return nameOf(q.Repos, s.Repo) }},
	{[]string{"agents", "main_agent"}, (*Query).matchAgentType},
	{[]string{"signals"}, (*Query).matchSignals},
	{[]string{"files"}, (*Query).matchFiles},
	{[]string{"title", "first_prompt"}, (*Query).matchWords},
	{nil, func(q *Query, s *schema.Summary) bool {
		return q.Time.All() || s.DurationMS != nil && q.Time.Holds(float64(*s.DurationMS))
	}},
	{[]string{"agent", "agents", "main_agent"}, (*Query).matchAnyAgent},
	{[]string{"cwd"}, func(q *Query, s *schema.Summary) bool {
		return anyOf(q.Projects, func(w string) bool { return named(schema.FolderName(schema.OrZero(s.Cwd)), w) })
	}},
	{[]string{"skills"}, (*Query).matchSkills},
	{nil, func(q *Query, s *schema.Summary) bool {
		return anyOf(q.IDs, func(w string) bool { return strings.HasPrefix(strings.ToLower(s.SessionID), strings.ToLower(w)) })
	}},
	{[]string{"per_day"}, (*Query).matchDays},
}

// Maps are the fields of an index record that the query asks for: all of those that are maps, and perhaps others.
func (q *Query) Maps() []string {
	var names []string
	for name, wanted := range map[string]int{
		"metadata": len(q.Meta), "tools": len(q.Tools), "agents": len(q.AgentTypes) + len(q.AnyAgents), "signals": len(q.Signals),
		"files": len(q.Files), "skills": len(q.Skills), "per_day": len(q.Days),
	} {
		if wanted > 0 {
			names = append(names, name)
		}
	}
	for _, name := range q.Has {
		names = append(names, properties[name].fields...)
	}
	return names
}

// Match reports whether a session is wanted, as far as its index record can tell.
func (q *Query) Match(s *schema.Summary) bool {
	fits, sure := q.Judge(s)
	return fits && sure
}

// Judge reports whether a session is wanted. It is not sure where a filter asks for what the record lacks, as it was cut
// or is older, and all others fit: then the record of the whole Session tells, before it is cut.
func (q *Query) Judge(s *schema.Summary) (fits, sure bool) {
	sure = true
	for _, c := range conditions {
		switch {
		case c.fits(q, s):
		case slices.ContainsFunc(c.fields, s.Lacks):
			sure = false
		default:
			return false, true
		}
	}
	for _, name := range q.Has {
		switch has := properties[name]; {
		case has.of(s):
		case slices.ContainsFunc(has.fields, s.Lacks):
			sure = false
		default:
			return false, true
		}
	}
	return sure, sure
}

func oneOf(wanted []string, value string) bool {
	return anyOf(wanted, func(w string) bool { return strings.EqualFold(w, value) })
}

// anyOf reports whether one of the values fits, or nothing is wanted.
func anyOf(wanted []string, fits func(string) bool) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(w string) bool {
		return fits(w) || strings.Contains(w, ",") && slices.ContainsFunc(between(w), fits)
	})
}

// between are the values between the commas of one.
func between(w string) []string {
	values := strings.Split(w, ",")
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	return values
}

// allOf reports whether every value fits.
func allOf(wanted []string, fits func(string) bool) bool {
	not := func(w string) bool { return !fits(w) }
	return !slices.ContainsFunc(wanted, func(w string) bool {
		return not(w) && (!strings.Contains(w, ",") || slices.ContainsFunc(between(w), not))
	})
}

func (q *Query) matchModel(s *schema.Summary) bool {
	return anyOf(q.Models, func(m string) bool {
		return slices.ContainsFunc(s.Models, func(has string) bool { return strings.Contains(strings.ToLower(has), strings.ToLower(m)) })
	})
}

func (q *Query) matchTags(s *schema.Summary) bool {
	return allOf(q.Tags, func(tag string) bool { return slices.Contains(s.Tags, tag) })
}

func (q *Query) matchMeta(s *schema.Summary) bool {
	return allOf(q.Meta, func(pair string) bool {
		name, want, _ := strings.Cut(pair, "=")
		value, ok := s.Metadata[name]
		got := strings.TrimSpace(string(value))
		if value.Kind() == '"' {
			got = lax.String(value)
		}
		return ok && got == want
	})
}

func (q *Query) matchTools(s *schema.Summary) bool {
	return allOf(q.Tools, func(want string) bool { return hasName(s.Tools, want) })
}

func (q *Query) matchTokens(s *schema.Summary) bool {
	n := s.InputTokens + s.CacheReadInputTokens + s.CacheCreationInputTokens + s.OutputTokens
	if len(s.UnknownTokens) > 0 && q.Tokens.hasMax { // it is at least that
		return false
	}
	return q.Tokens.All() || q.Tokens.Holds(float64(n))
}

// nameOf reports whether a name is one of those wanted; one that is not known is none.
func nameOf(wanted []string, name *string) bool {
	return anyOf(wanted, func(w string) bool { return name != nil && named(*name, w) })
}

// named reports whether a name is the one wanted, in any case; a * at the end stands for anything.
func named(name, want string) bool {
	start, open := strings.CutSuffix(want, "*")
	return strings.EqualFold(name, want) || open && len(name) >= len(start) && strings.EqualFold(name[:len(start)], start)
}

func (q *Query) matchAgentType(s *schema.Summary) bool {
	return anyOf(q.AgentTypes, func(w string) bool { return hasAgentType(s, w) })
}

func hasAgentType(s *schema.Summary, want string) bool {
	return hasName(s.Agents, want) || s.MainAgent != nil && named(*s.MainAgent, want)
}

func (q *Query) matchAnyAgent(s *schema.Summary) bool {
	return anyOf(q.AnyAgents, func(w string) bool { return named(s.Agent.Name, w) || hasAgentType(s, w) })
}

// hasName reports whether one of the names is the one wanted.
func hasName[V any](names map[string]V, want string) bool {
	for name := range names {
		if named(name, want) {
			return true
		}
	}
	return false
}

func (q *Query) matchSkills(s *schema.Summary) bool {
	return anyOf(q.Skills, func(w string) bool { return hasName(s.Skills, w) })
}

func (q *Query) matchDays(s *schema.Summary) bool {
	return anyOf(q.Days, func(w string) bool {
		for day := range s.PerDay {
			if strings.HasPrefix(day, w) {
				return true
			}
		}
		return false
	})
}

func (q *Query) matchSignals(s *schema.Summary) bool {
	return anyOf(q.Signals, func(w string) bool { return s.Signals[schema.SignalKind(strings.ToLower(w))] > 0 })
}

func (q *Query) matchFiles(s *schema.Summary) bool {
	return anyOf(q.Files, func(w string) bool {
		for path := range s.Files {
			if IsBelow(path, w) {
				return true
			}
		}
		return false
	})
}

func (q *Query) matchWords(s *schema.Summary) bool {
	if len(q.Words) == 0 {
		return true
	}
	in := strings.ToLower(schema.OrZero(s.Title) + "\n" + schema.OrZero(s.FirstPrompt) + "\n" + schema.OrZero(s.Repo) + "\n" + schema.OrZero(s.GitBranch))
	return !slices.ContainsFunc(q.Words, func(w string) bool { return !strings.Contains(in, strings.ToLower(w)) })
}

// IsBelow reports whether a path is the one wanted or below it; a text that is no absolute path may stand anywhere in it.
func IsBelow(cwd, want string) bool {
	if !path.IsAbs(want) && !strings.Contains(want, `:\`) {
		return strings.Contains(strings.ToLower(cwd), strings.ToLower(want))
	}
	want = strings.TrimRight(want, `/\`)
	rest, ok := strings.CutPrefix(cwd, want)
	return ok && (rest == "" || rest[0] == '/' || rest[0] == '\\')
}

// Range is a range of numbers, its ends perhaps outside of it.
type Range struct {
	Min, Max             float64
	OverMin, UnderMax    bool // the end itself does not fit
	hasMin, hasMax, some bool
}

// Impossible reports whether no count or amount fits, which are 0 or more; whole: that are whole numbers, too.
func (r Range) Impossible(whole bool) bool {
	least := max(r.Min, 0)
	if r.hasMin && r.OverMin && r.Min >= 0 {
		least = math.Nextafter(r.Min, math.Inf(1))
	}
	if whole {
		least = math.Ceil(least)
	}
	return !r.All() && !r.Holds(least)
}

// All reports whether every number fits, and no number too.
func (r Range) All() bool { return !r.some }

// Holds reports whether a number fits.
func (r Range) Holds(v float64) bool {
	if r.hasMin && (v < r.Min || r.OverMin && v == r.Min) {
		return false
	}
	return !r.hasMax || v < r.Max || !r.UnderMax && v == r.Max
}

// units are the powers of 1000 that may stand behind an amount.
var units = map[byte]float64{'k': 1e3, 'm': 1e6, 'g': 1e9}

// ParseRange reads what a person types of an amount: >1, >=0.5, <2, <=2, 1..5, =0 or 0, with a $ or without; 200k and
// 1.5M are thousands and millions.
func ParseRange(s string) (Range, error) {
	bad := fmt.Errorf("want an amount such as '>1', '<=0.5' or 1..5, not %q", s)
	return parseRange(s, bad, func(text string) (float64, error) {
		text = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(text), "$"))
		factor := 1.0
		if n := len(text) - 1; n > 0 && units[text[n]] > 0 {
			text, factor = text[:n], units[text[n]]
		}
		v, err := strconv.ParseFloat(text, 64)
		if v *= factor; err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, bad
		}
		return v, nil
	})
}

// ParseSpans reads a range of lengths of time, in milliseconds: >10m, <=90s, 1h..2h.
func ParseSpans(s string) (Range, error) {
	bad := fmt.Errorf("want a length of time such as '>10m', '<=90s' or 1h..2h, not %q", s)
	return parseRange(s, bad, func(text string) (float64, error) {
		d, err := ParseSpan(strings.TrimSpace(text))
		if err != nil {
			return 0, bad
		}
		return float64(d.Milliseconds()), nil
	})
}

// parseRange reads a range whose ends num reads; bad is the error of what is none.
func parseRange(s string, bad error, num func(string) (float64, error)) (Range, error) {
	s = strings.TrimSpace(s)
	r := Range{some: true}
	var err error
	if from, to, ok := strings.Cut(s, ".."); ok {
		r.hasMin, r.hasMax = true, true
		if r.Min, err = num(from); err == nil {
			r.Max, err = num(to)
		}
		if err == nil && r.Min > r.Max {
			err = fmt.Errorf("in %q the first amount is larger than the second", s)
		}
		return r, err
	}
	rest := strings.TrimLeft(s, "<>=")
	switch op := s[:len(s)-len(rest)]; op {
	case ">", ">=":
		r.hasMin, r.OverMin = true, op == ">"
		r.Min, err = num(rest)
	case "<", "<=":
		r.hasMax, r.UnderMax = true, op == "<"
		r.Max, err = num(rest)
	case "", "=", "==":
		r.hasMin, r.hasMax = true, true
		r.Min, err = num(rest)
		r.Max = r.Min
	default:
		err = bad
	}
	return r, err
}

// ParseWhen reads what a person types of a moment, seen from now and in its time zone: 30m, 12h, 7d, 2w (so long ago), today, yesterday, now, a day such as
// 2026-11-20, a day and a time (2026-11-20 15:04), or RFC 3339. end is set for the end of a span: a day then means all of it.
func ParseWhen(s string, now time.Time, end bool) (time.Time, error) {
	s = strings.TrimSpace(s)
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	wholeDay := func(day time.Time) time.Time {
		if end {
			return day.AddDate(0, 0, 1)
		}
		return day
	}
	switch strings.ToLower(s) {
	case "now":
		return now, nil
	case "today":
		return wholeDay(midnight), nil
	case "yesterday":
		return wholeDay(midnight.AddDate(0, 0, -1)), nil
	}
	if day, err := time.ParseInLocation("2006-01-02", s, now.Location()); err == nil {
		return wholeDay(day), nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339Nano} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t, nil
		}
	}
	ago, err := ParseSpan(s)
	if err != nil {
		return time.Time{}, fmt.Errorf("want a span such as 7d or 12h, a day such as 2026-11-20, today, yesterday or a time, not %q", s)
	}
	return now.Add(-ago), nil
}

// ParseSpan reads a length of time: 90s, 30m, 12h, 7d, 2w, or Go's form such as 1h30m.
func ParseSpan(s string) (time.Duration, error) {
	if n := len(s); n > 1 && (s[n-1] == 'd' || s[n-1] == 'w') {
		days := 24 * time.Hour
		if s[n-1] == 'w' {
			days *= 7
		}
		if v, err := strconv.ParseFloat(s[:n-1], 64); err == nil && v >= 0 && v*float64(days) < math.MaxInt64/2 {
			return time.Duration(v * float64(days)), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return d, nil
	}
	return 0, fmt.Errorf("want a length of time such as 30m, 12h or 7d, not %q", s)
}
