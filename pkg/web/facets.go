package web

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/schema"
)

// totals are the sums of what was found.
type totals struct {
	Sessions int     `json:"sessions"`
	CostUSD  float64 `json:"cost_usd"`
	Unpriced int     `json:"unpriced,omitzero"` // sessions whose cost is not known
	In       int64   `json:"in"`
	Out      int64   `json:"out"`
	ActiveMS int64   `json:"active_ms"`
	Tools    int     `json:"tools"`
	Errors   int     `json:"errors"`
}

func (t *totals) add(s *schema.Summary) {
	t.Sessions++
	if s.CostUSD == nil {
		t.Unpriced++
	}
	t.CostUSD += schema.OrZero(s.CostUSD)
	t.In += tokensOf(s) - s.OutputTokens
	t.Out += s.OutputTokens
	t.ActiveMS += schema.OrZero(s.ActiveMS)
	t.Tools += s.ToolCalls
	t.Errors += s.Errors
}

// facet is one way to divide what was found, with the values that occur most.
type facet struct {
	Key    string  `json:"key"`
	Values []count `json:"values"`
	More   int     `json:"more,omitzero"`
}

type count struct {
	Value string `json:"value"`
	Term  string `json:"term"` // how the filter is typed
	N     int    `json:"n"`
}

// facetValues is how many values of a facet are shown.
const facetValues = 8

// byField are the facets, in the order in which a page shows them.
var byField = []struct {
	key  string
	each func(s *schema.Summary, add func(string))
}{
	{"outcome", func(s *schema.Summary, add func(string)) { add(string(schema.OrZero(s.Outcome))) }},
	{"signal", func(s *schema.Summary, add func(string)) {
		for kind := range s.Signals {
			add(string(kind))
		}
	}},
	{"project", func(s *schema.Summary, add func(string)) { add(schema.FolderName(schema.OrZero(s.Cwd))) }},
	{"branch", func(s *schema.Summary, add func(string)) { add(schema.OrZero(s.GitBranch)) }},
	{"agent", func(s *schema.Summary, add func(string)) {
		add(s.Agent.Name)
		for kind := range s.Agents {
			if kind != schema.MainThread && kind != s.Agent.Name {
				add(kind)
			}
		}
	}},
	{"model", func(s *schema.Summary, add func(string)) {
		for _, m := range s.Models {
			add(m)
		}
	}},
	{"tool", func(s *schema.Summary, add func(string)) {
		for name := range s.Tools {
			add(name)
		}
	}},
	{"user", func(s *schema.Summary, add func(string)) { add(schema.OrZero(s.User)) }},
	{"tag", func(s *schema.Summary, add func(string)) {
		for _, tag := range s.Tags {
			add(tag)
		}
	}},
	{"environment", func(s *schema.Summary, add func(string)) { add(schema.OrZero(s.Environment)) }},
}

// counted is what one processor counted.
type counted struct {
	totals totals
	values []map[string]int
}

func (p *counted) add(s *schema.Summary) {
	if p.values == nil {
		p.values = make([]map[string]int, len(byField))
		for n := range p.values {
			p.values[n] = map[string]int{}
		}
	}
	p.totals.add(s)
	for n, by := range byField {
		by.each(s, func(value string) {
			if _, seen := p.values[n][value]; value == "" || seen {
				p.values[n][value]++
				return
			}
			p.values[n][strings.Clone(value)] = 1 // it lies in a record that is not kept
		})
	}
}

// sumUp makes totals and facets of what was found so far. The lock is held.
func (f *found) sumUp(ctx context.Context, c *catalog) {
	if f.sums != nil && f.sums.Sessions == len(f.hits) {
		return
	}
	all := counted{}
	for n, part := range each(ctx, c, f.hits, func(part *counted, _ int32, s library.Stored) { part.add(s.Summary) }) {
		if n == 0 {
			all = part
			continue
		}
		all.totals.addAll(part.totals)
		for n, values := range part.values {
			for value, k := range values {
				all.values[n][value] += k
			}
		}
	}
	f.sums, f.facets = &all.totals, []facet{}
	for n, values := range all.values {
		delete(values, "")
		if len(values) > 0 {
			f.facets = append(f.facets, facetOf(byField[n].key, values))
		}
	}
}

func (t *totals) addAll(o totals) {
	t.Sessions, t.CostUSD, t.Unpriced = t.Sessions+o.Sessions, t.CostUSD+o.CostUSD, t.Unpriced+o.Unpriced
	t.In, t.Out, t.ActiveMS = t.In+o.In, t.Out+o.Out, t.ActiveMS+o.ActiveMS
	t.Tools, t.Errors = t.Tools+o.Tools, t.Errors+o.Errors
}

func facetOf(key string, values map[string]int) facet {
	one := facet{Key: key}
	for value, n := range values {
		one.Values = append(one.Values, count{Value: value, N: n})
	}
	slices.SortFunc(one.Values, func(a, b count) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Value, b.Value))
	})
	if n := len(one.Values); n > facetValues {
		one.Values, one.More = slices.Clone(one.Values[:facetValues]), n-facetValues
	}
	for i, v := range one.Values {
		one.Values[i].Term = query.Term(key, v.Value)
	}
	return one
}
