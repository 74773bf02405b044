package assemble

import (
	"slices"
	"sort"
	"time"

	"ams/pkg/transcript"
)

// tokens counts what cost-state and calls both count, summed over models.
type tokens struct{ input, output, read, creation int64 }

func (a tokens) minus(b tokens) tokens {
	return tokens{a.input - b.input, a.output - b.output, a.read - b.read, a.creation - b.creation}
}

func (a tokens) plus(b tokens) tokens {
	return tokens{a.input + b.input, a.output + b.output, a.read + b.read, a.creation + b.creation}
}

// within reports whether a is at most b in every kind.
func (a tokens) within(b tokens) bool {
	return a.input <= b.input && a.output <= b.output && a.read <= b.read && a.creation <= b.creation
}

// bill is one cost-state: the client's own account of the session so far, written when a process ends. It has no time
// of its own.
type bill struct {
	line  *transcript.Line
	order int       // place in the main file
	after time.Time // the last time before it in the file
	until time.Time // the first time after it in the file; zero: the file ends
}

// stand is what a process of the client knows that the session cost so far.
type stand struct {
	usd, ms float64
	tokens
}

func (b bill) stand() stand {
	at := stand{usd: *b.line.TotalCostUSD, ms: b.line.TotalAPIDuration}
	for _, u := range b.line.ModelUsage {
		at.tokens = at.plus(tokens{u.InputTokens, u.OutputTokens, u.CacheReadTokens, u.CacheCreationTokens})
	}
	return at
}

// money is what the session cost, from both sides.
type money struct {
	hasBill    bool
	recorded   float64        // by the bills, without what a parent had spent
	apiMS      float64        // time in API calls, by the bills
	uncovered  []*call        // calls that no bill covers
	covered    map[*call]bool // calls that one does
	baseKnown  bool           // the parent's spending is recorded, not computed
	guessed    bool           // a bill charges a model at a default, as the client had no price for it
	modelBills map[string]transcript.ModelUsage
}

// bills are the cost-state lines of this session, and the last one of another session that a fork copied.
func (j *joiner) bills() (own []bill, foreign *bill) {
	lines := j.mainLines()
	var before time.Time
	for i, l := range lines {
		if !l.Time.IsZero() {
			before = l.Time
		}
		if l.Type != "cost-state" {
			continue
		}
		if !isPlausibleBill(l) {
			j.completed.RefusedBills++
			continue
		}
		b := bill{line: l, order: i, after: before}
		for _, later := range lines[i+1:] {
			if !later.Time.IsZero() {
				b.until = later.Time
				break
			}
		}
		if l.SessionID != "" && l.SessionID != j.in.SessionID {
			foreign = &b
			continue
		}
		own = append(own, b)
	}
	return own, foreign
}

// What one session cannot have cost, and how long it cannot have waited for the API: 25 billion tokens of the dearest
// output, and a year.
const (
	absurdUSD = 1e6
	absurdMS  = 366 * 24 * 3600e3
)

// isPlausibleBill reports whether a session can have a bill, in the whole and model by model. JSON has no NaN and no
// infinity: clients would write null.
func isPlausibleBill(l *transcript.Line) bool {
	if l.TotalCostUSD == nil || !(*l.TotalCostUSD >= 0 && *l.TotalCostUSD < absurdUSD) {
		return false
	}
	for _, u := range l.ModelUsage {
		if u.CostUSD < 0 || u.CostUSD >= absurdUSD || min(u.InputTokens, u.OutputTokens, u.CacheReadTokens, u.CacheCreationTokens) < 0 {
			return false
		}
	}
	return l.TotalAPIDuration >= 0 && l.TotalAPIDuration < absurdMS
}

// callsByEnd are the calls in the order of their ends: the order in which the client adds up its bill.
func (j *joiner) callsByEnd() []*call {
	sorted := slices.Clone(j.calls)
	sort.SliceStable(sorted, func(a, b int) bool { return sorted[a].last.Before(sorted[b].last) })
	return sorted
}

func (c *call) tokens() tokens {
	if c.used == nil {
		return tokens{}
	}
	return tokens{c.used.InputTokens, c.used.OutputTokens, c.used.CacheReadInputTokens, c.used.CacheCreationInputTokens}
}

// parentBase is what a fork's first bill already held when it began: the parent's last bill before it. It is known
// from a copied line, from the parent's own file, or else computed from the copied calls.
func (j *joiner) parentBase(m *money, first bill, foreign *bill) stand {
	if len(j.copies.lines) == 0 {
		return stand{}
	}
	var base *transcript.Line
	if foreign != nil {
		base = foreign.line
	} else {
		forked := j.firstOwnTime()
		for _, s := range j.in.Parents[j.copies.parent] {
			if isPlausibleBill(s.Line) && (forked.IsZero() || s.Before.Before(forked)) {
				base = s.Line
			}
		}
	}
	var at stand
	if base != nil {
		at = bill{line: base}.stand()
	} else {
		at = j.copiedCost()
		m.baseKnown = false
	}
	if *first.line.TotalCostUSD < at.usd {
		return stand{} // the bill began at zero
	}
	return at
}

// firstOwnTime is when a fork began to be a session of its own.
func (j *joiner) firstOwnTime() time.Time {
	if at, ok := j.forkedAt(); ok {
		return at
	}
	for _, l := range j.mainLines() {
		if !j.copies.lines[l] && l.UUID != "" && !l.Time.IsZero() {
			return l.Time
		}
	}
	return time.Time{}
}

// copiedCost is the computed cost of the copied calls.
func (j *joiner) copiedCost() stand {
	c := &joiner{in: j.in, callOf: map[string]*call{}}
	for i, l := range j.mainLines() {
		if j.copies.lines[l] && isCall(l) {
			c.addLine(0, i, "", l)
		}
	}
	var at stand
	for _, k := range c.callsByEnd() {
		k.count()
		at.tokens = at.plus(k.tokens())
		if p, ok := k.priced(); ok {
			usd, _ := j.set.Prices.Cost(k.best.Message.Model, p, k.last)
			at.usd += usd
		}
	}
	return at
}
