package story

import (
	"cmp"
	"strings"
	"time"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// Fact is one line about a session: what it is about, and what is to be said. Alarm marks what deserves a look.
type Fact struct {
	Name, Text string
	Alarm      bool
}

// Facts are what stands above a story, signals left out.
func Facts(s *schema.Session, location *time.Location) []Fact {
	var facts []Fact
	for _, r := range header(s, schema.Summarize(s), Options{Location: location}) {
		if r.name != "signal" {
			facts = append(facts, Fact{r.name, r.text, r.alarm})
		}
	}
	return facts
}

// Title is what a session is called: its title, else the first that was asked of it.
func Title(s *schema.Session) string { return titleOf(s) }

// Table is one table of sums; the first column holds names, the others figures.
type Table struct {
	Head []string
	Rows [][]string
}

// Tables sum a session up by tool, model, agent and file.
func Tables(s *schema.Session) []Table {
	var out []Table
	for _, t := range totals(s, schema.Summarize(s)) {
		out = append(out, Table{t.head, t.rows})
	}
	return out
}

// Turn is what happened from one prompt of the main thread to the next, whoever did it.
type Turn struct {
	Seq                          int // of its first event
	Title                        string
	Cost                         string // in words
	Calls, Tools, Agents, Errors int
	Context                      int64 // tokens of the last call of the main thread
	Signals                      []string
}

// Turns divide a session at its prompts.
func Turns(s *schema.Session) []Turn {
	var out []Turn
	for _, t := range turns(s) {
		out = append(out, Turn{Seq: t.event.Seq, Title: t.title, Cost: t.sums.money(), Calls: t.sums.messages, Tools: t.sums.calls,
			Agents: t.subagents, Errors: t.errors, Context: t.context, Signals: t.signals})
	}
	return out
}

// Words tells single events of a session.
type Words struct{ t *teller }

// NewWords reads a session once, so that each of its events can be told alone.
func NewWords(s *schema.Session) *Words { return &Words{newTeller(s, Options{})} }

// Told is an event in words: what it is, in a line what it is about, how it ended where that is not well, and figures.
type Told struct {
	Label, Title, Verdict string
	Facts                 []string
}

// Of tells an event in words that stand beside its texts.
func (w *Words) Of(e *schema.Event) Told {
	if e.Tool != nil {
		told := Told{Label: cmp.Or(e.Tool.Name, "tool"), Verdict: verdictOf(e.Tool), Facts: toolFacts(e)}
		if len(e.Tool.ExecutedInput) > 0 {
			told.Facts = append(told.Facts, changedFact(e.Tool))
		}
		return told
	}
	w.t.model = ""
	p := w.t.passage(e)
	told := Told{Label: p.label, Title: p.title, Verdict: p.verdict}
	for _, fact := range p.facts {
		if fact != "" {
			told.Facts = append(told.Facts, fact)
		}
	}
	return told
}

// MainInput is the member of a tool's input that says most of it, and its text; "" where none does.
func MainInput(input schema.Raw) (name, text string) {
	for i, value := range lax.Pick(input, mainInputs...) {
		if text := strings.TrimSpace(lax.String(value)); text != "" {
			return mainInputs[i], text
		}
	}
	return "", ""
}

// Answer is what a tool answered, as a person reads it.
func Answer(t *schema.Tool) string { return resultText(t.Name, t.Result) }

// Value shows a JSON value: a string as its text, anything else as JSON.
func Value(r schema.Raw) string { return rawText(r) }
