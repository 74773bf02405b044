// Package assemble joins what hooks recorded of a session with what the client wrote to disk, into one [schema.Session].
//
// It is pure: values in, a value out; no clock, no files, no network. The same input and settings give the same Session,
// byte for byte, whatever the day.
//
// Each channel knows what the other does not: hooks have arrival times, permission dialogs, notifications and the ends of
// sessions; transcripts have the model's messages, usage, costs, retries and the links between agents and the calls that
// started them. Either may be missing, whole or in part: every combination gives a Session, which says what it lacks.
//
// The order of work: records are decoded ([joiner.readRecords]); lines that a fork or a resume copied are set apart
// (copies.go); all times are made those of one clock (clock.go); what stands twice in a session's own files gets one place
// (replays.go); calls of the model, tool calls, subagents, prompts and the rest are each collected from both channels
// (calls.go, tools.go, agents.go, prompts.go, notes.go, errors.go); a last message that only a hook saw is added (tail.go);
// money is counted (money.go); events are ordered, numbered and summed up (order.go, totals.go), and how the session ended is told
// (ending.go).
package assemble

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"time"

	"ams/pkg/hook"
	"ams/pkg/lax"
	"ams/pkg/price"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// Record is one hook payload with its arrival time.
type Record struct {
	At      time.Time
	Raw     []byte
	Cut     bool
	Context []byte
}

// Input is everything that is known of one session.
type Input struct {
	SessionID string
	// Records are in the order of their arrival.
	Records []Record
	// Files are the transcript's, the main file first; none where there is no transcript.
	Files []transcript.File
	// Siblings are other sessions whose files share lines with this one's, and Standing is where this one stands among them.
	Siblings []transcript.Sibling
	Standing transcript.Standing
	// Parents are the cost-state lines of the sessions that this one may be a fork of, by session id, in file order.
	Parents map[string][]CostState
	// DamagedSpools and SalvagedRecords say what happened to the spool.
	DamagedSpools, SalvagedRecords int
	// ShortRecords is how many of the Records were shortened when they were read.
	ShortRecords int
}

// CostState is one cost-state line and the time of the last line before it.
type CostState struct {
	Line   *transcript.Line
	Before time.Time
}

// Settings are the caller's decisions.
type Settings struct {
	// Final is the caller's word that nothing more will come.
	Final bool
	// DropThinking leaves the model's thinking out.
	DropThinking bool
	// Status overrides the session's status where it is not "".
	Status schema.Status
	// ProgramVersion is written into the Session.
	ProgramVersion string
	Prices         *price.Table
}

// record is a decoded [Record].
type record struct {
	at time.Time
	*hook.Payload
}

type joiner struct {
	in  Input
	set Settings
	ids ids

	records   []record
	context   hook.Context
	entry     string // how the client was started: cli, sdk-cli, ...
	copies    copies
	calls     []*call
	inline    map[*transcript.Line]string   // lines of clients 1.0.x that hold a subagent inside the main file -> agent id
	alias     map[string]string             // ids of the files of one teammate -> its id
	united    map[string][]*transcript.File // the files of a teammate that has several, by its id
	warmUps   map[string]bool               // ids of agents that the client started to be ready
	callOf    map[string]*call              // while calls are collected
	requests  map[string]time.Time          // api-request id -> start of the request
	tools     []*tool
	toolOf    map[string]*tool
	taskEnds  map[string]taskEnd // by task id
	agents    []*agent
	agentOf   map[string]*agent
	prompts   []*prompt
	events    []*event
	completed schema.Completeness
	cut       schema.Cut // of what was read
}

// event is an event that is not yet in its place.
type event struct {
	schema.Event
	parent *event // the event of the agent that it happened in
	asker  *event // the call that asked for it
	key    time.Time
	depth  int32
	state  placing
}

// Session joins in.
func Session(in Input, set Settings) *schema.Session {
	j := &joiner{
		in: in, set: set, ids: newIDs(in.SessionID),
		callOf: map[string]*call{}, toolOf: map[string]*tool{}, agentOf: map[string]*agent{},
		requests: map[string]time.Time{}, alias: map[string]string{}, united: map[string][]*transcript.File{}, warmUps: map[string]bool{},
	}
	j.dropRepeats()
	j.readRecords()
	j.findCopies()
	j.settleClocks()
	j.readContexts()
	j.entry = j.entrypoint()
	j.liftProgress()
	j.settleReplays()
	j.findSidechains()
	j.joinTeammates()
	j.collectCalls()
	j.collectTools()
	j.collectTaskEnds()
	j.collectAgents()
	j.collectPrompts()
	j.markBlocked()
	j.addPrompts() // first: at the same moment what was asked stands before the answer
	j.addCalls()
	j.addTools()
	j.addAgents()
	j.addNotes()
	j.addShells()
	j.addCompactions()
	j.addErrors()
	j.addTail()
	return j.finish()
}

// dropRepeats leaves out lines that stand twice in one file, as they do in a few published ones. The caller's files
// stay as they are.
func (j *joiner) dropRepeats() {
	j.in.Files = slices.Clone(j.in.Files)
	for i := range j.in.Files {
		f := &j.in.Files[i]
		seen := make(map[string]bool, len(f.Lines))
		repeats := func(l *transcript.Line) bool {
			again := l.UUID != "" && seen[l.UUID]
			seen[l.UUID] = true
			return again
		}
		if slices.ContainsFunc(f.Lines, repeats) {
			clear(seen)
			f.Lines = slices.DeleteFunc(slices.Clone(f.Lines), repeats)
		}
	}
}

// twiceWithin is how far apart two equal payloads count as one event that two registrations of the hook recorded.
const twiceWithin = 2 * time.Second

// Bounds of what is kept of the payloads of one session; transcripts have the same ones.
const (
	maxKept    = 64 << 20 // of texts and values
	maxPart    = 8 << 20  // of one of them
	maxRecords = 310_000
)

// maxEvents bounds how many names of events that this version does not know are counted apart.
const maxEvents = 64

// countedAs is the name by which an event is counted.
func countedAs(counts map[string]int, name string) string {
	if _, seen := counts[name]; seen || hook.Known(name) || len(counts) < maxEvents && len(name) <= maxEvents {
		return name
	}
	return "(others)"
}

// readRecords decodes the payloads. Equal bytes of one client within two seconds count once, unless its process ended
// in between; what is not JSON is counted.
func (j *joiner) readRecords() {
	c := &j.completed
	c.Records = map[string]int{}
	room := lax.Room{Left: maxKept, Part: maxPart}
	type sight struct {
		payload [sha256.Size]byte
		client  string
	}
	seen := map[sight]time.Time{}
	client := ""
	for i, r := range j.in.Records {
		if i == 0 || string(r.Context) != string(j.in.Records[i-1].Context) {
			client = clientOf(r.Context)
		}
		at := r.At.UTC().Truncate(time.Microsecond)
		if !believable(at) {
			at = time.Time{}
		}
		if r.Cut {
			c.CutRecords++
		}
		raw := bytes.TrimSpace(r.Raw)
		one := sight{sha256.Sum256(raw), client}
		if first, ok := seen[one]; ok && r.At.Sub(first) <= twiceWithin {
			c.DuplicateRecords++
			continue
		}
		p, err := hook.Parse(raw)
		if err == nil && p.Event == hook.SessionEnd {
			clear(seen) // a resume within two seconds begins with the same bytes as the one before it
		}
		seen[one] = r.At
		if err != nil {
			c.UnreadableRecords++
			continue
		}
		p.Fit(&room)
		c.Records[countedAs(c.Records, p.Event)]++
		if len(j.records) == maxRecords {
			j.cut.Lines++
			continue
		}
		j.records = append(j.records, record{at: at, Payload: p})
	}
	j.cut.Inputs += room.Cut
	if len(j.in.Records) == 0 {
		c.Missing = append(c.Missing, "hooks")
	}
}

// add puts an event on the list; its place comes later.
func (j *joiner) add(e *event) *event {
	if e.Status == "" {
		e.Status = schema.OK
	}
	if e.AgentID != "" {
		if a := j.agentOf[e.AgentID]; a != nil && e.parent == nil && e != a.event {
			e.parent = a.event
		}
	}
	j.events = append(j.events, e)
	return e
}

// span sets an event's times; a zero end leaves it open.
func (e *event) span(start, end time.Time) {
	e.StartTime = schema.At(start)
	if end.IsZero() {
		return
	}
	if end.Before(start) {
		end = start
	}
	e.EndTime = schema.At(end)
	ms := e.EndTime.Sub(e.StartTime.Time).Milliseconds()
	e.DurationMS = &ms
}

// moment sets both times of an event that has no length.
func (e *event) moment(at time.Time) {
	e.StartTime, e.EndTime = schema.At(at), schema.At(at)
}
