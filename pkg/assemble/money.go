package assemble

import (
	"slices"
	"sort"
	"time"

	"ams/pkg/hook"
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

// bill is one cost-state: the client's own account of the session so far, written when a process ends. It has no time of its own.
type bill struct {
	line  *transcript.Line
	order int       // place in the main file
	after time.Time // the last time before it in the file
	until time.Time // the first time after it in the file; zero: the file ends
}

func (b bill) tokens() tokens {
	var sum tokens
	for _, u := range b.line.ModelUsage {
		sum = sum.plus(tokens{u.InputTokens, u.OutputTokens, u.CacheReadTokens, u.CacheCreationTokens})
	}
	return sum
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

// countMoney finds which calls the client's bills cover, and what they say. A bill is cumulative over the session and its resumes, so
// the last one counts; a process that was killed wrote none, and the next one does not know of its calls.
func (j *joiner) countMoney() money {
	m := money{covered: map[*call]bool{}, baseKnown: true}
	bills, foreign := j.bills()
	groups := j.groupCalls(bills)
	if len(bills) == 0 {
		m.uncovered = groups[0]
		return m
	}
	m.hasBill = true
	baseUSD, baseMS, baseTokens := j.parentBase(&m, bills[0], foreign)
	carried := 0.0 // by bills of processes that a later one forgot
	prevUSD, prevMS, prev := baseUSD, baseMS, baseTokens
	for i, b := range bills {
		usd, ms := *b.line.TotalCostUSD, b.line.TotalAPIDuration
		increment := b.tokens().minus(prev)
		m.guessed = m.guessed || b.line.UnknownModelCost
		if usd < prevUSD {
			carried += prevUSD - baseUSD
			baseUSD, prevUSD, increment = 0, 0, b.tokens()
			m.apiMS += prevMS - baseMS
			baseMS = 0
		}
		forgotten := j.forgotten(groups[i], b, increment)
		m.uncovered = append(m.uncovered, forgotten...)
		for _, c := range groups[i][len(forgotten):] {
			increment = increment.minus(c.tokens())
		}
		late := j.late(groups[i+1], b, increment)
		groups[i+1] = groups[i+1][late:]
		prevUSD, prevMS, prev = usd, ms, b.tokens()
	}
	m.uncovered = append(m.uncovered, groups[len(bills)]...)
	m.recorded = prevUSD - baseUSD
	if carried != 0 {
		m.recorded += carried
	}
	m.apiMS += prevMS - baseMS
	m.modelBills = bills[len(bills)-1].line.ModelUsage
	for _, c := range j.calls {
		m.covered[c] = true
	}
	for _, c := range m.uncovered {
		delete(m.covered, c)
	}
	return m
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
		if !believable(l) {
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

// What one session cannot have cost, and how long it cannot have waited for the API: 25 billion tokens of the dearest output, and a year.
const (
	absurdUSD = 1e6
	absurdMS  = 366 * 24 * 3600e3
)

// believable reports whether a session can have a bill, in the whole and model by model. JSON has no NaN and no infinity: clients would
// write null.
func believable(l *transcript.Line) bool {
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

// groupCalls splits the calls by the bills: group i stands before bill i and after the one before, the last after all bills. Calls of
// the main file go by its order, calls of agents by time.
func (j *joiner) groupCalls(bills []bill) [][]*call {
	groups := make([][]*call, len(bills)+1)
	mainFile := slices.IndexFunc(j.in.Files, func(f transcript.File) bool { return f.Agent == nil })
	for _, c := range j.callsByEnd() {
		at := len(bills)
		for i, b := range bills {
			inMain := c.file == mainFile && c.order < b.order
			elsewhere := c.file != mainFile && (b.until.IsZero() || c.last.Before(b.until))
			if inMain || elsewhere {
				at = i
				break
			}
		}
		groups[at] = append(groups[at], c)
	}
	return groups
}

// callsByEnd are the calls in the order of their ends: the order in which the client adds up its bill.
func (j *joiner) callsByEnd() []*call {
	sorted := slices.Clone(j.calls)
	sort.SliceStable(sorted, func(a, b int) bool { return sorted[a].last.Before(sorted[b].last) })
	return sorted
}

// forgotten are the calls of a group that its bill does not hold, because the process that made them died: those before the start of
// the last process that hooks saw begin, those before the bill's own start, and as many of the oldest as have more tokens than the
// bill grew by.
func (j *joiner) forgotten(group []*call, b bill, increment tokens) []*call {
	born := time.UnixMilli(int64(b.line.StartTimeMS)).UTC()
	if began := j.processStart(b); began.After(born) && len(group) > 0 && group[0].first.Before(began) {
		born = began
	}
	first := 0
	for first < len(group) && group[first].last.Before(born) {
		first++
	}
	var rest tokens
	for _, c := range group[first:] {
		rest = rest.plus(c.tokens())
	}
	for first < len(group) && !rest.within(increment) {
		rest = rest.minus(group[first].tokens())
		first++
	}
	return group[:first]
}

// processStart is when the process that wrote a bill began, as far as hooks saw it.
func (j *joiner) processStart(b bill) time.Time {
	var at time.Time
	for _, r := range j.records {
		if r.Event != hook.SessionStart || (r.Source != "startup" && r.Source != "resume") {
			continue
		}
		if !r.at.After(b.after) {
			at = r.at
		}
	}
	return at
}

// late are the calls behind a bill that it holds all the same: the client writes its lines in batches, and when it is stopped in the
// middle of an answer the bill stands before the answer. They fit into what the bill grew by beyond the calls before it, and nobody
// spoke in between.
func (j *joiner) late(next []*call, b bill, slack tokens) int {
	lines := j.mainLines()
	n := 0
	for _, c := range next {
		if c.order <= b.order || c.file >= len(j.in.Files) || j.in.Files[c.file].Agent != nil || !c.tokens().within(slack) {
			break
		}
		for _, l := range lines[b.order:c.order] {
			if promptOf(l) != nil || l.Type == "queue-operation" {
				return n
			}
		}
		slack = slack.minus(c.tokens())
		n++
	}
	return n
}

func (c *call) tokens() tokens {
	if c.used == nil {
		return tokens{}
	}
	return tokens{c.used.InputTokens, c.used.OutputTokens, c.used.CacheReadInputTokens, c.used.CacheCreationInputTokens}
}

// parentBase is what a fork's first bill already held when it began: the parent's last bill before it. It is known from a copied
// line, from the parent's own file, or else computed from the copied calls.
func (j *joiner) parentBase(m *money, first bill, foreign *bill) (usd, ms float64, t tokens) {
	if len(j.copies.lines) == 0 {
		return 0, 0, tokens{}
	}
	var base *transcript.Line
	if foreign != nil {
		base = foreign.line
	} else {
		forked := j.firstOwnTime()
		for _, s := range j.in.Parents[j.copies.parent] {
			if believable(s.Line) && (forked.IsZero() || s.Before.Before(forked)) {
				base = s.Line
			}
		}
	}
	switch {
	case base != nil:
		usd, ms, t = *base.TotalCostUSD, base.TotalAPIDuration, bill{line: base}.tokens()
	default:
		usd, t = j.copiedCost()
		m.baseKnown = false
	}
	if *first.line.TotalCostUSD < usd {
		return 0, 0, tokens{} // the bill began at zero
	}
	return usd, ms, t
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
func (j *joiner) copiedCost() (float64, tokens) {
	c := &joiner{in: j.in, callOf: map[string]*call{}}
	for i, l := range j.mainLines() {
		if j.copies.lines[l] && isCall(l) {
			c.addLine(0, i, "", l)
		}
	}
	var usd float64
	var t tokens
	for _, k := range c.callsByEnd() {
		k.count()
		t = t.plus(k.tokens())
		if p, ok := k.priced(); ok {
			cost, _ := j.set.Prices.Cost(k.best.Message.Model, p, k.last)
			usd += cost
		}
	}
	return usd, t
}
