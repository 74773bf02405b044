package doctor

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"ams/pkg/clientsettings"
	"ams/pkg/lax"
	"ams/pkg/safefile"
	"ams/pkg/screen"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// smallDisk and fullDisk are how many free bytes are worth a word, and how many are too few.
const (
	smallDisk = 1 << 30
	fullDisk  = 100 << 20
)

// checkSpoolDir looks at the folder that hooks write to.
func (d *doctor) checkSpoolDir(context.Context) {
	dir := d.SpoolDir
	if d.Refused != nil {
		d.warn("spool", unsafeNext, "%v: hooks record into %s, and ams-assemble reads that", d.Refused, dir)
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.ok("spool", "%s is not there yet; the first event makes it", dir)
		return
	case err != nil:
		d.problem("spool", "make it readable for this user", "%s: %v", dir, err)
		return
	case !info.IsDir():
		d.problem("spool", "move it away, or ams-assemble install --spool-dir DIR", "%s is no folder: nothing can be recorded", dir)
		return
	}
	if !d.Quick {
		f, err := os.CreateTemp(dir, ".ams-trial-*")
		if err != nil {
			d.problem("spool", "make it writable for this user, or ams-assemble install --spool-dir DIR", "%s cannot be written to: %v", dir, err)
			return
		}
		f.Close()
		os.Remove(f.Name())
	}
	free, known := freeBytes(dir)
	switch {
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		d.warn("spool", "chmod 700 "+dir, "%s is open to others (%v): it holds what agents saw", dir, info.Mode().Perm())
	case known && free < fullDisk:
		d.problem("spool", "make room: hooks that cannot write lose their events", "%s has %s left on its disk", dir, screen.Bytes(free))
	case known && free < smallDisk:
		d.warn("spool", "make room", "%s has %s left on its disk", dir, screen.Bytes(free))
	default:
		d.ok("spool", "%s can be written to", dir) // status has not tried, and shows no line that is well
	}
}

// checkPlanted looks for what stands in the place of files of the spool, and for events that were kept elsewhere.
func (d *doctor) checkPlanted(context.Context) {
	planted, err := spool.Planted(d.SpoolDir)
	if err != nil {
		return // checkRecorded says that it cannot be read
	}
	for _, p := range planted[:min(len(planted), mostPlanted)] {
		d.warn("planted", "look who put it there, and remove it", "%v; nothing is written through it, and events go around it", p)
	}
	if more := len(planted) - mostPlanted; more > 0 {
		d.warn("planted", "", "and %s more like it", screen.Number(int64(more)))
	}
	place, err := spool.PlaceFor("", d.Machine.Getenv)
	if err != nil || safefile.Same(place.Dir, d.SpoolDir) {
		return
	}
	lines, err := spool.ReadLog(place.Dir)
	if err != nil {
		return
	}
	for _, l := range slices.Backward(lines) {
		if strings.HasPrefix(l.Text, spool.KeptHere) && d.Machine.Now().Sub(l.Time) < recentDays*24*time.Hour {
			d.warn("planted", "ams-assemble run --spool-dir "+place.Dir+" stores them", "hooks kept events in %s, the last at %s: %s", place.Dir,
				l.Time.Local().Format("2006-01-02 15:04"), l.Text)
			return
		}
	}
}

// mostPlanted bounds how many planted files doctor names.
const mostPlanted = 5

// recentDays bounds how far back doctor looks for sessions that were not recorded.
const recentDays = 7

// checkRecorded looks for the last event, and for sessions that ran since recording was set up and left no event: the sign of a hook that is
// silently off.
func (d *doctor) checkRecorded(ctx context.Context) {
	if d.spoolsErr != nil {
		d.problem("recorded", "make the spool folder readable for this user", "%v", d.spoolsErr)
		return
	}
	var last time.Time
	names := map[string]bool{}
	since := d.registeredAt()
	for name := range d.receipts {
		names[name] = true // its spool may be pruned
	}
	for _, s := range d.spools {
		names[s.Name] = true
		if at := s.LastChange(); at.After(last) {
			last = at
		}
	}
	now := d.Machine.Now()
	if last.After(now.Add(5 * time.Minute)) {
		d.problem("clock", "set this machine's clock", "the newest event is from %s, which is still to come", last.Local().Format("2006-01-02 15:04"))
	}
	missed := d.notStored(ctx, d.unrecorded(names, since, now))
	switch {
	case len(missed) > 0:
		d.problem("recorded", "start claude anew; if it goes on, look at the lines above. ams-assemble import stores what was missed, without hooks",
			"%s ran since ams-hook was registered and left no event, the last %s ago: %s", screen.Count(len(missed), "session"),
			screen.Duration(now.Sub(missed[0].at).Milliseconds()), missed[0].id)
	case last.IsZero():
		d.warn("recorded", "run claude once, in a new session", "nothing was recorded yet")
	default:
		d.ok("recorded", "the last event came %s ago; %s in the spool", screen.Duration(max(now.Sub(last).Milliseconds(), 0)), screen.Count(len(d.spools), "session"))
	}
}

// registeredAt is when the settings that register ams-hook for all projects were changed last, zero if none do.
func (d *doctor) registeredAt() time.Time {
	var at time.Time
	for _, f := range d.files {
		everywhere := f.Scope == clientsettings.User || f.Scope == clientsettings.Managed
		if everywhere && len(f.Ours()) > 0 && f.changed.After(at) {
			at = f.changed
		}
	}
	return at
}

// missedSession is a session with a transcript and without an event.
type missedSession struct {
	id string
	at time.Time // of its last line
}

// unrecorded are the sessions that began after a moment, of which no hook and no run has seen anything, the newest first.
func (d *doctor) unrecorded(seen map[string]bool, since, now time.Time) []missedSession {
	if since.IsZero() {
		return nil // nothing is registered, and that is said elsewhere
	}
	root := os.DirFS(filepath.Join(d.ClaudeDir, "projects"))
	names, err := fs.Glob(root, "*/*.jsonl")
	if err != nil {
		return nil
	}
	var out []missedSession
	for _, name := range names {
		path := filepath.Join(d.ClaudeDir, "projects", filepath.FromSlash(name))
		id := strings.TrimSuffix(filepath.Base(path), ".jsonl")
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(id, "agent-") || seen[spool.FileName(id)] || now.Sub(info.ModTime()) > recentDays*24*time.Hour ||
			!info.ModTime().After(since) || !beganAt(path).After(since) {
			continue
		}
		out = append(out, missedSession{id, info.ModTime()})
	}
	slices.SortFunc(out, func(a, b missedSession) int { return b.at.Compare(a.at) })
	return out
}

// notStored are the sessions that the store does not have. status asks no bucket, which takes its time.
func (d *doctor) notStored(ctx context.Context, sessions []missedSession) []missedSession {
	store, err := d.Store.Open(ctx)
	if err != nil || d.Quick && d.Store.Bucket {
		return sessions
	}
	return slices.DeleteFunc(sessions, func(m missedSession) bool {
		_, _, err := store.Get(ctx, upload.IndexKey(spool.FileName(m.id)))
		return err == nil
	})
}

// headBytes is how much of a transcript is read for its first time: the first lines that have one come early.
const headBytes = 256 << 10

// beganAt is the first time in a transcript, zero where there is none.
func beganAt(path string) time.Time {
	f, err := safefile.Open(path, safefile.Rules{})
	if err != nil {
		return time.Time{}
	}
	defer f.Close()
	head := make([]byte, headBytes)
	n, _ := f.Read(head)
	for line := range bytes.Lines(head[:n]) {
		var l struct {
			Timestamp string `json:"timestamp"`
		}
		if lax.Unmarshal(line, &l) == nil && l.Timestamp != "" {
			if at, err := time.Parse(time.RFC3339Nano, l.Timestamp); err == nil {
				return at
			}
		}
	}
	return time.Time{}
}

// checkDamage looks for spools that were set aside, and events that belong to no session.
func (d *doctor) checkDamage(context.Context) {
	damaged, first := 0, ""
	for _, s := range d.spools {
		if len(s.Damaged) > 0 {
			damaged++
			if first == "" {
				first = s.Name
			}
		}
		if s.Name == spool.Unassigned {
			d.warn("unassigned", "ams-assemble spool dump unassigned", "there are events without a session: is ams-hook registered for something else than Claude Code?")
		}
	}
	if damaged > 0 {
		d.warn("damage", "ams-assemble spool dump "+first+" shows what could be read; is the disk failing?",
			"files of %s were damaged and set aside; what could be read of them counts", screen.Count(damaged, "spool"))
		return
	}
	d.ok("damage", "no spool is damaged")
}

// checkLog shows what hooks could not do.
func (d *doctor) checkLog(context.Context) {
	lines, err := spool.ReadLog(d.SpoolDir)
	if err != nil {
		d.warn("log", "make the spool folder readable for this user", "the hook's log cannot be read: %v", err)
		return
	}
	recent := 0
	for _, l := range lines {
		if d.Machine.Now().Sub(l.Time) < recentDays*24*time.Hour {
			recent++
		}
	}
	if recent == 0 {
		d.ok("log", "hooks had no trouble in the last %d days", recentDays)
		return
	}
	last := lines[len(lines)-1]
	d.warn("log", "see "+filepath.Join(d.SpoolDir, "ams-hook.log"), "hooks had trouble %d times in the last %d days, the last at %s: %s", recent, recentDays,
		last.Time.Local().Format("2006-01-02 15:04"), last.Text)
}
