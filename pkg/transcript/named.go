package transcript

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ams/pkg/safefile"
)

// ErrNoSession says that no line of a file names a session.
var ErrNoSession = errors.New("no session in it")

// FromFile returns the files of the session of one main file, wherever it lies if the Finder says so and whatever its
// name: a file that is not named by a session id holds the session that its first lines name. Of 4,707 published
// files 714 were named otherwise.
func (f *Finder) FromFile(path string, by safefile.Owner) (Files, error) {
	o := owner{by}
	path, err := filepath.Abs(path)
	if err != nil {
		return Files{}, fmt.Errorf("transcript: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return Files{}, fmt.Errorf("transcript: %w", err)
	}
	if err := o.check(path, info); err != nil {
		return Files{}, err
	}
	id := o.headSession(path)
	if id == "" {
		return Files{}, fmt.Errorf("%s: %w", path, ErrNoSession)
	}
	name := strings.TrimSuffix(filepath.Base(path), ".jsonl")
	if isUUID(name) {
		id = name
	}
	files := Files{SessionID: id, Project: filepath.Dir(path), Main: path, owner: o}
	files.Agents = f.agents(files, name)
	return files, nil
}

// FromFolder returns the files of a session of which only the agents are left: path is the folder that was beside its
// main file, and is named as it was.
func (f *Finder) FromFolder(path string, of safefile.Owner) (Files, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Files{}, fmt.Errorf("transcript: %w", err)
	}
	name := filepath.Base(path)
	files := Files{SessionID: name, Project: filepath.Dir(path), owner: owner{of}}
	files.Agents = f.agents(files, name)
	for _, agent := range files.Agents {
		if agent.Path != "" && !isUUID(files.SessionID) {
			files.SessionID = cmp.Or(files.owner.headSession(agent.Path), name)
		}
	}
	if len(files.Paths()) == 0 {
		return Files{}, fmt.Errorf("%s: %w", path, ErrNoSession)
	}
	return files, nil
}

// FromFlatAgents returns the files of the sessions, by their ids, that agent files beside the main files of a project
// folder name (clients 2.0.x), each without its main file.
func (f *Finder) FromFlatAgents(project string, of safefile.Owner) []Files {
	var out []Files
	dir := flatFolder{project, owner{of}}
	f.flatAgents(dir, "")
	for _, id := range slices.Sorted(maps.Keys(f.flat[dir])) {
		out = append(out, Files{SessionID: id, Project: project, Agents: f.flatAgents(dir, id), owner: dir.owner})
	}
	return out
}

// isUUID reports whether a name has the form of the client's session ids.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash != (c == '-') || (!dash && !hex) {
			return false
		}
	}
	return true
}
