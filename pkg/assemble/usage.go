package assemble

import (
	"ams/pkg/price"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// countCall says what a call used and what that costs.
func (j *joiner) countCall(c *call, llm *schema.LLM) {
	c.count()
	if c.used == nil {
		return
	}
	u := c.best.Message.Usage
	llm.Usage, llm.OutputUnderReported = c.used, !c.stopped()
	llm.WebSearchRequests, llm.ThinkingTokens = u.WebSearches.Floor(), u.ThinkingTokens.Floor()
	if p, ok := c.priced(); ok {
		if usd, ok := j.set.Prices.Cost(llm.Model, p, c.last); ok {
			llm.CostUSD = &usd
		}
	}
}

// count settles what a call used as far as its lines say it: nil where they say nothing. Zeros beside an answer
// are a gateway's way to say that it does not count, as no call has an answer for nothing.
func (c *call) count() {
	if c.best.Message.Usage == nil {
		return
	}
	n := c.best.Message.Usage.Counts
	prompt := n.CacheRead.Floor() + n.CacheCreation.Floor() + n.Ephemeral5m.Floor() + n.Ephemeral1h.Floor()
	switch {
	case n.Input.Floor()+n.Output.Floor()+prompt == 0:
		if c.answered() || !n.Input.Known() || !n.Output.Known() {
			return
		}
	case n.Input == 0 && prompt == 0: // no call goes without a prompt
		n.Input = transcript.Absent
	case n.Output == 0 && c.answered() && c.stopped(): // nor does an answer have no length
		n.Output = transcript.Absent
	}
	c.used = counted(n)
}

// counted names the counts that are not known, and infers those that their neighbours prove: a total of cache
// writes from its split, one part of the split from the other. A usage that says nothing of the cache is of an
// API without one.
func counted(c transcript.Counts) *schema.Usage {
	if c.CacheRead == transcript.Absent && c.CacheCreation == transcript.Absent &&
		c.Ephemeral5m == transcript.Absent && c.Ephemeral1h == transcript.Absent {
		c.CacheRead, c.CacheCreation = 0, 0
	}
	unreadable := c.Ephemeral5m == transcript.Unreadable || c.Ephemeral1h == transcript.Unreadable
	c = proven(c)
	u := &schema.Usage{
		InputTokens: c.Input.Floor(), OutputTokens: c.Output.Floor(),
		CacheReadInputTokens: c.CacheRead.Floor(), CacheCreationInputTokens: c.CacheCreation.Floor(),
	}
	split := c.Ephemeral5m.Known() && c.Ephemeral1h.Known()
	if split {
		u.CacheCreation = &schema.CacheCreation{
			Ephemeral5mInputTokens: int64(c.Ephemeral5m), Ephemeral1hInputTokens: int64(c.Ephemeral1h),
		}
	} else if !c.CacheCreation.Known() {
		u.CacheCreationInputTokens = c.Ephemeral5m.Floor() + c.Ephemeral1h.Floor()
	}
	for _, p := range []struct {
		known bool
		name  string
	}{
		{c.Input.Known(), schema.InputTokens}, {c.Output.Known(), schema.OutputTokens},
		{c.CacheRead.Known(), schema.CacheReadTokens}, {c.CacheCreation.Known(), schema.CacheCreationTokens}, {split || !unreadable, schema.CacheCreationSplit},
	} {
		if !p.known {
			u.Unknown = append(u.Unknown, p.name)
		}
	}
	return u
}

// proven fills in what the counts of cache writes prove of each other.
func proven(c transcript.Counts) transcript.Counts {
	five, hour := c.Ephemeral5m, c.Ephemeral1h
	if c.CacheCreation <= 0 && c.CacheCreation != transcript.Unreadable && five.Known() && hour.Known() {
		c.CacheCreation = five + hour
	}
	switch {
	case !c.CacheCreation.Known():
	case five.Known() && !hour.Known():
		c.Ephemeral1h = max(c.CacheCreation-five, 0)
	case hour.Known() && !five.Known():
		c.Ephemeral5m = max(c.CacheCreation-hour, 0)
	}
	return c
}

// priced is a call's usage as the price table counts it; ok is false where a count that the price depends on is
// not known.
func (c *call) priced() (p price.Usage, ok bool) {
	m, u := c.best.Message, c.used
	if u == nil || len(u.Unknown) > 0 || m.Usage.WebSearches == transcript.Unreadable {
		return p, false
	}
	p = price.Usage{
		Refused:     m.StopReason == "refusal",
		InputTokens: u.InputTokens, OutputTokens: u.OutputTokens, CacheReadInputTokens: u.CacheReadInputTokens,
		CacheCreationInputTokens: u.CacheCreationInputTokens, WebSearchRequests: m.Usage.WebSearches.Floor(),
		Speed: m.Usage.Speed, InferenceGeo: m.Usage.InferenceGeo, ServiceTier: m.Usage.ServiceTier,
	}
	if split := u.CacheCreation; split != nil {
		p.Ephemeral5mInputTokens, p.Ephemeral1hInputTokens = split.Ephemeral5mInputTokens, split.Ephemeral1hInputTokens
	}
	for _, it := range m.Usage.Iterations {
		u := counted(it.Counts)
		if len(u.Unknown) > 0 && price.Billed(it.Type) || it.Counts.Unreadable() {
			return p, false
		}
		pi := price.Iteration{
			Type: it.Type, Model: it.Model, InputTokens: u.InputTokens, OutputTokens: u.OutputTokens,
			CacheReadInputTokens: u.CacheReadInputTokens, CacheCreationInputTokens: u.CacheCreationInputTokens,
		}
		if split := u.CacheCreation; split != nil {
			pi.Ephemeral5mInputTokens = split.Ephemeral5mInputTokens
			pi.Ephemeral1hInputTokens = split.Ephemeral1hInputTokens
		}
		p.Iterations = append(p.Iterations, pi)
	}
	return p, true
}

// answered reports whether a call has content.
func (c *call) answered() bool {
	for _, l := range c.lines {
		if l.Message.Content.Text != "" || len(l.Message.Content.Blocks) > 0 {
			return true
		}
	}
	return false
}

// stopped reports whether a line of the call has a stop reason. The final count of output comes with it: without
// one the count is that of the stream's beginning, three to six times too little. Clients 2.1.0 to 2.1.59 hardly
// ever wrote it, later ones now and then.
func (c *call) stopped() bool {
	for _, l := range c.lines {
		if l.Message.StopReason != "" {
			return true
		}
	}
	return false
}
