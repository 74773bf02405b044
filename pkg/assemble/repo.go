package assemble

import "ams/pkg/schema"

// repo is the folder name of the repository of whose worktree the client says that the session began in it: the folder
// that it was started in, which is the main one as a rule. It is "" where the client says nothing of a worktree.
func (j *joiner) repo() string {
	for _, l := range j.mainLines() {
		if w := l.Worktree; w != nil && !j.copies.lines[l] && w.OriginalCwd != "" && w.WorktreePath != "" {
			return (&schema.Session{Cwd: w.OriginalCwd}).RepoName()
		}
	}
	return ""
}
