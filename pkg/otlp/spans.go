package otlp

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"ams/pkg/schema"
)

// Mapping says how a Session becomes spans.
type Mapping struct {
	Content    bool   // what was asked, said, run and answered, too
	PerSession bool   // one trace for all turns, below a span of the session
	Version    string // of the program that maps
}

// unnamed is the service and the agent where nobody gave them a name.
const unnamed = "claude-code"

// provider is who serves the models.
const provider = "anthropic"

const (
	maxEvents = 128     // span events of one span: what OpenTelemetry's own SDKs keep
	maxNote   = 1 << 10 // bytes of the text of a span event
)

// Kinds of spans in OpenInference's words.
const (
	kindAgent = "AGENT"
	kindLLM   = "LLM"
	kindTool  = "TOOL"
	kindChain = "CHAIN"
)

// mapper maps one Session.
type mapper struct {
	Mapping
	s       *schema.Session
	signals map[string][]string // kinds, by the events that they name
	answers map[string]string   // the last that each subagent said
}

// Spans are the spans of the turns in which something happened after a time, all of them for the zero time. A span
// comes after its parent.
func (m Mapping) Spans(s *schema.Session, since time.Time) iter.Seq[*tracepb.Span] {
	mp := &mapper{Mapping: m, s: s, signals: map[string][]string{}, answers: map[string]string{}}
	for _, signal := range s.Signals {
		for _, id := range signal.EventIDs {
			mp.signals[id] = append(mp.signals[id], string(signal.Kind))
		}
	}
	for i := range s.Events {
		if e := &s.Events[i]; e.AgentID != "" && e.LLM != nil && e.LLM.Text != "" {
			mp.answers[e.AgentID] = e.LLM.Text
		}
	}
	return func(yield func(*tracepb.Span) bool) {
		all := turns(s)
		news := slices.DeleteFunc(slices.Clone(all), func(t *turn) bool { return !t.isSince(since) })
		if m.PerSession && len(news) > 0 && !yield(mp.session(all)) {
			return
		}
		for _, t := range news {
			for span := range mp.turn(t) {
				if !yield(span) {
					return
				}
			}
		}
	}
}

// Resource is what all spans of a Session have in common.
func Resource(s *schema.Session) *resourcepb.Resource {
	var a attributes
	name := cmp.Or(s.Agent.Name, unnamed)
	a.word("service.name", name)
	a.word("service.version", s.Agent.Version)
	a.word("deployment.environment.name", s.Environment)
	a.word("host.name", s.Host)
	a.word("openinference.project.name", name)
	return &resourcepb.Resource{Attributes: a.list}
}

// common are attributes of every span.
func (m *mapper) common(operation, kind string) *attributes {
	a := &attributes{content: m.Content}
	a.word("gen_ai.operation.name", operation)
	a.word("openinference.span.kind", kind)
	a.word("session.id", m.s.SessionID)
	a.word("gen_ai.conversation.id", m.s.SessionID)
	return a
}

// labels are what a team says of a session: they stand on the root of a trace.
func (m *mapper) labels(a *attributes) {
	s := m.s
	a.word("user.id", s.User)
	a.words("tag.tags", s.Tags)
	if len(s.Metadata) > 0 {
		a.json("metadata", s.Metadata)
	}
	a.word("vcs.repository.name", s.Repo)
	a.word("vcs.ref.head.name", s.GitBranch)
	if s.Client != nil {
		a.word("ams.client.version", s.Client.Version)
	}
	a.word("ams.parent_session_id", s.ParentSessionID)
}

// session is the root of a trace of all turns.
func (m *mapper) session(all []*turn) *tracepb.Span {
	a := m.common("invoke_workflow", kindChain)
	m.labels(a)
	a.text("ams.title", m.s.Title)
	a.word("ams.outcome", string(m.s.Outcome))
	a.money("ams.cost_usd", m.s.Totals.CostUSD)
	kinds := map[string]bool{}
	for _, signal := range m.s.Signals {
		kinds[string(signal.Kind)] = true
	}
	a.words("ams.signals", slices.Sorted(maps.Keys(kinds)))
	start, end := all[0].start, all[0].end
	for _, t := range all {
		if t.start.Before(start) {
			start = t.start
		}
		if t.end.After(end) {
			end = t.end
		}
	}
	return m.span(traceOf(m.s), idOf(spanBytes, spanOfAll, m.s.SessionID, ""), nil, "session", start, end, a)
}

// span is a span that has no kind and no status yet. What has no time of its own is at the session's start. No span ends as
// it begins: Jaeger takes that for a negative duration, warns, and then holds a span that was sent twice for two.
func (m *mapper) span(trace, id, parent []byte, name string, start, end time.Time, a *attributes) *tracepb.Span {
	if start.IsZero() {
		start = m.s.StartTime.Time
	}
	from := nanos(start)
	return &tracepb.Span{
		TraceId: trace, SpanId: id, ParentSpanId: parent, Name: cut(name, maxNote), Kind: tracepb.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: from, EndTimeUnixNano: max(nanos(end), from+1), Attributes: a.list,
	}
}

// nanos is a time as spans have it. What no span can hold is 0: no client lived before 1970.
func nanos(t time.Time) uint64 {
	if t.Unix() < 0 {
		return 0
	}
	return uint64(t.UnixNano())
}

// turn are the spans of a turn.
func (m *mapper) turn(t *turn) iter.Seq[*tracepb.Span] {
	trace, parent := idOf(traceBytes, traceOfTurn, m.s.SessionID, t.first.ID), []byte(nil)
	id := idOf(spanBytes, spanOfTurn, m.s.SessionID, t.first.ID)
	if m.PerSession {
		trace, parent = traceOf(m.s), idOf(spanBytes, spanOfAll, m.s.SessionID, "")
	}
	hangs := map[string]bool{} // the events that are spans of this turn, and come before
	notes := map[string][]*schema.Event{}
	for _, e := range t.events {
		if isSpan(e) {
			hangs[e.ID] = true
		} else if e != t.first {
			notes[e.ParentID] = append(notes[e.ParentID], e)
		}
	}
	for of, list := range notes {
		if of != "" && !hangs[of] {
			notes[""] = append(notes[""], list...)
		}
	}
	return func(yield func(*tracepb.Span) bool) {
		root := m.root(t, trace, id, parent)
		slices.SortFunc(notes[""], func(a, b *schema.Event) int { return cmp.Compare(a.Seq, b.Seq) })
		m.addNotes(root, notes[""])
		if !yield(root) {
			return
		}
		before := map[string]bool{}
		for _, e := range t.events {
			if !isSpan(e) {
				continue
			}
			above := id
			if of := parentOf(e, before); of != "" {
				above = idOf(spanBytes, spanOfEvent, m.s.SessionID, of)
			}
			before[e.ID] = true
			span := m.event(e, trace, above)
			m.addNotes(span, notes[e.ID])
			if !yield(span) {
				return
			}
		}
	}
}

// isSpan reports whether an event is a span of its own.
func isSpan(e *schema.Event) bool {
	return e.LLM != nil || e.Tool != nil || e.Subagent != nil || e.Compaction != nil || e.Type == schema.ErrorEvent
}

// parentOf is the event whose span is above that of an event, "" for the turn itself.
func parentOf(e *schema.Event, before map[string]bool) string {
	if a := e.Subagent; a != nil && before[a.InvocationEventID] {
		return a.InvocationEventID
	}
	if before[e.ParentID] {
		return e.ParentID
	}
	return ""
}

// root is the span of a turn.
func (m *mapper) root(t *turn, trace, id, parent []byte) *tracepb.Span {
	agent := cmp.Or(m.s.MainAgent, m.s.Agent.Name, unnamed)
	a := m.common("invoke_agent", kindAgent)
	a.word("gen_ai.agent.name", agent)
	a.word("gen_ai.agent.version", m.s.Agent.Version)
	a.word("gen_ai.provider.name", provider)
	if parent == nil {
		m.labels(a)
	}
	a.word("ams.event.id", t.first.ID)
	a.word("ams.prompt.source", t.first.PromptSource)
	a.money("ams.cost_usd", t.costUSD())
	kinds := map[string]bool{}
	for _, e := range t.events {
		for _, kind := range m.signals[e.ID] {
			kinds[kind] = true
		}
	}
	a.words("ams.signals", slices.Sorted(maps.Keys(kinds)))
	if t.first.Type == schema.UserPrompt {
		a.text("input.value", t.first.Prompt)
	}
	a.text("output.value", t.answer)
	span := m.span(trace, id, parent, "invoke_agent "+agent, t.start, t.end, a)
	if t.failed {
		span.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	}
	return span
}

// addNotes adds events that are no spans, as far as there is room.
func (m *mapper) addNotes(span *tracepb.Span, notes []*schema.Event) {
	for _, e := range notes[:min(len(notes), maxEvents)] {
		a := &attributes{content: m.Content}
		a.word("ams.event.id", e.ID)
		a.text("ams.note", cut(cmp.Or(e.Note, e.Prompt), maxNote))
		at := nanos(e.StartTime.Time)
		if e.StartTime.IsZero() {
			at = span.StartTimeUnixNano
		}
		note := &tracepb.Span_Event{Name: cut(e.Name, maxNote), TimeUnixNano: at, Attributes: a.list}
		span.Events = append(span.Events, note)
	}
	span.DroppedEventsCount = uint32(max(len(notes)-maxEvents, 0))
}

// event is the span of one event.
func (m *mapper) event(e *schema.Event, trace, parent []byte) *tracepb.Span {
	var name string
	var a *attributes
	switch {
	case e.LLM != nil:
		name, a = "chat "+e.LLM.Model, m.common("chat", kindLLM)
		addCall(a, e.LLM)
	case e.Tool != nil:
		name, a = "execute_tool "+e.Tool.Name, m.common("execute_tool", kindTool)
		addTool(a, e.Tool)
	case e.Subagent != nil:
		name, a = "invoke_agent "+cmp.Or(e.Subagent.AgentType, schema.Unnamed), m.common("invoke_agent", kindAgent)
		addAgent(a, e.Subagent, m.answers[e.Subagent.AgentID])
	case e.Compaction != nil:
		name, a = "compaction", m.common("", kindChain)
		a.word("ams.compaction.trigger", e.Compaction.Trigger)
		a.count("ams.compaction.tokens_before", e.Compaction.TokensBefore)
		a.count("ams.compaction.tokens_after", e.Compaction.TokensAfter)
		a.text("output.value", e.Compaction.Summary)
	default:
		name, a = "error", m.common("", kindChain)
	}
	a.word("ams.event.id", e.ID)
	a.word("ams.agent.id", e.AgentID)
	a.truth("ams.provisional", e.Provisional)
	a.words("ams.signals", m.signals[e.ID])
	span := m.span(trace, idOf(spanBytes, spanOfEvent, m.s.SessionID, e.ID), parent, name, e.StartTime.Time, endOf(e), a)
	if e.LLM != nil {
		span.Kind = tracepb.Span_SPAN_KIND_CLIENT
	}
	m.addStatus(span, e)
	return span
}

// addStatus says that an event failed, and of what kind the failure is.
func (m *mapper) addStatus(span *tracepb.Span, e *schema.Event) {
	if e.Status != schema.Failed {
		return
	}
	status := &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	kind := "error"
	if e.Error != nil {
		kind = cmp.Or(e.Error.Type, kind)
		if m.Content {
			status.Message = cut(e.Error.Message, maxNote)
		}
	}
	if e.Tool != nil && e.Tool.Outcome != "" {
		kind = string(e.Tool.Outcome)
	}
	typed := &commonpb.KeyValue{Key: "error.type", Value: stringValue(cut(kind, maxNote))}
	span.Attributes = append(span.Attributes, typed)
	span.Status = status
}

// addCall describes a call of the model. The API's input_tokens leave out the cache, gen_ai's count it in. A count that
// is only a lower bound is left out: receivers would price it.
func addCall(a *attributes, l *schema.LLM) {
	a.word("gen_ai.provider.name", provider)
	a.word("gen_ai.request.model", l.Model)
	a.word("gen_ai.response.model", l.Model)
	a.word("gen_ai.response.id", l.MessageID)
	if l.StopReason != "" {
		a.words("gen_ai.response.finish_reasons", []string{l.StopReason})
	}
	if u := l.Usage; u != nil {
		if input, known := u.Input(); known {
			a.number("gen_ai.usage.input_tokens", input)
			a.number("gen_ai.usage.cache_read.input_tokens", u.CacheReadInputTokens)
			a.number("gen_ai.usage.cache_creation.input_tokens", u.CacheCreationInputTokens)
		}
		if !slices.Contains(u.Unknown, schema.OutputTokens) {
			a.number("gen_ai.usage.output_tokens", u.OutputTokens)
		}
	}
	a.count("gen_ai.usage.reasoning.output_tokens", l.ThinkingTokens)
	a.money("gen_ai.usage.cost", l.CostUSD)
	a.count("ams.retries", int64(l.Retries))
	a.said("gen_ai.output.messages", l)
}

func addTool(a *attributes, t *schema.Tool) {
	a.word("gen_ai.tool.name", t.Name)
	a.word("gen_ai.tool.call.id", t.ToolUseID)
	a.word("gen_ai.tool.type", "function")
	a.word("ams.tool.outcome", string(t.Outcome))
	a.word("ams.tool.mcp_server", t.MCPServer)
	a.known("ams.tool.execution_ms", t.ExecutionMS)
	a.known("ams.tool.approval_ms", t.ApprovalMS)
	input := t.Input
	if len(t.ExecutedInput) > 0 {
		input = t.ExecutedInput
	}
	a.raw("gen_ai.tool.call.arguments", input)
	a.raw("gen_ai.tool.call.result", t.Result)
}

func addAgent(a *attributes, g *schema.SubagentInfo, answer string) {
	a.word("gen_ai.agent.id", g.AgentID)
	a.word("gen_ai.agent.name", g.AgentType)
	a.word("gen_ai.provider.name", provider)
	a.text("gen_ai.agent.description", g.Description)
	a.word("ams.agent.link", string(g.Link))
	a.truth("ams.agent.background", g.Background)
	a.money("ams.cost_usd", g.CostUSD)
	a.text("input.value", g.InvocationPrompt)
	a.text("ams.agent.reasoning", g.InvocationReasoning)
	a.text("output.value", answer)
}
