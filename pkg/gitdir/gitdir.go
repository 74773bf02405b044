// Package gitdir tells which git repository a folder belongs to, by the files that git keeps and
// without starting git.
//
// A repository's main folder holds a folder .git. A worktree of it, wherever it is, holds a file .git
// with the line
//
//	gitdir: MAIN/.git/worktrees/NAME
//
// and a submodule one that names no main folder: it is a repository of its own.
package gitdir

import (
	"os"
	"path/filepath"
	"strings"

	"ams/pkg/safefile"
)

// maxFile bounds a .git file: it has one line with a path.
const maxFile = 16 << 10

// maxAbove bounds how many folders above one are looked into.
const maxAbove = 32

// Place is where a folder is in a repository.
type Place struct {
	Top  string // the folder of the repository or worktree
	Main string // the repository's main folder, "" where Top is it
	dir  string // where git keeps what is the worktree's own
}

// Of finds the repository of a folder, which need not be there any more: the zero Place for none.
func Of(dir string) Place {
	if !filepath.IsAbs(dir) {
		return Place{}
	}
	dir = filepath.Clean(dir)
	for range maxAbove {
		git := filepath.Join(dir, ".git")
		if _, err := os.Lstat(git); err == nil {
			b, _ := safefile.Read(git, safefile.Rules{MaxBytes: maxFile}) // a folder has no text: it is the main one
			p := Place{Top: dir}
			p.Main, p.dir = mainOf(string(b), dir)
			return p
		}
		above := filepath.Dir(dir)
		if above == dir {
			break
		}
		dir = above
	}
	return Place{}
}

// Repository is one name for a repository, whichever of its worktrees the folder is in: the path of
// its main folder, links resolved where it is there; "" for none. A folder counts as a worktree only
// where the repository knows it as one, too: anybody can write a file .git that names somebody else's.
func Repository(dir string) string {
	place := Of(real(dir))
	if place.Main != "" && place.known() {
		return real(place.Main)
	}
	return place.Top
}

// known reports whether the repository has the worktree, as git writes it: its file gitdir names the
// file .git of that.
func (p Place) known() bool {
	b, err := safefile.Read(filepath.Join(p.dir, "gitdir"), safefile.Rules{MaxBytes: maxFile})
	if err != nil {
		return false
	}
	line, _, _ := strings.Cut(string(b), "\n")
	back := strings.TrimSpace(line)
	if !filepath.IsAbs(back) {
		back = filepath.Join(p.dir, back)
	}
	return real(filepath.Dir(back)) == real(p.Top)
}

// real is a path without links where it is there.
func real(path string) string {
	if path == "" {
		return ""
	}
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	return filepath.Clean(path)
}

// mainOf reads a .git file, which may name a path from its own folder: the main folder, and the path
// that it names.
func mainOf(text, dir string) (main, gitDir string) {
	line, _, _ := strings.Cut(text, "\n")
	gitDir, ok := strings.CutPrefix(strings.TrimSpace(line), "gitdir:")
	if !ok {
		return "", ""
	}
	gitDir = strings.ReplaceAll(strings.TrimSpace(gitDir), `\`, "/")
	if !filepath.IsAbs(gitDir) && !strings.Contains(gitDir, ":") {
		gitDir = filepath.ToSlash(filepath.Join(dir, gitDir))
	}
	main, _, ok = strings.Cut(gitDir, "/.git/worktrees/")
	if !ok { // of a bare repository: NAME.git/worktrees/TREE
		if main, _, ok = strings.Cut(gitDir, ".git/worktrees/"); !ok {
			return "", ""
		}
	}
	return main, gitDir
}
