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
	{"active", func(a, b *schema.Summary) int { return cmp.Compare(orLess(b.ActiveMS), orLess(a.ActiveMS)) }},
	{"context", func(a, b *schema.Summary) int { return cmp.Compare(orLess(b.PeakContext), orLess(a.PeakContext)) }},
	{"approvals", func(a, b *schema.Summary) int { return cmp.Compare(b.Approvals.MS, a.Approvals.MS) }},
	{"rewrites", func(a, b *schema.Summary) int { return cmp.Compare(b.CacheRewrites.Tokens, a.CacheRewrites.Tokens) }},
	{"retries", func(a, b *schema.Summary) int { return cmp.Compare(b.Retries.Count, a.Retries.Count) }},
	{"compactions", func(a, b *schema.Summary) int { return cmp.Compare(b.Compactions, a.Compactions) }},
	{"files", func(a, b *schema.Summary) int { return cmp.Compare(len(b.Files), len(a.Files)) }},
	{"agents", func(a, b *schema.Summary) int { return cmp.Compare(b.Subagents, a.Subagents) }},
	{"signals", func(a, b *schema.Summary) int { return cmp.Compare(signalsOf(b), signalsOf(a)) }},
	byName("user", func(s *schema.Summary) *string { return s.User }),
	byName("host", func(s *schema.Summary) *string { return s.Host }),
	byName("branch", func(s *schema.Summary) *string { return s.GitBranch }),
	byName("repo", func(s *schema.Summary) *string { return s.Repo }),
	{"title", func(a, b *schema.Summary) int {
		return strings.Compare(strings.ToLower(Title(a)), strings.ToLower(Title(b)))
	}},
}

// byName sorts by a name in any case, those without one last.
func byName(name string, of func(*schema.Summary) *string) order {
	return order{name, func(a, b *schema.Summary) int {
		x, y := of(a), of(b)
		if x == nil || y == nil {
			return cmp.Compare(btoi(x == nil), btoi(y == nil))
		}
		return strings.Compare(strings.ToLower(*x), strings.ToLower(*y))
	}}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// signalsOf is how many signals of all kinds a session has.
func signalsOf(s *schema.Summary) (n int) {
	for _, count := range s.Signals {
		n += count
	}
	return n
}

// Maps are the fields of an index record that a [Table] and its orders read, of those that are maps.
func Maps() []string { return []string{"files", "signals"} }

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
