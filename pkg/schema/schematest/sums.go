package schematest

import (
	"fmt"
	"math"

	"ams/pkg/schema"
)

// sameUSD is how far two sums of one amount may be apart: floating point, not money.
const sameUSD = 1e-9

// SumsError says what of a Session's index record does not add up, nil if all does: the sums by model, by day and by
// agent are of the same calls, and what they lack to the total is what the Session says that the client's bill holds
// beside its calls.
func SumsError(s *schema.Session, sum *schema.Summary) error {
	var model, day, agent float64
	calls := [3]int{}
	for _, n := range sum.PerModel {
		model, calls[0] = model+n.CostUSD, calls[0]+n.Calls
	}
	for _, n := range sum.PerDay {
		day, calls[1] = day+n.CostUSD, calls[1]+n.Calls
	}
	for _, n := range sum.Agents {
		agent, calls[2] = agent+n.CostUSD, calls[2]+n.Calls
	}
	if calls != [3]int{sum.LLMCalls, sum.LLMCalls, sum.LLMCalls} {
		return fmt.Errorf("%v calls by model, day and agent, want %d each", calls, sum.LLMCalls)
	}
	if math.Abs(model-day) > sameUSD || math.Abs(model-agent) > sameUSD {
		return fmt.Errorf("%v by model, %v by day, %v by agent, want one sum", model, day, agent)
	}
	rest := sum.Unassigned()
	if rest == nil {
		if sum.CostUSD != nil {
			return fmt.Errorf("no rest of %v", *sum.CostUSD)
		}
		return nil
	}
	want := 0.0
	if c := s.Cost; c != nil && c.DifferenceUSD != nil && !c.RecordedGuess {
		want = *c.DifferenceUSD
	}
	if math.Abs(*rest-want) > sameUSD || math.Abs(model+*rest-*sum.CostUSD) > sameUSD {
		return fmt.Errorf("calls cost %v of %v: a rest of %v, want %v", model, *sum.CostUSD, *rest, want)
	}
	return nil
}
