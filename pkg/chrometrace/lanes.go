package chrometrace

import (
	"bufio"
	"cmp"
	"container/heap"
	"math"
	"slices"
	"time"

	"ams/pkg/schema"
)

// laneKind is what stands in a lane. The order is that in which lanes stand below each other.
type laneKind int

const (
	ownLane laneKind = iota // the agent, or the session
	noteLane
	modelLane
	toolLane
	shellLane
	laneKinds
)

var laneNames = [laneKinds]string{"agent", "prompts and notes", "model calls", "tools", "background shells"}

// agent is one process of the trace.
type agent struct {
	name  string
	lanes [laneKinds]int // how many it has of each kind
	first int            // the thread number of its first lane
	last  int64          // the last time that is known of it
}

// tid is the thread number of a lane.
func (a *agent) tid(kind laneKind, lane int) int {
	for _, n := range a.lanes[:kind] {
		lane += n
	}
	return a.first + lane
}

// markKind is what a record draws, in the order in which records of the same time stand: a span before what it holds,
// and arrows behind the spans that they are bound to.
type markKind uint8

const (
	spanMark markKind = iota
	partMark          // a part of a tool call
	instantMark
	arrowMark // from a call
	headMark  // to the subagent that it started
)

// mark is one record to be, in microseconds since 1970. A session of 300,000 events has a million: it names its event, and
// texts are made when it is written.
type mark struct {
	from, to int64
	event    int32 // the place in the Session, -1 for the Session itself
	agent    int32
	lane     int32
	arrow    int32 // which arrow
	lanes    laneKind
	kind     markKind
	approval bool // of a part: it is the wait, not the execution
	open     bool // no end was recorded
}

type trace struct {
	out      *bufio.Writer
	count    int // records written
	s        *schema.Session
	agents   []agent
	byEvent  map[string]int // the agent of a subagent's event
	byID     map[string]int // the agent of an agent id
	start    int64
	marks    []mark
	subagent map[string]int32 // the place of the event of the subagent that a call started, by the call's event id
}

func newTrace(s *schema.Session) *trace {
	t := &trace{s: s, byEvent: map[string]int{}, byID: map[string]int{}, subagent: map[string]int32{}, start: math.MaxInt64}
	t.addAgents()
	t.addTimes()
	t.addMarks()
	t.assignLanes()
	t.addArrows()
	slices.SortFunc(t.marks, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.kind, b.kind), cmp.Compare(a.to, b.to), cmp.Compare(a.event, b.event),
			cmp.Compare(a.arrow, b.arrow))
	})
	return t
}

func (t *trace) base() time.Time { return time.UnixMicro(t.start).UTC() }

// addAgents names the agents: the main thread, each subagent, and agents that are no subagents of the session, as the client's
// own helpers.
func (t *trace) addAgents() {
	t.agents = append(t.agents, agent{name: mainName(t.s)})
	for i := range t.s.Events {
		e := &t.s.Events[i]
		if e.Subagent == nil {
			continue
		}
		t.byEvent[e.ID] = len(t.agents)
		if _, known := t.byID[e.Subagent.AgentID]; !known && e.Subagent.AgentID != "" {
			t.byID[e.Subagent.AgentID] = len(t.agents)
		}
		if id := e.Subagent.InvocationEventID; id != "" {
			t.subagent[id] = int32(i)
		}
		t.agents = append(t.agents, agent{name: agentName(e.Subagent)})
	}
	for i := range t.s.Events {
		e := &t.s.Events[i]
		if _, known := t.byID[e.AgentID]; e.AgentID != "" && !known && t.byEvent[e.ParentID] == 0 {
			t.byID[e.AgentID] = len(t.agents)
			t.agents = append(t.agents, agent{name: helperName(e)})
		}
	}
}

// agentOf is the agent that an event belongs to; a subagent's own event is its own.
func (t *trace) agentOf(e *schema.Event) int {
	if e.Subagent != nil {
		return t.byEvent[e.ID]
	}
	if a, ok := t.byEvent[e.ParentID]; ok {
		return a
	}
	return t.byID[e.AgentID]
}

// addTimes finds when the trace begins, and the last time of each agent.
func (t *trace) addTimes() {
	for i := range t.agents {
		t.agents[i].last = math.MinInt64
	}
	main := &t.agents[0]
	see := func(a *agent, at schema.Time) {
		if at.IsZero() {
			return
		}
		t.start = min(t.start, at.UnixMicro())
		a.last = max(a.last, at.UnixMicro())
		main.last = max(main.last, at.UnixMicro())
	}
	see(main, t.s.StartTime)
	see(main, t.s.EndTime)
	for i := range t.s.Events {
		e := &t.s.Events[i]
		a := &t.agents[t.agentOf(e)]
		see(a, e.StartTime)
		see(a, e.EndTime)
	}
	if t.start == math.MaxInt64 { // no time at all
		t.start, main.last = 0, 0
	}
}

// addMarks makes a mark of each event, and of the parts of calls.
func (t *trace) addMarks() {
	t.marks = make([]mark, 0, 2*len(t.s.Events)+1)
	t.span(&mark{event: -1, lanes: ownLane}, t.s.StartTime, t.s.EndTime)
	for i := range t.s.Events {
		e := &t.s.Events[i]
		m := mark{event: int32(i), agent: int32(t.agentOf(e)), lanes: noteLane}
		switch {
		case e.Subagent != nil:
			m.lanes = ownLane
		case e.LLM != nil: // one that only a hook tells of has no end, and is no wait
			m.lanes = modelLane
			t.span(&m, e.StartTime, schema.Time{Time: later(e.StartTime, e.EndTime)})
			continue
		case e.Tool != nil:
			m.lanes = toolLane
			if b := e.Tool.Background; b != nil {
				shell := m
				shell.lanes = shellLane
				t.span(&shell, e.StartTime, b.EndTime)
			}
		case e.DurationMS != nil && *e.DurationMS > 0: // a compaction
			m.lanes = modelLane
		default:
			m.kind = instantMark
			m.from = t.micros(e.StartTime)
			m.to = m.from
			t.marks = append(t.marks, m)
			continue
		}
		t.span(&m, e.StartTime, e.EndTime)
	}
}

func later(a, b schema.Time) time.Time {
	if b.After(a.Time) {
		return b.Time
	}
	return a.Time
}

// span adds a mark that lasts. A clock that was set back makes none of less than nothing.
func (t *trace) span(m *mark, from, to schema.Time) {
	m.from = t.micros(from)
	m.to = m.from
	if m.open = to.IsZero(); !m.open {
		m.to = max(m.to, to.UnixMicro())
	} else {
		m.to = max(m.to, t.agents[m.agent].last)
	}
	t.marks = append(t.marks, *m)
}

// micros is the time of an event, the trace's start for one without.
func (t *trace) micros(at schema.Time) int64 {
	if at.IsZero() {
		return t.start
	}
	return at.UnixMicro()
}

// assignLanes gives each mark the first lane of its agent and kind that is free, then numbers the lanes, and adds the parts of calls to
// the lanes of these.
func (t *trace) assignLanes() {
	slices.SortFunc(t.marks, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.agent, b.agent), cmp.Compare(a.lanes, b.lanes), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to),
			cmp.Compare(a.event, b.event))
	})
	var lanes lanes
	for i := range t.marks {
		m := &t.marks[i]
		if i == 0 || m.agent != t.marks[i-1].agent || m.lanes != t.marks[i-1].lanes {
			lanes.reset()
		}
		if m.kind == spanMark {
			m.lane = lanes.take(m.from, m.to)
		}
		of := &t.agents[m.agent].lanes[m.lanes]
		*of = max(*of, int(m.lane)+1)
	}
	tid := len(t.agents) + 1 // behind the numbers of the processes
	for i := range t.agents {
		t.agents[i].first = tid
		for _, n := range t.agents[i].lanes {
			tid += n
		}
	}
	for i := range len(t.marks) {
		if m := t.marks[i]; m.lanes == toolLane {
			t.addParts(m)
		}
	}
}

// addParts adds the wait for a person and the execution, which the call ended with, where both are known to have lasted.
func (t *trace) addParts(call mark) {
	tool := t.s.Events[call.event].Tool
	runs, waits := call.to, call.to
	if tool.ExecutionMS != nil {
		runs = max(call.to-clampMicros(*tool.ExecutionMS), call.from)
		waits = runs
	}
	if tool.ApprovalMS != nil {
		waits = max(runs-clampMicros(*tool.ApprovalMS), call.from)
	}
	call.kind = partMark
	call.open = false
	if waits < runs {
		part := call
		part.from, part.to, part.approval = waits, runs, true
		t.marks = append(t.marks, part)
	}
	if runs < call.to {
		part := call
		part.from = runs
		t.marks = append(t.marks, part)
	}
}

// clampMicros are milliseconds in microseconds, as far as they can be told.
func clampMicros(ms int64) int64 { return min(max(ms, 0), math.MaxInt64/4000) * 1000 }

// addArrows adds an arrow from each call to the subagent that it started. A subagent that ended before its call began, as clocks
// have it, has none.
func (t *trace) addArrows() {
	own := map[int32]mark{} // by agent
	for _, m := range t.marks {
		if m.lanes == ownLane {
			own[m.agent] = m
		}
	}
	var arrows int32
	for i := range len(t.marks) {
		call := t.marks[i]
		if call.lanes != toolLane || call.kind != spanMark {
			continue
		}
		event, started := t.subagent[t.s.Events[call.event].ID]
		if !started {
			continue
		}
		to := own[int32(t.byEvent[t.s.Events[event].ID])]
		if to.to < call.from {
			continue
		}
		arrows++
		call.kind, call.arrow = arrowMark, arrows
		to.kind, to.arrow = headMark, arrows
		to.from = max(to.from, call.from)
		t.marks = append(t.marks, call, to)
	}
}

// lanes are those of one kind of one agent. Marks come in the order of their times.
type lanes struct {
	busy busyLanes // by the end of what stands there
	free intHeap
	n    int32
}

func (l *lanes) reset() { l.busy, l.free, l.n = l.busy[:0], l.free[:0], 0 }

// take is the first lane in which nothing stands from then on.
func (l *lanes) take(from, to int64) int32 {
	for len(l.busy) > 0 && l.busy[0].until <= from {
		heap.Push(&l.free, heap.Pop(&l.busy).(busyLane).lane)
	}
	lane := l.n
	if len(l.free) > 0 {
		lane = heap.Pop(&l.free).(int32)
	} else {
		l.n++
	}
	heap.Push(&l.busy, busyLane{to, lane})
	return lane
}

type busyLane struct {
	until int64
	lane  int32
}

type busyLanes []busyLane

func (h busyLanes) Len() int           { return len(h) }
func (h busyLanes) Less(i, j int) bool { return h[i].until < h[j].until }
func (h busyLanes) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *busyLanes) Push(v any)        { *h = append(*h, v.(busyLane)) }
func (h *busyLanes) Pop() any {
	old := *h
	v := old[len(old)-1]
	*h = old[:len(old)-1]
	return v
}

type intHeap []int32

func (h intHeap) Len() int           { return len(h) }
func (h intHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h intHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *intHeap) Push(v any)        { *h = append(*h, v.(int32)) }
func (h *intHeap) Pop() any {
	old := *h
	v := old[len(old)-1]
	*h = old[:len(old)-1]
	return v
}
