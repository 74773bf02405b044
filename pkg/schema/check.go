package schema

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// sameUSD is how far two sums of dollars may be apart and count as equal: floating point, not money.
const sameUSD = 1e-6

// What no session has: a thousand millions of dollars, a thousand times as many tokens. Sums of such would overflow.
const (
	mostUSD    = 1e9
	mostTokens = 1_000_000_000_000_000
)

// Check says what an index record tells that cannot be true: counts below zero, or sums that are not of the same calls.
// Only a damaged record, or one that somebody else made, does.
func (s *Summary) Check() error {
	for _, n := range []struct {
		name  string
		count int64
	}{
		{"input_tokens", s.InputTokens}, {"output_tokens", s.OutputTokens}, {"cache_read_input_tokens", s.CacheReadInputTokens},
		{"cache_creation_input_tokens", s.CacheCreationInputTokens}, {"llm_calls", int64(s.LLMCalls)}, {"tool_calls", int64(s.ToolCalls)},
		{"subagents", int64(s.Subagents)}, {"errors", int64(s.Errors)}, {"duration_ms", OrZero(s.DurationMS)}, {"active_ms", OrZero(s.ActiveMS)},
	} {
		if n.count < 0 {
			return fmt.Errorf("%s is %d, which no session has", n.name, n.count)
		}
	}
	for _, n := range []int{s.Compactions, s.Approvals.Count, s.Retries.Count, s.CacheRewrites.Count} {
		if n < 0 {
			return fmt.Errorf("a count is %d, which no session has", n)
		}
	}
	for _, n := range []int64{s.InputTokens, s.OutputTokens, s.CacheReadInputTokens, s.CacheCreationInputTokens} {
		if n > mostTokens {
			return fmt.Errorf("%d tokens are more than any session has", n)
		}
	}
	for day := range s.PerDay {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return fmt.Errorf("per_day has %.20q, which is no day", day)
		}
	}
	if usd := OrZero(s.CostUSD); usd < 0 || usd > mostUSD {
		return fmt.Errorf("cost_usd is %v, which no session has", usd)
	}
	if s.Old() {
		return nil
	}
	model, day := sumOf(s.PerModel), sumOf(s.PerDay)
	agent := AgentSums{}
	for _, n := range s.Agents {
		agent.Calls, agent.CostUSD = agent.Calls+n.Calls, agent.CostUSD+n.CostUSD
	}
	for _, sum := range []struct {
		field string
		calls int
		usd   float64
	}{{"per_model", model.Calls, model.CostUSD}, {"per_day", day.Calls, day.CostUSD}, {"agents", agent.Calls, agent.CostUSD}} {
		switch {
		case s.Lacks(sum.field):
		case sum.calls != s.LLMCalls:
			return fmt.Errorf("%s has %d calls of %d", sum.field, sum.calls, s.LLMCalls)
		case !s.Lacks("per_model") && math.Abs(sum.usd-model.CostUSD) > sameUSD:
			return fmt.Errorf("%s adds up to %v US dollars, per_model to %v", sum.field, sum.usd, model.CostUSD)
		}
	}
	if !s.Lacks("per_model") && tokensOf(model) != (tokens{s.InputTokens, s.OutputTokens, s.CacheReadInputTokens, s.CacheCreationInputTokens}) {
		return errors.New("the tokens of per_model do not add up to the session's")
	}
	if !s.Lacks("per_model") && !s.Lacks("per_day") && tokensOf(model) != tokensOf(day) {
		return errors.New("per_day and per_model do not add up to the same tokens")
	}
	return nil
}

func sumOf(sums map[string]CallSums) (all CallSums) {
	for _, n := range sums {
		all.Calls, all.CostUSD = all.Calls+n.Calls, all.CostUSD+n.CostUSD
		all.InputTokens, all.OutputTokens = all.InputTokens+n.InputTokens, all.OutputTokens+n.OutputTokens
		all.CacheReadInputTokens, all.CacheCreationInputTokens = all.CacheReadInputTokens+n.CacheReadInputTokens, all.CacheCreationInputTokens+n.CacheCreationInputTokens
	}
	return all
}

type tokens struct{ input, output, cacheRead, cacheWrite int64 }

func tokensOf(s CallSums) tokens {
	return tokens{s.InputTokens, s.OutputTokens, s.CacheReadInputTokens, s.CacheCreationInputTokens}
}
