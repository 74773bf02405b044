package assemble

import (
	"reflect"
	"slices"

	"ams/pkg/schema"
	"ams/pkg/signal"
)

// uniteInputs names the fullest inputs that the session ever had.
func uniteInputs(old, fresh *schema.Completeness) *schema.Completeness {
	c := *fresh
	c.Records = map[string]int{}
	for _, records := range []map[string]int{old.Records, fresh.Records} {
		for event, n := range records {
			c.Records[event] = max(c.Records[event], n)
		}
	}
	c.Files = slices.Clone(old.Files)
	for _, f := range fresh.Files {
		i := slices.IndexFunc(c.Files, func(o schema.InputFile) bool { return o.Name == f.Name })
		if i < 0 {
			c.Files = append(c.Files, f)
		} else if f.Bytes >= c.Files[i].Bytes {
			c.Files[i] = f
		}
	}
	c.Missing = slices.DeleteFunc(slices.Clone(fresh.Missing), func(m string) bool { return !slices.Contains(old.Missing, m) })
	c.CopiedCalls = max(old.CopiedCalls, fresh.CopiedCalls)
	c.RefusedBills = max(old.RefusedBills, fresh.RefusedBills)
	return &c
}

// describe takes from old what the session is where fresh can no longer know it.
func (g loss) describe(merged, old, fresh *schema.Session) {
	if g.apart {
		describeApart(merged, old, fresh)
	}
	complete(reflect.ValueOf(merged).Elem(), reflect.ValueOf(*old))
	if old.StartTime.Before(merged.StartTime.Time) {
		merged.StartTime = old.StartTime
	}
	news := fresh.EndTime.After(old.EndTime.Time)
	if !news {
		merged.EndTime = old.EndTime
		if old.Completeness.Final {
			merged.Outcome, merged.EndReason = old.Outcome, old.EndReason
		}
	}
	if merged.Outcome != schema.Limited {
		merged.Limit = nil
	}
	if !merged.EndTime.IsZero() {
		ms := merged.EndTime.Sub(merged.StartTime.Time).Milliseconds()
		merged.DurationMS = &ms
	}
	merged.Models = nil // in the order of the events, below
}

// describeApart takes from two machines' Sessions the words of the one that saw the session later,
// so that both come to the same.
func describeApart(merged, old, fresh *schema.Session) {
	merged.Tags = slices.Clone(old.Tags)
	for _, tag := range fresh.Tags {
		if !slices.Contains(merged.Tags, tag) {
			merged.Tags = append(merged.Tags, tag)
		}
	}
	if merged.Tags == nil {
		merged.Tags = []string{}
	}
	if fresh.EndTime.After(old.EndTime.Time) {
		return
	}
	older := *old
	complete(reflect.ValueOf(&older).Elem(), reflect.ValueOf(*fresh))
	merged.Title, merged.Agent, merged.Environment, merged.Client = older.Title, older.Agent, older.Environment, older.Client
	merged.Host, merged.User, merged.Cwd, merged.GitBranch = older.Host, older.User, older.Cwd, older.GitBranch
	merged.Repo, merged.MainAgent = older.Repo, older.MainAgent
	if fresh.EndTime.Before(old.EndTime.Time) {
		merged.Outcome, merged.EndReason = older.Outcome, older.EndReason
		merged.Completeness.Final = old.Completeness.Final
	}
}

// settleTotals sums the united events up.
func settleTotals(merged, old, fresh *schema.Session, status schema.Status) {
	api := merged.Totals.DurationAPIMS
	if o := old.Totals.DurationAPIMS; o != nil && (api == nil || *o > *api) {
		api = o
	}
	merged.Totals = schema.Totals{DurationAPIMS: api}
	j := &joiner{set: Settings{Status: status}}
	j.total(merged)
	uniteCost(merged, old, fresh)
	keepSums(merged, old)
	merged.Status = j.status(merged)
	signal.Review(merged)
}

// keepSums takes over the sums of a stored Session that has messages in them which were left out of its events, unless
// the united events hold them again.
func keepSums(merged, old *schema.Session) {
	if old.Completeness == nil || old.Completeness.Cut == nil || old.Completeness.Cut.Messages == 0 ||
		merged.Totals.LLMCalls >= old.Totals.LLMCalls {
		return
	}
	cut := schema.Cut{}
	if merged.Completeness.Cut != nil {
		cut = *merged.Completeness.Cut
	}
	cut.Messages = old.Completeness.Cut.Messages
	merged.Completeness.Cut = &cut
	t := &merged.Totals
	t.LLMCalls, t.WarmUpCalls, t.Usage = old.Totals.LLMCalls, old.Totals.WarmUpCalls, old.Totals.Usage
	if usd := old.Totals.CostUSD; usd != nil && (t.CostUSD == nil || *t.CostUSD < *usd) {
		t.CostUSD = usd
	}
	if old.Cost != nil && merged.Cost != nil {
		merged.Cost.ComputedUSD = old.Cost.ComputedUSD
		merged.Cost.UnknownCalls = max(merged.Cost.UnknownCalls, old.Cost.UnknownCalls)
	}
}

// uniteCost takes the greater bill, as bills are cumulative, and the computed cost of what no bill covered.
func uniteCost(merged, old, fresh *schema.Session) {
	cost := schema.Cost{}
	for _, s := range []*schema.Session{fresh, old} {
		if s.Cost == nil {
			continue
		}
		if r := s.Cost.RecordedUSD; r != nil && (cost.RecordedUSD == nil || *r > *cost.RecordedUSD) {
			cost.RecordedUSD, cost.DifferenceUSD, cost.Differences = r, s.Cost.DifferenceUSD, s.Cost.Differences
			cost.RecordedGuess = s.Cost.RecordedGuess
		}
		if cost.PricesDate == "" {
			cost.PricesDate = s.Cost.PricesDate
		}
		cost.OutputUnderReported = cost.OutputUnderReported || s.Cost.OutputUnderReported
		cost.UnpricedModels = append(cost.UnpricedModels, s.Cost.UnpricedModels...)
	}
	computed, calls := 0.0, 0
	for _, e := range merged.Events {
		if e.LLM == nil || e.Provisional {
			continue
		}
		calls++
		if e.LLM.CostUSD != nil {
			computed += *e.LLM.CostUSD
		} else {
			cost.UnknownCalls++
		}
	}
	slices.Sort(cost.UnpricedModels)
	if cost.UnpricedModels = slices.Compact(cost.UnpricedModels); cost.UnknownCalls == 0 {
		cost.UnpricedModels = nil
	}
	if calls > cost.UnknownCalls {
		cost.ComputedUSD = &computed
	}
	switch {
	case cost.RecordedUSD != nil && !cost.RecordedGuess:
		total, known := *cost.RecordedUSD, true
		cost.Source = schema.Recorded
		if uncovered := max(uncoveredUSD(old, &known), uncoveredUSD(fresh, &known)); uncovered > 0 {
			total += uncovered
			cost.Source = schema.Mixed
		}
		if known {
			merged.Totals.CostUSD = &total
		}
	case calls > 0:
		cost.Source = schema.Computed
		if cost.UnknownCalls == 0 {
			merged.Totals.CostUSD = &computed
		}
	}
	merged.Cost = &cost
}

// uncoveredUSD is what a Session's total has beyond its bill; known becomes false where it holds calls of unknown cost.
func uncoveredUSD(s *schema.Session, known *bool) float64 {
	switch {
	case s.Cost == nil || s.Cost.RecordedUSD == nil:
		return 0
	case s.Totals.CostUSD == nil:
		*known = false
		return 0
	}
	return *s.Totals.CostUSD - *s.Cost.RecordedUSD
}
