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
	Words        []string // in the title or the first prompt, in any case
}

// Match reports whether a session is wanted.
func (q *Query) Match(s *schema.Summary) bool {
	switch {
	case !q.Since.IsZero() && s.StartTime.Before(q.Since), !q.Until.IsZero() && !s.StartTime.Before(q.Until):
		return false
	case !oneOf(q.Agents, s.Agent.Name), !oneOf(q.Environments, schema.OrZero(s.Environment)), !oneOf(q.Statuses, string(s.Status)),
		!oneOf(q.Outcomes, string(schema.OrZero(s.Outcome))):
		return false
	case !q.Cost.All() && (s.CostUSD == nil || !q.Cost.Holds(*s.CostUSD)):
		return false
	case q.MinDuration > 0 && (s.DurationMS == nil || time.Duration(*s.DurationMS)*time.Millisecond < q.MinDuration):
		return false
	case q.Cwd != "" && !below(schema.OrZero(s.Cwd), q.Cwd):
		return false
	}
	return q.matchModel(s) && q.matchTags(s) && q.matchMeta(s) && q.matchTools(s) && q.matchWords(s)
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
	return allOf(q.Tools, func(want string) bool {
		start, open := strings.CutSuffix(want, "*")
		for name := range s.Tools {
			if strings.EqualFold(name, want) || open && len(name) >= len(start) && strings.EqualFold(name[:len(start)], start) {
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
	in := strings.ToLower(schema.OrZero(s.Title) + "\n" + schema.OrZero(s.FirstPrompt))
	return !slices.ContainsFunc(q.Words, func(w string) bool { return !strings.Contains(in, strings.ToLower(w)) })
}

// below reports whether a folder is the one wanted or below it; a text that is no absolute path may stand anywhere in it.
func below(cwd, want string) bool {
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

// All reports whether every number fits, and no number too.
func (r Range) All() bool { return !r.some }

// Holds reports whether a number fits.
func (r Range) Holds(v float64) bool {
	if r.hasMin && (v < r.Min || r.OverMin && v == r.Min) {
		return false
	}
	return !r.hasMax || v < r.Max || !r.UnderMax && v == r.Max
}

// ParseRange reads what a person types of an amount: >1, >=0.5, <2, <=2, 1..5, =0 or 0, with a $ or without.
func ParseRange(s string) (Range, error) {
	bad := fmt.Errorf("want an amount such as '>1', '<=0.5' or 1..5, not %q", s)
	num := func(text string) (float64, error) {
		v, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(text), "$"), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, bad
		}
		return v, nil
	}
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
