package transcript

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ams/pkg/lax"
)

// Sibling is another main file of the project folder that begins with lines of this session: a fork or, in old clients, a resume of
// it, or what it was forked from.
type Sibling struct {
	SessionID string
	// Shared are the uuids that both files hold.
	Shared map[string]bool
	// Begun is the first time in the sibling's file, Own the first of a line that is not shared; zero where there is none.
	Begun, Own time.Time
}

// Siblings finds the files that share history with lines, the main file of files. Copies keep the uuid of every line and begin with
// the history from its start, so the heads of the files tell.
func (f *Finder) Siblings(files Files, lines []*Line) []Sibling {
	ours := map[string]bool{}
	for _, l := range lines {
		if l.UUID != "" {
			ours[l.UUID] = true
		}
	}
	if len(ours) == 0 {
		return nil
	}
	heads := f.headsIn(files)
	var names []string
	for uuid := range ours {
		names = append(names, heads[uuid]...)
	}
	slices.Sort(names)
	var out []Sibling
	for _, name := range names {
		path := filepath.Join(files.Project, name+".jsonl")
		if path == files.Main {
			continue
		}
		if s := files.owner.compare(path, name, ours); len(s.Shared) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// folder is a project folder as the transcripts of one owner in it.
type folder struct {
	path string
	owner
}

// headsIn gives, by the first uuid in a file, the names of the main files of the project folder. Each file is looked at once: looking
// anew for every session made the time grow with the square of their number, to minutes for a few thousand.
func (f *Finder) headsIn(files Files) map[string][]string {
	at := folder{files.Project, files.owner}
	if heads, ok := f.heads[at]; ok {
		return heads
	}
	heads := map[string][]string{}
	entries, _ := os.ReadDir(files.Project)
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".jsonl")
		if !ok || !e.Type().IsRegular() || strings.HasPrefix(name, "agent-") {
			continue
		}
		if uuid := files.owner.headUUID(filepath.Join(files.Project, e.Name())); uuid != "" {
			heads[uuid] = append(heads[uuid], name)
		}
	}
	if f.heads == nil {
		f.heads = map[folder]map[string][]string{}
	}
	f.heads[at] = heads
	return heads
}

// headUUID is the first uuid in a file, or "".
func (o owner) headUUID(path string) string {
	var l struct {
		UUID string `json:"uuid"`
	}
	o.head(path, func(line []byte) bool {
		return bytes.Contains(line, []byte(`"uuid":"`)) && lax.Unmarshal(line, &l) == nil && l.UUID != ""
	})
	return l.UUID
}

// compare reads a sibling whole.
func (o owner) compare(path, sessionID string, ours map[string]bool) Sibling {
	s := Sibling{SessionID: sessionID, Shared: map[string]bool{}}
	file, err := o.open(path)
	if err != nil {
		return s
	}
	defer file.Close()
	_, _ = Read(file, func(l *Line) { // what can be read of it is proof enough
		if !l.Time.IsZero() && (s.Begun.IsZero() || l.Time.Before(s.Begun)) {
			s.Begun = l.Time
		}
		switch {
		case l.UUID == "":
		case ours[l.UUID]:
			s.Shared[l.UUID] = true
		case !l.Time.IsZero() && (s.Own.IsZero() || l.Time.Before(s.Own)):
			s.Own = l.Time
		}
	})
	return s
}

// MainLines reads the lines of a given type of another session's main file in the same project folder, with the time of the last line
// before each.
func MainLines(files Files, sessionID, lineType string, fn func(l *Line, before time.Time)) {
	if !plainName(sessionID) {
		return
	}
	file, err := files.owner.open(filepath.Join(files.Project, sessionID+".jsonl"))
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
