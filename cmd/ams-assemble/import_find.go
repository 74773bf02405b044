package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ams/pkg/safefile"
	"ams/pkg/screen"
	"ams/pkg/transcript"
)

// importSearch finds the transcripts below the paths of an import.
type importSearch struct {
	im      *importer
	finder  *transcript.Finder
	found   [][]transcript.Files
	place   map[string]int  // session id -> place in found
	entered map[string]bool // folders, by their real paths
}

// findTranscripts returns the files of every session below the paths: as a rule one main file and
// its agents', but the same session may lie in two folders. Links to folders are followed where
// people have them, and each folder is entered once: a path itself, what is right in it, and what
// is right in a projects folder. Any other link is named, for it may lead anywhere.
func findTranscripts(ctx context.Context, im *importer, paths []string) ([][]transcript.Files, error) {
	s := &importSearch{
		im: im, finder: &transcript.Finder{Anywhere: true},
		place: map[string]int{}, entered: map[string]bool{},
	}
	for _, root := range paths {
		real, err := realPath(root)
		if err == nil {
			err = s.walk(ctx, real, true)
		}
		if err != nil {
			return nil, fmt.Errorf("import %s: %w", root, err)
		}
	}
	return s.found, nil
}

// realPath is the absolute path of a file without links in it.
func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}

// walk takes what is below a folder, or one file. named says that a person named it, and so means
// what is linked right in it.
func (s *importSearch) walk(ctx context.Context, root string, named bool) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			s.im.fail(err)
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir() && (d.Name() == "subagents" || s.entered[path]): // agents are read with their session
			return fs.SkipDir
		case d.IsDir():
			s.entered[path] = true
		case d.Type()&fs.ModeSymlink != 0:
			return s.link(ctx, path, root, named)
		default:
			s.file(path)
		}
		return nil
	})
}

// link follows a link to a folder, or says that it does not.
func (s *importSearch) link(ctx context.Context, path, root string, named bool) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		s.im.skipped["a link that leads nowhere"]++
		return nil
	case !info.IsDir():
		s.file(path)
		return nil
	}
	target, err := realPath(path)
	switch {
	case err != nil:
		s.im.fail(err)
		return nil
	case s.entered[target]:
		return nil
	}
	parent := filepath.Dir(path)
	if follow := named && parent == root || filepath.Base(parent) == "projects"; !follow || isWithin(root, target) {
		s.im.skipped["a link to a folder, not entered"]++
		const word = "ams-assemble: %s is a link to a folder and is not entered: name %s to import what is in it\n"
		fmt.Fprintf(s.im.e.stderr, word, screen.Line(path), screen.Line(target))
		return nil
	}
	return s.walk(ctx, target, false)
}

// isWithin reports whether a path is a folder or lies below it.
func isWithin(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// file takes a main file, if it is one.
func (s *importSearch) file(path string) {
	if filepath.Ext(path) != ".jsonl" || strings.HasPrefix(filepath.Base(path), "agent-") {
		return
	}
	files, err := s.finder.FromFile(path, safefile.Owner{})
	switch at, seen := s.place[files.SessionID]; {
	case errors.Is(err, transcript.ErrNoSession):
		s.im.skipped["no line of a session in it"]++
	case errors.Is(err, transcript.ErrUnsafe):
		s.im.skipped["no regular file"]++
	case err != nil:
		s.im.fail(fmt.Errorf("%s: %w", path, err))
	case seen:
		s.found[at] = append(s.found[at], files)
	default:
		s.place[files.SessionID] = len(s.found)
		s.found = append(s.found, []transcript.Files{files})
	}
}
