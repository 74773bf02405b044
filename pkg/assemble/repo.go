package assemble

import "ams/pkg/schema"

// repo is the folder name of the repository of which the session was in a worktree, now or later, "" where nothing says
// that it was. The client's own worktrees lie in the main folder; of others it says where it was started, which is the
// main folder as a rule.
func (j *joiner) repo() string {
	for _, l := range j.mainLines() {
		if j.copies.lines[l] {
			continue
		}
		if name, ok := schema.MainFolder(l.Cwd); ok {
			return name
		}
		if w := l.Worktree; w != nil && w.OriginalCwd != "" && w.WorktreePath != "" {
			return (&schema.Session{Cwd: w.OriginalCwd}).RepoName()
		}
	}
	for _, r := range j.records {
		if name, ok := schema.MainFolder(r.Cwd); ok {
			return name
		}
	}
	return ""
}
