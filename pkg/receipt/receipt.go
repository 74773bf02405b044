// Package receipt remembers what was made of which inputs, so that a cron job finds its work by stats alone.
//
// One bbolt file per store, bucket "receipts", key the session's file name, value one [Receipt] as
// JSON after a checksum; bucket "meta", key "format". A receipt is written only after the store has
// both the Session and its index record: a crash in between repeats work and loses none. The file's
// lock is the lock of the cron job: it goes with the process that holds it, so a crash leaves none
// behind.
//
// The file is a memory and no truth: damaged, it is set aside as NAME.damaged-TIME, and what it
// knew is found out again.
//
// Changes: format 1, the first; format 2, the checksums and the bucket "meta". Later receipts say of
// which version in the store they are ([Version]); one without is read as of no known version.
package receipt

import (
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"
)

// Stat is what one input file looked like before it was read.
type Stat struct {
	Path    string    `json:"path"`
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mod_time"`
}

// fresh is how long after its last change a file may change again within one tick of the file system's clock: a stat
// so young proves nothing.
const fresh = 2 * time.Second

// absent is the size of what is not there.
const absent = -1

// Look returns the stats of paths as they are now, in their order; what is not there has size -1.
func Look(paths []string) []Stat {
	out := make([]Stat, len(paths))
	for i, p := range paths {
		out[i] = Stat{Path: p, Size: absent}
		if info, err := os.Lstat(p); err == nil {
			out[i] = statOf(p, info)
		}
	}
	return out
}

// statOf is the stat of a file. A folder's size says nothing; its time tells that something came or went in it.
func statOf(path string, info fs.FileInfo) Stat {
	s := Stat{Path: path, Size: info.Size(), ModTime: info.ModTime().UTC()}
	if info.IsDir() {
		s.Size = 0
	}
	return s
}

// Version is what this machine stored last of a session, so that it knows whether anybody else has stored since.
type Version struct {
	Rev int64 `json:"rev,omitempty"` // the counter that body and index record bear
	// BodyTag, IndexTag and RawTag are ETags of the store; "" where they are not known.
	BodyTag  string `json:"body_etag,omitempty"`
	IndexTag string `json:"index_etag,omitempty"`
	RawTag   string `json:"raw_etag,omitempty"`
	// Size is of the body in bytes.
	Size int64 `json:"size,omitempty"`
	// Digest is of the body without its counter.
	Digest string `json:"digest,omitempty"`
	// Own says that the body holds nothing but what this machine's inputs gave, so that it may be
	// replaced as a whole.
	Own bool `json:"own,omitempty"`
}

// Taken is what somebody took of a session: which version, and up to when. One that took none yet, but is to, has a
// zero one.
type Taken struct {
	Rev   int64     `json:"rev,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Receipt says which inputs a stored Session was made of, and by what.
type Receipt struct {
	SessionID string `json:"session_id"`
	Inputs    []Stat `json:"inputs"` // transcript files and the folders that agent files come into
	// Siblings are main files of other sessions that share lines with this one: what they hold decides what was copied.
	Siblings []Stat    `json:"siblings,omitempty"`
	Spool    []Stat    `json:"spool"` // what the spool looked like, by the caller's names
	LookedAt time.Time `json:"looked_at"`
	Final    bool      `json:"final"`
	Program  string    `json:"program"`
	Settings string    `json:"settings"` // hash of the settings that change a Session's bytes
	Key      string    `json:"key"`      // of the Session in the store, "" where there was none to store
	Version
	// Made is what the stored Session was made of, by the caller's names.
	Made map[string]int64 `json:"made,omitempty"`
	// LastEvent is the Session's end.
	LastEvent time.Time `json:"last_event"`
	// Taken says, by the names of those that are told of final sessions, what each took last.
	Taken map[string]Taken `json:"taken,omitempty"`
	// Compacted is set when the spool's file was made small after the session was over.
	Compacted bool `json:"compacted,omitempty"`
	// RecordCount and LastRecord name what the spool held, for its removal.
	RecordCount int    `json:"record_count"`
	LastRecord  string `json:"last_record"`
}

// Current reports whether nothing has happened since the receipt: it is final, made by this program with these
// settings, the spool is as it was, and so is every input; and none was looked at so soon after a change that another
// could hide behind it.
func (r *Receipt) Current(program, settings string, spool []Stat) bool {
	if !r.Final || r.Program != program || r.Settings != settings || !Same(spool, r.Spool) {
		return false
	}
	for _, in := range slices.Concat(r.Inputs, r.Siblings, r.Spool) {
		if r.LookedAt.Sub(in.ModTime) < fresh {
			return false
		}
	}
	for _, in := range slices.Concat(r.Inputs, r.Siblings) {
		if now := Look([]string{in.Path}); !now[0].equal(in) {
			return false
		}
	}
	return true
}

// Took notes that somebody took the version that the receipt is of. Another receipt with the same map is not changed.
func (r *Receipt) Took(who string) {
	taken := maps.Clone(r.Taken)
	if taken == nil {
		taken = map[string]Taken{}
	}
	taken[who] = Taken{Rev: r.Rev, Until: r.LastEvent}
	r.Taken = taken
}

// Same reports whether stats are equal, one by one.
func Same(a, b []Stat) bool { return slices.EqualFunc(a, b, Stat.equal) }

func (s Stat) equal(o Stat) bool {
	return s.Path == o.Path && s.Size == o.Size && s.ModTime.Equal(o.ModTime)
}
