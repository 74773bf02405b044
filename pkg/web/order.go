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
var orders = map[string]func(s *schema.Summary) (number float64, text string){
	"start":    func(s *schema.Summary) (float64, string) { return float64(s.StartTime.UnixMicro()), "" },
	"title":    func(s *schema.Summary) (float64, string) { return 0, strings.ToLower(listing.Title(s)) },
	"project":  func(s *schema.Summary) (float64, string) { return 0, strings.ToLower(listing.Project(s)) },
	"outcome":  func(s *schema.Summary) (float64, string) { return 0, string(schema.OrZero(s.Outcome)) },
	"duration": func(s *schema.Summary) (float64, string) { return known(s.DurationMS), "" },
	"cost":     func(s *schema.Summary) (float64, string) { return known(s.CostUSD), "" },
	"tokens":   func(s *schema.Summary) (float64, string) { return float64(tokensOf(s)), "" },
	"tools":    func(s *schema.Summary) (float64, string) { return float64(s.ToolCalls), "" },
	"errors":   func(s *schema.Summary) (float64, string) { return float64(s.Errors), "" },
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

// sorted are sessions in an order.
func sorted(ctx context.Context, c *catalog, of []int32, by string, reverse bool) []int32 {
	type keyed struct {
		i      int32
		number float64
		text   string
	}
	var all []keyed
	for _, part := range each(ctx, c, of, func(part *[]keyed, i int32, s library.Stored) {
		number, text := orders[by](s.Summary)
		*part = append(*part, keyed{i, number, strings.Clone(text)})
	}) {
		all = append(all, part...)
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		n := cmp.Or(cmp.Compare(b.number, a.number), strings.Compare(a.text, b.text))
		if reverse {
			return -n
		}
		return n
	})
	out := make([]int32, len(all))
	for n, k := range all {
		out[n] = k.i
	}
	return out
}
