package recorded

import (
	"os"
	"path/filepath"
	"strings"

	"ams/pkg/safefile"
	"ams/pkg/schema"
)

// maxGitFile bounds a .git file: it has one line with a path.
const maxGitFile = 16 << 10

// maxAbove bounds how many folders above a session's are looked into.
const maxAbove = 32

// mainFolder is the name of the repository's main folder, where a session ran in a worktree of it: git keeps a file .git
// in each worktree that names MAIN/.git/worktrees/NAME. It is "" where there is none here.
//
// BUG(repo): a session that is assembled anew after its worktree was removed is of the worktree's own folder, unless the
// client made that (its place tells).
func mainFolder(cwd string) string {
	if !filepath.IsAbs(cwd) {
		return ""
	}
	dir := filepath.Clean(cwd)
	for range maxAbove {
		git := filepath.Join(dir, ".git")
		if _, err := os.Lstat(git); err == nil {
			b, _ := safefile.Read(git, safefile.Rules{MaxBytes: maxGitFile}) // a folder has no text: it is the main one
			return mainOf(string(b))
		}
		above := filepath.Dir(dir)
		if above == dir {
			break
		}
		dir = above
	}
	return ""
}

// mainOf reads a .git file; that of a submodule names no main folder.
func mainOf(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	gitDir, ok := strings.CutPrefix(strings.TrimSpace(line), "gitdir:")
	if !ok {
		return ""
	}
	gitDir = strings.ReplaceAll(strings.TrimSpace(gitDir), `\`, "/")
	main, _, ok := strings.Cut(gitDir, "/.git/worktrees/")
	if !ok { // of a bare repository: NAME.git/worktrees/TREE
		if main, _, ok = strings.Cut(gitDir, ".git/worktrees/"); !ok {
			return ""
		}
	}
	return schema.FolderName(main)
}

// nameRepo says of which repository's worktree a session is, where the transcript does not: a file here tells, or the
// bundle that it told.
func (w *Session) nameRepo() {
	if w.repo = w.Session.Repo; w.repo != "" {
		return
	}
	if w.notes != nil {
		w.repo = w.notes.Repo
	} else {
		w.repo = mainFolder(w.Session.Cwd)
	}
	w.Session.Repo = w.repo
}
