package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/hook"
	"ams/pkg/lax"
	"ams/pkg/receipt"
	"ams/pkg/safefile"
	"ams/pkg/schema"
	"ams/pkg/spool"
	"ams/pkg/transcript"
)

// settleTime is how long after a SessionEnd more may come: the client's last lines, and hooks that were started beside it.
const settleTime = 10 * time.Second

// errEmpty says that a session's spool holds no record and that it has no transcript.
var errEmpty = errors.New("the spool is empty, and there is no transcript")

// work is one session on its way from its inputs to a Session.
type work struct {
	name     string         // the spool's file name for the session
	from     string         // the file that it is made of, for errors
	owner    safefile.Owner // of what was recorded: transcripts of others are not read for it
	contents spool.Contents
	short    int // payloads that were shortened when they were read
	files    transcript.Files
	inputs   []receipt.Stat
	siblings []receipt.Stat // the main files of sessions that share lines with it
	lookedAt time.Time
	final    bool
	notes    *bundleNotes // what a bundle says beside its files, nil for a session of this machine
	in       assemble.Input
	refused  error // why a transcript that is there was not read
	session  *schema.Session
	again    func() (*work, error) // makes it anew of what is there now
}

// assembler makes Sessions. It is not for concurrent use: each worker has its own.
type assembler struct {
	set     settings
	now     func() time.Time
	owner   safefile.Owner // of the spool folder
	finder  *transcript.Finder
	archive *transcript.Archive // shared by all assemblers of one command
}

func newAssembler(e env, set settings, archive *transcript.Archive) *assembler {
	return &assembler{
		set: set, now: e.now, owner: safefile.OwnerOf(set.spoolDir),
		finder: &transcript.Finder{ClaudeDir: set.claudeDir}, archive: archive,
	}
}

// Bounds of what is kept in memory of a session's payloads; the join keeps no more of what it reads in them.
const (
	maxPayloads = 64 << 20
	maxPayload  = 8 << 20
)

// payloads keeps those of one session within the bounds.
type payloads struct{ lax.Room }

func newPayloads() *payloads { return &payloads{lax.Room{Left: maxPayloads, Part: maxPayload}} }

// shorten keeps the form of a payload: its ids and names stay, its longest texts lose their ends.
func (p *payloads) shorten(raw []byte) []byte {
	v := lax.Raw(raw)
	if p.Value(&v); v != nil || len(raw) == 0 {
		return v
	}
	p.Cut-- // it is no JSON
	text := string(raw)
	p.Text(&text)
	return []byte(text)
}

// fromSpool assembles the session of a spool.
func (a *assembler) fromSpool(name string) (*work, error) {
	p := newPayloads()
	contents, err := spool.ReadWithin(a.set.spoolDir, name, p.shorten)
	if err != nil {
		return nil, err
	}
	from := filepath.Join(a.set.spoolDir, name+".db")
	return a.assemble(&work{name: name, short: p.Cut, from: from, owner: a.owner, contents: contents,
		again: func() (*work, error) { return a.fromSpool(name) }})
}

// fromFile assembles the session of a spool file that lies anywhere; it is not changed.
func (a *assembler) fromFile(path string) (*work, error) {
	p := newPayloads()
	contents, err := spool.ReadFileWithin(path, p.shorten)
	if err != nil {
		return nil, err
	}
	name := spool.FileName(contents.SessionID)
	return a.assemble(&work{name: name, short: p.Cut, from: path, owner: safefile.OwnerOf(path), contents: contents,
		again: func() (*work, error) { return a.fromFile(path) }})
}

// fromTranscript assembles a session by its transcript; its spool is read too, if there is one.
func (a *assembler) fromTranscript(sessionID string, files transcript.Files) (*work, error) {
	w := &work{name: spool.FileName(sessionID), from: cmp.Or(files.Main, filepath.Join(files.Project, sessionID)), files: files,
		again: func() (*work, error) { return a.fromTranscript(sessionID, files) }}
	p := newPayloads()
	contents, err := spool.ReadWithin(a.set.spoolDir, w.name, p.shorten)
	if err != nil && !errors.Is(err, spool.ErrNotFound) {
		return nil, err
	}
	w.contents, w.short = contents, p.Cut
	w.contents.SessionID = sessionID
	return a.assemble(w)
}

// fromImported assembles a session without a spool from the transcript that an import found. It is
// fs.ErrNotExist where that is gone, or another session's by now.
func (a *assembler) fromImported(last *receipt.Receipt) (*work, error) {
	finder := &transcript.Finder{Anywhere: true} // a person named the file
	main := mainOf(last)
	files, err := finder.FromFile(main, safefile.Owner{})
	if errors.Is(err, fs.ErrNotExist) {
		files, err = withoutMain(finder, main, last.SessionID)
	}
	if err != nil {
		return nil, err
	}
	if files.SessionID != last.SessionID {
		return nil, fs.ErrNotExist
	}
	return a.fromTranscript(last.SessionID, files)
}

// withoutMain finds the agents of a session whose main file is not there.
func withoutMain(finder *transcript.Finder, main, sessionID string) (transcript.Files, error) {
	files, err := finder.FromFolder(strings.TrimSuffix(main, ".jsonl"), safefile.Owner{})
	if err == nil {
		return files, nil
	}
	for _, flat := range finder.FromFlatAgents(filepath.Dir(main), safefile.Owner{}) {
		if flat.SessionID == sessionID {
			return flat, nil
		}
	}
	return files, fmt.Errorf("%s: %w", main, fs.ErrNotExist)
}

// assemble finds and reads the transcript, looking at its files before it reads them, and joins. With errEmpty it returns what it
// looked at.
func (a *assembler) assemble(w *work) (*work, error) {
	id := w.contents.SessionID
	records := joinRecords(w.contents.Records)
	if w.files.SessionID == "" {
		files, err := a.finder.Find(id, transcriptPath(id, records), w.owner)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, transcript.ErrUnsafe) {
			return nil, err
		}
		if errors.Is(err, transcript.ErrUnsafe) && transcriptPath(id, records) != "" {
			w.refused = err
		}
		w.files = files
	}
	w.lookedAt = a.now()
	if w.notes == nil { // what a bundle names outside of itself is not looked at
		w.inputs = receipt.Look(watched(w.files, transcriptPath(id, records)))
		w.siblings = siblingStats(a.archive, w.files.Main)
	}
	files, err := transcript.ReadFiles(w.files)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 && len(files) == 0 {
		w.final = true
		return w, fmt.Errorf("%s: %w", w.from, errEmpty)
	}
	in := assemble.Input{SessionID: id, Records: records, Files: files, DamagedSpools: len(w.contents.Damaged), ShortRecords: w.short}
	for _, d := range w.contents.Damaged {
		in.SalvagedRecords += d.Records
	}
	set := a.set.join
	if w.notes != nil {
		w.notes.restore(&in)
		w.final = w.notes.Final
	} else {
		a.addParents(&in, w.files)
		w.final = a.isFinal(w, in)
	}
	w.in = assemble.Input{Parents: in.Parents, Siblings: in.Siblings, Standing: in.Standing, DamagedSpools: in.DamagedSpools, SalvagedRecords: in.SalvagedRecords}
	set.Final = w.final
	w.session = assemble.Session(in, set)
	return w, nil
}

// isFinal reports whether a session is over: its end was recorded and has settled, or nothing has happened for long.
func (a *assembler) isFinal(w *work, in assemble.Input) bool {
	if a.set.now {
		return true
	}
	now := a.now()
	if now.Sub(lastSign(w, in, now)) >= a.set.idle {
		return true
	}
	return ended(in.Records) && now.Sub(in.Records[len(in.Records)-1].At) >= settleTime
}

// lastSign is when something last happened, by the times inside the inputs: the times of the files are those of
// a copy, or were set back. They count where no time inside is to be believed: there is none, or it has not
// come yet.
func lastSign(w *work, in assemble.Input, now time.Time) time.Time {
	var last time.Time
	see := func(t time.Time) {
		if t.After(last) && !t.After(now) {
			last = t
		}
	}
	for _, f := range in.Files {
		see(f.Last)
	}
	for _, r := range in.Records {
		see(r.At)
	}
	if !last.IsZero() {
		return last
	}
	for _, s := range append(slices.Clone(w.inputs), spoolStats(w.contents.Stat)...) {
		if s.ModTime.After(last) {
			last = s.ModTime
		}
	}
	return last
}

// ended reports whether the last start or end of the session's processes is an end.
func ended(records []assemble.Record) bool {
	for i := len(records) - 1; i >= 0; i-- {
		p, err := hook.Parse(records[i].Raw)
		if err != nil {
			continue
		}
		switch p.Event {
		case hook.SessionEnd:
			return true
		case hook.SessionStart, hook.UserPromptSubmit, hook.PreToolUse:
			return false
		}
	}
	return false
}

func joinRecords(records []spool.Record) []assemble.Record {
	out := make([]assemble.Record, len(records))
	for i, r := range records {
		out[i] = assemble.Record{At: r.Key.Time(), Raw: r.Raw, Cut: r.Cut, Context: r.Context}
	}
	return out
}

// transcriptPath is the newest transcript_path in the payloads that is named after the session.
func transcriptPath(sessionID string, records []assemble.Record) string {
	for i := len(records) - 1; i >= 0; i-- {
		p, err := hook.Parse(records[i].Raw)
		if err == nil && filepath.Base(p.TranscriptPath) == sessionID+".jsonl" {
			return p.TranscriptPath
		}
	}
	return ""
}

// watched are the files that a Session was made of, and the folders in which agents' files appear.
func watched(files transcript.Files, recorded string) []string {
	paths := files.Paths()
	main := files.Main
	if main == "" {
		main = recorded
	}
	if main == "" && len(paths) > 0 {
		main = filepath.Join(files.Project, files.SessionID+".jsonl") // it may come back
	}
	if main == "" {
		return paths
	}
	if !slices.Contains(paths, main) {
		paths = append(paths, main)
	}
	agents := filepath.Join(main[:len(main)-len(filepath.Ext(main))], "subagents")
	paths = append(paths, agents)
	runs, _ := os.ReadDir(filepath.Join(agents, "workflows"))
	paths = append(paths, filepath.Join(agents, "workflows"))
	for _, r := range runs {
		paths = append(paths, filepath.Join(agents, "workflows", r.Name()))
	}
	return paths
}

// spoolStats is a spool's look as receipts keep it.
func spoolStats(s spool.Stat) []receipt.Stat {
	return []receipt.Stat{
		{Path: "database", Size: s.DBBytes, ModTime: s.DBModTime.UTC()},
		{Path: "inbox", Size: s.InboxBytes + int64(s.InboxCount), ModTime: s.InboxModTime.UTC()},
		{Path: "damaged", Size: int64(len(s.Damaged))},
	}
}
