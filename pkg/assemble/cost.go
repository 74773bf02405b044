package assemble

import (
	"maps"
	"math"
	"slices"
	"strings"

	"ams/pkg/schema"
)

// cost fills in the Session's cost: recorded where the client wrote its bill, computed for the rest.
func (j *joiner) cost(s *schema.Session) {
	m := j.countMoney()
	sum := j.sumCalls(m)
	c := &schema.Cost{
		PricesDate: j.set.Prices.Date(), OutputUnderReported: j.underReported(),
		UnknownCalls: sum.unknown, UnpricedModels: sum.unpriced,
	}
	s.Cost = c
	if sum.counted > 0 {
		c.ComputedUSD = &sum.computed
	}
	total, known := sum.computed, sum.unknown == 0
	switch {
	case m.hasBill:
		j.recorded(s, m, sum)
		if c.RecordedGuess {
			break
		}
		if total, known = m.recorded, !sum.unknownRest; len(m.uncovered) > 0 {
			total = m.recorded + sum.missing
		}
	case len(j.calls) == 0:
		return
	default:
		c.Source = schema.Computed
	}
	if known { // a sum that leaves out a call of unknown cost is no sum
		s.Totals.CostUSD = &total
	}
}

// recorded says what the client's bills say and how far the calls that they cover are from it.
func (j *joiner) recorded(s *schema.Session, m money, sum callSum) {
	c := s.Cost
	c.Source, c.RecordedUSD, c.RecordedGuess = schema.Recorded, &m.recorded, m.guessed
	switch {
	case m.guessed:
		c.Source = schema.Computed
	case len(m.uncovered) > 0 || !m.baseKnown:
		c.Source = schema.Mixed
	}
	diff := m.recorded - sum.covered
	if math.Abs(diff) < sameUSD {
		diff = 0
	}
	c.DifferenceUSD = &diff
	c.Differences = j.differences(m, diff)
	api := int64(m.apiMS)
	s.Totals.DurationAPIMS = &api
}

// callSum adds up the calls by the price table.
type callSum struct {
	computed, covered, missing float64 // of all, of those that a bill covers, of the others
	counted, unknown           int     // calls whose cost is known, and is not
	unknownRest                bool    // among the unknown is one that no bill covers
	unpriced                   []string
}

func (j *joiner) sumCalls(m money) callSum {
	var sum callSum
	for _, k := range j.callsByEnd() {
		usd := k.event.LLM.CostUSD
		switch {
		case usd == nil:
			sum.unknown++
			sum.unknownRest = sum.unknownRest || !m.covered[k]
			if p, ok := k.priced(); ok {
				sum.unpriced = append(sum.unpriced, j.set.Prices.Unpriced(k.best.Message.Model, p)...)
			}
			continue
		case m.covered[k]:
			sum.covered += *usd
		default:
			sum.missing += *usd
		}
		sum.counted++
		sum.computed += *usd
	}
	slices.Sort(sum.unpriced)
	sum.unpriced = slices.Compact(sum.unpriced)
	return sum
}

// sameUSD is how far two sums of dollars may be apart and count as equal: floating point, not money.
const sameUSD = 1e-9

// differences names what makes the bill differ from the computed cost of the calls that it covers, model by model:
// prices that are not the table's, or calls that no line of the transcript has.
func (j *joiner) differences(m money, diff float64) []schema.CostGap {
	if diff == 0 {
		return nil
	}
	reason, events := j.suspects(m)
	gaps, sum := j.gapsByModel(m, reason, events), 0.0
	for _, g := range gaps {
		sum += *g.USD
	}
	if math.Abs(sum-diff) > sameUSD { // the bill holds a parent's spending too, or that of a process before
		return []schema.CostGap{{Reason: reason, USD: &diff, EventIDs: events}}
	}
	return gaps
}

// gapsByModel compares the last bill's account of each model with the calls that the bills cover.
func (j *joiner) gapsByModel(m money, reason string, events []string) []schema.CostGap {
	counted, usd := map[string]tokens{}, map[string]float64{}
	for _, c := range j.callsByEnd() { // one order, one sum
		if !m.covered[c] {
			continue
		}
		model := billName(c.best.Message.Model)
		counted[model] = counted[model].plus(c.tokens())
		if c.event.LLM.CostUSD != nil {
			usd[model] += *c.event.LLM.CostUSD
		}
	}
	billed := map[string]tokens{}
	for _, name := range slices.Sorted(maps.Keys(m.modelBills)) {
		u, model := m.modelBills[name], billName(name)
		billed[model] = billed[model].plus(tokens{u.InputTokens, u.OutputTokens, u.CacheReadTokens, u.CacheCreationTokens})
		usd[model] -= u.CostUSD
	}
	var gaps []schema.CostGap
	for _, model := range slices.Sorted(maps.Keys(usd)) {
		gap := schema.CostGap{Reason: reason, Model: model, EventIDs: events}
		if billed[model] == counted[model] {
			gap.Reason, gap.EventIDs = gapPrice, nil
		}
		if missing := -usd[model]; math.Abs(missing) >= sameUSD {
			gap.USD = &missing
			gaps = append(gaps, gap)
		}
	}
	return gaps
}

// billName is a model as both bills and calls name it: some clients add the size of the context window, as in
// claude-opus-5-5[1m].
func billName(model string) string {
	name, _, _ := strings.Cut(model, "[")
	return name
}

// Reasons of a difference that no event stands for.
const (
	gapPrice   = "price"                  // the client knew another price: of an organisation's settings, a promotion, an older table
	gapMissing = "not_in_transcript"      // calls that the client made for itself and wrote nowhere: titles, suggestions
	gapSilent  = "request_without_answer" // empty answers are billed and written nowhere
	gapUnknown = "unknown_cost"           // calls that the bill covers and the price table cannot: no usage, no price
)

// suspects names what the client pays for that no line of the transcript has: the calls of a compaction and of the
// WebSearch tool, the rest of a broken stream, answers that were empty, calls of unknown cost.
func (j *joiner) suspects(m money) (reason string, events []string) {
	var reasons []string
	blame := func(reason, eventID string) {
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
		if eventID != "" {
			events = append(events, eventID)
		}
	}
	for _, e := range j.events {
		switch {
		case e.Type == schema.Compaction:
			blame("compaction", e.ID)
		case e.Tool != nil && (e.Tool.Name == "WebSearch" || e.Tool.Name == "WebFetch"):
			blame("web_tool", e.ID)
		case e.Error != nil && e.Error.Type == "stream_aborted":
			blame("stream_aborted", e.ID)
		case e.Name == "notification:interrupted":
			blame("interrupted", e.ID)
		case e.LLM != nil && e.Provisional:
			blame("not_saved", e.ID)
		}
	}
	for _, c := range j.calls {
		if m.covered[c] && c.event.LLM.CostUSD == nil {
			blame(gapUnknown, c.event.ID)
		}
	}
	if j.silentRequests() > 0 {
		blame(gapSilent, "")
	}
	if len(reasons) == 0 {
		blame(gapMissing, "")
	}
	return strings.Join(reasons, ", "), events
}

// silentRequests counts API requests that no line answers and no retry explains: empty answers are billed and written
// nowhere.
func (j *joiner) silentRequests() int {
	answered := map[string]bool{}
	retries := 0
	for _, f := range j.in.Files {
		for _, l := range f.Lines {
			answered[l.RequestRef] = true
			if l.Type == "system" && l.Subtype == "api_error" || l.IsAPIError {
				retries++
			}
		}
	}
	silent := -retries
	for id := range j.requests {
		if !answered[id] {
			silent++
		}
	}
	return silent
}

// underReported reports whether a call's count of output is not the final one.
func (j *joiner) underReported() bool {
	return slices.ContainsFunc(j.calls, func(c *call) bool { return c.event.LLM.OutputUnderReported })
}
