package assemble

import (
	"math"
	"sync"

	"ams/pkg/price"
	"ams/pkg/schema"
	"ams/pkg/signal"
)

// markRewrites notes on each call what it wrote into the cache anew, with its price.
func (j *joiner) markRewrites() {
	calls := sync.OnceValue(func() map[*schema.Event]*call { // few sessions have a rewrite
		of := make(map[*schema.Event]*call, len(j.calls))
		for _, c := range j.calls {
			of[&c.event.Event] = c
		}
		return of
	})
	events := make([]*schema.Event, len(j.events))
	for i, e := range j.events {
		events[i] = &e.Event
	}
	signal.MarkRewrites(events, func(e *schema.Event, tokens int64) *float64 { return j.rewriteCost(calls()[e], tokens) })
}

// rewriteCost is what a call would have cost less, had it read the tokens; nil where it has no price.
func (j *joiner) rewriteCost(c *call, tokens int64) *float64 {
	if c == nil {
		return nil
	}
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
