package assemble

import (
	"maps"
	"math"
	"slices"
	"sort"
	"strings"

	"ams/pkg/schema"
)

// cost fills in the Session's cost: recorded where the client wrote its bill, computed for the rest.
func (j *joiner) cost(s *schema.Session) {
	m := j.countMoney()
	c := &schema.Cost{PricesDate: j.set.Prices.Date(), OutputUnderReported: j.underReported()}
	computed, coveredUSD, missingUSD := 0.0, 0.0, 0.0
	counted, unpricedRest := 0, false
	for _, k := range j.callsByEnd() {
		if k.best.Message.Usage == nil {
			continue
		}
		if k.event.LLM.CostUSD == nil {
			for _, model := range j.set.Prices.Unpriced(k.best.Message.Model, priced(k.best.Message)) {
				if !slices.Contains(c.UnpricedModels, model) {
					c.UnpricedModels = append(c.UnpricedModels, model)
				}
			}
			unpricedRest = unpricedRest || !m.covered[k]
			continue
		}
		usd := *k.event.LLM.CostUSD
		counted++
		computed += usd
		if m.covered[k] {
			coveredUSD += usd
		} else {
			missingUSD += usd
		}
	}
	sort.Strings(c.UnpricedModels)
	if counted > 0 {
		c.ComputedUSD = &computed
	}
	total := missingUSD
	switch {
	case m.hasBill:
		c.Source = schema.Recorded
		if len(m.uncovered) > 0 || !m.baseKnown {
			c.Source = schema.Mixed
		}
		recorded := m.recorded
		c.RecordedUSD = &recorded
		diff := recorded - coveredUSD
		if math.Abs(diff) < sameUSD {
			diff = 0
		}
		c.DifferenceUSD = &diff
		c.Differences = j.differences(m, diff)
		if total = recorded; len(m.uncovered) > 0 {
			total = recorded + missingUSD
		}
		api := int64(m.apiMS)
		s.Totals.DurationAPIMS = &api
	case len(j.calls) == 0:
		s.Cost = c
		return
	default:
		c.Source = schema.Computed
	}
	if !unpricedRest { // a sum that leaves out a model of unknown price is no sum
		s.Totals.CostUSD = &total
	}
	s.Cost = c
}

// sameUSD is how far two sums of dollars may be apart and count as equal: floating point, not money.
const sameUSD = 1e-9

// differences names what makes the bill differ from the computed cost of the calls that it covers, model by model: prices that are not
// the table's, or calls that no line of the transcript has.
func (j *joiner) differences(m money, diff float64) []schema.CostGap {
	if diff == 0 {
		return nil
	}
	reason, events := j.suspects()
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

// billName is a model as both bills and calls name it: some clients add the size of the context window, as in claude-opus-5-5[1m].
func billName(model string) string {
	name, _, _ := strings.Cut(model, "[")
	return name
}

// Reasons of a difference that no event stands for.
const (
	gapPrice   = "price"                  // the client knew another price: of an organisation's settings, a promotion, an older table
	gapMissing = "not_in_transcript"      // calls that the client made for itself and wrote nowhere: titles, suggestions
	gapSilent  = "request_without_answer" // empty answers are billed and written nowhere
)

// suspects names what the client pays for that no line of the transcript has: the calls of a compaction and of the WebSearch tool,
// the rest of a broken stream, answers that were empty.
func (j *joiner) suspects() (reason string, events []string) {
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
	if j.silentRequests() > 0 {
		blame(gapSilent, "")
	}
	if len(reasons) == 0 {
		blame(gapMissing, "")
	}
	return strings.Join(reasons, ", "), events
}

// silentRequests counts API requests that no line answers and no retry explains: empty answers are billed and written nowhere.
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

// underReported reports whether a client wrote this that did not record the final output count: 2.1.0 to 2.1.59 wrote the placeholder
// of the stream's beginning, three to six times too little; older ones did so where the answer has one line.
func (j *joiner) underReported() bool {
	for _, c := range j.calls {
		v := c.best.Version
		if v == "" || versionAtLeast(v, 2, 1, 60) {
			continue
		}
		if versionAtLeast(v, 2, 1, 0) || (!c.aborted && c.best.Message.StopReason == "" && c.tooLong()) {
			return true
		}
	}
	return false
}

// tooLong reports whether a call says more than its output tokens can hold: a token of prose is three to five bytes.
func (c *call) tooLong() bool {
	const bytesPerToken = 16
	return int64(len(c.text())+len(c.thinking())) > bytesPerToken*max(outputOf(c.best), 1)
}
