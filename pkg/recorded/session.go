package recorded

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
	"ams/pkg/bundle"
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

// ErrEmpty says that a session's spool holds no record and that it has no transcript.
var ErrEmpty = errors.New("the spool is empty, and there is no transcript")

// Session is one session on its way: what was recorded of it, and what that was joined to.
type Session struct {
	Name     string         // the spool's file name for the session
	From     string         // the file that it is made of, for errors
	Contents spool.Contents // of its spool
	Session  *schema.Session
	Final    bool // it is over, as far as can be told
	// Inputs are what it was made of, as it looked before it was read, Siblings the main files of sessions that share
	// lines with it.
	Inputs, Siblings []receipt.Stat
	LookedAt         time.Time
	Refused          error // why a transcript that is there was not read

	owner safefile.Owner // of what was recorded: transcripts of others are not read for it
	short int            // payloads that were shortened when they were read
	files transcript.Files
	notes *bundleNotes // what a bundle says beside its files, nil for a session of this machine
	in    assemble.Input
	repo  string // the main folder of its repository, where that was looked for and found
	again func() (*Session, error)
}

// Again makes the session anew of what is there now.
func (w *Session) Again() (*Session, error) { return w.again() }

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

// NotFoundError says that nothing was recorded here of what a person named.
type NotFoundError struct{ Named, SpoolDir, Projects string }

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("session %s: there is no spool in %s and no transcript below %s", e.Named, e.SpoolDir, e.Projects)
}

// Find assembles what a person named: a session id, which may look like a path, the path of a spool file, or that of
// a bundle. It is a [*NotFoundError] where there is none.
func (rd *Reader) Find(named string) (*Session, error) {
	if strings.HasSuffix(named, bundle.Suffix) {
		return rd.FromBundle(named)
	}
	w, err := rd.FromSpool(spool.FileName(named))
	if !errors.Is(err, spool.ErrNotFound) {
		return w, err
	}
	if strings.HasSuffix(named, ".db") || strings.ContainsRune(named, filepath.Separator) {
		info, err := os.Stat(named)
		switch {
		case err == nil && info.Mode().IsRegular():
			return rd.FromFile(named)
		case err == nil:
			return nil, fmt.Errorf("spool %s: no regular file", named)
		case strings.HasSuffix(named, ".db"):
			return nil, fmt.Errorf("spool %s: %w", named, fs.ErrNotExist)
		}
	}
	files, err := rd.finder.Find(named, "", rd.owner)
	if err != nil {
		return nil, &NotFoundError{Named: named, SpoolDir: rd.opt.SpoolDir, Projects: filepath.Join(rd.opt.ClaudeDir, "projects")}
	}
	return rd.FromTranscript(named, files)
}

// FromSpool assembles the session of a spool.
func (rd *Reader) FromSpool(name string) (*Session, error) {
	p := newPayloads()
	contents, err := spool.ReadWithin(rd.opt.SpoolDir, name, p.shorten)
	if err != nil {
		return nil, err
	}
	from := filepath.Join(rd.opt.SpoolDir, name+".db")
	return rd.assemble(&Session{Name: name, short: p.Cut, From: from, owner: rd.owner, Contents: contents,
		again: func() (*Session, error) { return rd.FromSpool(name) }})
}

// FromFile assembles the session of a spool file that lies anywhere; it is not changed.
func (rd *Reader) FromFile(path string) (*Session, error) {
	p := newPayloads()
	contents, err := spool.ReadFileWithin(path, p.shorten)
	if err != nil {
		return nil, err
	}
	name := spool.FileName(contents.SessionID)
	return rd.assemble(&Session{Name: name, short: p.Cut, From: path, owner: safefile.OwnerOf(path), Contents: contents,
		again: func() (*Session, error) { return rd.FromFile(path) }})
}

// FromTranscript assembles a session by its transcript; its spool is read too, if there is one.
func (rd *Reader) FromTranscript(sessionID string, files transcript.Files) (*Session, error) {
	w := &Session{Name: spool.FileName(sessionID), From: cmp.Or(files.Main, filepath.Join(files.Project, sessionID)), files: files,
		again: func() (*Session, error) { return rd.FromTranscript(sessionID, files) }}
	p := newPayloads()
	contents, err := spool.ReadWithin(rd.opt.SpoolDir, w.Name, p.shorten)
	if err != nil && !errors.Is(err, spool.ErrNotFound) {
		return nil, err
	}
	w.Contents, w.short = contents, p.Cut
	w.Contents.SessionID = sessionID
	return rd.assemble(w)
}

// FromImport assembles a session without a spool from the main file that an import found. It is fs.ErrNotExist where
// that is gone, or another session's by now.
func (rd *Reader) FromImport(sessionID, main string) (*Session, error) {
	finder := &transcript.Finder{Anywhere: true} // a person named the file
	files, err := finder.FromFile(main, safefile.Owner{})
	if errors.Is(err, fs.ErrNotExist) {
		files, err = withoutMain(finder, main, sessionID)
	}
	if err != nil {
		return nil, err
	}
	if files.SessionID != sessionID {
		return nil, fs.ErrNotExist
	}
	return rd.FromTranscript(sessionID, files)
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

// assemble finds and reads the transcript, looking at its files before it reads them, and joins. With ErrEmpty it
// returns what it looked at.
func (rd *Reader) assemble(w *Session) (*Session, error) {
	id := w.Contents.SessionID
	records := joinRecords(w.Contents.Records)
	if w.files.SessionID == "" {
		files, err := rd.finder.Find(id, transcriptPath(id, records), w.owner)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, transcript.ErrUnsafe) {
			return nil, err
		}
		if errors.Is(err, transcript.ErrUnsafe) && transcriptPath(id, records) != "" {
			w.Refused = err
		}
		w.files = files
	}
	w.LookedAt = rd.opt.Now()
	if w.notes == nil { // what a bundle names outside of itself is not looked at
		w.Inputs = receipt.Look(watched(w.files, transcriptPath(id, records)))
		w.Siblings = siblingStats(rd.archive, w.files.Main)
	}
	in, err := rd.read(w, records)
	if errors.Is(err, ErrEmpty) {
		return w, err
	}
	if err != nil {
		return nil, err
	}
	set := rd.opt.Join
	set.Final = w.Final
	w.Session = assemble.Session(in, set)
	w.nameRepo()
	return w, nil
}

// read reads the files of a session and tells if it is over. What it returns is the join's alone: the join lets go of the
// lines when it needs them no more, and they are most of what a large session takes.
func (rd *Reader) read(w *Session, records []assemble.Record) (assemble.Input, error) {
	files, err := transcript.ReadFiles(w.files)
	if err != nil {
		return assemble.Input{}, err
	}
	if len(records) == 0 && len(files) == 0 {
		w.Final = true
		return assemble.Input{}, fmt.Errorf("%s: %w", w.From, ErrEmpty)
	}
	in := assemble.Input{SessionID: w.Contents.SessionID, Records: records, Files: files, DamagedSpools: len(w.Contents.Damaged), ShortRecords: w.short}
	for _, d := range w.Contents.Damaged {
		in.SalvagedRecords += d.Records
	}
	if w.notes != nil {
		w.notes.restore(&in)
		w.Final = w.notes.Final
	} else {
		rd.addParents(&in, w.files)
		w.Final = rd.isFinal(w, in)
	}
	w.in = assemble.Input{Parents: in.Parents, Siblings: in.Siblings, Standing: in.Standing, DamagedSpools: in.DamagedSpools, SalvagedRecords: in.SalvagedRecords}
	return in, nil
}

// isFinal reports whether a session is over: its end was recorded and has settled, or nothing has happened for long.
func (rd *Reader) isFinal(w *Session, in assemble.Input) bool {
	if rd.opt.Over {
		return true
	}
	now := rd.opt.Now()
	if now.Sub(lastSign(w, in, now)) >= rd.opt.Idle {
		return true
	}
	return ended(in.Records) && now.Sub(in.Records[len(in.Records)-1].At) >= settleTime
}

// lastSign is when something last happened, by the times inside the inputs: the times of the files are those of
// a copy, or were set back. They count where no time inside is to be believed: there is none, or it has not
// come yet.
func lastSign(w *Session, in assemble.Input, now time.Time) time.Time {
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
	for _, s := range append(slices.Clone(w.Inputs), SpoolStats(w.Contents.Stat)...) {
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

// SpoolStats is a spool's look as receipts keep it.
func SpoolStats(s spool.Stat) []receipt.Stat {
	return []receipt.Stat{
		{Path: "database", Size: s.DBBytes, ModTime: s.DBModTime.UTC()},
		{Path: "inbox", Size: s.InboxBytes + int64(s.InboxCount), ModTime: s.InboxModTime.UTC()},
		{Path: "damaged", Size: int64(len(s.Damaged))},
	}
}

// Changed reports whether the session's files look otherwise than when they were read, or there are more of them.
func (w *Session) Changed() bool {
	stat, err := spool.StatOf(filepath.Dir(w.From), w.Name)
	if err != nil {
		return true
	}
	paths := make([]string, len(w.Inputs))
	for i, in := range w.Inputs {
		paths[i] = in.Path
	}
	return !receipt.Same(receipt.Look(paths), w.Inputs) || !receipt.Same(SpoolStats(stat), SpoolStats(w.Contents.Stat))
}
