package assemble

import (
	"slices"
	"strings"
	"time"

	"ams/pkg/hook"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// warmUpPrompt is what clients 2.0.x tell agents of theirs, so that these are ready when they are needed.
const warmUpPrompt = "Warmup"

// warmUpClients begin the versions of the clients that warm agents up.
const warmUpClients = "2.0."

// setWarmUpsApart takes the client's warm-ups out of the subagents: nobody asked for them.
func (j *joiner) setWarmUpsApart() {
	unasked, asked := j.startedUnasked(), j.firstLooseCall()
	j.agents = slices.DeleteFunc(j.agents, func(a *agent) bool {
		if !j.warmsUp(a, unasked, asked) {
			return false
		}
		j.warmUps[a.id] = true
		delete(j.agentOf, a.id)
		return true
	})
}

// warmsUp reports whether an agent is a warm-up of the client's. What it was told decides. Clients that are started
// with -p write no prompts into the files of agents: there a warm-up is what hooks saw start before anybody had asked
// for anything, or what answers once and uses no tool, where no call is left that can have asked for it.
func (j *joiner) warmsUp(a *agent, unasked map[*record]bool, asked time.Time) bool {
	if a.by != nil || a.meta != nil || a.run != "" {
		return false
	}
	if p := strings.TrimSpace(a.firstPrompt()); p != "" {
		return p == warmUpPrompt
	}
	switch {
	case a.tool != nil || !j.warmsAgentsUp(a):
		return false
	case unasked[a.start]:
		return true
	}
	return len(j.mainLines()) > 0 && a.answersOnce() && (asked.IsZero() || a.began().Before(asked))
}

// warmsAgentsUp reports whether the client that started an agent warms agents up. Where the agent has no line that
// bears a version, its hook tells: those clients' SubagentStop has no type.
func (j *joiner) warmsAgentsUp(a *agent) bool {
	for _, l := range a.lines {
		if l.Version != "" {
			return strings.HasPrefix(l.Version, warmUpClients)
		}
	}
	if a.stop != nil {
		return a.stop.AgentType == ""
	}
	return strings.HasPrefix(j.clientVersion(), warmUpClients)
}

// startedUnasked are the first starts of agents between the beginning of a process and the first prompt to it.
func (j *joiner) startedUnasked() map[*record]bool {
	out := map[*record]bool{}
	var starts []*record
	begun := false
	for i := range j.records {
		r := &j.records[i]
		switch r.Event {
		case hook.SessionStart:
			begun, starts = r.Source != "compact", nil
		case hook.SubagentStart:
			if a := j.agentOf[r.AgentID]; begun && a != nil && a.start == r {
				starts = append(starts, r)
			}
		case hook.UserPromptSubmit:
			for _, s := range starts {
				out[s] = true
			}
			begun, starts = false, nil
		case hook.PreToolUse, hook.PostToolUse, hook.PostToolUseFailure, hook.Stop, hook.SessionEnd:
			begun, starts = false, nil // the prompt was not seen
		}
	}
	return out
}

// firstLooseCall is when the first call began that asked for an agent which is not known, zero where there is none.
func (j *joiner) firstLooseCall() time.Time {
	taken := map[*tool]bool{}
	for _, a := range j.agents {
		taken[a.by] = true
	}
	var first time.Time
	for _, t := range j.tools {
		if at := t.start(); isAgentTool(t.name) && !taken[t] && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// answersOnce reports whether the agent's file is whole and has one answer, which uses no tool.
func (a *agent) answersOnce() bool {
	var first *transcript.Line
	for _, l := range a.lines {
		switch {
		case l.Type == "user", l.Type == "assistant" && (l.Message == nil || asksForTool(l)):
			return false
		case l.Type != "assistant":
		case first == nil:
			first = l
		case l.Message.ID != first.Message.ID:
			return false
		}
	}
	return a.file != nil && first != nil && first.ParentUUID == ""
}

// settleWarmUps makes the united events of two Sessions one where they do not agree whether an agent is a warm-up. A
// call, a prompt, a tool or one more answer proves a subagent; else the Session that knows the warm-up saw more.
func settleWarmUps(events []*event) []*event {
	warm, proven, own := map[string]bool{}, map[string]bool{}, map[string]*event{}
	for _, e := range events {
		if e.Note == schema.WarmUpNote {
			warm[e.AgentID] = true
		}
		if e.Subagent != nil {
			own[e.AgentID] = e
		}
	}
	for _, e := range events {
		switch {
		case e.Subagent != nil && wasAsked(e.Subagent):
			proven[e.AgentID] = true
		case (e.Tool != nil || e.LLM != nil) && !e.Provisional && e.Note != schema.WarmUpNote:
			proven[e.AgentID] = true
		}
	}
	return slices.DeleteFunc(events, func(e *event) bool {
		a := own[e.AgentID]
		switch {
		case !warm[e.AgentID] || a == nil:
		case !proven[e.AgentID]:
			if e == a {
				return true
			}
			e.ParentID = ""
		case e.Note == schema.WarmUpNote:
			e.Note, e.ParentID = "", a.ID
		}
		return false
	})
}

// wasAsked reports whether somebody asked for a subagent.
func wasAsked(s *schema.SubagentInfo) bool {
	prompt := strings.TrimSpace(s.InvocationPrompt)
	return s.Link != schema.LinkNone || prompt != "" && prompt != warmUpPrompt
}
