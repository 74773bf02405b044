package transcript

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// File is one file of a session as it was read.
type File struct {
	// Name is the path relative to the project folder, with slashes: the same on every machine.
	Name string
	// Agent is nil for the main file.
	Agent *AgentFile
	// Lines are the lines that a Session can need, in file order.
	Lines []*Line
	Report
}

// ReadFiles reads every file of a session, the main file first. A file that went away in between is left out; an agent of whom
// only the meta file is left gives a File without lines.
func ReadFiles(files Files) ([]File, error) {
	var out []File
	if files.Main != "" {
		f, err := readFile(files.Main)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		f.Name = filepath.Base(files.Main)
		if err == nil {
			out = append(out, f)
		}
	}
	for _, a := range files.Agents {
		f := File{}
		if a.Path != "" {
			var err error
			f, err = readFile(a.Path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
		agent := a
		f.Agent = &agent
		f.Name = relative(files.Project, a.Path)
		out = append(out, f)
	}
	return out, nil
}

func readFile(path string) (File, error) {
	file, err := os.Open(path)
	if err != nil {
		return File{}, fmt.Errorf("transcript: %w", err)
	}
	defer file.Close()
	var f File
	f.Report, err = Read(file, func(l *Line) { f.Lines = append(f.Lines, l) })
	if err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// relative is path below dir with slashes, or its last element where it is not below.
func relative(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return filepath.Base(path)
	}
	return filepath.ToSlash(rel)
}
