// Package spool keeps the raw hook payloads of each session in a bbolt file,
// written by many short-lived processes at once and read by one program later.
// It knows no field of a payload but the session id.
//
// # Files
//
// All files of a session share a name, see [FileName], and lie in one folder
// (0700, files 0600):
//
//	NAME.db          the records
//	NAME.inbox/KEY   a record whose hook did not get the lock; KEY.tmp: unfinished
//	NAME.lock        the lock, and two marks, see lockFile
//	NAME.new         a database being made
//	NAME.damaged/TIME  what was not what this package wrote, kept as it was
//	ams-hook.log     what hooks could not do, at most 64 kB, and ams-hook.log.1
//
// # Database
//
// A bbolt file (go.etcd.io/bbolt, file version 2) of 4 kB pages with the
// freelist written, so that opening it takes the same time at any size:
//
//	spool     "format"   1 byte: the version, 1
//	          "session"  the session id, if it has at most 4096 bytes
//	contexts  id 8       the context, a JSON object
//	records   key 20     a value, or from 2 kB on a bucket: key 20 -> value
//
//	key       time 8 (ns since 1970), process 4, random 8; big endian, so that
//	          keys sort by arrival
//	value     payload, flags 1 (bit 0: cut), context id 8 (0: none), checksum 4
//	          (CRC-32 IEEE of key, flags, context id and payload)
//	id        FNV-1a of the context, big endian, plus 1 for each other context
//	          that had this id first
//
// A payload from half a page on has a bucket, and so pages, of its own, because
// bbolt writes a leaf anew with every record in it: the small event after a 2.4
// MB one would write these 2.4 MB again.
//
// The checksum makes it possible to tell, in a damaged file, which records are
// whole wherever they are found.
//
// # Inbox file
//
//	magic "amsr", version 1 (1), flags 1, key 20, length of the context 4, length
//	of the payload 4, checksum 4 (CRC-32 IEEE of all before, and of the rest),
//	context, payload; numbers big endian
//
// # Context
//
// Where a hook ran, as cmd/ams-hook builds it. All keys are optional; values are
// strings unless drawn otherwise:
//
//	{"agent_name", "agent_version", "environment", "tags": [...],
//	 "metadata": {...}, "host", "user", "claude": {"CLAUDE_...": ...}}
//
// # Planted files
//
// A project may name any folder to hooks, and others may have written to it. So no
// file is followed, waited for or trusted: what is no regular file of this user's
// (or root's; where root reads another's spool, of the folder's owner) is damage:
// a database is set aside and made anew, a lock that is none makes hooks use the
// inbox, a link or FIFO where a folder belongs is removed. [PlaceFor] says which
// folders are not used at all. Text of the log is quoted so that a shell that
// reads it runs nothing. Who may write to a folder above the spool folder can
// exchange it between two calls, and gains files of this package there.
//
// # Protocol
//
// A writer waits for nobody: it tries the lock once.
//
// With the lock, it takes up to 64 files or 4 MB out of the inbox and commits them
// with its own record. bbolt syncs twice: the new pages, then the meta page that
// makes them valid; a crash before the second leaves the state before, for no page
// of that is overwritten. Then, unless it is marked that the database's entry in
// the folder is on disk, it syncs the folder: without this a crash could lose the
// whole file. Only then does it remove the inbox files; should a crash bring them
// back they are stored again, under the same keys, which changes nothing.
//
// Without the lock, or where the database cannot take the record (it is from a
// newer version, the disk is full), it writes an inbox file; putInbox argues its
// syncs. Only if that fails too is a record lost, and said to be.
//
// A new database is made as NAME.new, synced, and renamed (createDB). A database
// that is damaged is set aside, never changed, and a new one made.
//
// The assembler holds the lock while it drains the inbox and copies the records
// out, and works later. It may retire the lock file and remove an empty inbox;
// see lockFile for why no event is lost in that.
//
// On a file system that is shared between machines locks and mapped files cannot
// be trusted: there, everything stays in the inbox, and the file name ends in a
// dash and the host.
//
// # Limits
//
// A payload has at most 64 MB ([MaxRaw]), a context 1 MB. What process dies, and
// when, changes nothing that was acknowledged. A disk that reports a failed sync
// and later serves the old bytes may lose what was written around it.
//
// # Changes
//
//	1  the first version
package spool

import "errors"

// Errors to branch on; they come wrapped, so use [errors.Is].
var (
	// ErrBusy says that another process holds the spool's lock. Hooks never
	// see it: they put their record into the inbox.
	ErrBusy = errors.New("spool is in use")

	// ErrDamaged says that a file is not what this package wrote: cut short,
	// overwritten, or of another kind.
	ErrDamaged = errors.New("spool is damaged")

	// ErrNewer says that a file has a format version above [FormatVersion].
	ErrNewer = errors.New("spool is from a newer version of ams")

	// ErrChanged says that a spool holds other records than the caller read.
	ErrChanged = errors.New("spool has changed")

	// ErrNotFound says that the spool holds nothing.
	ErrNotFound = errors.New("spool not found")
)

const (
	// FormatVersion is the version of the records this package writes.
	FormatVersion = 1

	// MaxRaw bounds one payload. The largest one seen was 2.4 MB (client
	// 2.1.330, a Write of a 1.19 MB file).
	MaxRaw = 64 << 20

	// maxContext bounds a context; the largest part of it is one variable of
	// the environment, which systems bound to 128 kB.
	maxContext = 1 << 20

	// drainFiles and drainBytes bound what one hook takes out of the inbox
	// along with its own record, so that no hook pays for a long backlog. A
	// single file above drainBytes waits for [Read].
	drainFiles = 64
	drainBytes = 4 << 20

	// nestMin is the size from which a record gets a bucket of its own, see
	// the package comment.
	nestMin = 2048
)

// Record is one payload as a hook received it.
type Record struct {
	Key Key
	// Raw is stdin, byte for byte.
	Raw []byte
	// Cut says that stdin went on after Raw: the hook stopped at its
	// deadline or at [MaxRaw].
	Cut bool
	// Context is the JSON object that says where the hook ran, nil if none.
	// Records of one spool share it.
	Context []byte

	spare bool // the memory behind Raw is free
}

// Options are the settings of [Append].
type Options struct {
	// NoSync returns before the record is on disk. A crash of the machine
	// (not of the process) may then lose it and damage the spool.
	NoSync bool

	// OwnRaw lets Append write to the memory between the length and the
	// capacity of Raw, which saves it a copy of the payload.
	OwnRaw bool
}
