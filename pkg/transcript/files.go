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
	"bufio"
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
	"ams/pkg/safefile"
)

// ErrUnsafe says that a file is not read: it is no regular file, has no transcript's name or place, or another owner.
// It stays so until somebody changes the file.
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

	owner owner // of the files, as Find was told; anybody in Files that no Finder made
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

// Finder finds the files of sessions. It remembers the flat agent files of project folders, so that many sessions of
// one project cost one look; make a new one for every run. Not for concurrent use.
type Finder struct {
	// ClaudeDir is where a session is searched whose recorded path is gone, as ClaudeDir/projects/*/SESSION.jsonl.
	// May be "".
	ClaudeDir string
	// Anywhere lifts the rule that files must lie below a projects folder: a person named them.
	Anywhere bool

	flat map[flatFolder]map[string][]string // project -> session id -> flat agent files of clients 2.0.x
}

// Find returns the files of a session. recorded is the transcript_path of its hook payloads, or "".
// Files of another owner are not read: who owns the record of a session may not be shown somebody
// else's files by it. It is [fs.ErrNotExist] when there are none, and [ErrUnsafe] when the only
// ones must not be read or the session's id can be no file's name. Any other error says that a
// folder could not be looked at: there may be a transcript.
//
// Folders below the project folder that are symlinks are not entered. The project folder and those above it may be symlinks:
// people keep them on another disk.
func (f *Finder) Find(sessionID, recorded string, by safefile.Owner) (Files, error) {
	o := owner{by}
	if !plainName(sessionID) {
		return Files{}, fmt.Errorf("transcript of session %.80q: %w: its id is no file name", sessionID, ErrUnsafe)
	}
	none := fmt.Errorf("transcript of session %s: %w", sessionID, fs.ErrNotExist)
	best, refused := Files{}, none
	if recorded != "" {
		recorded = filepath.Clean(recorded)
		files, err := f.inProject(filepath.Dir(recorded), sessionID, recorded, o)
		switch {
		case err == nil && files.Main != "":
			return files, nil
		case err == nil:
			best = files
		case !errors.Is(err, fs.ErrNotExist):
			refused = err
		}
	}
	files, err := f.search(sessionID, o)
	switch {
	case err == nil && (files.Main != "" || best.SessionID == ""):
		return files, nil
	case best.SessionID != "":
		return best, nil
	case errors.Is(refused, fs.ErrNotExist) && err != nil:
		return Files{}, err
	}
	return Files{}, refused
}

// search looks below ClaudeDir. Where several projects hold the session (a copied folder) it takes the largest main
// file, the first by name among equals, and agents without a main file only where there is none.
func (f *Finder) search(sessionID string, o owner) (Files, error) {
	refused := fmt.Errorf("transcript of session %s: %w", sessionID, fs.ErrNotExist)
	if f.ClaudeDir == "" {
		return Files{}, refused
	}
	root, err := filepath.Abs(filepath.Join(f.ClaudeDir, "projects"))
	if err != nil {
		return Files{}, fmt.Errorf("transcript: %w", err)
	}
	projects, err := os.ReadDir(root)
	if err != nil && !namesNothing(err) {
		return Files{}, fmt.Errorf("transcript: %w", err)
	}
	best, bestSize := Files{}, int64(-2)
	for _, p := range projects {
		dir := filepath.Join(root, p.Name())
		files, err := f.inProject(dir, sessionID, filepath.Join(dir, sessionID+".jsonl"), o)
		if errors.Is(err, ErrUnsafe) && errors.Is(refused, fs.ErrNotExist) {
			refused = err
		}
		// A project that is closed to this user is passed over: it would hold up every session without a transcript.
		if err != nil {
			continue
		}
		size := int64(-1)
		if files.Main != "" {
			size = sizeOf(files.Main)
		}
		if size > bestSize {
			best, bestSize = files, size
		}
	}
	if best.SessionID == "" {
		return Files{}, refused
	}
	return best, nil
}

// inProject collects a session's files in one project folder.
func (f *Finder) inProject(project, sessionID, main string, o owner) (Files, error) {
	files := Files{SessionID: sessionID, Project: project, owner: o}
	err := f.check(main, sessionID+".jsonl", o)
	switch {
	case err == nil:
		files.Main = main
	case !errors.Is(err, fs.ErrNotExist):
		return files, err
	}
	files.Agents = f.agents(files, sessionID)
	if files.Main == "" && len(files.Agents) == 0 {
		return files, fmt.Errorf("transcript %s: %w", main, fs.ErrNotExist)
	}
	return files, nil
}

// agents lists a session's agent files: those in the folder named as its main file, and the flat ones.
func (f *Finder) agents(files Files, name string) []AgentFile {
	var agents []AgentFile
	path := filepath.Join(files.Project, name)
	if name != "." && name != ".." && isFolder(path) {
		agents = f.agentsBelow(filepath.Join(path, "subagents"), "", files.owner)
	}
	return append(agents, f.flatAgents(flatFolder{files.Project, files.owner}, files.SessionID)...)
}

// agentsBelow lists the agent files of a subagents folder and of the workflow runs in it, in the order of their names.
func (f *Finder) agentsBelow(dir, run string, o owner) []AgentFile {
	if !isFolder(dir) {
		return nil
	}
	entries, _ := os.ReadDir(dir)
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
	for i, e := range entries {
		tidyAfter(i)
		name := e.Name()
		path := filepath.Join(dir, name)
		if e.IsDir() {
			if run == "" && name == "workflows" {
				runs, _ := os.ReadDir(path)
				for _, r := range runs {
					nested = append(nested, f.agentsBelow(filepath.Join(path, r.Name()), r.Name(), o)...)
				}
			}
			continue
		}
		if id, ok := agentID(name, ".meta.json"); ok {
			if meta := f.readMeta(path, o); meta != nil {
				at(id).Meta = meta
			}
		} else if id, ok := agentID(name, ".jsonl"); ok && f.check(path, "", o) == nil {
			at(id).Path = path
		}
	}
	var agents []AgentFile
	for _, id := range ids {
		agents = append(agents, *byID[id])
	}
	return append(agents, nested...)
}

// flatFolder is a project folder as the transcripts of one owner in it.
type flatFolder struct {
	path string
	owner
}

// flatAgents lists the agent files that clients 2.0.x put beside the main files: they belong to the session that their first
// line names.
func (f *Finder) flatAgents(project flatFolder, sessionID string) []AgentFile {
	if f.flat == nil {
		f.flat = map[flatFolder]map[string][]string{}
	}
	bySession, seen := f.flat[project]
	if !seen {
		bySession = map[string][]string{}
		entries, _ := os.ReadDir(project.path)
		for _, e := range entries {
			path := filepath.Join(project.path, e.Name())
			if _, ok := agentID(e.Name(), ".jsonl"); ok && f.check(path, "", project.owner) == nil {
				if id := project.headSession(path); id != "" {
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

// check says whether a file may be read as a transcript. name is the name that it must have, "" for an agent's. It is
// [fs.ErrNotExist] where the path leads to nothing.
func (f *Finder) check(path, name string, o owner) error {
	if err := f.checkPlace(path, name); err != nil {
		return err
	}
	info, err := os.Lstat(path)
	switch {
	case err == nil:
		return o.check(path, info)
	case namesNothing(err):
		return fmt.Errorf("transcript %s: %w", path, fs.ErrNotExist)
	}
	return fmt.Errorf("transcript: %w", err)
}

// checkPlace says whether a transcript may have a name and a place.
func (f *Finder) checkPlace(path, name string) error {
	switch {
	case name != "" && filepath.Base(path) != name:
		return fmt.Errorf("%s: %w: its name is not %s", path, ErrUnsafe, name)
	case !f.Anywhere && !filepath.IsAbs(path):
		return fmt.Errorf("%s: %w: the path is not absolute", path, ErrUnsafe)
	case !f.Anywhere && !belowProjects(filepath.Dir(path)):
		return fmt.Errorf("%s: %w: it is not below a projects folder", path, ErrUnsafe)
	}
	return nil
}

// owner is the user that files must belong to; the zero value is anybody.
type owner struct{ safefile.Owner }

// check says whether a file is one that may be read, whatever its name.
func (o owner) check(path string, info fs.FileInfo) error {
	return unsafe(safefile.Rules{Owner: o.Owner}.Check(path, info))
}

// open opens a file that was checked by its path, and checks what it got: another file may have taken its place.
func (o owner) open(path string) (*os.File, error) {
	file, err := safefile.Open(path, safefile.Rules{Owner: o.Owner})
	return file, unsafe(err)
}

// unsafe makes an error of this package of one of safefile.
func unsafe(err error) error {
	var refused *safefile.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return fmt.Errorf("%s: %w: %s", refused.Path, ErrUnsafe, refused.Why)
	}
	return fmt.Errorf("transcript: %w", err)
}

// isFolder reports whether a path is a folder and no symlink to one.
func isFolder(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}

// readMeta returns nil where the file must not be read or is no JSON object of a meta file's size.
func (f *Finder) readMeta(path string, o owner) *Meta {
	if f.checkPlace(path, "") != nil {
		return nil
	}
	b, err := safefile.Read(path, safefile.Rules{Owner: o.Owner, MaxBytes: maxMeta})
	if err != nil || lax.Raw(b).Kind() != '{' {
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

// maxID bounds a session id, so that the names made of it are not too long for a file system; real ones have 36 bytes.
const maxID = 200

// plainName reports whether a session id can be a file's name as it is; one that is a path names no file.
func plainName(id string) bool {
	return id != "" && len(id) <= maxID && id != "." && id != ".." && !strings.ContainsAny(id, "/\\\x00*?[")
}

func sizeOf(path string) int64 {
	info, err := os.Lstat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// headBytes is as much of a file as is read to learn which session it belongs to. The first line says it as a rule,
// and is long where an agent was given a long prompt.
const headBytes = 16 << 20

// head calls fn for the first lines of a file until it has seen enough.
func (o owner) head(path string, fn func(line []byte) (enough bool)) {
	file, err := o.open(path)
	if err != nil {
		return
	}
	defer file.Close()
	br := bufio.NewReader(io.LimitReader(file, headBytes))
	var long []byte
	for {
		line, _, err := readLine(br, &long, headBytes)
		if fn(bytes.TrimSpace(line)) || err != nil {
			return
		}
	}
}

// headSession returns the session id in the first line that has one.
func (o owner) headSession(path string) string {
	var l struct {
		SessionID string `json:"sessionId"`
	}
	o.head(path, func(line []byte) bool { return lax.Unmarshal(line, &l) == nil && l.SessionID != "" })
	return l.SessionID
}
