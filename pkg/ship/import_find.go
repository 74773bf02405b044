package ship

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ams/pkg/safefile"
	"ams/pkg/screen"
	"ams/pkg/spool"
	"ams/pkg/transcript"
)

// importSearch finds the transcripts below the paths of an import.
type importSearch struct {
	im      *importer
	finder  *transcript.Finder
	found   [][]transcript.Files
	place   map[string]int  // session id -> place in found
	stored  map[string]bool // ids of sessions that are stored as they are
	entered map[string]bool // folders, by their real paths
	mains   []string        // paths of what may be a main file
	alone   []string        // folders of agents' files: of a session each
}

// findTranscripts returns the files of every session below the paths: as a rule one main file and
// its agents', but the same session may lie in two folders. Links to folders are followed where
// people have them, and each folder is entered once: a path itself, what is right in it, and what
// is right in a projects folder. Any other link is named, for it may lead anywhere.
//
// All folders are walked before the first file is looked into: what turned up in one may be news of a session in another.
func findTranscripts(ctx context.Context, im *importer, paths []string) ([][]transcript.Files, error) {
	s := &importSearch{
		im: im, finder: &transcript.Finder{Anywhere: true},
		place: map[string]int{}, stored: map[string]bool{}, entered: map[string]bool{},
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
	for dir := range s.entered {
		im.sh.opt.Source.Archive.Show(dir)
	}
	for _, path := range s.mains {
		im.sh.opt.Source.Archive.Show(filepath.Dir(path))
	}
	for _, path := range s.mains {
		s.file(path)
	}
	s.withoutMain()
	s.dropCopies()
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
		case d.IsDir() && s.entered[path]:
			return fs.SkipDir
		case d.IsDir() && d.Name() == "subagents": // read with their session
			s.alone = append(s.alone, filepath.Dir(path))
			return fs.SkipDir
		case d.IsDir():
			s.entered[path] = true
		case d.Type()&fs.ModeSymlink != 0:
			return s.link(ctx, path, root, named)
		default:
			s.mains = append(s.mains, path)
		}
		return nil
	})
}

// link follows a link to a folder, or says that it does not.
func (s *importSearch) link(ctx context.Context, path, root string, named bool) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		s.im.skip(path, "a link that leads nowhere")
		return nil
	case !info.IsDir():
		s.mains = append(s.mains, path)
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
		s.im.skip(path, "a link to a folder, not entered")
		s.im.sh.opt.Note("%s is a link to a folder and is not entered: name %s to import what is in it", screen.Line(path), screen.Line(target))
		return nil
	}
	return s.walk(ctx, target, false)
}

// isWithin reports whether a path is a folder or lies below it.
func isWithin(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// file takes a main file, if it is one and there is news of its session.
func (s *importSearch) file(path string) {
	if !isMain(path) {
		return
	}
	if s.isUnchanged(path) {
		return
	}
	files, err := s.finder.FromFile(path, safefile.Owner{})
	switch {
	case errors.Is(err, transcript.ErrNoSession):
		s.im.skip(path, "no line of a session in it")
	case errors.Is(err, transcript.ErrUnsafe):
		s.im.skip(path, "no regular file")
	case err != nil:
		s.im.fail(fmt.Errorf("%s: %w", path, err))
	default:
		s.add(files)
	}
}

func (s *importSearch) isUnchanged(main string) bool {
	id, unchanged := s.im.mem.isUnchanged(s.im.sh.opt, main)
	switch {
	case unchanged && s.im.mem.known[spool.FileName(id)].Key == "":
		s.im.TooLarge++
	case unchanged:
		s.im.Unchanged++
	}
	if unchanged {
		s.stored[id] = true
	}
	return unchanged
}

func (s *importSearch) add(files transcript.Files) {
	at, seen := s.place[files.SessionID]
	if !seen {
		at = len(s.found)
		s.place[files.SessionID] = at
		s.found = append(s.found, nil)
	}
	s.found[at] = append(s.found[at], files)
}

// withoutMain takes the sessions of which only the agents' files are left.
func (s *importSearch) withoutMain() {
	for _, dir := range s.alone {
		if _, err := os.Lstat(dir + ".jsonl"); err == nil {
			continue // taken with it
		}
		if s.isUnchanged(dir + ".jsonl") {
			continue
		}
		if files, err := s.finder.FromFolder(dir, safefile.Owner{}); err == nil {
			s.add(files)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(s.entered)) {
		for _, files := range s.finder.FromFlatAgents(dir, safefile.Owner{}) {
			if _, seen := s.place[files.SessionID]; seen || s.stored[files.SessionID] {
				continue
			}
			if s.isUnchanged(filepath.Join(dir, files.SessionID+".jsonl")) {
				continue
			}
			s.add(files)
		}
	}
}

// dropCopies leaves out the files of a session that hold nothing which its largest does not. Those that do are put
// over it, one after the other; the order is that of their sizes, whatever the order in which they were found.
func (s *importSearch) dropCopies() {
	s.im.copies = map[string][]string{}
	for i, group := range s.found {
		slices.SortStableFunc(group, func(a, b transcript.Files) int {
			return cmp.Or(cmp.Compare(fileSize(b.Main), fileSize(a.Main)), cmp.Compare(len(b.Agents), len(a.Agents)),
				cmp.Compare(len(a.Main), len(b.Main)), strings.Compare(a.Main, b.Main))
		})
		kept := group[:1:1]
		for _, files := range group[1:] {
			if s.im.sh.opt.Source.Archive.Holds(group[0].Main, files.Main) && holdsAgents(group[0], files) {
				s.im.skip(files.Main, "a second copy of session "+screen.Line(files.SessionID))
				s.im.copies[files.SessionID] = append(s.im.copies[files.SessionID], files.Main)
				continue
			}
			kept = append(kept, files)
		}
		s.found[i] = kept
	}
}

// holdsAgents reports whether the files of a session have all agents of another copy of it, each as long at least.
func holdsAgents(files, other transcript.Files) bool {
	size := map[string]int64{}
	for _, a := range files.Agents {
		size[a.AgentID] = max(size[a.AgentID], fileSize(a.Path))
	}
	return !slices.ContainsFunc(other.Agents, func(a transcript.AgentFile) bool { return size[a.AgentID] < fileSize(a.Path) })
}

// fileSize is -1 for what is not there.
func fileSize(path string) int64 {
	if info, err := os.Stat(path); err == nil && path != "" {
		return info.Size()
	}
	return -1
}
