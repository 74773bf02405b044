package recorded

import (
	"ams/pkg/gitdir"
	"ams/pkg/schema"
)

// mainFolder is the name of the repository's main folder, where a session ran in a worktree of it. It is "" where there is
// none here.
//
// BUG(repo): a session that is assembled anew after its worktree was removed is of the worktree's own folder, unless the
// client made that (its place tells).
func mainFolder(cwd string) string { return schema.FolderName(gitdir.Of(cwd).Main) }

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
