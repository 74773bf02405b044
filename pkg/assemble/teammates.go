package assemble

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ams/pkg/transcript"
)

// joinTeammates gives the files of one teammate one agent id. In clients 2.1.88 to 2.1.92 a teammate inside the lead's process gets a new
// agent file each time it goes on, which begins with what it did before, and no meta file names it: files that share messages are one
// teammate's. Its id is that of the file that ends first, so that a later file changes no id.
//
// Messages that the main file has do not count: helpers and agents that go on from their parent's conversation hold those, too.
func (j *joiner) joinTeammates() {
	main := map[string]bool{}
	for _, l := range j.mainLines() {
		if isCall(l) {
			main[callKey(l)] = true
		}
	}
	var groups []*fileGroup
	of := map[string]*fileGroup{} // message id -> the group that has it
	for i := range j.in.Files {
		f := &j.in.Files[i]
		if f.Agent == nil || f.Agent.Path == "" || f.Agent.Meta != nil || f.Agent.Run != "" || isHelper(f.Agent.AgentID) {
			continue
		}
		g := &fileGroup{files: []*transcript.File{f}}
		groups = append(groups, g)
		for _, l := range f.Lines {
			if !isCall(l) || !transcript.WorldwideID(callKey(l)) || main[callKey(l)] {
				continue
			}
			if other := of[callKey(l)]; other != nil {
				g.unite(other)
			}
			of[callKey(l)] = g
		}
	}
	for _, g := range groups {
		if len(g.files) > 1 {
			j.uniteFiles(g.files)
		}
	}
}

// fileGroup are agent files that share messages; it is another one's part once that has taken it in.
type fileGroup struct {
	files []*transcript.File
	into  *fileGroup
}

func (g *fileGroup) root() *fileGroup {
	for g.into != nil {
		g = g.into
	}
	return g
}

// unite puts the group of g and the group of other together.
func (g *fileGroup) unite(other *fileGroup) {
	a, b := g.root(), other.root()
	if a == b {
		return
	}
	b.files = append(b.files, a.files...)
	a.files, a.into = nil, b
}

// uniteFiles makes the files of a group one agent's, in the order in which they end. What a later file repeats of an
// earlier one is left out, but for the messages: their later state counts.
func (j *joiner) uniteFiles(files []*transcript.File) {
	slices.SortStableFunc(files, func(a, b *transcript.File) int {
		return cmp.Or(lastTime(a.Lines).Compare(lastTime(b.Lines)), strings.Compare(a.Agent.AgentID, b.Agent.AgentID))
	})
	id := files[0].Agent.AgentID
	seen := map[string]bool{}
	for _, f := range files {
		j.alias[f.Agent.AgentID] = id
		same := *f.Agent
		same.AgentID = id
		f.Agent = &same
		repeated := func(l *transcript.Line) bool { return !isCall(l) && seen[sameAs(l)] }
		own := slices.DeleteFunc(slices.Clone(f.Lines), repeated)
		for _, l := range f.Lines {
			seen[sameAs(l)] = true
		}
		f.Lines = own
	}
	j.united[id] = files
	for i := range j.records {
		if r := &j.records[i]; j.alias[r.AgentID] == id {
			p := *r.Payload
			p.AgentID = id
			r.Payload = &p
		}
	}
}

// sameAs is equal for a line and its copy in a later file, which may have another uuid.
func sameAs(l *transcript.Line) string {
	text := textOf(l)
	for id := range resultIDs(l) {
		text += "\x00" + id
	}
	return l.Type + "\x00" + strconv.FormatInt(int64(l.Timestamp), 10) + "\x00" + text
}

// lastTime is the latest time of some lines.
func lastTime(lines []*transcript.Line) time.Time {
	var at time.Time
	for _, l := range lines {
		if l.Time.After(at) {
			at = l.Time
		}
	}
	return at
}

// agentID is the id of an agent, whichever of its files' ids is given.
func (j *joiner) agentID(id string) string {
	if one := j.alias[id]; one != "" {
		return one
	}
	return id
}

// inferTeammates finds the Agent calls of teammates by their names: the call gives the name, which the teammate's
// lines, its hooks (as its type) or its id bear. What has no name is left to the prompts.
func inferTeammates(agents []*agent, calls []*tool, take func(*agent, *tool)) {
	byName := map[string][]*tool{}
	for _, t := range calls {
		if name := field(t.input(), "name"); name != "" {
			byName[name] = append(byName[name], t)
		}
	}
	if len(byName) == 0 {
		return
	}
	for _, a := range agents {
		for _, name := range a.names() {
			if list := byName[name]; len(list) > 0 {
				take(a, list[0])
				byName[name] = list[1:]
				break
			}
		}
	}
}

// isTeammate reports whether the first that the agent was told is a message of its team's lead.
func (a *agent) isTeammate() bool {
	for _, l := range a.lines {
		if l.Type == "user" {
			return leadsMessage(textOf(l)) != ""
		}
	}
	return false
}

// names are what a teammate may be called, the surest first.
func (a *agent) names() []string {
	var out []string
	for _, l := range a.lines {
		if l.AgentName != "" {
			name, _, _ := strings.Cut(l.AgentName, "@")
			out = append(out, name)
			break
		}
	}
	if typ := a.hookType(); typ != "" {
		out = append(out, typ)
	}
	if at := strings.LastIndexByte(a.id, '-'); at > 1 && a.id[0] == 'a' {
		out = append(out, a.id[1:at])
	}
	return out
}
