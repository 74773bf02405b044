package assemble

import (
	"strings"
	"time"

	"ams/pkg/hook"
	"ams/pkg/lax"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// shell is one shell command (!`...`) in the text of a skill or command, which the client runs before the model sees
// that text. It is no tool call: the id that its hook bears names none of the transcript.
type shell struct {
	command string // "" where only its end is known
	verdict string // how it ended, where that is not well
	at      time.Time
	agentID string
	record  *record
	line    *transcript.Line
	caller  *tool // the Skill call that it belongs to
}

// Texts by which the client tells how such a command ended. Measured with client 2.1.332.
const (
	shellNotRun    = "[not run: "
	shellFailedFor = shellFailed + " for pattern \"!`"
)

// addShells makes an event of each shell command of skills and commands. Clients from 2.1.332 on have a hook before
// each of them, and nothing after it; the transcript alone tells of those that failed or were not run.
func (j *joiner) addShells() {
	shells := j.hookedShells()
	open := map[string][]*shell{} // command -> those whose end is not known
	runs := map[string][]*shell{} // the call or turn that they belong to -> those of one text
	for _, s := range shells {
		open[s.command] = append(open[s.command], s)
		runs[runOf(s)] = append(runs[runOf(s)], s)
	}
	j.eachLine(func(agentID string, l *transcript.Line) {
		text := shellText(l)
		if command, why := failedShell(text); command != "" {
			s := &shell{command: command, at: l.Time, agentID: agentID, line: l}
			if known := open[command]; len(known) > 0 {
				s, open[command] = known[0], known[1:]
			} else {
				shells = append(shells, s)
			}
			s.verdict = "failed: " + why
		}
		reasons := notRun(text)
		run := runs[runOfLine(l)]
		for i, why := range reasons {
			s := &shell{at: l.Time, agentID: agentID, line: l}
			if len(run) == len(reasons) { // else nothing tells which of them it was
				s = run[i]
			} else {
				shells = append(shells, s)
			}
			s.verdict = "not run: " + why
		}
	})
	for _, s := range shells {
		j.addShell(s)
	}
}

// hookedShells are the commands that a hook saw.
func (j *joiner) hookedShells() []*shell {
	var out []*shell
	for i := range j.records {
		r := &j.records[i]
		if r.Event != hook.PreSkillShellCommand {
			continue
		}
		call, _, _ := strings.Cut(r.ToolUseID, ":")
		s := &shell{command: field(r.ToolInput, "command"), at: r.at, agentID: r.AgentID, record: r, caller: j.toolOf[call]}
		if s.caller != nil {
			if command, why := failedShell(s.caller.message()); command == s.command {
				s.verdict = "failed: " + why // the whole skill failed by it
			}
		}
		out = append(out, s)
	}
	return out
}

// eachLine calls fn for every line of the session's own, with the agent that it belongs to.
func (j *joiner) eachLine(fn func(agentID string, l *transcript.Line)) {
	for _, f := range j.in.Files {
		agentID := ""
		if f.Agent != nil {
			agentID = f.Agent.AgentID
		}
		if isHelper(agentID) {
			continue
		}
		for _, l := range f.Lines {
			if !j.copies.lines[l] {
				fn(agentID, l)
			}
		}
	}
}

// runOf names what the commands of one text have in common: the Skill call, or the turn that a person's command began.
func runOf(s *shell) string {
	if s.caller != nil {
		return s.caller.key
	}
	return "turn " + s.record.PromptID
}

// runOfLine is the same of the line with that text.
func runOfLine(l *transcript.Line) string {
	if l.SourceToolUseID != "" {
		return l.SourceToolUseID
	}
	return "turn " + l.PromptID
}

// shellText is the text of a line that may tell of shell commands: the expanded text of a skill or command, or what
// the client says of a command that failed.
func shellText(l *transcript.Line) string {
	switch {
	case l.Type == "user" && l.IsMeta && l.Message != nil && !isToolResult(l):
		return textOf(l)
	case l.Type == "system" && l.Subtype == "local_command":
		return tagged(lax.String(l.Content), "local-command-stderr")
	}
	return ""
}

// failedShell reads which command failed and what it said, "" where the text tells of none.
func failedShell(text string) (command, why string) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), shellFailedFor)
	if !ok {
		return "", ""
	}
	command, why, _ = strings.Cut(rest, "`\":")
	return command, strings.TrimSpace(why)
}

// notRun are the reasons in the places of commands that were not run.
func notRun(text string) []string {
	var out []string
	for {
		_, rest, ok := strings.Cut(text, shellNotRun)
		if !ok {
			return out
		}
		why, rest, ok := strings.Cut(rest, "]")
		if ok {
			out = append(out, why)
		}
		text = rest
	}
}

// addShell makes the event of one command. Its id is the same whichever channel tells of it.
func (j *joiner) addShell(s *shell) {
	var of, promptID string
	if r := s.record; r != nil {
		promptID = r.PromptID
		of = " (" + r.CommandName + " of " + r.CommandSource + ", invoked by " + r.InvokedBy + ")"
	} else if s.line != nil {
		promptID = s.line.PromptID
	}
	text := s.command
	if text == "" {
		text = "one of the shell commands of the text"
	}
	const name = "notification:skill_shell"
	e := &event{Event: schema.Event{
		ID: j.ids.ofText(name+s.agentID, s.command), Type: schema.Notification, Name: name, AgentID: s.agentID, PromptID: promptID,
		Note: strings.TrimSpace(text + of + "\n" + s.verdict),
	}}
	if s.caller != nil {
		e.asker = s.caller.event
	}
	e.moment(s.at)
	j.add(e)
}
