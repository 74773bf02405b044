package assemble

import (
	"ams/pkg/price"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

func usageOf(u *transcript.Usage) *schema.Usage {
	out := &schema.Usage{
		InputTokens: max(u.InputTokens, 0), OutputTokens: max(u.OutputTokens, 0),
		CacheReadInputTokens: max(u.CacheReadTokens, 0), CacheCreationInputTokens: max(u.CacheCreationTokens, 0),
	}
	if u.CacheCreation != nil {
		out.CacheCreation = &schema.CacheCreation{
			Ephemeral5mInputTokens: max(u.CacheCreation.Ephemeral5m, 0), Ephemeral1hInputTokens: max(u.CacheCreation.Ephemeral1h, 0),
		}
	}
	return out
}

// priced is a call's usage as the price table counts it.
func priced(m *transcript.Message) price.Usage {
	u := m.Usage
	p := price.Usage{
		Refused:     m.StopReason == "refusal",
		InputTokens: u.InputTokens, OutputTokens: u.OutputTokens, CacheReadInputTokens: u.CacheReadTokens,
		CacheCreationInputTokens: u.CacheCreationTokens, Speed: u.Speed, InferenceGeo: u.InferenceGeo,
	}
	if c := u.CacheCreation; c != nil {
		p.Ephemeral5mInputTokens, p.Ephemeral1hInputTokens = c.Ephemeral5m, c.Ephemeral1h
	}
	if u.ServerToolUse != nil {
		p.WebSearchRequests = u.ServerToolUse.WebSearchRequests
	}
	for _, it := range u.Iterations {
		pi := price.Iteration{
			Type: it.Type, Model: it.Model, InputTokens: it.InputTokens, OutputTokens: it.OutputTokens,
			CacheReadInputTokens: it.CacheReadTokens, CacheCreationInputTokens: it.CacheCreationTokens,
		}
		if c := it.CacheCreation; c != nil {
			pi.Ephemeral5mInputTokens, pi.Ephemeral1hInputTokens = c.Ephemeral5m, c.Ephemeral1h
		}
		p.Iterations = append(p.Iterations, pi)
	}
	return p
}
