// Package spool keeps the raw hook payloads of each session in a bbolt file,
// written by many short-lived processes at once and read by one program later.
// It knows no field of a payload but the session id.
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
}

// Options are the settings of [Append].
type Options struct {
	// NoSync returns before the record is on disk. A crash of the machine
	// (not of the process) may then lose it and damage the spool.
	NoSync bool
}
