// Package search finds a text in stored Sessions: in prompts, messages, thinking, what tools were given and gave back, and errors.
//
// The scan of a store is quick and always right: [Pattern.MayMatch] looks at the bytes of a stored Session without decoding it, at more than a
// gigabyte a second; of what passes, [Pattern.FindIn] decodes the events that may match, and only those. An index of words only spares the scan
// what cannot match: it holds what [Texts] gives, and is asked for what a pattern [Pattern.Needs].
package search

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// Part is a kind of text in a Session.
type Part string

const (
	Prompts  Part = "prompts"  // what people said, and what subagents were asked
	Messages Part = "messages" // what the model said; titles, notes and summaries of compactions
	Thinking Part = "thinking" // what the model thought, and why it started subagents
	Inputs   Part = "inputs"   // what tools were given
	Results  Part = "results"  // what tools gave back
	Errors   Part = "errors"   // what went wrong
)

// Parts are all parts, in the order in which help names them.
var Parts = []Part{Prompts, Messages, Thinking, Inputs, Results, Errors}

// Options say how a text is searched for.
type Options struct {
	Regexp bool   // the text is a regular expression of Go's
	Case   bool   // letters must be as they are
	In     []Part // empty: everywhere
	Most   int    // looking into a session ends after so many places and one, which says that there are more; 0: never
}

// Pattern is a text to search for. It may be used by several at once.
type Pattern struct {
	// find returns where the first match in a text is, and how many there are, at most so many.
	find func(text string, most int) (from, to, count int)
	scan literally
	in   []Part
	most int
	need [][]string
}

// Compile makes a pattern. White space in a text stands for any white space: a phrase may be broken over lines.
// Without Case letters are equal that differ in case alone, in any script.
func Compile(text string, o Options) (*Pattern, error) {
	words := strings.Fields(text)
	switch {
	case len(words) == 0:
		return nil, errors.New("there is nothing to search for")
	case o.Regexp:
		return compileRegexp(text, o)
	case !utf8.ValidString(text):
		return nil, fmt.Errorf("%q is not valid UTF-8", text)
	}
	p := &Pattern{find: newPhrase(words, o.Case).find, in: o.In, most: o.Most}
	for _, w := range words {
		p.need = append(p.need, []string{w})
	}
	if s := newScanner(text, o.Case); s.run != "" {
		p.scan = literally{s}
	}
	return p, nil
}

func compileRegexp(text string, o Options) (*Pattern, error) {
	expr := text
	if !o.Case {
		expr = "(?i)" + expr
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, fmt.Errorf("%q is no regular expression: %w", text, err)
	}
	p := &Pattern{in: o.In, most: o.Most}
	p.find = func(text string, most int) (from, to, count int) {
		if !p.scan.mayHold([]byte(text)) {
			return 0, 0, 0
		}
		all := re.FindAllStringIndex(text, most)
		if len(all) == 0 {
			return 0, 0, 0
		}
		return all[0][0], all[0][1], len(all)
	}
	if tree, err := syntax.Parse(expr, syntax.Perl); err == nil {
		p.scan = literals(tree)
	}
	if len(p.scan) > 0 {
		p.need = [][]string{nil}
		for _, s := range p.scan {
			p.need[0] = append(p.need[0], s.run)
		}
	}
	return p, nil
}

// Needs is what texts that match cannot be without: each list names parts of which one is there, in whatever case of
// letters ([Fold]). An index finds candidates by it; without any list, every text is one.
func (p *Pattern) Needs() [][]string { return p.need }

// Texts gives the texts of a Session that [schema.Peel] gave, all of those that a [Pattern] is looked for in. Its error
// is that of [Pattern.FindIn].
func Texts(s *schema.Session, events schema.Events, fn func(text string)) error {
	all := &Pattern{find: func(text string, _ int) (from, to, count int) {
		fn(text)
		return 0, 0, 0
	}}
	_, err := all.FindIn(s, events)
	return err
}

// MayMatch is the quick look at the bytes of a stored Session: false only if no text in it matches.
func (p *Pattern) MayMatch(body []byte) bool {
	return p.scan.mayHold(body)
}

// Hit is one text that matches, with an excerpt around its first match.
type Hit struct {
	Seq   int // of the event, 0 for the session's title
	Time  schema.Time
	Part  Part
	What  string // "prompt", "says", "Bash result"
	Agent string // the subagent in which it happened

	Before, Match, After string // one line, without control over what is safe to show
	More                 int    // further matches in the same text
}

// Find returns what matches in a Session, in the order of its events.
func (p *Pattern) Find(s *schema.Session) []Hit {
	f := &finder{pattern: p}
	f.session(s)
	return f.taken()
}

// FindIn is [Pattern.Find] in a Session that [schema.Peel] gave: of its events it decodes those alone that may match.
// An error says that the text is of no events that can be told from each other.
func (p *Pattern) FindIn(s *schema.Session, events schema.Events) ([]Hit, error) {
	f := &finder{pattern: p}
	f.session(s)
	anywhere := p.scan.anywhere(events)
	for at := 0; at < len(events) && !f.full(); {
		if !anywhere {
			next := p.scan.index(events[at:])
			if next < 0 {
				break
			}
			at += next
		}
		e, next, err := events.At(at)
		if err != nil {
			return nil, err
		}
		if e != nil {
			f.event(e)
		}
		at = next
	}
	return f.taken(), nil
}

type finder struct {
	pattern *Pattern
	at      *schema.Event
	hits    []Hit
}

// session searches the title and the events.
func (f *finder) session(s *schema.Session) {
	f.text(Messages, "title", s.Title)
	for i := range s.Events {
		if f.full() {
			return
		}
		f.event(&s.Events[i])
	}
}

// full reports whether it is known that there are more places than anybody wants.
func (f *finder) full() bool { return f.pattern.most > 0 && len(f.hits) > f.pattern.most }

// taken are the places that were found, one more than are wanted at most.
func (f *finder) taken() []Hit {
	if f.full() {
		return f.hits[:f.pattern.most+1]
	}
	return f.hits
}

func (f *finder) event(e *schema.Event) {
	f.at = e
	f.text(Prompts, "prompt", e.Prompt)
	if m := e.LLM; m != nil {
		f.text(Thinking, "thinks", m.Thinking)
		f.text(Messages, "says", m.Text)
		for _, t := range m.ServerTools {
			f.value(Inputs, t.Name+" input", t.Input)
			f.value(Results, t.Name+" result", t.Result)
		}
	}
	if t := e.Tool; t != nil {
		f.value(Inputs, t.Name+" input", t.Input)
		f.value(Inputs, t.Name+" executed input", t.ExecutedInput)
		f.value(Results, t.Name+" result", t.Result)
		if t.Permission != nil {
			f.text(Prompts, t.Name+" word", t.Permission.Feedback)
		}
	}
	if a := e.Subagent; a != nil {
		f.text(Prompts, "subagent", a.AgentType+" "+a.Description)
		f.text(Thinking, "subagent why", a.InvocationReasoning)
		f.text(Prompts, "subagent asked", a.InvocationPrompt)
	}
	if c := e.Compaction; c != nil {
		f.text(Messages, "compaction", c.Summary)
	}
	if e.Error != nil {
		what := "error"
		if e.Tool != nil {
			what = e.Tool.Name + " error"
		}
		f.text(Errors, what, joined(e.Error.Type, e.Error.Message))
	}
	f.text(Messages, "note", e.Note)
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n" + b // nothing that the stored bytes do not hold
}

// value searches the texts and numbers in a JSON value; they are one text to a reader.
func (f *finder) value(part Part, what string, r schema.Raw) {
	if len(r) == 0 || !f.wanted(part) || !f.pattern.scan.mayHold(r) {
		return
	}
	var b strings.Builder
	b.Grow(len(r))
	leaves(r, &b)
	f.text(part, what, b.String())
}

// leaves writes the values in a JSON value, one a line, without the names of members.
func leaves(r schema.Raw, b *strings.Builder) {
	d := lax.NewDecoder(bytes.NewBuffer(r))
	for {
		in, n := d.StackIndex(d.StackDepth())
		t, err := d.ReadToken()
		if err != nil {
			return
		}
		switch kind := t.Kind(); {
		case in == '{' && n%2 == 0, kind == '{', kind == '[', kind == '}', kind == ']':
		default:
			b.WriteString(t.String())
			b.WriteByte('\n')
		}
	}
}

func (f *finder) wanted(part Part) bool {
	return len(f.pattern.in) == 0 || slices.Contains(f.pattern.in, part)
}

// maxMore bounds how many further matches are counted.
const maxMore = 1000

// text searches one text.
func (f *finder) text(part Part, what, text string) {
	if text == "" || !f.wanted(part) {
		return
	}
	from, to, count := f.pattern.find(text, maxMore+1)
	if count == 0 {
		return
	}
	h := Hit{Part: part, What: what, More: count - 1}
	h.Before, h.Match, h.After = excerpt(text, from, to)
	if f.at != nil {
		h.Seq, h.Time, h.Agent = f.at.Seq, f.at.StartTime, f.at.AgentID
	}
	f.hits = append(f.hits, h)
}

// around is how many characters of an excerpt stand on each side of the match, and matchMost how many of the match
// are shown.
const (
	around    = 60
	matchMost = 120
)

// excerpt is a match and what stands around it, on one line.
func excerpt(text string, from, to int) (before, match, after string) {
	start := from
	for range around {
		if start == 0 {
			break
		}
		_, n := utf8.DecodeLastRuneInString(text[:start])
		start -= n
	}
	end := forward(text, to, around)
	before, after = folded(text[start:from]), folded(text[to:end])
	if start > 0 {
		before = "…" + before
	}
	if end < len(text) {
		after += "…"
	}
	match = text[from:to]
	if cut := forward(text, from, matchMost); cut < to {
		match = text[from:cut] + "…"
	}
	return before, folded(match), after
}

// forward is the place n characters behind another.
func forward(text string, at, n int) int {
	for range n {
		if at == len(text) {
			break
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}

// folded makes every run of white space one blank.
func folded(s string) string {
	out := strings.Join(strings.Fields(s), " ")
	if out == "" {
		if s != "" {
			return " "
		}
		return ""
	}
	if strings.TrimLeftFunc(s, unicode.IsSpace) != s {
		out = " " + out
	}
	if strings.TrimRightFunc(s, unicode.IsSpace) != s {
		out += " "
	}
	return out
}
