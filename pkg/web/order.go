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
	"start":    {number: func(k *kept) float64 { return float64(k.start) }},
	"title":    {text: func(s *schema.Summary) string { return strings.ToLower(listing.Title(s)) }},
	"project":  {text: func(s *schema.Summary) string { return strings.ToLower(listing.Project(s)) }},
	"outcome":  {text: func(s *schema.Summary) string { return string(schema.OrZero(s.Outcome)) }},
	"duration": {number: func(k *kept) float64 { return k.durationMS }},
	"cost":     {number: func(k *kept) float64 { return k.costUSD }},
	"tokens":   {number: func(k *kept) float64 { return float64(k.in + k.out) }},
	"tools":    {number: func(k *kept) float64 { return float64(k.tools) }},
	"errors":   {number: func(k *kept) float64 { return float64(k.errors) }},
}

// order is a number or a text to sort by.
type order struct {
	number func(k *kept) float64
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
	type keyed struct {
		i      int32
		number float64
		text   string
	}
	all := make([]keyed, 0, len(of))
	if by.number != nil {
		for _, i := range of {
			all = append(all, keyed{i: i, number: by.number(&c.kept[i])})
		}
	} else {
		for _, part := range each(ctx, c, of, partHead, func(part *[]keyed, i int32, s library.Stored) {
			*part = append(*part, keyed{i: i, text: strings.Clone(by.text(s.Summary))})
		}) {
			all = append(all, part...)
		}
	}
	slices.SortFunc(all, func(a, b keyed) int {
		n := cmp.Or(cmp.Compare(b.number, a.number), strings.Compare(a.text, b.text))
		if reverse {
			n = -n
		}
		return cmp.Or(n, cmp.Compare(a.i, b.i))
	})
	out := make([]int32, len(all))
	for n, k := range all {
		out[n] = k.i
	}
	return out
}
