package transcript

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Sibling is another session whose main file shares lines with this one's: a fork or, in old clients, a resume of it,
// what it was forked from, or a copy.
type Sibling struct {
	SessionID string
	// Shared are the uuids and, of the API's own, message ids of this session's files that the sibling's hold, too.
	Shared map[string]bool
	Standing
	Path string `json:"-"` // of its main file
}

// Standing is what tells an original from a copy. It is told of a file and all that share lines with it, so that it
// is the same whoever asks.
type Standing struct {
	// Named says that shared lines bear the session's own id. Forks write their own into what they copy, people who
	// copy files do not.
	Named bool
	// Begun is the first time in the file, LastShared that of the last shared line; zero where there is none.
	Begun, LastShared time.Time
	// Goes says that the file goes on with lines that no other has.
	Goes bool
	// Hooked is when the session's first hook came, zero without any; Forked that it began as a fork then. An Archive
	// does not know them.
	Hooked time.Time
	Forked bool
}

// held are the lines of a file, as far as a comparison needs them.
type held struct {
	session string // whose file it is: its name, or what its lines say
	begun   int64  // µs, the first time in it; 0 without any
	lines   []heldLine
}

// heldLine is an id and the line that it stands on.
type heldLine struct {
	id    uint64
	at    int64 // µs, 0 without a time
	named bool  // the line bears the session's id
	owner bool  // the id is the line's own, and not its message's
}

// maxHeld bounds what is kept of a file for comparison; a line has two ids at most.
const maxHeld = 2 * maxLines

// heldBy reads what a file holds; what it held before stays.
func (o owner) heldBy(path string, before *held) *held {
	h := &held{}
	file, err := o.open(path)
	if err != nil {
		return before
	}
	defer file.Close()
	first := ""
	name := strings.TrimSuffix(filepath.Base(path), ".jsonl")
	seen := map[uint64]bool{}
	_, _ = readEvery(file, maxLine, func(l *Line, _ bool) { // what can be read is proof enough
		first = cmp.Or(first, l.SessionID)
		line := heldLine{named: l.SessionID == name}
		if !l.Time.IsZero() {
			line.at = l.Time.UnixMicro()
			if h.begun == 0 || line.at < h.begun {
				h.begun = line.at
			}
		}
		for _, id := range idsOn(l) {
			if line.id, line.owner = idHash(id), id == l.UUID; !seen[line.id] && len(h.lines) < maxHeld {
				seen[line.id] = true
				h.lines = append(h.lines, line)
			}
		}
	})
	if h.session = name; !isUUID(name) && first != "" {
		h.session = first
	}
	if before != nil {
		if before.begun != 0 && (h.begun == 0 || before.begun < h.begun) {
			h.begun = before.begun
		}
		for _, line := range before.lines {
			if !seen[line.id] && len(h.lines) < maxHeld {
				h.lines = append(h.lines, line)
			}
		}
	}
	return h
}

// idsOn are the ids by which a line is known: its uuid, and the message of the API that it is a piece of.
func idsOn(l *Line) []string {
	var ids []string
	if l.UUID != "" {
		ids = append(ids, l.UUID)
	}
	if l.Type == "assistant" && l.Message != nil && isAcrossSessions(l.Message.ID) {
		ids = append(ids, l.Message.ID)
	}
	return ids
}

// Siblings returns the sessions that share lines with the given one, by the paths of their main files, and where it
// stands among them. read are its files as [ReadFiles] returned them.
func (a *Archive) Siblings(files Files, read []File) ([]Sibling, Standing) {
	a.mu.Lock()
	defer a.mu.Unlock()
	own := a.file(files.Main)
	if own == nil || own.family == nil || own.held == nil {
		return nil, Standing{}
	}
	var out []Sibling
	for _, f := range own.family.members {
		if f == own || f.held == nil || f.held.session == files.SessionID || !files.owner.Is(f.uid) {
			continue
		}
		s := Sibling{SessionID: f.held.session, Shared: f.sharedWith(files, read), Standing: own.family.standing(f), Path: f.path}
		if len(s.Shared) > 0 {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, Standing{}
	}
	slices.SortFunc(out, func(s, t Sibling) int { return strings.Compare(s.Path, t.Path) })
	return out, own.family.standing(own)
}

// SiblingFile is what a main file looked like before its lines were compared.
type SiblingFile struct {
	Path    string
	Size    int64
	ModTime time.Time // zero where the file was so young that its time proves nothing
}

// SiblingFiles are the main files that are there and of one family with the given one, itself not among them, by
// their paths.
func (a *Archive) SiblingFiles(main string) []SiblingFile {
	a.mu.Lock()
	defer a.mu.Unlock()
	own := a.file(main)
	if own == nil || own.family == nil {
		return nil
	}
	var out []SiblingFile
	for _, f := range own.family.members {
		if f == own || f.gone {
			continue
		}
		s := SiblingFile{Path: f.path, Size: f.size}
		if f.modTime != 0 {
			s.ModTime = time.Unix(0, f.modTime).UTC()
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(s, t SiblingFile) int { return strings.Compare(s.Path, t.Path) })
	return out
}

// Relatives are the paths of [Archive.SiblingFiles] by a look that sees less: at what was at rest it does not look again.
func (a *Archive) Relatives(main string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.look()
	dir := a.folders[filepath.Dir(main)]
	if dir == nil || dir.files[filepath.Base(main)] == nil || dir.files[filepath.Base(main)].family == nil {
		return nil
	}
	var out []string
	for _, f := range dir.files[filepath.Base(main)].family.members {
		if f.path != main && !f.gone {
			out = append(out, f.path)
		}
	}
	return out
}

// Holds reports whether a main file holds every id that another one does; false for one without any.
func (a *Archive) Holds(main, other string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, o := a.file(main), a.file(other)
	if f == nil || o == nil || !o.hasIDs() {
		return false
	}
	has := map[uint64]bool{}
	ids, others := a.idsOf(f, nil), a.idsOf(o, nil)
	for id := range ids.all {
		has[id] = true
	}
	for id := range others.all {
		if !has[id] {
			return false
		}
	}
	return true
}

// file finds a main file, after a look at its folder and those around it.
func (a *Archive) file(main string) *mainFile {
	if main == "" {
		return nil
	}
	dir := filepath.Dir(main)
	a.show(around(dir))
	a.show(dir)
	a.look()
	f := a.folders[dir].files[filepath.Base(main)]
	if f != nil && !f.looked && a.lookAt(f, time.Now()) {
		a.takeIn([]*mainFile{f}, false)
	}
	return f
}

// sharedWith are the ids on lines of a session that the file holds, too, and those of its agents' files where the
// other session has a file of the same agent: somebody copied the folder.
func (f *mainFile) sharedWith(files Files, read []File) map[string]bool {
	has := make(map[uint64]bool, len(f.held.lines))
	for _, line := range f.held.lines {
		has[line.id] = true
	}
	shared := map[string]bool{}
	for _, own := range read {
		if own.Agent != nil {
			if own.Agent.Path == "" {
				continue
			}
			has = f.heldByAgent(files, own.Agent.Path)
		}
		for _, l := range own.Lines {
			for _, id := range idsOn(l) {
				if has[idHash(id)] {
					shared[id] = true
				}
			}
		}
	}
	return shared
}

// heldByAgent are the ids in the file of the same agent in another session's folder.
func (f *mainFile) heldByAgent(files Files, agent string) map[uint64]bool {
	below, ok := strings.CutPrefix(agent, strings.TrimSuffix(files.Main, ".jsonl"))
	if !ok {
		return nil
	}
	theirs := strings.TrimSuffix(f.path, ".jsonl") + below
	if theirs == agent {
		return nil
	}
	h := files.owner.heldBy(theirs, &held{})
	has := make(map[uint64]bool, len(h.lines))
	for _, line := range h.lines {
		has[line.id] = true
	}
	return has
}

// standing tells where a file stands in its family.
func (fam *family) standing(f *mainFile) Standing {
	fam.once.Do(fam.findShared)
	s := Standing{Begun: microTime(f.held.begun)}
	for _, line := range f.held.lines {
		switch {
		case fam.shared[line.id]:
			s.Named = s.Named || line.named
			if at := microTime(line.at); at.After(s.LastShared) {
				s.LastShared = at
			}
		case line.owner:
			s.Goes = true
		}
	}
	return s
}

// microTime is a time in µs, zero for 0.
func microTime(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// findShared finds the ids that files of two sessions hold.
func (fam *family) findShared() {
	holder := map[uint64]string{}
	fam.shared = map[uint64]bool{}
	for _, f := range fam.members {
		if f.held == nil {
			continue
		}
		for _, line := range f.held.lines {
			if have, ok := holder[line.id]; ok && have != f.held.session {
				fam.shared[line.id] = true
			}
			holder[line.id] = f.held.session
		}
	}
}

// MainLines reads the lines of a given type of another session's main file, with the time of the last line before
// each. main is its path; "" stands for the session's file in the project folder of files.
func MainLines(files Files, sessionID, main, lineType string, fn func(l *Line, before time.Time)) {
	if main == "" {
		if !plainName(sessionID) {
			return
		}
		main = filepath.Join(files.Project, sessionID+".jsonl")
	}
	file, err := files.owner.open(main)
	if err != nil {
		return
	}
	defer file.Close()
	var before time.Time
	_, _ = Read(file, func(l *Line) {
		if l.Type == lineType {
			fn(l, before)
		}
		if !l.Time.IsZero() {
			before = l.Time
		}
	})
}
