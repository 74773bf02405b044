package schema

import (
	"bytes"
	"slices"

	"ams/pkg/lax"
)

const (
	// MaxBody bounds a Session as it is written, so that a store takes it whatever its number of events: 300,000 messages
	// fit. Beyond it messages are left out, see [Cut].
	MaxBody = 220 << 20
	// agentsBody is where messages begin to be left out that a subagent wrote on its way: a session of 100,000 agents takes
	// more memory beside its body than one of as many messages.
	agentsBody = 192 << 20
	// largeBody is where it begins to matter how large a Session is.
	largeBody = 32 << 20
	// atMostBeside is more than an event has beside its long texts and values.
	atMostBeside = 2 << 10
	// sampled is how many events of each type tell how large the others are.
	sampled = 1000
	// eventIndent is what an event stands further in than a Session.
	eventIndent = 4
	// fileSize is what an [InputFile] takes beside its name.
	fileSize = 100
)

// sizes are about how many bytes events of each type have beside their long texts and values: told by some of them, as a
// constant that is never too small took a fifth more memory than was written.
type sizes map[EventType]int

func (s *Session) sizes() sizes {
	of, all := map[EventType]int{}, sizes{}
	step := max(1, len(s.Events)/sampled)
	seen := map[EventType]int{}
	for i := range s.Events {
		e := &s.Events[i]
		if seen[e.Type]++; (seen[e.Type]-1)%step > 0 {
			continue
		}
		if b, err := lax.Encode(e); err == nil {
			of[e.Type]++
			all[e.Type] += len(b) - e.longSize() + eventIndent*bytes.Count(b, newline)
		}
	}
	for typ, n := range of {
		all[typ] /= n
	}
	return all
}

func (z sizes) of(e *Event) int { return z[e.Type] + e.longSize() }

// longSize is how many bytes the long texts and values of an event have.
func (e *Event) longSize() (size int) {
	e.long(func(p *string) { size += len(*p) }, func(r *Raw) { size += len(*r) })
	return size
}

// IsLarge reports whether a Session may be so large that [Session.Bound] leaves messages out.
func (s *Session) IsLarge() bool {
	size := atMostBeside * len(s.Events)
	for i := 0; i < len(s.Events) && size < largeBody; i++ {
		size += s.Events[i].longSize()
	}
	return size >= largeBody
}

// roughSize is about how many bytes a large Session has as JSON.
func (s *Session) roughSize(z sizes) int {
	size := 1 << 20
	for i := range s.Events {
		size += z.of(&s.Events[i])
	}
	if s.Completeness != nil {
		for _, f := range s.Completeness.Files {
			size += fileSize + len(f.Name)
		}
	}
	return size
}

// use says how much of the story goes with a message: what has least goes first.
type use int

const (
	stays       use = iota
	onTheWay        // of a subagent, which said more after it
	subAnswer       // the last of a subagent
	mainMessage     // of the main thread, which said more after it
)

// useOf tells of each message what it is to the story.
func (s *Session) useOf() []use {
	uses := make([]use, len(s.Events))
	later := map[string]bool{} // whether a thread says more after this
	for i, e := range slices.Backward(s.Events) {
		switch {
		case e.LLM == nil:
		case e.AgentID == "" && later[""]:
			uses[i] = mainMessage
		case e.AgentID == "":
		case later[e.AgentID]:
			uses[i] = onTheWay
		default:
			uses[i] = subAnswer
		}
		later[e.AgentID] = later[e.AgentID] || e.LLM != nil
	}
	return uses
}

// leaveOut takes messages out of a Session until it has at most n bytes, those that subagents wrote on their way until it
// has at most as many as agents says; the least useful go first and of these the latest. It returns how many. Sums hold
// them all the same.
func (s *Session) leaveOut(agents, n int) int {
	z := s.sizes()
	size := s.roughSize(z)
	if size <= agents {
		return 0
	}
	uses, out := s.useOf(), map[string]bool{}
	for _, least := range []use{onTheWay, subAnswer, mainMessage} {
		most := n
		if least == onTheWay {
			most = agents
		}
		for i := len(uses) - 1; i >= 0 && size > most; i-- {
			if uses[i] == least {
				size -= z.of(&s.Events[i])
				out[s.Events[i].ID] = true
			}
		}
	}
	if len(out) == 0 {
		return 0
	}
	kept := make([]Event, 0, len(s.Events)-len(out)) // of its size: what is left out shall take no memory either
	for _, e := range s.Events {
		if e.LLM == nil || !out[e.ID] {
			kept = append(kept, e)
		}
	}
	s.Events = kept
	for i := range s.Events {
		if t := s.Events[i].Tool; t != nil && out[t.LLMEventID] {
			t.LLMEventID = ""
		}
	}
	return len(out)
}
