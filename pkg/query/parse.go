package query

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ams/pkg/schema"
)

// Search is what a person typed into a search box: filters as those of a list, each perhaps the other way round, and
// texts that are looked for in whole sessions.
//
//	deploy "connection refused" project:shop -outcome:completed cost:>5 after:7d
//
// Words and "phrases" must all stand in the session. A filter is KEY:VALUE or KEY:"A VALUE"; one that is given twice, or
// with commas, means any of its values, but for tools, tags and metadata, of which all must fit, and for ranges and times.
// A - before a word or a filter turns it round.
type Search struct {
	All   []Query // every one must want a session
	Not   []Query // none of them may
	Texts []Text
	Terms []string // what was typed, cut into its parts
}

// Text is looked for in whole sessions. Term is its place among the terms.
type Text struct {
	Text   string
	Not    bool // a session that holds it is not wanted
	Errors bool // it must stand in an error
	Term   int
}

// Judge reports whether a session is wanted, as [Query.Judge] does, but for the texts.
func (s *Search) Judge(sum *schema.Summary) (fits, sure bool) {
	sure = true
	for i := range s.All {
		switch yes, known := s.All[i].Judge(sum); {
		case !known:
			sure = false
		case !yes:
			return false, true
		}
	}
	for i := range s.Not {
		switch yes, known := s.Not[i].Judge(sum); {
		case !known:
			sure = false
		case yes:
			return false, true
		}
	}
	return sure, sure
}

// Without is the search without one of its terms.
func (s *Search) Without(term int) string {
	return strings.Join(slices.Delete(slices.Clone(s.Terms), term, term+1), " ")
}

// MaxTyped bounds a search: it stands in an address, and no person types more.
const MaxTyped = 4096

// ParseSearch reads a search. The error is a sentence for the person who typed it. Times are seen from now and in its
// time zone.
func ParseSearch(typed string, now time.Time) (*Search, error) {
	if len(typed) > MaxTyped {
		return nil, fmt.Errorf("that is too long: a search has at most %d characters", MaxTyped)
	}
	terms, err := cutTerms(typed)
	if err != nil {
		return nil, err
	}
	s := &Search{All: make([]Query, 1)} // the first takes the filters with several values together
	for i, t := range terms {
		s.Terms = append(s.Terms, t.typed)
		if t.key == "" {
			if strings.TrimSpace(t.value) == "" {
				return nil, fmt.Errorf("%s has no text", t.typed)
			}
			s.Texts = append(s.Texts, Text{Text: t.value, Not: t.not, Term: i})
			continue
		}
		if err := s.filter(t, i, now); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// filter adds one filter.
func (s *Search) filter(t term, at int, now time.Time) error {
	set, known := keys[t.key]
	switch {
	case !known:
		return fmt.Errorf("there is no filter %s: (there are %s); in quotes it is looked for as a text: %q",
			t.key, strings.Join(Keys(), ": ")+":", t.typed)
	case strings.TrimSpace(t.value) == "":
		return fmt.Errorf("%s: has no value: %s", t.key, set.example)
	}
	if _, err := ParseRange(t.value); t.key == "error" && err != nil {
		s.Texts = append(s.Texts, Text{Text: t.value, Not: t.not, Errors: true, Term: at})
		return nil
	}
	alone := Query{}
	q := &alone
	if !t.not && !set.alone {
		q = &s.All[0]
	}
	if err := set.read(q, t.value, now); err != nil {
		return fmt.Errorf("%s: %w", t.typed, err)
	}
	switch {
	case t.not:
		s.Not = append(s.Not, alone)
	case set.alone:
		s.All = append(s.All, alone)
	}
	return nil
}

// key is what a filter of one name does.
type key struct {
	read    func(q *Query, value string, now time.Time) error
	alone   bool // each one must fit, not any of several
	example string
}

// Keys are the names of the filters, sorted.
func Keys() []string { return slices.Sorted(maps.Keys(keys)) }

// Example is how a filter is typed.
func Example(name string) string { return keys[name].example }

var keys = map[string]key{
	"tool":        list("tool:Bash, tool:mcp__github__*", func(q *Query) *[]string { return &q.Tools }),
	"file":        list("file:main.go, file:/home/me/src", func(q *Query) *[]string { return &q.Files }),
	"model":       list("model:opus", func(q *Query) *[]string { return &q.Models }),
	"agent":       list("agent:reviewer, the name of an agent or a type of subagents", func(q *Query) *[]string { return &q.AnyAgents }),
	"project":     list("project:shop, the last folder of where it ran", func(q *Query) *[]string { return &q.Projects }),
	"repo":        list("repo:shop", func(q *Query) *[]string { return &q.Repos }),
	"branch":      list("branch:main, branch:fix/*", func(q *Query) *[]string { return &q.Branches }),
	"user":        list("user:ann", func(q *Query) *[]string { return &q.Users }),
	"host":        list("host:ci-*", func(q *Query) *[]string { return &q.Hosts }),
	"environment": list("environment:production", func(q *Query) *[]string { return &q.Environments }),
	"tag":         list("tag:nightly", func(q *Query) *[]string { return &q.Tags }),
	"skill":       list("skill:pdf", func(q *Query) *[]string { return &q.Skills }),
	"id":          list("id:1b3ca1ee, the beginning of an id", func(q *Query) *[]string { return &q.IDs }),
	"day":         list("day:2026-11-27, of calls of models, in UTC; day:2026-11 is a month", func(q *Query) *[]string { return &q.Days }),
	"outcome": oneOfWords("outcome:failed", func(q *Query) *[]string { return &q.Outcomes }, schema.Completed, schema.FailedTurn,
		schema.Interrupted, schema.Limited, schema.Abandoned, schema.StillOpen),
	"signal": oneOfWords("signal:loop", func(q *Query) *[]string { return &q.Signals }, schema.SignalKinds()...),
	"has":    oneOfWords("has:signals", func(q *Query) *[]string { return &q.Has }, hasNames()...),
	"meta": {example: "meta:team=shop", read: func(q *Query, value string, _ time.Time) error {
		if name, _, ok := strings.Cut(value, "="); !ok || name == "" {
			return errors.New("want KEY=VALUE")
		}
		q.Meta = append(q.Meta, value)
		return nil
	}},
	"cwd":    {alone: true, example: "cwd:/home/me/src", read: func(q *Query, value string, _ time.Time) error { q.Cwd = value; return nil }},
	"error":  amount("error:>3, or a text in an error: error:timeout", true, func(q *Query) *Range { return &q.Errors }),
	"cost":   amount("cost:>5, in US dollars", false, func(q *Query) *Range { return &q.Cost }),
	"tokens": amount("tokens:>1M", true, func(q *Query) *Range { return &q.Tokens }),
	"time": {alone: true, example: "time:>10m", read: func(q *Query, value string, _ time.Time) (err error) {
		q.Time, err = ParseSpans(value)
		return err
	}},
	"after": {alone: true, example: "after:7d, after:2026-11-20", read: func(q *Query, value string, now time.Time) (err error) {
		q.Since, err = ParseWhen(value, now, false)
		return err
	}},
	"before": {alone: true, example: "before:today", read: func(q *Query, value string, now time.Time) (err error) {
		q.Until, err = ParseWhen(value, now, false)
		return err
	}},
}

func list(example string, of func(*Query) *[]string) key {
	return key{example: example, read: func(q *Query, value string, _ time.Time) error {
		*of(q) = append(*of(q), value)
		return nil
	}}
}

// oneOfWords is a filter by words of a fixed list: one that is not of it would find nothing, and say so calmly.
func oneOfWords[T ~string](example string, of func(*Query) *[]string, known ...T) key {
	return key{example: example, read: func(q *Query, value string, _ time.Time) error {
		for _, word := range between(value) {
			if !slices.ContainsFunc(known, func(k T) bool { return strings.EqualFold(string(k), word) }) {
				names := make([]string, len(known))
				for i, k := range known {
					names[i] = string(k)
				}
				return fmt.Errorf("want one of %s", strings.Join(names, ", "))
			}
			*of(q) = append(*of(q), strings.ToLower(word))
		}
		return nil
	}}
}

func amount(example string, whole bool, of func(*Query) *Range) key {
	return key{alone: true, example: example, read: func(q *Query, value string, _ time.Time) error {
		r, err := ParseRange(value)
		if err == nil && r.Impossible(whole) {
			err = errors.New("no session has that")
		}
		*of(q) = r
		return err
	}}
}
