package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/hook"
	"ams/pkg/lax"
	"ams/pkg/receipt"
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
	name     string // the spool's file name for the session
	from     string // the file that it is made of, for errors
	contents spool.Contents
	short    int // payloads that were shortened when they were read
	files    transcript.Files
	inputs   []receipt.Stat
	lookedAt time.Time
	final    bool
	notes    *bundleNotes // what a bundle says beside its files, nil for a session of this machine
	in       assemble.Input
	refused  error // why a transcript that is there was not read
	session  *schema.Session
}

// assembler makes Sessions. It is not for concurrent use: each worker has its own.
type assembler struct {
	set    settings
	now    func() time.Time
	finder *transcript.Finder
}

func newAssembler(e env, set settings) *assembler {
	return &assembler{set: set, now: e.now, finder: &transcript.Finder{ClaudeDir: set.claudeDir, Owner: ownerOf(set.spoolDir)}}
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
	return a.assemble(&work{name: name, short: p.Cut, from: filepath.Join(a.set.spoolDir, name+".db"), contents: contents})
}

// fromFile assembles the session of a spool file that lies anywhere; it is not changed.
func (a *assembler) fromFile(path string) (*work, error) {
	p := newPayloads()
	contents, err := spool.ReadFileWithin(path, p.shorten)
	if err != nil {
		return nil, err
	}
	a.finder.Owner = ownerOf(path)
	return a.assemble(&work{name: spool.FileName(contents.SessionID), short: p.Cut, from: path, contents: contents})
}

// fromTranscript assembles a session by its transcript; its spool is read too, if there is one.
func (a *assembler) fromTranscript(sessionID string, files transcript.Files) (*work, error) {
	w := &work{name: spool.FileName(sessionID), from: files.Main, files: files}
	p := newPayloads()
	contents, err := spool.ReadWithin(a.set.spoolDir, w.name, p.shorten)
	if err != nil && !errors.Is(err, spool.ErrNotFound) {
		return nil, err
	}
	w.contents, w.short = contents, p.Cut
	w.contents.SessionID = sessionID
	return a.assemble(w)
}

// assemble finds and reads the transcript, looking at its files before it reads them, and joins. With errEmpty it returns what it
// looked at.
func (a *assembler) assemble(w *work) (*work, error) {
	id := w.contents.SessionID
	records := joinRecords(w.contents.Records)
	if w.files.SessionID == "" {
		files, err := a.finder.Find(id, transcriptPath(id, records))
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, transcript.ErrUnsafe) {
			return nil, err
		}
		if errors.Is(err, transcript.ErrUnsafe) && transcriptPath(id, records) != "" {
			w.refused = err
		}
		w.files = files
	}
	w.lookedAt = a.now()
	w.inputs = receipt.Look(watched(w.files, transcriptPath(id, records)))
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
		w.final = a.isFinal(w, records)
	}
	w.in = assemble.Input{Parents: in.Parents, Siblings: in.Siblings, DamagedSpools: in.DamagedSpools, SalvagedRecords: in.SalvagedRecords}
	set.Final = w.final
	w.session = assemble.Session(in, set)
	return w, nil
}

// maxParents bounds the files of other sessions that are read for one; a fork has one parent, and that one's own are few.
const maxParents = 100

// addParents finds the sessions that this one may be a copy of, and what the client's bills said of them.
func (a *assembler) addParents(in *assemble.Input, files transcript.Files) {
	if len(in.Files) == 0 || in.Files[0].Agent != nil {
		return
	}
	var parents []string
	add := func(id string) {
		if id != "" && id != in.SessionID && len(parents) < maxParents && !slices.Contains(parents, id) {
			parents = append(parents, id)
		}
	}
	for _, l := range in.Files[0].Lines {
		add(l.RequestSessionID)
	}
	if len(parents) == 0 {
		in.Siblings = a.finder.Siblings(files, in.Files[0].Lines)
		for _, s := range in.Siblings {
			add(s.SessionID)
		}
	}
	in.Parents = map[string][]assemble.CostState{}
	for _, id := range parents {
		transcript.MainLines(files, id, "cost-state", func(l *transcript.Line, before time.Time) {
			if l.SessionID == "" || l.SessionID == id {
				in.Parents[id] = append(in.Parents[id], assemble.CostState{Line: l, Before: before})
			}
		})
	}
}

// isFinal reports whether a session is over: its end was recorded and has settled, or nothing has happened for long.
func (a *assembler) isFinal(w *work, records []assemble.Record) bool {
	if a.set.now {
		return true
	}
	now := a.now()
	var last time.Time
	for _, in := range append(slices.Clone(w.inputs), spoolStats(w.contents.Stat)...) {
		if in.ModTime.After(last) {
			last = in.ModTime
		}
	}
	if now.Sub(last) >= a.set.idle {
		return true
	}
	return ended(records) && now.Sub(records[len(records)-1].At) >= settleTime
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
