// Package transcript reads what Claude Code writes to disk about a session.
//
//	CLAUDE_DIR/projects/PROJECT/
//	  SESSION.jsonl                                   main thread; the name is the session id
//	  SESSION/subagents/agent-AGENTID.jsonl           one per subagent, all depths flat in one folder
//	  SESSION/subagents/agent-AGENTID.meta.json       its link to the tool call that started it
//	  SESSION/subagents/workflows/RUN/agent-*.jsonl   agents of the Workflow tool, with meta files
//	  agent-8HEX.jsonl                                clients up to 2.0.x: subagents of any session of the project
//
// One JSON object per line. Source: recorded runs of clients 2.0.56 to 2.1.330 and 4,707 published files of 134 versions.
// Main files are not always named after the one session they hold, lines are not in time order, files may shrink, and
// unknown line types are normal: [Read] skips and counts what it does not know.
package transcript

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ams/pkg/lax"
)

// ErrUnsafe says that a file is not read: it is no regular file, has no transcript's name or place, or another owner.
var ErrUnsafe = errors.New("not a transcript that may be read")

// maxMeta bounds a meta file; real ones have less than 1 kB.
const maxMeta = 1 << 20

// Meta is the client's note beside an agent file: what started the agent.
type Meta struct {
	AgentType     string `json:"agentType"`
	SpawnedType   string `json:"spawnedAgentType"` // teammates: their agentType is their name
	Description   string `json:"description"`
	Name          string `json:"name"`
	ToolUseID     string `json:"toolUseId"`
	ParentAgentID string `json:"parentAgentId"` // absent: the main thread
	SpawnDepth    int    `json:"spawnDepth"`
	RequestShape  string `json:"requestShape"` // foreground, background, unset
	TaskKind      string `json:"taskKind"`     // in_process_teammate
	InWorkflowRun bool   `json:"inWorkflowRun"`
	Finished      bool   `json:"finished"`
}

// AgentFile is where one subagent's lines are.
type AgentFile struct {
	AgentID string
	Path    string // "" where only the meta file is left
	Meta    *Meta  // nil where the client wrote none
	Run     string // the Workflow run's folder name, or ""
}

// Files are the files of one session.
type Files struct {
	SessionID string
	Project   string // the project folder
	Main      string // "" where only the agents' folder is left
	Agents    []AgentFile
}

// Paths lists every file that a reader of the session reads, the main file first.
func (f Files) Paths() []string {
	var paths []string
	if f.Main != "" {
		paths = append(paths, f.Main)
	}
	for _, a := range f.Agents {
		if a.Path != "" {
			paths = append(paths, a.Path)
		}
	}
	return paths
}

// Finder finds the files of sessions. It remembers the heads of project folders, so that many sessions of one project cost one
// look; make a new one for every run. Not for concurrent use.
type Finder struct {
	// ClaudeDir is where a session is searched whose recorded path is gone, as ClaudeDir/projects/*/SESSION.jsonl. May be "".
	ClaudeDir string
	// Owner is the numeric user that files must belong to, or -1 for any.
	Owner int
	// Anywhere lifts the rule that files must lie below a projects folder: a person named them.
	Anywhere bool

	flat map[string]map[string][]string // project -> session id -> flat agent files of clients 2.0.x
}

// Find returns the files of a session. recorded is the transcript_path of its hook payloads, or "". It is [fs.ErrNotExist]
// when there are none, and [ErrUnsafe] when the recorded path must not be read and no other was found.
func (f *Finder) Find(sessionID, recorded string) (Files, error) {
	var unsafe error
	if recorded != "" {
		project := filepath.Dir(recorded)
		files, err := f.inProject(project, sessionID, recorded)
		if err == nil {
			return files, nil
		}
		if errors.Is(err, ErrUnsafe) {
			unsafe = err
		}
	}
	files, err := f.search(sessionID)
	if errors.Is(err, fs.ErrNotExist) && unsafe != nil {
		return Files{}, unsafe
	}
	return files, err
}

// search looks below ClaudeDir. Where several projects hold the session (a copied folder) it takes the largest main file, the
// first by name among equals.
func (f *Finder) search(sessionID string) (Files, error) {
	notFound := fmt.Errorf("transcript of session %s: %w", sessionID, fs.ErrNotExist)
	if f.ClaudeDir == "" || !plainName(sessionID) {
		return Files{}, notFound
	}
	root := filepath.Join(f.ClaudeDir, "projects")
	projects, err := os.ReadDir(root)
	if err != nil {
		return Files{}, notFound
	}
	best, bestSize := Files{}, int64(-1)
	for _, p := range projects {
		dir := filepath.Join(root, p.Name())
		files, err := f.inProject(dir, sessionID, filepath.Join(dir, sessionID+".jsonl"))
		if err != nil {
			continue
		}
		if size := sizeOf(files.Main); size > bestSize {
			best, bestSize = files, size
		}
	}
	if bestSize < 0 {
		return Files{}, notFound
	}
	return best, nil
}

// inProject collects a session's files in one project folder.
func (f *Finder) inProject(project, sessionID, main string) (Files, error) {
	files := Files{SessionID: sessionID, Project: project}
	err := f.check(main, sessionID+".jsonl")
	switch {
	case err == nil:
		files.Main = main
	case !errors.Is(err, fs.ErrNotExist):
		return files, err
	}
	if plainName(sessionID) && (f.Anywhere || belowProjects(project)) {
		files.Agents = f.agentsBelow(filepath.Join(project, sessionID, "subagents"), "")
		files.Agents = append(files.Agents, f.flatAgents(project, sessionID)...)
	}
	if files.Main == "" && len(files.Agents) == 0 {
		return files, fmt.Errorf("transcript %s: %w", main, fs.ErrNotExist)
	}
	return files, nil
}

// agentsBelow lists the agent files of a subagents folder and of the workflow runs in it, in the order of their names.
func (f *Finder) agentsBelow(dir, run string) []AgentFile {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	byID := map[string]*AgentFile{}
	var ids []string
	var nested []AgentFile
	at := func(id string) *AgentFile {
		if byID[id] == nil {
			byID[id] = &AgentFile{AgentID: id, Run: run}
			ids = append(ids, id)
		}
		return byID[id]
	}
	for _, e := range entries {
		name := e.Name()
		path := filepath.Join(dir, name)
		if e.IsDir() {
			switch {
			case run == "" && name == "workflows":
				runs, _ := os.ReadDir(path)
				for _, r := range runs {
					nested = append(nested, f.agentsBelow(filepath.Join(path, r.Name()), r.Name())...)
				}
			}
			continue
		}
		if id, ok := agentID(name, ".meta.json"); ok {
			if meta := f.readMeta(path); meta != nil {
				at(id).Meta = meta
			}
		} else if id, ok := agentID(name, ".jsonl"); ok && f.check(path, "") == nil {
			at(id).Path = path
		}
	}
	var agents []AgentFile
	for _, id := range ids {
		agents = append(agents, *byID[id])
	}
	return append(agents, nested...)
}

// flatAgents lists the agent files that clients 2.0.x put beside the main files: they belong to the session that their first
// line names.
func (f *Finder) flatAgents(project, sessionID string) []AgentFile {
	if f.flat == nil {
		f.flat = map[string]map[string][]string{}
	}
	bySession, seen := f.flat[project]
	if !seen {
		bySession = map[string][]string{}
		entries, _ := os.ReadDir(project)
		for _, e := range entries {
			path := filepath.Join(project, e.Name())
			if _, ok := agentID(e.Name(), ".jsonl"); ok && f.check(path, "") == nil {
				if id := headSession(path); id != "" {
					bySession[id] = append(bySession[id], path)
				}
			}
		}
		f.flat[project] = bySession
	}
	var agents []AgentFile
	for _, path := range bySession[sessionID] {
		id, _ := agentID(filepath.Base(path), ".jsonl")
		agents = append(agents, AgentFile{AgentID: id, Path: path})
	}
	return agents
}

// check says whether a file may be read as a transcript. name is the name that it must have, "" for an agent's.
func (f *Finder) check(path, name string) error {
	base := filepath.Base(path)
	if name != "" && base != name {
		return fmt.Errorf("%s: %w: its name is not %s", path, ErrUnsafe, name)
	}
	if !f.Anywhere && !belowProjects(filepath.Dir(path)) {
		return fmt.Errorf("%s: %w: it is not below a projects folder", path, ErrUnsafe)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("transcript: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %w: no regular file", path, ErrUnsafe)
	}
	if owner := ownerOf(info); f.Owner >= 0 && owner >= 0 && owner != f.Owner {
		return fmt.Errorf("%s: %w: it belongs to user %d, the spool to user %d", path, ErrUnsafe, owner, f.Owner)
	}
	return nil
}

func (f *Finder) readMeta(path string) *Meta {
	if f.check(path, "") != nil || sizeOf(path) > maxMeta {
		return nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var m Meta
	if lax.Unmarshal(b, &m) != nil {
		return nil
	}
	return &m
}

// belowProjects reports whether one of the folders above is named projects, as the client names it.
func belowProjects(dir string) bool {
	return slices.Contains(strings.Split(filepath.ToSlash(dir), "/"), "projects")
}

// agentID takes the agent's id out of a file name agent-ID.jsonl or agent-ID.meta.json.
func agentID(name, suffix string) (string, bool) {
	id, ok := strings.CutPrefix(name, "agent-")
	if !ok {
		return "", false
	}
	id, ok = strings.CutSuffix(id, suffix)
	return id, ok && id != ""
}

// plainName reports whether a session id can be a file's name as it is; one that is a path names no file.
func plainName(id string) bool {
	return id != "" && id != "." && id != ".." && !strings.ContainsAny(id, "/\\\x00*?[")
}

func sizeOf(path string) int64 {
	info, err := os.Lstat(path)
	if path == "" || err != nil {
		return 0
	}
	return info.Size()
}

// headBytes is as much of a file as is read to learn which session it belongs to.
const headBytes = 64 << 10

// headSession returns the session id in the first line that has one.
func headSession(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	head, _ := io.ReadAll(io.LimitReader(file, headBytes))
	for line := range bytes.Lines(head) {
		var l Line
		if lax.Unmarshal(bytes.TrimSpace(line), &l) == nil && l.SessionID != "" {
			return l.SessionID
		}
	}
	return ""
}

// ErrNoSession says that no line of a file names a session.
var ErrNoSession = errors.New("no session in it")

// FromFile returns the files of the session of one main file, wherever it lies and whatever its name: a file that is not named by a
// session id holds the session that its first lines name. Of 4,707 published files 714 were named otherwise.
func (f *Finder) FromFile(path string) (Files, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return Files{}, fmt.Errorf("transcript: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Files{}, fmt.Errorf("%s: %w: no regular file", path, ErrUnsafe)
	}
	id := headSession(path)
	if id == "" {
		return Files{}, fmt.Errorf("%s: %w", path, ErrNoSession)
	}
	name := strings.TrimSuffix(filepath.Base(path), ".jsonl")
	if isUUID(name) {
		id = name
	}
	files := Files{SessionID: id, Project: filepath.Dir(path), Main: path}
	if plainName(name) {
		files.Agents = f.agentsBelow(filepath.Join(files.Project, name, "subagents"), "")
		files.Agents = append(files.Agents, f.flatAgents(files.Project, id)...)
	}
	return files, nil
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
