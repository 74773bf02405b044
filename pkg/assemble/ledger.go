package assemble

import (
	"slices"
	"time"

	"ams/pkg/hook"
	"ams/pkg/transcript"
)

// ledger finds which calls each of the client's bills holds.
//
// A process takes over the last bill that it finds when it begins, adds its own calls, and writes a bill when it
// ends. So a bill is what an earlier one was and the calls of one process, and what a session cost is the sum of
// what every process added. Mostly each process follows the one before it. But one that was killed wrote no
// bill, and the next does not know its calls; and two clients that resume a session at once begin at the same
// bill, so that the last bill lacks what the other client spent.
type ledger struct {
	*joiner
	bills  []bill
	stands []stand   // what each bill may have begun at: the parent's last bill or zero, then the bills
	groups [][]*call // by the bill that they stand before, see groupCalls
	held   map[*call]bool
	turns  map[string]string // of lines by uuid, made when first needed
}

// countMoney finds which calls the client's bills cover, and what they say.
func (j *joiner) countMoney() money {
	m := money{covered: map[*call]bool{}, baseKnown: true}
	bills, foreign := j.bills()
	if len(bills) == 0 {
		m.uncovered = j.callsByEnd()
		return m
	}
	m.hasBill = true
	l := &ledger{joiner: j, bills: bills, groups: j.groupCalls(bills), held: m.covered}
	l.stands = append(l.stands, j.parentBase(&m, bills[0], foreign))
	begin, end, carried := l.stands[0], l.stands[0], stand{} // bills in a row make one difference: it must be exact
	for i, b := range bills {
		from, mine := l.added(i)
		at := b.stand()
		if from != end {
			carried.usd, carried.ms = carried.usd+end.usd-begin.usd, carried.ms+end.ms-begin.ms
			begin = from
		}
		end = at
		m.guessed = m.guessed || b.line.UnknownModelCost
		slack := at.minus(from.tokens)
		for _, c := range mine {
			l.held[c] = true
			slack = slack.minus(c.tokens())
		}
		for _, c := range l.late(i, slack) {
			l.held[c] = true
		}
		l.stands = append(l.stands, at)
	}
	m.recorded, m.apiMS = carried.usd+(end.usd-begin.usd), max(carried.ms+end.ms-begin.ms, 0)
	m.modelBills = bills[len(bills)-1].line.ModelUsage
	for _, group := range l.groups {
		for _, c := range group {
			if !l.held[c] {
				m.uncovered = append(m.uncovered, c)
			}
		}
	}
	return m
}

// added finds where the process that wrote bill i began, and which calls it made.
func (l *ledger) added(i int) (from stand, mine []*call) {
	at, from := l.bills[i].stand(), l.stands[i]
	group := l.open(i, i)
	if len(l.bills[i].line.ModelUsage) == 0 && at.usd > from.usd {
		return from, group // it does not say for what
	}
	fits := at.usd >= from.usd && sumOf(group).within(at.minus(from.tokens))
	if i > 0 && !l.spoken(l.bills[i-1].order, l.bills[i].order) {
		// Nobody asked for anything since the bill before: this may be another client's.
		fits = fits && sumOf(group) == at.minus(from.tokens)
	}
	if !fits {
		for p := i; p >= max(i-maxClients, 0); p-- {
			if mine, ok := l.exactly(l.open(p, i), at.minus(l.stands[p].tokens)); ok && at.usd >= l.stands[p].usd {
				return l.stands[p], mine
			}
		}
	}
	if at.usd < from.usd {
		from = stand{} // it began anew
	}
	return from, group[l.forgotten(group, l.bills[i], at.minus(from.tokens)):]
}

// maxClients bounds how many clients of one session at once are looked for, and maxSums how many sums of their
// turns are tried.
const (
	maxClients = 8
	maxSums    = 1 << 10
)

// open are the calls between the bills before p and bill i that no bill holds so far.
func (l *ledger) open(p, i int) []*call {
	var out []*call
	for _, group := range l.groups[p : i+1] {
		for _, c := range group {
			if !l.held[c] {
				out = append(out, c)
			}
		}
	}
	return out
}

// exactly finds the turns among calls whose tokens are a bill's increment, the later ones where several are. A
// process makes whole turns.
func (l *ledger) exactly(calls []*call, increment tokens) ([]*call, bool) {
	if !increment.within(sumOf(calls)) {
		return nil, false
	}
	var turns [][]*call
	at := map[string]int{}
	for _, c := range slices.Backward(calls) {
		turn := l.turnOf(c)
		i, seen := at[turn]
		if !seen || turn == "" {
			i = len(turns)
			at[turn] = i
			turns = append(turns, nil)
		}
		turns[i] = append(turns[i], c)
	}
	type sum struct {
		turn   int    // the last turn in it
		before tokens // the sum without it
	}
	sums := map[tokens]sum{{}: {turn: -1}}
	order := []tokens{{}}
	for i, turn := range turns {
		for _, t := range order {
			with := t.plus(sumOf(turn))
			if _, seen := sums[with]; seen || !with.within(increment) || len(order) > maxSums {
				continue
			}
			sums[with] = sum{i, t}
			order = append(order, with)
		}
	}
	if _, ok := sums[increment]; !ok {
		return nil, false
	}
	var mine []*call
	for t := increment; sums[t].turn >= 0; t = sums[t].before {
		mine = append(mine, turns[sums[t].turn]...)
	}
	return mine, true
}

// turnOf names the prompt that a call of the main thread works for; "" where the lines do not tell. Results and
// prompts name it, and so does the line that answers one.
func (l *ledger) turnOf(c *call) string {
	if l.turns == nil {
		l.turns = map[string]string{}
		for _, line := range l.mainLines() {
			turn := line.PromptID
			if turn == "" {
				turn = l.turns[line.ParentUUID]
			}
			if turn == "" {
				continue
			}
			l.turns[line.UUID] = turn
			if isToolResult(line) {
				l.turns[line.ParentUUID] = turn // the lines between a prompt and its first answer need not be here
			}
		}
	}
	for _, line := range c.lines {
		if turn := l.turns[line.UUID]; turn != "" {
			return turn
		}
	}
	return ""
}

func sumOf(calls []*call) tokens {
	var sum tokens
	for _, c := range calls {
		sum = sum.plus(c.tokens())
	}
	return sum
}

// groupCalls splits the calls by the bills: group i stands before bill i and after the one before, the last
// after all bills. Calls of the main file go by its order, calls of agents by time.
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

// forgotten counts the calls at the head of a group that its bill does not hold, because the process that made
// them died: those before the start of the last process that hooks saw begin, those before the bill's own start,
// and as many of the oldest as have more tokens than the bill grew by.
func (l *ledger) forgotten(group []*call, b bill, increment tokens) int {
	born := time.UnixMilli(int64(b.line.StartTimeMS)).UTC()
	if began := l.processStart(b); began.After(born) && len(group) > 0 && group[0].first.Before(began) {
		born = began
	}
	first := 0
	for first < len(group) && group[first].last.Before(born) {
		first++
	}
	rest := sumOf(group[first:])
	for first < len(group) && !rest.within(increment) {
		rest = rest.minus(group[first].tokens())
		first++
	}
	return first
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

// late are the calls behind bill i that it holds all the same: the client writes its lines in batches, and when
// it is stopped in the middle of an answer the bill stands before the answer. They fit into what the bill grew
// by beyond the calls before it, and nobody spoke in between.
func (l *ledger) late(i int, slack tokens) []*call {
	b := l.bills[i]
	var out []*call
	for _, c := range l.groups[i+1] {
		onMain := c.order > b.order && c.file < len(l.in.Files) && l.in.Files[c.file].Agent == nil
		if !onMain || c.used == nil || !c.tokens().within(slack) || l.spoken(b.order, c.order) {
			break
		}
		slack = slack.minus(c.tokens())
		out = append(out, c)
	}
	return out
}

// spoken reports whether somebody asked for something between two lines of the main file.
func (l *ledger) spoken(from, to int) bool {
	return slices.ContainsFunc(l.mainLines()[from:to], func(line *transcript.Line) bool {
		return promptOf(line) != nil || line.Type == "queue-operation"
	})
}
