package recorded

import (
	"slices"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/hook"
	"ams/pkg/receipt"
	"ams/pkg/spool"
	"ams/pkg/transcript"
)

// maxParents bounds the files of other sessions that are read for one; a fork has one parent, and that one's own are few.
const maxParents = 100

// addParents finds the sessions that this one shares lines with, and what the client's bills said of them.
func (rd *Reader) addParents(in *assemble.Input, files transcript.Files) {
	if len(in.Files) == 0 || in.Files[0].Agent != nil {
		return
	}
	paths := map[string]string{} // session id -> its main file, "" where only its id is known
	var parents []string
	add := func(id, path string) {
		if id != "" && id != in.SessionID && len(parents) < maxParents && !slices.Contains(parents, id) {
			parents = append(parents, id)
			paths[id] = path
		}
	}
	in.Siblings, in.Standing = rd.archive.Siblings(files, in.Files)
	for i := range in.Siblings {
		s := &in.Siblings[i]
		s.Hooked, s.Forked = rd.hooked(s.SessionID)
		add(s.SessionID, s.Path)
	}
	for _, l := range in.Files[0].Lines {
		add(l.RequestSessionID, "")
	}
	in.Parents = map[string][]assemble.CostState{}
	for _, id := range parents {
		transcript.MainLines(files, id, paths[id], "cost-state", func(l *transcript.Line, before time.Time) {
			if l.SessionID == "" || l.SessionID == id {
				in.Parents[id] = append(in.Parents[id], assemble.CostState{Line: l, Before: before})
			}
		})
	}
}

// hooked is when another session's first hook came, and whether that session began as a fork, as far as its spool is there.
func (rd *Reader) hooked(sessionID string) (first time.Time, forked bool) {
	contents, err := spool.ReadWithin(rd.opt.SpoolDir, spool.FileName(sessionID), newPayloads().shorten)
	if err != nil || len(contents.Records) == 0 {
		return time.Time{}, false
	}
	for _, r := range contents.Records {
		if p, err := hook.Parse(r.Raw); err == nil && p.Event == hook.SessionStart {
			forked = p.Source == "fork"
			break
		}
	}
	return contents.Records[0].Key.Time().UTC().Truncate(time.Microsecond), forked
}

// siblingStats are the looks of the files that share lines with a main file, from before they were read.
func siblingStats(archive *transcript.Archive, main string) []receipt.Stat {
	var out []receipt.Stat
	for _, f := range archive.SiblingFiles(main) {
		out = append(out, receipt.Stat{Path: f.Path, Size: f.Size, ModTime: f.ModTime})
	}
	return out
}
