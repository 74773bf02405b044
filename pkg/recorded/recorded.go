// Package recorded finds, reads and joins what this machine recorded of its sessions: a spool of hooks, the client's transcript, or both.
//
// A session is read in this order, which keeps the hooks free and the outcome true:
//
//  1. Its spool is copied out under the lock, which is given back at once.
//  2. The transcript is found: where the hooks say, else by its name below the client's folder. What is not the spool owner's, or no regular
//     file, is not read ([Session.Refused]).
//  3. Every file is looked at before it is read. A later look that differs is news.
//  4. The files are read, and those of sessions that share lines with it as far as the join needs them.
//  5. All of it is joined by pkg/assemble, and it is told whether the session is over.
//
// A [Source] stands for the machine and may be shared; each worker reads through a [Reader] of its own. The same is done with a bundle, which
// holds the raw material of a session of any machine.
package recorded

import (
	"path/filepath"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/safefile"
	"ams/pkg/transcript"
)

// Options say where a machine records, and how its sessions are to be joined.
type Options struct {
	SpoolDir  string // where hooks record
	ClaudeDir string // where a transcript is searched whose recorded path is gone
	Join      assemble.Settings
	// Idle is how long nothing happens in a session without an end before it counts as over; Over takes every session
	// as over.
	Idle time.Duration
	Over bool
	Now  func() time.Time
}

// Source is what one machine recorded. It is safe for concurrent use.
type Source struct {
	Options
	// Archive is what is known of all transcripts here: which of them share lines.
	Archive *transcript.Archive
}

// Open opens what a machine recorded, and what is remembered of its transcripts.
func Open(opt Options) *Source {
	cache := filepath.Join(opt.SpoolDir, ".receipts", "transcripts.ids")
	return &Source{Options: opt, Archive: transcript.OpenArchive(cache, safefile.Owner{})}
}

// Remember keeps what was found out about transcripts. Without it all of them are read again next time.
func (s *Source) Remember() error { return s.Archive.Save() }

// Reader reads sessions, one after the other. It is not for concurrent use.
type Reader struct {
	opt     Options
	owner   safefile.Owner // of the spool folder
	finder  *transcript.Finder
	archive *transcript.Archive
}

// Reader returns a new Reader.
func (s *Source) Reader() *Reader {
	return &Reader{
		opt: s.Options, archive: s.Archive, owner: safefile.OwnerOf(s.SpoolDir),
		finder: &transcript.Finder{ClaudeDir: s.ClaudeDir},
	}
}
