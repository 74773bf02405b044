package assemble

import (
	"math"
	"slices"
	"time"

	"ams/pkg/price"
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

// markRewrites notes on each call what it wrote into the cache although the call before it in the same thread had it
// there, as far as the counts show it: the call reads less than the one before had cached, and writes that much. After a
// compaction the conversation is another one, and its cache, too.
func (j *joiner) markRewrites() {
	compacted := map[string][]time.Time{} // by thread, in order
	for _, e := range j.events {
		if e.Compaction != nil {
			compacted[e.AgentID] = append(compacted[e.AgentID], e.StartTime.Time)
		}
	}
	for _, times := range compacted {
		slices.SortFunc(times, time.Time.Compare)
	}
	last := map[string]*call{} // by thread
	for _, c := range j.callsByEnd() {
		before := last[c.agentID]
		if c.used == nil || len(c.used.Unknown) > 0 || c.event.Note == schema.WarmUpNote {
			continue
		}
		last[c.agentID] = c
		another := false
		for times := compacted[c.agentID]; len(times) > 0 && !times[0].After(c.last); times = times[1:] {
			another = true
			compacted[c.agentID] = times[1:]
		}
		if before == nil || another {
			continue
		}
		held := before.used.CacheReadInputTokens + before.used.CacheCreationInputTokens
		lost := min(held-c.used.CacheReadInputTokens, c.used.CacheCreationInputTokens)
		if lost < leastRewrite || float64(lost) < leastShare*float64(held) {
			continue
		}
		c.event.LLM.CacheRewrite = &schema.CacheRewrite{Tokens: lost, Reason: rewriteReason(before, c), CostUSD: j.rewriteCost(c, lost)}
	}
}

func rewriteReason(before, c *call) schema.RewriteReason {
	life := shortCache
	if split := before.used.CacheCreation; split != nil && split.Ephemeral1hInputTokens > 0 {
		life = longCache
	}
	switch {
	case before.best.Message.Model != c.best.Message.Model:
		return schema.OtherModel
	case c.first.Sub(before.last) >= life:
		return schema.AfterPause
	}
	return schema.OtherPrefix
}

// rewriteCost is what a call would have cost less, had it read the tokens; nil where it has no price.
func (j *joiner) rewriteCost(c *call, tokens int64) *float64 {
	p, ok := c.priced()
	if !ok || c.event.LLM.CostUSD == nil || len(p.Iterations) > 1 { // more than one pass: which one wrote is not known
		return nil
	}
	p.Iterations = nil
	paid, ok := j.set.Prices.Cost(c.best.Message.Model, p, c.last)
	cheaper, also := j.set.Prices.Cost(c.best.Message.Model, readInstead(p, tokens), c.last)
	if !ok || !also {
		return nil
	}
	usd := math.Max(paid-cheaper, 0)
	return &usd
}

// readInstead is a usage whose tokens were read from the cache and not written: those of the shorter life first, as what
// lives long was written once at the beginning.
func readInstead(p price.Usage, tokens int64) price.Usage {
	p.CacheReadInputTokens += tokens
	p.CacheCreationInputTokens -= tokens
	short := min(p.Ephemeral5mInputTokens, tokens)
	p.Ephemeral5mInputTokens -= short
	p.Ephemeral1hInputTokens -= min(p.Ephemeral1hInputTokens, tokens-short)
	return p
}

// believableWait is how long a client waited before a retry, in milliseconds: at most a day.
func believableWait(ms float64) float64 {
	const day = 24 * 3600e3
	if !(ms > 0) {
		return 0
	}
	return math.Min(ms, day)
}
