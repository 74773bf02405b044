// Package chrometrace writes a Session in the Trace Event Format of Chrome, which ui.perfetto.dev and chrome://tracing open: who
// was at work when, on a line of time.
//
//	{"displayTimeUnit":"ms","otherData":{"session_id":...},"traceEvents":[
//	{"name":"process_name","ph":"M","pid":1,...},       names and order of processes and threads come first
//	{"name":"Bash","cat":"tool","ph":"X","ts":12000000,"dur":340000,"pid":1,"tid":5,"args":{...}},
//	...
//	]}
//
// An agent is a process, the main thread the first of them, subagents in the order of the story. What an agent does
// stands in threads of its own, its lanes: the agent itself, prompts and notes, model calls, tools, shells that were left
// running. A viewer draws spans of one thread only where one holds the other, and loses one of two that merely overlap:
// so each span has the first lane of its kind that is free, and calls at the same time stand below each other ("tools 2").
// Pairs of asynchronous events would overlap freely, but each is a track of its own to Perfetto, and the arrow from a call to the
// subagent that it started could not be drawn with them everywhere.
//
// A tool call holds two spans: approval, the wait for a person, and execution. Process and thread numbers differ all from
// one another, as Perfetto takes equal ones for one thread. Times are whole microseconds since the first event, events
// stand in their order, and a span stands before what it holds. What has no recorded end is drawn to the last time that
// is known of its agent, and says so. Texts are cut at 120 characters, those that would steer a terminal escaped.
//
// The Session is what the caller made of it: masks have been put on before. Same Session, same bytes.
package chrometrace

import (
	"bufio"
	"fmt"
	"io"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// record is one line of the trace. Its names are the format's.
type record struct {
	Name  string `json:"name"`
	Cat   string `json:"cat,omitzero"`
	Phase string `json:"ph"`
	TS    *int64 `json:"ts,omitzero"`
	Dur   *int64 `json:"dur,omitzero"`
	PID   int    `json:"pid"`
	TID   int    `json:"tid,omitzero"`
	ID    int    `json:"id,omitzero"`
	Bind  string `json:"bp,omitzero"` // "e": the arrow ends at the span that is open there
	Scope string `json:"s,omitzero"`  // "t": an instant of its thread
	Args  any    `json:"args,omitzero"`
}

// head is what stands in front of the records.
type head struct {
	SessionID string      `json:"session_id"`
	Title     string      `json:"title,omitzero"`
	StartTime schema.Time `json:"start_time"`
	Outcome   string      `json:"outcome,omitzero"`
}

// Write writes s as a trace, a record at a time.
func Write(w io.Writer, s *schema.Session) error {
	out := bufio.NewWriter(w)
	t := newTrace(s)
	t.out = out
	if err := t.write(); err != nil {
		return fmt.Errorf("trace of session %s: %w", s.SessionID, err)
	}
	return out.Flush()
}

func (t *trace) write() error {
	about, err := lax.Line(head{cut(t.s.SessionID), cut(t.s.Title), schema.Time{Time: t.base()}, string(t.s.Outcome)})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(t.out, `{"displayTimeUnit":"ms","otherData":%s,"traceEvents":[`, about); err != nil {
		return err
	}
	for i := range t.agents {
		if err := t.nameAgent(i); err != nil {
			return err
		}
	}
	for i := range t.marks {
		if err := t.put(t.record(&t.marks[i])); err != nil {
			return err
		}
	}
	_, err = t.out.WriteString("\n]}\n")
	return err
}

// put writes one record on a line of its own.
func (t *trace) put(r record) error {
	line, err := lax.Line(r)
	if err != nil {
		return err
	}
	if t.count++; t.count > 1 {
		t.out.WriteByte(',')
	}
	t.out.WriteByte('\n')
	_, err = t.out.Write(line)
	return err
}

// nameAgent says what an agent and its lanes are called, and where they stand.
func (t *trace) nameAgent(i int) error {
	a := &t.agents[i]
	name := func(kind, text string, place, tid int) error {
		if err := t.put(record{Name: kind + "_name", Phase: "M", PID: i + 1, TID: tid, Args: map[string]string{"name": text}}); err != nil {
			return err
		}
		return t.put(record{Name: kind + "_sort_index", Phase: "M", PID: i + 1, TID: tid, Args: map[string]int{"sort_index": place}})
	}
	if err := name("process", cut(a.name), i, 0); err != nil {
		return err
	}
	place := 0
	for kind, n := range a.lanes {
		for lane := range n {
			text := laneNames[kind]
			if i == 0 && laneKind(kind) == ownLane {
				text = "session"
			}
			if lane > 0 {
				text = fmt.Sprintf("%s %d", text, lane+1)
			}
			if err := name("thread", text, place, a.tid(laneKind(kind), lane)); err != nil {
				return err
			}
			place++
		}
	}
	return nil
}
