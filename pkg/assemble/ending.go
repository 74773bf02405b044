package assemble

import (
	"slices"
	"time"

	"ams/pkg/hook"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// turn is how far the main thread's last turn has come.
type turn int

const (
	untouched   turn = iota // nothing was asked, nothing is missing
	open                    // something is asked, called or said, and not answered
	closed                  // the client says that the turn ended: what is open counts as answered, what failed stays so
	answered                // the model had the last word
	failed                  // an API error, or a command that failed, ended it
	interrupted             // a person, a signal or a hook stopped it
	limited                 // it ran into a bound that its caller had set
)

// word is one thing that tells how far a turn has come. On a tie the one that was seen later counts as later.
type word struct {
	at   time.Time
	turn turn
	seen int
}

func (w word) before(o word) bool {
	return w.at.Before(o.at) || w.at.Equal(o.at) && w.seen < o.seen
}

// words are the latest of all words, and the latest that says that a turn ended: a session has hundreds of thousands.
type words struct {
	last, end word
	seen      int
}

func (w *words) see(at time.Time, t turn) {
	w.seen++
	latest := &w.last
	if t == closed {
		latest = &w.end
	}
	if next := (word{at, t, w.seen}); latest.before(next) {
		*latest = next
	}
}

// turn is how far the last turn has come.
func (w *words) turn() turn {
	if w.last.turn == open && w.last.before(w.end) {
		return answered
	}
	return w.last.turn
}

// ending tells how the last turn of the main thread ended, and the bound that stopped it if one did.
func (j *joiner) ending() (schema.Outcome, *schema.Limit) {
	if !j.set.Final {
		return schema.StillOpen, nil
	}
	var w words
	late, ended := j.afterTheBill()
	j.eventWords(late, w.see)
	limit := j.lineWords(w.see)
	ended = j.hookWords(w.see) || ended
	last := w.turn()
	if budget := j.budget(); budget != nil && (last == open || last == answered) {
		last, limit = limited, budget
	}
	switch last {
	case failed:
		return schema.FailedTurn, nil
	case interrupted:
		return schema.Interrupted, nil
	case limited:
		return schema.Limited, limit
	case open:
		if ended {
			return schema.Interrupted, nil // the client ended in good order in the middle of a turn: a signal, an abort
		}
		return schema.Abandoned, nil
	}
	return schema.Completed, nil
}

// eventWords tells what the main thread's events say of its turns.
func (j *joiner) eventWords(late map[string]bool, see func(time.Time, turn)) {
	for _, e := range j.events {
		if e.AgentID != "" {
			continue
		}
		switch {
		case e.Type == schema.UserPrompt && e.Error != nil:
			see(e.StartTime.Time, interrupted)
		case e.Type == schema.UserPrompt, e.Type == schema.ToolCall:
			see(e.StartTime.Time, open)
		case e.Type == schema.ErrorEvent && e.Error.Type != streamAborted:
			see(e.StartTime.Time, failed)
		case e.Name == "notification:interrupted":
			see(e.StartTime.Time, interrupted)
		case e.Provisional:
			see(e.EndTime.Time, answered)
		}
	}
	for _, c := range j.calls {
		switch {
		case c.agentID != "":
		case !late[c.key] && !c.aborted && (finalStop(c.best.Message.StopReason) || c.lastWord()):
			see(c.last, answered)
		default:
			see(c.last, open)
		}
	}
	for _, t := range j.tools {
		if t.agentID == "" && t.resLine != nil && t.resLine.ToolEndsTurn && t.event.Tool.Outcome == schema.ToolOK {
			see(t.event.EndTime.Time, closed)
		}
	}
}

// finalStop reports whether a stop reason ends a turn.
func finalStop(reason string) bool {
	return reason != "" && reason != "tool_use" && reason != "pause_turn"
}

// lastWord reports whether a call without a stop reason ended its turn: it says something and asks for no tool.
// Clients before 2.1.60 wrote no stop reason, later ones now and then.
func (c *call) lastWord() bool {
	if c.best.Message.StopReason != "" || c.text() == "" {
		return false
	}
	return !slices.ContainsFunc(c.lines, asksForTool)
}

// asksForTool reports whether a line of a message asks for a tool.
func asksForTool(l *transcript.Line) bool {
	for i := range l.Message.Content.Blocks {
		if l.Message.Content.Blocks[i].Type == "tool_use" {
			return true
		}
	}
	return false
}

// lineWords tells what the main file's other lines say, and which bound one of them names.
func (j *joiner) lineWords(see func(time.Time, turn)) (limit *schema.Limit) {
	for _, l := range j.mainLines() {
		switch {
		case j.copies.lines[l]:
		case l.Subtype == "turn_duration", l.Subtype == "stop_hook_summary":
			see(l.Time, closed)
		case l.Type == "attachment" && l.Attachment.Type == transcript.MaxTurnsReached:
			limit = &schema.Limit{Kind: schema.MaxTurns, Max: l.Attachment.MaxTurns, Used: l.Attachment.TurnCount}
			see(l.Time, limited)
		}
	}
	return limit
}

// hookWords tells what the hooks say, and whether the client ended after the last start that they saw.
func (j *joiner) hookWords(see func(time.Time, turn)) (ended bool) {
	for _, r := range j.records {
		if r.AgentID != "" {
			continue
		}
		switch r.Event {
		case hook.Stop:
			see(r.at, closed)
		case hook.StopFailure:
			see(r.at, failed)
		case hook.SessionEnd:
			ended = true
		case hook.SessionStart:
			ended = ended && r.Source == "compact"
		}
	}
	return ended
}

// isBill reports whether a line is the session's own bill. The client writes it as its last act.
func (j *joiner) isBill(l *transcript.Line) bool {
	return l.Type == "cost-state" && (l.SessionID == "" || l.SessionID == j.in.SessionID)
}

// afterTheBill finds the calls whose lines stand behind the client's bill with nothing asked in between: an
// answer that an abort cut off, whatever stop reason its lines bear. ended is set where nothing was asked after
// the last bill.
func (j *joiner) afterTheBill() (late map[string]bool, ended bool) {
	late = map[string]bool{}
	for _, l := range j.mainLines() {
		switch {
		case j.isBill(l):
			ended = true
		case !ended:
		case promptOf(l) != nil, l.TurnOrigin == "task_notification",
			l.Type == "attachment" && l.Attachment.Type == transcript.QueuedCommand:
			ended = false
		case isCall(l) && !j.copies.lines[l]:
			late[callKey(l)] = true
		}
	}
	return late, ended
}

// budget is the bound that the client's last process ran into if it spent what it was allowed to. No line says
// so, and whatever the model's last word was the run counts as stopped: budget lines have what was spent before
// a call, the bill after the last of them what it came to.
func (j *joiner) budget() *schema.Limit {
	var last *transcript.Line
	var before, after *float64 // the bills on both sides of the last process's budget lines
	for _, l := range j.mainLines() {
		switch {
		case l.Type == "attachment" && l.Attachment.Type == transcript.BudgetUSD && l.Attachment.Total > 0:
			if last == nil || after != nil {
				before = after
			}
			last, after = l, nil
		case j.isBill(l) && l.TotalCostUSD != nil:
			after = l.TotalCostUSD
		case after != nil && promptOf(l) != nil:
			last = nil // what came after that process had no bound
		}
	}
	if last == nil {
		return nil
	}
	used := last.Attachment.Used
	if after != nil {
		used = max(used, *after-j.billedBefore(before))
	} else {
		used += j.costSince(last.Time)
	}
	if used < last.Attachment.Total {
		return nil
	}
	return &schema.Limit{Kind: schema.MaxBudgetUSD, Max: last.Attachment.Total, Used: used}
}

// billedBefore is what the process began its bill with: the bill before it, in a fork the parent's.
func (j *joiner) billedBefore(bill *float64) float64 {
	if bill != nil {
		return *bill
	}
	usd := 0.0
	for _, s := range j.in.Parents[j.copies.parent] {
		if s.Line.TotalCostUSD != nil {
			usd = *s.Line.TotalCostUSD
		}
	}
	return usd
}

// costSince is the computed cost of the calls that ended after a time.
func (j *joiner) costSince(at time.Time) float64 {
	usd := 0.0
	for _, c := range j.calls {
		if c.last.After(at) && c.event.LLM.CostUSD != nil {
			usd += *c.event.LLM.CostUSD
		}
	}
	return usd
}
