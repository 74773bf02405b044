package doctor

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
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

// recentDays bounds how far back doctor looks for sessions that were not recorded.
const recentDays = 7

// checkRecorded looks for the last event, and for sessions that ran since recording was set up and
// left no event: the sign of a hook that is silently off.
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
		d.problem("clock", "set this machine's clock",
			"the newest event is from %s, which is still to come", last.Local().Format("2006-01-02 15:04"))
	}
	missed := d.notStored(ctx, d.unrecorded(names, since, now))
	switch {
	case len(missed) > 0:
		d.problem("recorded", "start claude anew; if it goes on, look at the lines above. "+
			"ams-assemble import stores what was missed, without hooks",
			"%s ran since ams-hook was registered and left no event, the last %s ago: %s", screen.Count(len(missed), "session"),
			screen.Duration(now.Sub(missed[0].at).Milliseconds()), missed[0].id)
	case last.IsZero():
		d.warn("recorded", "run claude once, in a new session", "nothing was recorded yet")
	default:
		d.ok("recorded", "the last event came %s ago; %s in the spool", ago(now, last), screen.Count(len(d.spools), "session"))
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

// unrecorded are the sessions that began after a moment, of which no hook and no run has seen
// anything, the newest first.
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
		if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(id, "agent-") || seen[spool.FileName(id)] {
			continue
		}
		last := info.ModTime()
		if now.Sub(last) <= recentDays*24*time.Hour && last.After(since) && beganAt(path).After(since) {
			out = append(out, missedSession{id, last})
		}
	}
	slices.SortFunc(out, func(a, b missedSession) int { return b.at.Compare(a.at) })
	return out
}

// notStored are the sessions that the store does not have. status asks a folder alone: any other store takes its time.
func (d *doctor) notStored(ctx context.Context, sessions []missedSession) []missedSession {
	store, err := d.Store.Open(ctx)
	if err != nil || d.Quick && d.Store.Far {
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
