package signal

import (
	"slices"
	"time"

	"ams/pkg/schema"
)

// What a cache rewrite is more than.
const (
	// leastRewrite is what a call must have written again to count. The end of every prompt is written again: the
	// client moves its marks, and the API looks back some twenty blocks only.
	leastRewrite = 4096
	// leastShare is how much of what the cache held must be lost: less is a part of the prompt that changes each time.
	leastShare = 0.5
)

// The lifetimes that a cache write is paid for. Each read begins them anew.
const (
	shortCache = 5 * time.Minute
	longCache  = time.Hour
)

// MarkRewrites notes on each call what it wrote into the cache although the call before it in the same thread had it
// there, as far as the counts show it: the call reads less than the one before had cached, and writes that much. After a
// compaction the conversation is another one, and its cache, too. cost tells what a call would have cost less, had it
// read tokens; nil where that is not known.
func MarkRewrites(events []*schema.Event, cost func(call *schema.Event, tokens int64) *float64) {
	compacted := map[string][]time.Time{} // by thread, in order
	var calls []*schema.Event
	for _, e := range events {
		switch {
		case e.Compaction != nil:
			compacted[e.AgentID] = append(compacted[e.AgentID], e.StartTime.Time)
		case e.LLM != nil && e.LLM.Usage != nil && len(e.LLM.Usage.Unknown) == 0 && e.Note != schema.WarmUpNote:
			calls = append(calls, e)
		}
	}
	for _, times := range compacted {
		slices.SortFunc(times, time.Time.Compare)
	}
	slices.SortStableFunc(calls, func(a, b *schema.Event) int { return a.EndTime.Compare(b.EndTime.Time) })
	last := map[string]*schema.Event{} // by thread
	for _, e := range calls {
		before := last[e.AgentID]
		last[e.AgentID] = e
		another := false
		for times := compacted[e.AgentID]; len(times) > 0 && !times[0].After(e.EndTime.Time); times = times[1:] {
			another = true
			compacted[e.AgentID] = times[1:]
		}
		if before == nil || another {
			continue
		}
		held := before.LLM.Usage.CacheReadInputTokens + before.LLM.Usage.CacheCreationInputTokens
		lost := min(held-e.LLM.Usage.CacheReadInputTokens, e.LLM.Usage.CacheCreationInputTokens)
		if lost < leastRewrite || float64(lost) < leastShare*float64(held) {
			continue
		}
		e.LLM.CacheRewrite = &schema.CacheRewrite{Tokens: lost, Reason: rewriteReason(before, e), CostUSD: cost(e, lost)}
	}
}

func rewriteReason(before, e *schema.Event) schema.RewriteReason {
	life := shortCache
	if split := before.LLM.Usage.CacheCreation; split != nil && split.Ephemeral1hInputTokens > 0 {
		life = longCache
	}
	switch {
	case before.LLM.Model != e.LLM.Model:
		return schema.OtherModel
	case e.StartTime.Sub(before.EndTime.Time) >= life:
		return schema.AfterPause
	}
	return schema.OtherPrefix
}
