package assemble

import (
	"strings"
	"time"

	"ams/pkg/hook"
	"ams/pkg/schema"
)

// addTail adds the last message of a turn that only a hook saw: the client writes its files in batches, and the hook
// of a Stop was seen before the message's line in 3 of 7 runs; a run that saves nothing never writes it. Such a
// message is provisional: it has no usage, is no LLM call, and goes when the file has it.
func (j *joiner) addTail() {
	spoken := j.lastWords() // the ends of their messages
	if len(spoken) == 0 {
		return
	}
	note := func(agentID, text string, at time.Time) {
		key := said{agentID, strings.TrimSpace(text)}
		if ends, asked := spoken[key]; asked {
			spoken[key] = append(ends, at)
		}
	}
	for _, c := range j.calls {
		note(c.agentID, c.text(), c.last)
		for _, l := range c.lines {
			for _, b := range l.Message.Content.Blocks {
				note(c.agentID, b.Text, c.last)
			}
		}
	}
	for _, f := range j.lineSynthetics() {
		note(f.agentID, f.text, f.at)
	}
	promptAt := map[*record]time.Time{} // prompts by their hooks -> the times of their lines
	for _, p := range j.prompts {
		if p.record != nil && p.line != nil {
			promptAt[p.record] = p.line.Time
		}
	}
	asked := map[string]time.Time{} // thread -> the last prompt that its hooks saw
	for i := range j.records {
		r := &j.records[i]
		switch {
		case r.Event == hook.UserPromptSubmit:
			asked[r.AgentID] = r.at
			if at := promptAt[r]; !at.IsZero() && at.Before(r.at) {
				asked[r.AgentID] = at // the line's time is by the clock of the answer's
			}
		case j.isTurnsEnd(r):
			key := said{r.AgentID, strings.TrimSpace(r.LastMessage)}
			if key.text == "" || saidSince(spoken[key], asked[r.AgentID]) {
				continue
			}
			spoken[key] = append(spoken[key], r.at) // a second Stop with the same words adds nothing
			j.addProvisional(r)
		}
	}
}

// said is a text of a thread.
type said struct{ agentID, text string }

// lastWords are the last messages that hooks saw, without any times: of a large session few of its messages.
func (j *joiner) lastWords() map[said][]time.Time {
	words := map[said][]time.Time{}
	for i := range j.records {
		if r := &j.records[i]; j.isTurnsEnd(r) {
			if text := strings.TrimSpace(r.LastMessage); text != "" {
				words[said{r.AgentID, text}] = nil
			}
		}
	}
	return words
}

// isTurnsEnd reports whether a turn of the main thread or of a subagent ended with a record.
func (j *joiner) isTurnsEnd(r *record) bool {
	return r.Event == hook.Stop && r.AgentID == "" || r.Event == hook.SubagentStop && j.agentOf[r.AgentID] != nil
}

// saidSince reports whether one of the times is not before since.
func saidSince(times []time.Time, since time.Time) bool {
	for _, t := range times {
		if !t.Before(since.Truncate(time.Millisecond)) {
			return true
		}
	}
	return false
}

func (j *joiner) addProvisional(r *record) {
	e := &event{Event: schema.Event{
		ID: j.ids.ofText("provisional:"+r.AgentID, strings.TrimSpace(r.LastMessage)), Type: schema.LLMMessage, Name: "assistant",
		AgentID: r.AgentID, PromptID: r.PromptID, Provisional: true, LLM: &schema.LLM{Text: r.LastMessage},
	}}
	e.moment(r.at)
	j.add(e)
	j.completed.ProvisionalTail = true
}

// lineSynthetics are the texts of lines that the client wrote in the model's place.
func (j *joiner) lineSynthetics() []failure {
	var out []failure
	for _, f := range j.in.Files {
		agentID := ""
		if f.Agent != nil {
			agentID = f.Agent.AgentID
		}
		for _, l := range f.Lines {
			if l.Type == "assistant" && l.Message != nil && !isCall(l) {
				out = append(out, failure{text: textOf(l), at: l.Time, agentID: agentID})
			}
		}
	}
	return out
}
