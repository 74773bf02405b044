package assemble

import (
	"bytes"
	"slices"

	"ams/pkg/transcript"
)

// liftProgress puts the subagents' lines that stand inside progress lines (clients 2.1.7 to 2.1.81) to the other
// lines of the agent: its file as a rule holds all of them, but it may be gone, or be cut and hold less. A file
// without a path is an agent that only progress lines know.
func (j *joiner) liftProgress() {
	byAgent := map[string][]*transcript.Line{}
	var order []string
	for _, l := range j.mainLines() {
		n := l.Nested()
		if n == nil || j.copies.lines[l] {
			continue
		}
		if byAgent[n.AgentID] == nil {
			order = append(order, n.AgentID)
		}
		byAgent[n.AgentID] = append(byAgent[n.AgentID], n)
	}
	for _, id := range order {
		at := slices.IndexFunc(j.in.Files, func(f transcript.File) bool { return f.Agent != nil && f.Agent.AgentID == id })
		if at < 0 {
			at = len(j.in.Files)
			j.in.Files = append(j.in.Files, transcript.File{Agent: &transcript.AgentFile{AgentID: id}})
		}
		f := &j.in.Files[at]
		f.Lines = appendMissing(slices.Clip(f.Lines), byAgent[id])
	}
}

// appendMissing appends the lines that are not yet there, by uuid.
func appendMissing(lines, more []*transcript.Line) []*transcript.Line {
	have := make(map[string]bool, len(lines))
	for _, l := range lines {
		have[l.UUID] = l.UUID != ""
	}
	for _, l := range more {
		if !have[l.UUID] {
			lines = append(lines, l)
			have[l.UUID] = l.UUID != ""
		}
	}
	return lines
}

// place is where a line stands: its file and its index there.
type place struct{ file, line int }

// replays finds the lines of agents' files that have their place in another file.
type replays struct {
	*joiner
	lines    map[string]place             // uuid -> its place
	messages map[string]place             // message id, where it is the API's own -> the place of its last line
	moved    map[place][]*transcript.Line // lines that belong behind the one at a place
	own      map[int]bool                 // files whose lines are not the caller's list any more
}

// settleReplays gives every line one place. The client's helpers (compaction, side questions, prompt suggestions) get
// the main thread's lines to work on, and their files hold these lines again: no events of their own, whatever their
// type. But they may hold what the main file lacks: the later state of a line (2.1.39 to 2.1.88 wrote the final usage
// only there), or a block of a message that the main thread began (2.1.23). Files of other agents may do the same
// with lines of the main file.
func (j *joiner) settleReplays() {
	if len(j.in.Files) < 2 {
		return
	}
	r := replays{joiner: j, lines: map[string]place{}, messages: map[string]place{}, moved: map[place][]*transcript.Line{}, own: map[int]bool{}}
	var agents, helpers []int
	for i, f := range j.in.Files {
		switch {
		case f.Agent == nil:
			r.settle(i, true)
		case isHelper(f.Agent.AgentID):
			helpers = append(helpers, i)
		default:
			agents = append(agents, i)
		}
	}
	for _, i := range agents {
		r.settle(i, false)
	}
	if len(helpers) > 0 {
		for _, i := range agents {
			r.settle(i, true) // what a helper replays may be an agent's
		}
		for _, i := range helpers {
			r.settle(i, false)
		}
	}
	r.move()
}

// settle takes out of a file what has its place elsewhere, and, where learn is set, remembers the places of what stays.
func (r *replays) settle(file int, learn bool) {
	f := &r.in.Files[file]
	var kept []*transcript.Line // nil until one goes
	for i, l := range f.Lines {
		if !learn && r.elsewhere(l) {
			if kept == nil {
				kept = slices.Clone(f.Lines[:i])
			}
			continue
		}
		if kept != nil {
			kept = append(kept, l)
		}
		if learn && l.UUID != "" {
			r.lines[l.UUID] = place{file, i}
		}
		if learn && isCall(l) && transcript.WorldwideID(l.Message.ID) {
			r.messages[l.Message.ID] = place{file, i}
		}
	}
	if kept != nil {
		f.Lines, r.own[file] = kept, true
	}
}

// elsewhere reports whether a line has its place in another file, and gives that place what the line knows better.
func (r *replays) elsewhere(l *transcript.Line) bool {
	if at, ok := r.lines[l.UUID]; ok && l.UUID != "" {
		r.renew(at, l)
		return true
	}
	if !isCall(l) {
		return false
	}
	at, ok := r.messages[l.Message.ID]
	if !ok {
		return false
	}
	if have := r.lineOf(at, l); have >= 0 {
		r.renew(place{at.file, have}, l)
	} else {
		r.moved[at] = append(r.moved[at], l)
	}
	return true
}

// maxBack bounds how many lines before the last one of a message are looked at for its others, so that many replays
// take linear time. Real ones stand a few dozen lines apart.
const maxBack = 4096

// lineOf finds the line of a message that holds the same content as l; -1 where there is none.
func (r *replays) lineOf(last place, l *transcript.Line) int {
	lines := r.in.Files[last.file].Lines
	for i := last.line; i >= max(0, last.line-maxBack); i-- {
		if isCall(lines[i]) && lines[i].Message.ID == l.Message.ID && sameContent(lines[i].Message.Content, l.Message.Content) {
			return i
		}
	}
	return -1
}

// renew replaces a line by its later state. The caller's lines stay as they are.
func (r *replays) renew(at place, later *transcript.Line) {
	lines := r.in.Files[at.file].Lines
	have := lines[at.line]
	if !isCall(have) || !isCall(later) || have.Message.ID != later.Message.ID || !isLater(later, have) {
		return
	}
	renewed := *have
	renewed.Message = later.Message
	r.put(at, have, &renewed)
}

// isLater reports whether l is a later state of the piece of a message that have is: it counts more, or knows the end.
func isLater(l, have *transcript.Line) bool {
	if more, counted := outputOf(l), outputOf(have); more != counted {
		return more > counted
	}
	return l.Message.StopReason != "" && have.Message.StopReason == ""
}

// put sets a line in the place of another.
func (r *replays) put(at place, old, line *transcript.Line) {
	f := &r.in.Files[at.file]
	if !r.own[at.file] {
		f.Lines, r.own[at.file] = slices.Clone(f.Lines), true
	}
	f.Lines[at.line] = line
	if r.copies.lines[old] {
		r.copies.lines[line] = true
	}
}

// move puts the blocks that other files hold behind the last line of their message.
func (r *replays) move() {
	for file := range r.in.Files {
		var out []*transcript.Line
		lines := r.in.Files[file].Lines
		done := 0
		for i, l := range lines {
			blocks := r.moved[place{file, i}]
			if len(blocks) == 0 {
				continue
			}
			out = append(out, lines[done:i+1]...)
			done = i + 1
			for _, b := range blocks {
				moved := *b
				common := *b.Common // lines share them
				common.AgentID = l.AgentID
				moved.Common, moved.IsSidechain = &common, l.IsSidechain
				out = append(out, &moved)
				if r.copies.lines[l] {
					r.copies.lines[&moved] = true
				}
			}
		}
		if done > 0 {
			r.in.Files[file].Lines = append(out, lines[done:]...)
		}
	}
}

// sameContent reports whether two contents are the same blocks.
func sameContent(a, b transcript.Content) bool {
	return a.Text == b.Text && slices.EqualFunc(a.Blocks, b.Blocks, func(x, y transcript.Block) bool {
		return x.Type == y.Type && x.ID == y.ID && x.Text == y.Text && x.Thinking == y.Thinking && x.Name == y.Name &&
			x.ToolUseID == y.ToolUseID && bytes.Equal(x.Input, y.Input)
	})
}
