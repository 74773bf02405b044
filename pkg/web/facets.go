package web

import (
	"cmp"
	"slices"
	"strings"

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

// figures are what of a session is summed up and sorted by.
type figures struct {
	costUSD, durationMS float64 // below 0 where it is not known
	unpriced            bool
	in, out, activeMS   int64
	tools, errors       int
}

func figuresOf(s *schema.Summary) figures {
	return figures{costUSD: known(s.CostUSD), unpriced: s.CostUSD == nil, durationMS: known(s.DurationMS),
		in: tokensOf(s) - s.OutputTokens, out: s.OutputTokens, activeMS: schema.OrZero(s.ActiveMS), tools: s.ToolCalls, errors: s.Errors}
}

func (t *totals) add(f *figures) {
	t.Sessions++
	if f.unpriced {
		t.Unpriced++
	} else {
		t.CostUSD += f.costUSD
	}
	t.In += f.in
	t.Out += f.out
	t.ActiveMS += f.activeMS
	t.Tools += f.tools
	t.Errors += f.errors
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

// values are the values of all facets of a catalog, by numbers that stay the same while it changes.
type values struct {
	number map[value]uint32
	all    []value
}

type value struct {
	field int // of byField
	text  string
}

// of are the numbers of a session's values.
func (v *values) of(s *schema.Summary) (numbers []uint32) {
	if v.number == nil {
		v.number = map[value]uint32{}
	}
	for n, by := range byField {
		by.each(s, func(text string) {
			if text == "" {
				return
			}
			number, known := v.number[value{n, text}]
			if !known {
				one := value{n, strings.Clone(text)} // it lies in a record that is not kept
				number = uint32(len(v.all))
				v.number[one] = number
				v.all = append(v.all, one)
			}
			numbers = append(numbers, number)
		})
	}
	return slices.Clip(numbers)
}

// sumUp makes totals and facets of what was found so far. The lock is held.
func (f *found) sumUp(c *catalog) {
	if f.sums != nil && f.sums.Sessions == len(f.hits) {
		return
	}
	f.sums, f.facets = &totals{}, []facet{}
	counts := make([]int, len(c.known))
	for _, i := range f.hits {
		f.sums.add(&c.kept[i].figures)
		for _, number := range c.kept[i].values {
			counts[number]++
		}
	}
	byValue := make([]map[string]int, len(byField))
	for number, n := range counts {
		if n == 0 {
			continue
		}
		v := c.known[number]
		if byValue[v.field] == nil {
			byValue[v.field] = map[string]int{}
		}
		byValue[v.field][v.text] = n
	}
	for n, values := range byValue {
		if len(values) > 0 {
			f.facets = append(f.facets, facetOf(byField[n].key, values))
		}
	}
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
