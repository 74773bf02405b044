package transcript

import "ams/pkg/lax"

// What is read is bounded, whatever the files hold: each bound is far beyond what a client writes, and what is left
// out is counted.
const (
	// maxLine is as large as the largest payload that a hook takes. A longer line is passed over.
	maxLine = 64 << 20
	// maxLines bounds the lines that are kept of a session: each takes about a kilobyte beside its texts.
	maxLines = 310_000
	// maxKept bounds what is kept of a session's texts and values together: a few times the largest session seen.
	// What one part may have falls as less is left, so that a session that is too large loses its largest parts.
	maxKept = 64 << 20
	// maxPart bounds one text or value; the schema takes no more of a whole event.
	maxPart = 8 << 20
	// maxShort bounds names and ids; real ones have less than 100 bytes.
	maxShort = 1 << 10
	// maxBlocks bounds the blocks of one message, which take fifty times their bytes where they are empty.
	maxBlocks = 10_000
	// maxIterations bounds the iterations of a call, maxModels the models of a bill.
	maxIterations = 100
	maxModels     = 1000
)

// room is what may still be kept of a session.
type room struct {
	lax.Room
	lines int
	line  int // the longest line that is read
}

func newRoom() *room {
	return &room{Room: lax.Room{Left: maxKept, Part: maxPart}, lines: maxLines, line: maxLine}
}

// fit makes a line fit into the room, and says how many of its parts it cut. It is false for a line that is not kept.
func (r *room) fit(l *Line) (cut int, ok bool) {
	if r.lines--; r.lines < 0 {
		return 0, false
	}
	before := r.Cut
	l.long(r.Text, r.Value)
	l.short(func(s *string) {
		if len(*s) > maxShort {
			*s = lax.CutText(*s, maxShort)
			r.Cut++
		}
	})
	return r.Cut - before, true
}

// long gives the texts and values of a line that may be long.
func (l *Line) long(text func(*string), value func(*lax.Raw)) {
	for _, m := range []*Message{l.Message, l.nestedMessage()} {
		if m == nil {
			continue
		}
		m.Content.long(text, value)
	}
	if l.Attachment != nil {
		l.Attachment.Prompt.long(text, value)
	}
	if l.Data != nil {
		text(&l.Data.Prompt)
	}
	if l.PromptEnding != nil {
		text(&l.PromptEnding.Ending.Reason)
	}
	text(&l.UserFeedback)
	value(&l.ToolUseResult)
	value(&l.Content)
	value(&l.Error)
}

func (c *Content) long(text func(*string), value func(*lax.Raw)) {
	text(&c.Text)
	for i := range c.Blocks {
		b := &c.Blocks[i]
		text(&b.Text)
		text(&b.Thinking)
		value(&b.Input)
		value(&b.Content)
	}
}

// over is how many blocks of a line were left out.
func (l *Line) over() (n int) {
	for _, m := range []*Message{l.Message, l.nestedMessage()} {
		if m != nil {
			n += m.Content.over
		}
	}
	return n
}

func (l *Line) nestedMessage() *Message {
	if l.Data == nil || l.Data.Message == nil {
		return nil
	}
	return l.Data.Message.Message
}

// short gives the names, ids and titles of a line.
func (l *Line) short(fn func(*string)) {
	for _, s := range [...]*string{
		&l.Type, &l.Subtype, &l.UUID, &l.SessionID, &l.AgentID, &l.ParentUUID, &l.Version, &l.Cwd, &l.GitBranch, &l.Entrypoint, &l.PromptID,
		&l.PromptSource, &l.TurnOrigin, &l.SourceAssistantUUID, &l.SourceToolUseID, &l.DenialKind, &l.RequestID, &l.RequestRef,
		&l.RequestSessionID, &l.RequestedModel, &l.APIErrorType, &l.Level, &l.OriginalModel, &l.FallbackModel, &l.Trigger, &l.ParentTool,
		&l.Operation, &l.ID, &l.Summary, &l.AITitle, &l.CustomTitle, &l.LeafUUID, &l.PRURL,
		&l.RowSource, &l.AgentName, &l.AgentSetting,
	} {
		fn(s)
	}
	if p := l.PermissionDecision; p != nil {
		fn(&p.Decision)
		fn(&p.Source)
		fn(&p.ReasonType)
	}
	for _, c := range [...]*CompactMetadata{l.CompactMetadata, l.MicroMetadata} {
		if c != nil {
			fn(&c.Trigger)
		}
	}
	if p := l.PromptEnding; p != nil {
		fn(&p.Ending.Kind)
	}
	if w := l.Worktree; w != nil {
		fn(&w.OriginalCwd)
		fn(&w.WorktreePath)
	}
	if o := l.CommandOutcome; o != nil {
		fn(&o.Kind)
	}
	if a := l.Attachment; a != nil {
		fn(&a.Type)
		fn(&a.CommandMode)
		fn(&a.SourceUUID)
		fn(&a.RowSource)
		a.Prompt.short(fn)
	}
	if d := l.Data; d != nil {
		fn(&d.Type)
		fn(&d.AgentID)
		if n := d.Message; n != nil {
			fn(&n.Type)
			fn(&n.UUID)
			fn(&n.RequestID)
			n.Message.short(fn)
		}
	}
	l.Message.short(fn)
}

func (m *Message) short(fn func(*string)) {
	if m == nil {
		return
	}
	fn(&m.ID)
	fn(&m.Model)
	fn(&m.StopReason)
	m.Content.short(fn)
	if u := m.Usage; u != nil {
		fn(&u.Speed)
		fn(&u.InferenceGeo)
		fn(&u.ServiceTier)
		for i := range u.Iterations {
			fn(&u.Iterations[i].Type)
			fn(&u.Iterations[i].Model)
		}
	}
}

func (c *Content) short(fn func(*string)) {
	for i := range c.Blocks {
		b := &c.Blocks[i]
		fn(&b.Type)
		fn(&b.ID)
		fn(&b.Name)
		fn(&b.ToolUseID)
	}
}
