package assemble

import (
	"fmt"

	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// promptTurn is a prompt of the main file with what came of it.
type promptTurn struct {
	prompt *prompt
	at     int // place of its line
	last   int // place of the last line that belongs to it
}

// maxTakenBack bounds how many prompts one rewind takes back: a damaged file that names one parent for all of a
// hundred thousand must not cost the square of that.
const maxTakenBack = 1000

// findRewinds finds the prompts before which a person took the conversation back (/rewind, Esc Esc). The client writes nothing of
// it: the prompt after it hangs below the line that stood before an earlier prompt, which is that prompt's own parent. The parent is
// compared by its id alone, so it may be a line that no reader keeps. A conversation that was taken back to its very beginning
// goes on below its last line; then the number of the turn tells, which begins anew (from about 2.1.330 on).
//
// Two clients that write one session at once make such twins, too: there the earlier turn goes on after the later prompt. A prompt
// that a fork copied is no prompt here, and after a compaction the numbers of turns mean something else.
func (j *joiner) findRewinds() {
	turns, compacted := j.turns()
	open := []*promptTurn{}   // the turns of the conversation as it stands
	below := map[string]int{} // the parent of an open turn's prompt -> its place in open
	for _, t := range turns {
		line := t.prompt.line
		back, ok := below[line.ParentUUID]
		if line.TurnPosition.TurnIndex == 1 && len(open) > 0 && t.at < compacted && open[0].prompt.line.TurnPosition.TurnIndex == 1 {
			back, ok = 0, true
		}
		if ok && len(open)-back <= maxTakenBack && !anyGoesOn(open[back:], t.at) {
			t.prompt.backTo, t.prompt.takenBack = open[back].prompt, len(open)-back
			for _, gone := range open[back:] {
				delete(below, gone.prompt.line.ParentUUID)
			}
			open = open[:back]
		}
		if id := line.ParentUUID; id != "" {
			if _, twin := below[id]; !twin {
				below[id] = len(open)
			}
		}
		open = append(open, t)
	}
}

// turns are the prompts of the main file, in its order, and the place of the first compaction in it, or of its end.
func (j *joiner) turns() (turns []*promptTurn, compacted int) {
	lines := j.mainLines()
	answered := map[string]int{} // tool_use_id -> place of its result
	said := map[string]int{}     // prompt id -> place of the last line that bears it
	for i, l := range lines {
		if l.PromptID != "" {
			said[l.PromptID] = i
		}
		for id := range resultIDs(l) {
			answered[id] = i
		}
	}
	byLine := map[*transcript.Line]*prompt{}
	for _, p := range j.prompts {
		if p.line != nil && p.line.Type == "user" {
			byLine[p.line] = p
		}
	}
	compacted = len(lines)
	var now *promptTurn
	for i, l := range lines {
		if p := byLine[l]; p != nil {
			now = &promptTurn{prompt: p, at: i, last: max(i, said[l.PromptID])}
			turns = append(turns, now)
		}
		if l.Subtype == "compact_boundary" {
			compacted = min(compacted, i)
		}
		if now == nil || !isCall(l) {
			continue
		}
		for _, b := range l.Message.Content.Blocks {
			if b.Type == "tool_use" {
				now.last = max(now.last, answered[b.ID])
			}
		}
	}
	return turns, compacted
}

// resultIDs are the ids of the calls that a line answers.
func resultIDs(l *transcript.Line) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		if l.Type != "user" || l.Message == nil {
			return
		}
		for _, b := range l.Message.Content.Blocks {
			if b.Type == "tool_result" && !yield(b.ToolUseID) {
				return
			}
		}
	}
}

func anyGoesOn(turns []*promptTurn, at int) bool {
	for _, t := range turns {
		if t.last > at {
			return true
		}
	}
	return false
}

// rewindWords bounds how much of the prompt that was taken back a note names, in characters: enough to recognise it.
const rewindWords = 100

// addRewind adds the note of a rewind, which stands before the prompt that followed it.
func (j *joiner) addRewind(p *prompt) {
	if p.backTo == nil {
		return
	}
	text := "back to before the prompt: " + firstWords(p.backTo.text, rewindWords)
	if p.takenBack > 1 {
		text = fmt.Sprintf("%d prompts %s", p.takenBack, text)
	}
	e := &event{Event: schema.Event{
		ID: j.ids.ofText("notification:rewind", text), Type: schema.Notification, Name: "notification:rewind", Note: text, PromptID: p.id,
	}}
	e.moment(p.asked())
	j.add(e)
}
