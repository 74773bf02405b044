package hook

import "ams/pkg/lax"

// maxShort bounds the names and ids of a payload; real ones have less than 200 bytes.
const maxShort = 1 << 10

// Fit cuts the texts and values of a payload to the room that there is, and what is a name or an id to 1 kB. The
// session's id stays.
func (p *Payload) Fit(room *lax.Room) {
	for _, s := range [...]*string{&p.Prompt, &p.Message, &p.CompactSummary, &p.LastMessage, &p.Error, &p.TaskDescription} {
		room.Text(s)
	}
	room.Value(&p.ToolInput)
	room.Value(&p.ToolResponse)
	short := [...]*string{
		&p.Event, &p.TranscriptPath, &p.Cwd, &p.PromptID, &p.AgentID, &p.AgentType, &p.Source, &p.Reason, &p.Trigger, &p.NotificationType,
		&p.AgentTranscript, &p.ToolName, &p.ToolUseID, &p.FromModel, &p.ToModel, &p.TaskID, &p.TaskSubject, &p.TeammateName, &p.OldCwd,
		&p.NewCwd, &p.Directory, &p.FilePath, &p.FileEvent, &p.LoadReason, &p.WorktreePath, &p.Name, &p.MCPServerName, &p.Action, &p.CommandName,
		&p.CommandSource, &p.InvokedBy,
	}
	for _, s := range short {
		if len(*s) > maxShort {
			*s = lax.CutText(*s, maxShort)
			room.Cut++
		}
	}
	if m := p.MCPServer; m != nil {
		m.Name, m.Source = lax.CutText(m.Name, maxShort), lax.CutText(m.Source, maxShort)
	}
}
