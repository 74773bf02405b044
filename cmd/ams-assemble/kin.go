package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/hook"
	"ams/pkg/receipt"
	"ams/pkg/safefile"
	"ams/pkg/spool"
	"ams/pkg/transcript"
)

// openArchive opens what is known of the transcripts on this machine, beside the receipts.
func (s settings) openArchive() *transcript.Archive {
	return transcript.OpenArchive(filepath.Join(s.spoolDir, ".receipts", "transcripts.ids"), safefile.Owner{})
}

// saveArchive keeps what is known of the transcripts for the next run. Without it that run reads all of them again.
func saveArchive(e env, archive *transcript.Archive) {
	if err := archive.Save(); err != nil {
		fmt.Fprintf(e.stderr, "ams-assemble: %v\n", err)
	}
}

// maxParents bounds the files of other sessions that are read for one; a fork has one parent, and that one's own are few.
const maxParents = 100

// addParents finds the sessions that this one shares lines with, and what the client's bills said of them.
func (a *assembler) addParents(in *assemble.Input, files transcript.Files) {
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
	in.Siblings, in.Standing = a.archive.Siblings(files, in.Files)
	for i := range in.Siblings {
		s := &in.Siblings[i]
		s.Hooked, s.Forked = a.hooked(s.SessionID)
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
func (a *assembler) hooked(sessionID string) (first time.Time, forked bool) {
	contents, err := spool.ReadWithin(a.set.spoolDir, spool.FileName(sessionID), newPayloads().shorten)
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

// hasNewSibling reports whether a file that shares lines with a session's turned up since its receipt: what was counted may be a copy.
func hasNewSibling(archive *transcript.Archive, r *receipt.Receipt) bool {
	return slices.ContainsFunc(archive.Relatives(mainOf(r)), func(path string) bool {
		return !slices.ContainsFunc(r.Siblings, func(in receipt.Stat) bool { return in.Path == path })
	})
}
