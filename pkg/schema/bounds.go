package schema

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"ams/pkg/lax"
)

// What is written is bounded, whatever came in, so that no input makes an object that nobody can store, fetch or
// read. What is cut ends in [lax.CutMark], and [Cut] counts it.
const (
	// MaxField bounds titles, names, ids and other short texts, in bytes; real ones have less than 300.
	MaxField = 1 << 10
	// MaxDepth bounds how deep a value is nested, and so how far it is indented: 20 kB that are nested 9,900 deep
	// would have 196 MB. What is deeper stands as the text of its JSON: nothing is lost, and readers in any language
	// can read it.
	MaxDepth = 64
	// MaxEvent bounds the texts and values of one event, in bytes as written; the largest one seen has 2.4 MB.
	MaxEvent = 8 << 20
	// MaxSession bounds the texts and values of all events together: three times the largest session seen.
	MaxSession = 64 << 20
	// maxServerTools bounds the server tools of one call of the model; the most seen were 20.
	maxServerTools = 1000
	// maxList bounds the numbers of tags and of models.
	maxList = 1000
	// MaxSummary bounds an index record: a list reads all of them. Real ones have 2 to 4 kB.
	MaxSummary = 16 << 10
	// maxMetadata bounds the values of metadata together; the environment that they come from gives 128 kB at most.
	maxMetadata = 1 << 20
)

// limits are the bounds as [Encode] keeps them.
type limits struct{ field, event, session, agents, body int }

var bounds = limits{MaxField, MaxEvent, MaxSession, agentsBody, MaxBody}

// minEvent is what every event may have, however many there are.
const minEvent = 256

// valueDepth is how far a tool's value is indented: in events, in one of them, in its tool.
const valueDepth = 4

// Bound cuts what is larger than a bound, in s itself, and counts it in its completeness. [Encode] does so; it is for
// who shows a Session that is not stored. What was cut once is not cut again.
func (s *Session) Bound() { s.bound(bounds) }

func (s *Session) bound(l limits) {
	cut := s.boundFields(l.field)
	total, events := 0, 0
	for i := range s.Events {
		e := &s.Events[i]
		cut.add(e.boundFields(l.field))
		size := e.atMost()
		if size > l.event {
			size = e.fit(l.event, &events)
		}
		total += size
	}
	// The bound on one event falls until all fit together: so the largest parts go first. Who was cut before is cut again.
	for n := l.event; total > l.session && n >= minEvent; n /= 2 {
		all := 0
		total = 0
		for i := range s.Events {
			total += s.Events[i].fit(n, &all)
		}
		events = max(events, all)
	}
	cut.Events += events
	if s.IsLarge() {
		cut.Messages = s.leaveOut(l.agents, l.body)
	}
	if cut == (Cut{}) {
		return
	}
	if s.Completeness == nil {
		s.Completeness = new(Completeness)
	}
	if s.Completeness.Cut == nil {
		s.Completeness.Cut = new(Cut)
	}
	s.Completeness.Cut.add(cut)
}

func (c *Cut) add(o Cut) {
	c.Lines += o.Lines
	c.Inputs += o.Inputs
	c.Fields += o.Fields
	c.Events += o.Events
	c.Deep += o.Deep
	c.Messages += o.Messages
}

// boundFields bounds what stands in a Session beside its events.
func (s *Session) boundFields(n int) (cut Cut) {
	fields := []*string{
		&s.SessionID, &s.TraceID, &s.Title, &s.Agent.Name, &s.Agent.Version, &s.Environment, &s.EndReason, &s.ParentSessionID,
		&s.Host, &s.User, &s.Cwd, &s.GitBranch, &s.Repo, &s.MainAgent,
	}
	if c := s.Client; c != nil {
		fields = append(fields, &c.Name, &c.Version, &c.Entrypoint)
	}
	s.Signals = head(s.Signals, MaxSignals, &cut.Fields)
	for i := range s.Signals {
		signal := &s.Signals[i]
		signal.EventIDs = head(signal.EventIDs, MaxSignalEvents, &cut.Fields)
		fields = append(fields, &signal.Text)
		for i := range signal.EventIDs {
			fields = append(fields, &signal.EventIDs[i])
		}
	}
	s.Tags, s.Models = head(s.Tags, maxList, &cut.Fields), head(s.Models, maxList, &cut.Fields)
	for _, list := range [][]string{s.Tags, s.Models} {
		for i := range list {
			fields = append(fields, &list[i])
		}
	}
	for _, p := range fields {
		shorten(p, n, &cut.Fields)
	}
	for name, value := range s.Metadata {
		flatten(&value, &cut.Deep)
		if room := maxMetadata / len(s.Metadata); len(value) > room {
			value = lax.Fit(value, valueDepth, MaxDepth, room)
			cut.Fields++
		}
		s.Metadata[name] = value
	}
	return cut
}

// boundFields bounds an event but for its long texts, and the depth of its values.
func (e *Event) boundFields(n int) (cut Cut) {
	for _, p := range [...]*string{&e.ID, &e.ParentID, &e.Name, &e.AgentID, &e.PromptID, &e.PromptSource} {
		shorten(p, n, &cut.Fields)
	}
	if m := e.LLM; m != nil {
		for _, p := range [...]*string{&m.Model, &m.StopReason, &m.MessageID, &m.RequestID} {
			shorten(p, n, &cut.Fields)
		}
		m.ServerTools = head(m.ServerTools, maxServerTools, &cut.Events)
		for i := range m.ServerTools {
			shorten(&m.ServerTools[i].Name, n, &cut.Fields)
			shorten(&m.ServerTools[i].ToolUseID, n, &cut.Fields)
		}
	}
	if t := e.Tool; t != nil {
		for _, p := range [...]*string{&t.Name, &t.ToolUseID, &t.LLMEventID, &t.MCPServer} {
			shorten(p, n, &cut.Fields)
		}
		if t.Permission != nil {
			shorten(&t.Permission.Decision, n, &cut.Fields)
			shorten(&t.Permission.Source, n, &cut.Fields)
		}
		if t.FullOutput != nil {
			shorten(&t.FullOutput.Path, n, &cut.Fields)
		}
		if t.Background != nil {
			shorten(&t.Background.TaskID, n, &cut.Fields)
			shorten(&t.Background.Status, n, &cut.Fields)
		}
	}
	if a := e.Subagent; a != nil {
		for _, p := range [...]*string{&a.AgentID, &a.AgentType, &a.InvocationEventID, &a.ParentAgentID, &a.TranscriptPath} {
			shorten(p, n, &cut.Fields)
		}
	}
	if e.Compaction != nil {
		shorten(&e.Compaction.Trigger, n, &cut.Fields)
	}
	if e.Error != nil {
		shorten(&e.Error.Type, n, &cut.Fields)
	}
	e.long(func(*string) {}, func(r *Raw) { flatten(r, &cut.Deep) })
	return cut
}

// long gives the texts and values of an event that may be long.
func (e *Event) long(text func(*string), value func(*Raw)) {
	text(&e.Prompt)
	text(&e.Note)
	if m := e.LLM; m != nil {
		text(&m.Thinking)
		text(&m.Text)
		for i := range m.ServerTools {
			value(&m.ServerTools[i].Input)
			value(&m.ServerTools[i].Result)
		}
	}
	if t := e.Tool; t != nil {
		value(&t.Input)
		value(&t.ExecutedInput)
		value(&t.Result)
		if t.Permission != nil {
			text(&t.Permission.Feedback)
		}
	}
	if a := e.Subagent; a != nil {
		text(&a.Description)
		text(&a.InvocationPrompt)
		text(&a.InvocationReasoning)
	}
	if e.Compaction != nil {
		text(&e.Compaction.Summary)
	}
	if e.Error != nil {
		text(&e.Error.Message)
	}
}

// atMost is how many bytes the long texts and values of an event have at most once they are written: counted without
// a look into strings, at many times the speed of [lax.Shape]. A text has six times its size at worst, if it is all
// control characters, and hardly ever twice.
func (e *Event) atMost() (size int) {
	const line = 2*(MaxDepth+valueDepth) + 2 // a line of its own and its indent
	e.long(func(p *string) { size += 2 * len(*p) }, func(r *Raw) {
		size += len(*r) + line*(bytes.Count(*r, comma)+2*bytes.Count(*r, brace)+2*bytes.Count(*r, bracket))
	})
	return size
}

var comma, brace, bracket, newline = []byte{','}, []byte{'{'}, []byte{'['}, []byte{'\n'}

// fit bounds the long texts and values of an event together, counts an event that it cut, and returns what they have
// then. Short ones stay whole; the longest share what is left.
func (e *Event) fit(n int, cut *int) int {
	type part struct {
		text  *string
		value *Raw
		size  int
	}
	var parts []part
	total := 0
	e.long(func(p *string) {
		parts = append(parts, part{text: p, size: lax.Quoted(*p)})
	}, func(r *Raw) {
		_, size := lax.Shape(*r, valueDepth)
		parts = append(parts, part{value: r, size: size})
	})
	for _, p := range parts {
		total += p.size
	}
	if total <= n+n/8 { // what was cut is a little larger where it is nested, and stays as it is
		return total
	}
	*cut++
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.size, b.size) })
	left := n
	for i, p := range parts {
		share := left / (len(parts) - i)
		switch {
		case p.size <= share:
			share = p.size
		case p.text != nil:
			*p.text = lax.CutText(*p.text, share)
		default:
			*p.value = lax.Fit(*p.value, valueDepth, MaxDepth, share)
		}
		left -= share
	}
	return n
}

// head returns the first n of a list, and counts if that is not all.
func head[T any](list []T, n int, cut *int) []T {
	if len(list) <= n {
		return list
	}
	*cut++
	return list[:n:n]
}

// shorten cuts a short text, and counts it.
func shorten(p *string, n int, cut *int) {
	if len(*p) > n {
		*p = lax.CutText(*p, n)
		*cut++
	}
}

// flatten bounds the depth of a value, and counts it.
func flatten(r *Raw, cut *int) {
	if len(*r) <= 2*MaxDepth || bytes.Count(*r, brace)+bytes.Count(*r, bracket) <= MaxDepth {
		return
	}
	if deepest, _ := lax.Shape(*r, 0); deepest > MaxDepth {
		*r = lax.Fit(*r, valueDepth, MaxDepth, math.MaxInt)
		*cut++
	}
}
