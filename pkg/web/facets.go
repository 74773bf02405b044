package web

import (
	"cmp"
	"slices"

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
			if kind != schema.MainThread {
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

// sumUp makes totals and facets of what was found so far. The lock is held.
func (f *found) sumUp() {
	if f.facets != nil && f.counted == len(f.hits) {
		return
	}
	f.counted = len(f.hits)
	f.totals = totalsOf(f.hits)
	f.facets = []facet{}
	for _, by := range byField {
		counts := map[string]int{}
		for _, s := range f.hits {
			by.each(s.Summary, func(value string) {
				if value != "" {
					counts[value]++
				}
			})
		}
		if len(counts) == 0 {
			continue
		}
		one := facet{Key: by.key, Values: make([]count, 0, len(counts))}
		for value, n := range counts {
			one.Values = append(one.Values, count{Value: value, N: n})
		}
		slices.SortFunc(one.Values, func(a, b count) int {
			return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Value, b.Value))
		})
		if n := len(one.Values); n > facetValues {
			one.Values, one.More = slices.Clone(one.Values[:facetValues]), n-facetValues
		}
		for i, v := range one.Values {
			one.Values[i].Term = query.Term(by.key, v.Value)
		}
		f.facets = append(f.facets, one)
	}
}

func totalsOf(sessions []library.Stored) (t totals) {
	t.Sessions = len(sessions)
	for _, s := range sessions {
		if s.CostUSD == nil {
			t.Unpriced++
		}
		t.CostUSD += schema.OrZero(s.CostUSD)
		t.In += s.InputTokens + s.CacheReadInputTokens + s.CacheCreationInputTokens
		t.Out += s.OutputTokens
		t.ActiveMS += schema.OrZero(s.ActiveMS)
		t.Tools += s.ToolCalls
		t.Errors += s.Errors
	}
	return t
}
