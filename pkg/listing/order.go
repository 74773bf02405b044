package listing

import (
	"cmp"
	"slices"
	"strings"

	"ams/pkg/library"
	"ams/pkg/schema"
)

// order is a way to sort sessions. Numbers are sorted the largest first, texts from A on.
type order struct {
	name    string
	compare func(a, b *schema.Summary) int
}

var orders = []order{
	{"start", func(a, b *schema.Summary) int { return b.StartTime.Compare(a.StartTime.Time) }},
	{"cost", func(a, b *schema.Summary) int { return cmp.Compare(orLess(b.CostUSD), orLess(a.CostUSD)) }},
	{"duration", func(a, b *schema.Summary) int { return cmp.Compare(orLess(b.DurationMS), orLess(a.DurationMS)) }},
	{"tokens", func(a, b *schema.Summary) int {
		return cmp.Compare(inputOf(b)+b.OutputTokens, inputOf(a)+a.OutputTokens)
	}},
	{"tools", func(a, b *schema.Summary) int { return cmp.Compare(b.ToolCalls, a.ToolCalls) }},
	{"errors", func(a, b *schema.Summary) int { return cmp.Compare(b.Errors, a.Errors) }},
	{"title", func(a, b *schema.Summary) int {
		return strings.Compare(strings.ToLower(Title(a)), strings.ToLower(Title(b)))
	}},
}

// SortNames are the names of the orders.
func SortNames() []string {
	var names []string
	for _, o := range orders {
		names = append(names, o.name)
	}
	return names
}

// Sort puts sessions into an order, by its name out of [SortNames].
func Sort(records []library.Stored, name string) {
	by := orders[slices.Index(SortNames(), name)]
	slices.SortStableFunc(records, func(a, b library.Stored) int { return by.compare(a.Summary, b.Summary) })
}

// orLess is a value that may not be known, which is less than any.
func orLess[T int64 | float64](p *T) T {
	if p == nil {
		return -1
	}
	return *p
}

func inputOf(s *schema.Summary) int64 {
	return s.InputTokens + s.CacheReadInputTokens + s.CacheCreationInputTokens
}
