package assemble

import (
	"strconv"
	"strings"

	"ams/pkg/hook"
	"ams/pkg/schema"
)

// clientName is what the client calls itself nowhere in its data.
const clientName = "claude-code"

// describe fills in what the session is: its title, client, folder, branch, parent and end.
func (j *joiner) describe(s *schema.Session) {
	s.Title = j.title()
	s.ParentSessionID = j.copies.parent
	s.MainAgent, s.Repo = j.mainAgent(), j.repo()
	s.Client = &schema.Client{Name: clientName, Version: j.clientVersion(), Entrypoint: j.entry}
	for _, l := range j.mainLines() {
		if j.copies.lines[l] {
			continue
		}
		if s.Cwd == "" {
			s.Cwd = l.Cwd
		}
		if l.GitBranch != "" {
			s.GitBranch = l.GitBranch
		}
	}
	for _, r := range j.records {
		if s.Cwd == "" {
			s.Cwd = r.Cwd
		}
		if r.Event == hook.SessionEnd {
			s.EndReason = r.Reason
		}
		if r.Event == hook.SessionStart && r.Source != "compact" {
			s.EndReason = ""
		}
	}
}

// mainAgent is the type of agent that the main thread ran as last: hooks of the main thread bear it without the id of
// an agent, and the client notes it in the file. The hooks of a subagent always have an id, but for those of its own
// start and stop in old clients.
func (j *joiner) mainAgent() string {
	var name string
	for _, l := range j.mainLines() {
		own := (l.SessionID == "" || l.SessionID == j.in.SessionID) && !j.copies.lines[l]
		if own && l.Type == "agent-setting" && l.AgentSetting != "" {
			name = l.AgentSetting
		}
	}
	for _, r := range j.records {
		switch r.Event {
		case hook.SubagentStart, hook.SubagentStop, hook.TeammateIdle:
			continue
		}
		if r.AgentID == "" && r.AgentType != "" {
			name = r.AgentType
		}
	}
	return name
}

// entrypoint is the client's word for how it was started.
func (j *joiner) entrypoint() string {
	if e := j.context.Claude["CLAUDE_CODE_ENTRYPOINT"]; e != "" {
		return e
	}
	for _, l := range j.mainLines() {
		if l.Entrypoint != "" {
			return l.Entrypoint
		}
	}
	return ""
}

// title is the last that a person or the client gave; old clients called it a summary, and put the summaries of other
// sessions of the project at the top of a new file: such a line names a leaf that is not in it. A teammate's session
// is called by what its lead asked of it.
func (j *joiner) title() string {
	var custom, ai, summary string
	leaves := map[string]bool{"": true} // that summaries name -> whether they are in the file
	for _, l := range j.mainLines() {
		if l.LeafUUID != "" {
			leaves[l.LeafUUID] = false
		}
	}
	for _, l := range j.mainLines() {
		if _, named := leaves[l.UUID]; named {
			leaves[l.UUID] = true
		}
	}
	for _, l := range j.mainLines() {
		switch l.Type {
		case "custom-title":
			custom = l.CustomTitle
		case "ai-title":
			ai = l.AITitle
		case "summary":
			if leaves[l.LeafUUID] {
				summary = l.Summary
			}
		}
	}
	for _, t := range []string{custom, ai, summary} {
		if t = unwrapped(t); t != "" {
			return t
		}
	}
	if len(j.prompts) > 0 && j.prompts[0].source == sourceLead {
		first, _, _ := strings.Cut(j.prompts[0].text, "\n")
		return first
	}
	return ""
}

// clientVersion is the version of the client that wrote the last line of the session.
func (j *joiner) clientVersion() string {
	for _, f := range j.in.Files {
		for i := len(f.Lines) - 1; i >= 0; i-- {
			if v := f.Lines[i].Version; v != "" && f.Lines[i].Type != "api-request" {
				return v
			}
		}
	}
	return ""
}

// versionAtLeast compares a version such as 2.1.330 with major.minor.patch; what is no version is older than any.
func versionAtLeast(v string, want ...int) bool {
	parts := strings.SplitN(v, ".", 3)
	if len(parts) < 3 {
		return false
	}
	parts[2], _, _ = strings.Cut(parts[2], "-")
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil {
			return false
		}
		if n != want[i] {
			return n > want[i]
		}
	}
	return true
}
