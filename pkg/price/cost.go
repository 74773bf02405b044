package price

import (
	"math"
	"slices"
	"time"
)

// Usage holds the tokens of one API call as the API reports them. InputTokens
// leaves the cache tokens out. Negative counts are taken as zero.
type Usage struct {
	InputTokens              int64
	OutputTokens             int64
	CacheReadInputTokens     int64
	CacheCreationInputTokens int64
	// The split of CacheCreationInputTokens by lifetime. What it leaves open, and
	// everything where the API gave no split, is priced as 5-minute writes.
	Ephemeral5mInputTokens int64
	Ephemeral1hInputTokens int64
	WebSearchRequests      int64
	Speed                  string // "fast", or anything else for standard
	InferenceGeo           string // "us", or anything else
	// ServiceTier is what the API served the call at: "standard" or empty, "batch"
	// (half price). Any other, such as "priority", is sold by contract: no price.
	ServiceTier string
	// Refused says that the call's stop_reason was "refusal": then the last
	// fallback of Iterations was refused too and is not billed. Without a
	// fallback it has no effect.
	Refused    bool
	Iterations []Iteration // usage.iterations, in the API's order
}

// The iteration types that have a meaning for the price. Of the others,
// "compaction" is not in the top-level usage either, and the client does not
// price it.
const (
	iterMessage  = "message"          // a pass of the call's own model
	iterFallback = "fallback_message" // a pass of the model that took over after a refusal
	iterAdvisor  = "advisor_message"  // a call of the advisor's model, not in the top-level usage
)

// Billed reports whether iterations of a type are priced by their own counts.
func Billed(iteration string) bool { return iteration == iterFallback || iteration == iterAdvisor }

// Iteration is one entry of usage.iterations.
type Iteration struct {
	Type                     string
	Model                    string // empty: the call's model
	InputTokens              int64
	OutputTokens             int64
	CacheReadInputTokens     int64
	CacheCreationInputTokens int64
	Ephemeral5mInputTokens   int64
	Ephemeral1hInputTokens   int64
}

// usage is the iteration as a call of its own.
func (i Iteration) usage(speed, geo string) Usage {
	return Usage{
		InputTokens:              i.InputTokens,
		OutputTokens:             i.OutputTokens,
		CacheReadInputTokens:     i.CacheReadInputTokens,
		CacheCreationInputTokens: i.CacheCreationInputTokens,
		Ephemeral5mInputTokens:   i.Ephemeral5mInputTokens,
		Ephemeral1hInputTokens:   i.Ephemeral1hInputTokens,
		Speed:                    speed,
		InferenceGeo:             geo,
	}
}

// Cost returns what one call costs at list price, in USD, at the prices of that
// time (the zero time: today's). A price that was released only later counts
// already: the call is proof that the model was there.
//
// ok is false, and usd 0, when the table does not know the model, or one of the
// models that fallbacks and advisors of this call ran on, or the service tier;
// [Table.Unpriced] names them.
//
// Where another model took over after a refusal, its iterations are what is
// billed, each at its own model, and the refused attempts are not. Advisor
// iterations are billed on top. Unlike the client (2.1.330) this counts the
// 1-hour writes of fallbacks as such; the client takes them for 5-minute ones.
//
// Summed over a session in the order of the calls' ends, main thread and agents
// together, the costs give the client's total to the last digit.
func (t *Table) Cost(model string, u Usage, at time.Time) (usd float64, ok bool) {
	tier, ok := t.tier(u.ServiceTier)
	if !ok {
		return 0, false
	}
	served := u.fallbacks()
	if len(served) == 0 {
		if usd, ok = t.tokens(model, u, at); !ok {
			return 0, false
		}
	}
	if u.Refused && len(served) > 0 {
		served = served[:len(served)-1]
	}
	for _, it := range served {
		c, ok := t.tokens(orElse(it.Model, model), it.usage(u.Speed, u.InferenceGeo), at)
		if !ok {
			return 0, false
		}
		usd += c
	}
	usd = usd*tier + count(u.WebSearchRequests)*t.webSearch // a batch's searches are not cheaper
	for _, it := range u.Iterations {
		if it.Type != iterAdvisor {
			continue
		}
		c, ok := t.tokens(orElse(it.Model, model), it.usage("", u.InferenceGeo), at)
		if !ok {
			return 0, false
		}
		usd += c * tier
	}
	return usd, true
}

// tier is the factor of a service tier on the price of tokens.
func (t *Table) tier(name string) (factor float64, ok bool) {
	switch name {
	case "", "standard":
		return 1, true
	case "batch":
		return t.batch, true
	}
	return 0, false
}

// Unpriced names the models for which [Table.Cost] has no price for this call,
// sorted, each once, as the call spells them; none when it has. Where only the
// service tier has none, it stands behind the model: "claude-x, service tier y".
func (t *Table) Unpriced(model string, u Usage) []string {
	used := []string{model}
	if len(u.fallbacks()) > 0 {
		used = nil
	}
	for _, it := range u.Iterations {
		if Billed(it.Type) {
			used = append(used, orElse(it.Model, model))
		}
	}
	_, sold := t.tier(u.ServiceTier)
	used = slices.DeleteFunc(used, func(m string) bool { _, ok := t.lookup(m); return ok && sold })
	if !sold {
		for i, m := range used {
			if _, ok := t.lookup(m); ok {
				used[i] = m + ", service tier " + u.ServiceTier
			}
		}
	}
	slices.Sort(used)
	return slices.Compact(used)
}

// fallbacks returns the iterations of models that took over.
func (u Usage) fallbacks() []Iteration {
	var served []Iteration
	for _, it := range u.Iterations {
		if it.Type == iterFallback {
			served = append(served, it)
		}
	}
	return served
}

// tokens prices the tokens alone, with their surcharges.
func (t *Table) tokens(model string, u Usage, at time.Time) (float64, bool) {
	sp, ok := t.lookup(model)
	if !ok {
		return 0, false
	}
	row := &t.rows[sp.row]
	fast := u.Speed == "fast" || sp.fast
	usd := 0.0
	if row.hasLong(fast, at) {
		for _, part := range u.requests() {
			usd += part.times(row.ratesAt(fast, part.prompt(), at))
		}
	} else {
		usd = u.times(row.ratesAt(fast, 0, at))
	}
	if u.InferenceGeo == "us" && !row.NoGeoSurcharge {
		usd *= t.geoUS
	}
	if sp.regional && !row.NoRegionalSurcharge {
		usd *= t.regional
	}
	return usd, true
}

// times is the sum of tokens and rates, in the client's order of operations.
func (u Usage) times(r Rates) float64 {
	created := count(u.CacheCreationInputTokens)
	hour := min(count(u.Ephemeral1hInputTokens), created)
	writes := created / 1e6 * r.CacheWrite5m
	if hour > 0 {
		// A variable of its own: float64 conversion forbids a fused multiply-add,
		// which rounds once where the client rounds twice.
		writes = float64(hour/1e6*r.CacheWrite1h) + float64((created-hour)/1e6*r.CacheWrite5m)
	}
	return float64(count(u.InputTokens)/1e6*r.Input) +
		float64(count(u.OutputTokens)/1e6*r.Output) +
		float64(count(u.CacheReadInputTokens)/1e6*r.CacheRead) +
		float64(writes)
}

// prompt is the length that decides on the long-prompt price, in tokens.
func (u Usage) prompt() float64 {
	return count(u.InputTokens) + count(u.CacheReadInputTokens) + count(u.CacheCreationInputTokens)
}

// requests splits the call into the requests whose prompt lengths decide: its
// message iterations where their sums are the call's own counts, else the call
// as a whole.
func (u Usage) requests() []Usage {
	whole := []Usage{u}
	var parts []Usage
	var sum Iteration
	for _, it := range u.Iterations {
		if it.Type != iterMessage {
			continue
		}
		if it.InputTokens < 0 || it.OutputTokens < 0 || it.CacheReadInputTokens < 0 || it.CacheCreationInputTokens < 0 {
			return whole
		}
		sum.InputTokens += it.InputTokens
		sum.OutputTokens += it.OutputTokens
		sum.CacheReadInputTokens += it.CacheReadInputTokens
		sum.CacheCreationInputTokens += it.CacheCreationInputTokens
		parts = append(parts, it.usage(u.Speed, u.InferenceGeo))
	}
	if len(parts) == 0 || sum.InputTokens != u.InputTokens || sum.OutputTokens != u.OutputTokens ||
		sum.CacheReadInputTokens != u.CacheReadInputTokens || sum.CacheCreationInputTokens != u.CacheCreationInputTokens {
		return whole
	}
	return spreadHourWrites(parts, u)
}

// spreadHourWrites gives the 1-hour writes that only the call as a whole reports
// to the parts, first to last, where these have writes of no stated lifetime.
func spreadHourWrites(parts []Usage, whole Usage) []Usage {
	_, left := whole.split()
	for i := range parts {
		_, hour := parts[i].split()
		left -= hour
	}
	left = max(left, 0)
	for i := range parts {
		five, hour := parts[i].split()
		more := min(left, parts[i].CacheCreationInputTokens-five-hour)
		left -= more
		parts[i].Ephemeral5mInputTokens, parts[i].Ephemeral1hInputTokens = five, hour+more
	}
	return parts
}

// split returns the 5-minute and 1-hour writes, together never more than all.
func (u Usage) split() (five, hour int64) {
	created := max(u.CacheCreationInputTokens, 0)
	hour = min(max(u.Ephemeral1hInputTokens, 0), created)
	five = min(max(u.Ephemeral5mInputTokens, 0), created-hour)
	return five, hour
}

// count is n as a float64, never negative. Counts above 2^53 lose their last
// digits but never wrap around.
func count(n int64) float64 { return math.Max(float64(n), 0) }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
