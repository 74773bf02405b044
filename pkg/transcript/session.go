package transcript

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// File is one file of a session as it was read.
type File struct {
	// Name is the path relative to the project folder, with slashes: the same on every machine. "" where there is no file.
	Name string
	// Agent is nil for the main file.
	Agent *AgentFile
	// ModTime is when the file was changed last, for a session that has no time of its own; zero where there is
	// no file.
	ModTime time.Time
	// Lines are the lines that a Session can need, in file order.
	Lines []*Line
	Report
}

// ReadFiles reads every file of a session, the main file first. A file that went away since it was found is left out;
// an agent of whom only the meta file is left gives a File without name and lines. It is [ErrUnsafe] where something
// that may not be read took a file's place.
func ReadFiles(files Files) ([]File, error) { return readFiles(files, newRoom()) }

// readFiles keeps no more of all files together than there is room for.
func readFiles(files Files, room *room) ([]File, error) {
	out := make([]File, 0, 1+len(files.Agents))
	if files.Main != "" {
		f, err := readFile(files.Main, files.owner, room)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil {
			f.Name = filepath.Base(files.Main)
			out = append(out, f)
		}
	}
	for i := range files.Agents {
		agent := &files.Agents[i]
		var f File
		if agent.Path != "" {
			var err error
			f, err = readFile(agent.Path, files.owner, room)
			switch {
			case err == nil:
				f.Name = relative(files.Project, agent.Path)
			case !errors.Is(err, fs.ErrNotExist):
				return nil, err
			case agent.Meta == nil:
				continue
			default:
				f, agent = File{}, &AgentFile{AgentID: agent.AgentID, Meta: agent.Meta, Run: agent.Run}
			}
		}
		f.Agent = agent
		tidyAfter(i)
		out = append(out, f)
	}
	return out, nil
}

func readFile(path string, o owner, room *room) (File, error) {
	file, err := o.open(path)
	if err != nil {
		return File{}, err
	}
	defer file.Close()
	var f File
	if info, err := file.Stat(); err == nil {
		f.ModTime = info.ModTime().UTC()
	}
	f.Report, err = read(file, room, func(l *Line) { f.Lines = append(f.Lines, l) })
	if err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// tidyEvery is after how many small files the collector comes, not when the heap has grown to three times its size: what
// is kept of each then stands between its garbage, and a session of 100,000 agents takes 30 MB more. Hardly any has as many.
const tidyEvery = 8192

func tidyAfter(files int) {
	if files%tidyEvery == tidyEvery-1 {
		runtime.GC()
	}
}

// relative is path below dir with slashes, or its last element where it is not below.
func relative(dir, path string) string {
	if rel, ok := strings.CutPrefix(path, dir+string(filepath.Separator)); ok && filepath.Clean(path) == path {
		return filepath.ToSlash(rel) // a part of path: it takes no memory of its own
	}
	rel, err := filepath.Rel(dir, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return filepath.Base(path)
	}
	return filepath.ToSlash(rel)
}
