package schema_test

import (
	"strings"
	"testing"

	"ams/pkg/schema"
)

func TestARecordThatLiesIsFound(t *testing.T) {
	if err := schema.Summarize(fullSession()).Check(); err != nil {
		t.Errorf("a true one: %v", err)
	}
	for want, lie := range map[string]func(*schema.Summary){
		"output_tokens is -1":               func(s *schema.Summary) { s.OutputTokens = -1 },
		"cost_usd is -3":                    func(s *schema.Summary) { s.CostUSD = new(-3.0) },
		"per_day has 0 calls of 1":          func(s *schema.Summary) { clear(s.PerDay) },
		"per_model has 1 calls of 2":        func(s *schema.Summary) { s.LLMCalls = 2 },
		"tokens of per_model do not add up": func(s *schema.Summary) { s.CacheReadInputTokens += 5 },
		"do not add up to the same tokens": func(s *schema.Summary) {
			for day, n := range s.PerDay {
				n.InputTokens++
				s.PerDay[day] = n
			}
		},
		"agents adds up to 9 ": func(s *schema.Summary) {
			s.Agents = map[string]schema.AgentSums{schema.MainThread: {Calls: 1, CostUSD: 9}}
		},
	} {
		s := schema.Summarize(fullSession())
		lie(s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	cut := schema.Summarize(fullSession())
	clear(cut.Agents)
	if cut.Cut = []string{"agents"}; cut.Check() != nil {
		t.Errorf("a cut one: %v", cut.Check())
	}
	if old := (&schema.Summary{LLMCalls: 3}); old.Check() != nil {
		t.Errorf("an older one: %v", old.Check())
	}
}
