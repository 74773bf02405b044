package schema

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"ams/pkg/lax"
)

const (
	// maxFiles bounds the files that an index record names: those with the most edits.
	maxFiles = 200
	// shortField is what a text of an index record keeps, in bytes, where nothing else is left to cut.
	shortField = 100
)

// encodeWithin is the record as JSON of at most n bytes. It cuts in the order of [Summary.shed], and says so in Cut.
func (s *Summary) encodeWithin(n int) ([]byte, error) {
	for _, text := range s.texts() {
		*text.value = lax.CutText(*text.value, MaxField)
	}
	if len(s.Files) > maxFiles {
		(&shedding{s: s, count: len(s.Files) - maxFiles}).shedFiles()
	}
	for {
		b, err := lax.Encode(s)
		if err != nil || len(b) < n {
			return append(b, '\n'), err
		}
		if !s.shed(len(b) + 1 - n) {
			return append(b, '\n'), nil
		}
	}
}

// text is one of the texts of a record, by the name of its field.
type text struct {
	field string
	value *string
}

// texts are the texts of a record that is no list.
func (s *Summary) texts() []text {
	all := []text{
		{"session_id", &s.SessionID}, {"trace_id", &s.TraceID}, {"agent", &s.Agent.Name}, {"agent", &s.Agent.Version},
		{"environment", s.Environment}, {"title", s.Title}, {"cwd", s.Cwd}, {"client_version", s.ClientVersion},
		{"first_prompt", s.FirstPrompt}, {"user", s.User}, {"host", s.Host}, {"git_branch", s.GitBranch}, {"repo", s.Repo},
		{"parent_session_id", s.ParentSessionID}, {"main_agent", s.MainAgent},
	}
	return slices.DeleteFunc(all, func(t text) bool { return t.value == nil })
}

// shedding cuts a record by at least so many bytes, or members.
type shedding struct {
	s           *Summary
	over, count int
	done        bool // something was cut
}

// shed cuts the record by about over bytes, what a list can best do without first: files with the fewest edits, agents
// and tools with the fewest calls, the first prompt, then what hardly ever is large. It reports whether there was
// anything to cut.
func (s *Summary) shed(over int) bool {
	d := &shedding{s: s, over: over}
	calls := func(a, b ToolCount) int { return cmp.Compare(a.Calls, b.Calls) }
	cost := func(a, b CallSums) int {
		return cmp.Or(cmp.Compare(a.CostUSD, b.CostUSD), cmp.Compare(a.Calls, b.Calls))
	}
	d.shedFiles()
	shedLeast(d, "agents", s.Agents, func(a, b AgentSums) int {
		return cmp.Or(cmp.Compare(a.Calls, b.Calls), cmp.Compare(a.Runs, b.Runs))
	})
	shedLeast(d, "tools", s.Tools, calls)
	if d.more() && s.FirstPrompt != nil {
		d.cut("first_prompt", lax.Quoted(*s.FirstPrompt))
		s.FirstPrompt = nil
	}
	if d.more() {
		s.Metadata = maps.Clone(s.Metadata) // it is the Session's
	}
	shedLeast(d, "metadata", s.Metadata, func(a, b Raw) int { return cmp.Compare(len(b), len(a)) })
	s.Tags = d.shedLast("tags", s.Tags)
	shedLeast(d, "skills", s.Skills, calls)
	shedLeast(d, "per_day", s.PerDay, cost)
	shedLeast(d, "per_model", s.PerModel, cost)
	s.Models = d.shedLast("models", s.Models)
	for _, text := range s.texts() {
		if n := len(*text.value); d.more() && n > shortField && text.field != "session_id" && text.field != "trace_id" {
			*text.value = lax.CutText(*text.value, shortField)
			d.cut(text.field, n-len(*text.value))
		}
	}
	return d.done
}

func (d *shedding) more() bool { return d.over > 0 || d.count > 0 }

// cut notes that something of a field went, of a size.
func (d *shedding) cut(field string, size int) {
	d.over, d.count, d.done = d.over-size, d.count-1, true
	if !slices.Contains(d.s.Cut, field) {
		d.s.Cut = append(d.s.Cut, field)
		slices.Sort(d.s.Cut)
	}
}

func (d *shedding) shedFiles() {
	shedLeast(d, "files", d.s.Files, func(a, b FileCount) int {
		return cmp.Or(cmp.Compare(a.Edits, b.Edits), cmp.Compare(a.Added+a.Removed, b.Added+b.Removed))
	})
}

// shedLeast removes the least members of a map.
func shedLeast[V any](d *shedding, field string, m map[string]V, compare func(a, b V) int) {
	if !d.more() {
		return
	}
	for _, name := range slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(compare(m[a], m[b]), cmp.Compare(a, b))
	}) {
		if !d.more() {
			return
		}
		d.cut(field, memberSize(name, m[name]))
		delete(m, name)
	}
}

// shedLast removes the last items of a list.
func (d *shedding) shedLast(field string, list []string) []string {
	for d.more() && len(list) > 0 {
		last := list[len(list)-1]
		list = list[: len(list)-1 : len(list)-1]
		d.cut(field, itemSize+lax.Quoted(last))
	}
	return list
}

// itemSize is what an item of a list needs beside its text: indent, quotes, comma and line break.
const itemSize = 8

// memberSize is how many bytes a member of one of the record's maps has, with its name and indent.
func memberSize(name string, value any) int {
	b, _ := lax.Encode(value) // what cannot be written makes the record's own encoding fail
	const indent = 4
	return lax.Quoted(name) + len(b) + indent*(1+bytes.Count(b, []byte{'\n'})) + len("\"\": ,\n")
}
