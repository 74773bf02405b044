package web

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"ams/pkg/library"
	"ams/pkg/listing"
	"ams/pkg/schema"
)

// orders are the ways to sort a list: by a number, the largest first and what is not known last, or by a text from A on.
var orders = map[string]order{
	"start":    {number: func(_ int32, k *kept) float64 { return float64(k.start) }},
	"title":    {text: func(s *schema.Summary) string { return listing.Title(s) }},
	"project":  {text: func(s *schema.Summary) string { return listing.Project(s) }},
	"outcome":  {text: func(s *schema.Summary) string { return string(schema.OrZero(s.Outcome)) }},
	"duration": {number: func(_ int32, k *kept) float64 { return k.durationMS }},
	"cost":     {number: func(_ int32, k *kept) float64 { return k.costUSD }},
	"tokens":   {number: func(_ int32, k *kept) float64 { return float64(k.in + k.out) }},
	"tools":    {number: func(_ int32, k *kept) float64 { return float64(k.tools) }},
	"errors":   {number: func(_ int32, k *kept) float64 { return float64(k.errors) }},
}

// order is a number, or a text in any case of letters, to sort by.
type order struct {
	number func(i int32, k *kept) float64
	text   func(s *schema.Summary) string
}

func known[T int64 | float64](v *T) float64 {
	if v == nil {
		return -1
	}
	return float64(*v)
}

func tokensOf(s *schema.Summary) int64 {
	return s.InputTokens + s.CacheReadInputTokens + s.CacheCreationInputTokens + s.OutputTokens
}

// sorted are sessions in an order, the newest first of those that are alike.
func sorted(ctx context.Context, c *catalog, of []int32, by order, reverse bool) []int32 {
	number := by.number
	if number == nil {
		number = ranked(ctx, c, of, by.text)
	}
	type keyed struct {
		i      int32
		number float64
	}
	all := make([]keyed, 0, len(of))
	for _, i := range of {
		n := number(i, &c.kept[i])
		if reverse {
			n = -n
		}
		all = append(all, keyed{i, n})
	}
	slices.SortFunc(all, func(a, b keyed) int {
		if n := cmp.Compare(b.number, a.number); n != 0 {
			return n
		}
		return cmp.Compare(a.i, b.i)
	})
	out := make([]int32, len(all))
	for n, k := range all {
		out[n] = k.i
	}
	return out
}

// ranked are numbers that put sessions in the order of a text, from A on: texts are compared once each, and not once for each
// session that has them.
func ranked(ctx context.Context, c *catalog, of []int32, text func(s *schema.Summary) string) func(i int32, k *kept) float64 {
	lower := make([]string, len(c.kept))
	type texts map[string]string // in any case of letters and in small ones
	each(ctx, c, of, nil, func(part *texts, i int32, s library.Stored) {
		if *part == nil {
			*part = texts{}
		}
		t := text(s.Summary)
		if _, known := (*part)[t]; !known {
			t = strings.Clone(t) // it lies in a record that is lent
			(*part)[t] = strings.ToLower(t)
		}
		lower[i] = (*part)[t]
	})
	rank := map[string]float64{}
	for n, t := range slices.Compact(slices.Sorted(slices.Values(lower))) {
		rank[t] = float64(n)
	}
	return func(i int32, _ *kept) float64 { return -rank[lower[i]] }
}
