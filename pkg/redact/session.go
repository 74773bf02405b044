package redact

import (
	"maps"
	"slices"

	"ams/pkg/schema"
)

// visitor is given the strings of a Session that hold free text, in the order in which they are written.
type visitor interface {
	text(s *string)
	path(s *string)
	raw(v *schema.Raw)
	members(m *map[string]schema.Raw)
}

// walk shows v every free-text string of s. What it leaves out is named in the test, which fails for a new field until
// somebody decided about it.
func walk(s *schema.Session, v visitor) {
	v.text(&s.Title)
	v.text(&s.Agent.Name)
	v.text(&s.Agent.Version)
	v.text(&s.Environment)
	for i := range s.Tags {
		v.text(&s.Tags[i])
	}
	v.members(&s.Metadata)
	v.text(&s.Host)
	v.text(&s.User)
	v.path(&s.Cwd)
	v.path(&s.GitBranch)
	v.path(&s.Repo)
	for i := range s.Signals {
		v.text(&s.Signals[i].Text)
	}
	for i := range s.Events {
		walkEvent(&s.Events[i], v)
	}
}

func walkEvent(e *schema.Event, v visitor) {
	v.text(&e.Prompt)
	if l := e.LLM; l != nil {
		v.text(&l.Thinking)
		v.text(&l.Text)
		for i := range l.ServerTools {
			v.raw(&l.ServerTools[i].Input)
			v.raw(&l.ServerTools[i].Result)
		}
	}
	if t := e.Tool; t != nil {
		v.raw(&t.Input)
		v.raw(&t.ExecutedInput)
		v.raw(&t.Result)
		if t.FullOutput != nil {
			v.path(&t.FullOutput.Path)
		}
		if t.Permission != nil {
			v.text(&t.Permission.Feedback)
		}
	}
	if a := e.Subagent; a != nil {
		v.text(&a.Description)
		v.text(&a.InvocationPrompt)
		v.text(&a.InvocationReasoning)
		v.path(&a.TranscriptPath)
	}
	if c := e.Compaction; c != nil {
		v.text(&c.Summary)
	}
	if e.Error != nil {
		v.text(&e.Error.Message)
	}
	v.text(&e.Note)
}

// noter notes the masks that are there already.
type noter struct{ *Redactor }

func (n noter) text(s *string)    { n.note(*s) }
func (n noter) path(s *string)    { n.note(*s) }
func (n noter) raw(v *schema.Raw) { n.note(view(*v)) }
func (n noter) members(m *map[string]schema.Raw) {
	for k, v := range *m {
		n.note(k)
		n.note(view(v))
	}
}

// masker redacts.
type masker struct{ *Redactor }

func (m masker) text(s *string)    { *s, _ = m.Redactor.text(*s) }
func (m masker) path(s *string)    { *s, _ = m.Redactor.path(*s) }
func (m masker) raw(v *schema.Raw) { *v = m.json(*v, context{}) }

// members redacts keys and values by name order, so that numbers do not depend on the order of the map.
func (m masker) members(p *map[string]schema.Raw) {
	if len(*p) == 0 {
		return
	}
	masked := make(map[string]schema.Raw, len(*p))
	for _, name := range slices.Sorted(maps.Keys(*p)) {
		key, _ := m.Redactor.text(name)
		masked[key] = m.json((*p)[name], contextOf(name))
	}
	*p = masked
}
