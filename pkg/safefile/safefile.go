// Package safefile is the one door to files that somebody else may have put there, and the one way
// to put a file in place whole.
//
// An agent, a project's settings or another user can plant a link, a FIFO, a device or a file of
// any size where this program looks for a transcript, a setting or its own notes. Opened as it
// comes, a link gives away what it leads to, a FIFO holds the program (and the lock that it has)
// for ever, and a large file takes the memory. So [Open] does three things, in this order:
//
//  1. it looks at what is there, without opening it: to open a device or FIFO is an act already;
//  2. it opens it without following a link in the last element and without waiting;
//  3. it looks at what it got: another file may have taken its place in between.
//
// Folders above the file may be links: people keep whole folders on another disk.
//
// [Write] puts the whole new file in place or leaves the old one, also if the machine stops; mode
// and owner are right before anybody sees it.
package safefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Owner is the user that a file must belong to. The zero value is anybody.
type Owner struct {
	known bool
	uid   int
}

// User is the user with a numeric id. One below zero is anybody, as where the system has no such ids.
func User(uid int) Owner { return Owner{known: uid >= 0, uid: uid} }

// Is reports whether a user, as [UID] tells it, is the owner; one that is not known may be.
func (o Owner) Is(uid int) bool { return !o.known || uid < 0 || uid == o.uid }

// UID is the numeric user that a file belongs to, -1 where that is not known.
func UID(info fs.FileInfo) int { return uidOf(info) }

// Me is the user that this program runs as.
func Me() Owner { return User(os.Geteuid()) }

// OwnerOf is the user that a file or folder belongs to, behind a link the one it leads to; [Me] where there is none.
func OwnerOf(path string) Owner {
	if info, err := os.Stat(path); err == nil {
		return User(uidOf(info))
	}
	return Me()
}

// Rules are what a file must be like to be opened. It is a regular file in any case.
type Rules struct {
	// Links lets the last element of the path be a link: a person named it, or may keep the file elsewhere.
	Links bool
	// Owner is the user that the file must belong to.
	Owner Owner
	// Private refuses a file that others than its owner may write to.
	Private bool
	// MaxBytes refuses a file that is larger. 0 is no bound.
	MaxBytes int64
}

// Refusal says why a file that is there is not opened. It stays so until somebody changes the file.
type Refusal struct {
	Path string
	Why  string // it is "no regular file but a link", ...
}

func (r *Refusal) Error() string { return r.Path + ": " + r.Why }

// Check says whether what was seen of a file keeps the rules; else its error is a [*Refusal].
func (r Rules) Check(path string, info fs.FileInfo) error {
	uid := UID(info)
	switch {
	case !info.Mode().IsRegular():
		return &Refusal{path, "no regular file but " + kind(info.Mode())}
	case !r.Owner.Is(uid):
		return &Refusal{path, fmt.Sprintf("it belongs to user %d, not to user %d", uid, r.Owner.uid)}
	case r.Private && othersMayWrite(info):
		return &Refusal{path, fmt.Sprintf("others may write to it (mode %04o)", info.Mode().Perm())}
	case r.MaxBytes > 0 && info.Size() > r.MaxBytes:
		return tooLarge(path, r.MaxBytes)
	}
	return nil
}

func tooLarge(path string, limit int64) error {
	return &Refusal{path, fmt.Sprintf("it is larger than %d bytes", limit)}
}

// kind names what is no regular file.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSymlink != 0:
		return "a link"
	case mode&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// Open opens a file for reading, if it keeps the rules: else the error is a [*Refusal]. Any other
// error is the system's, as of [os.Open]. It waits for nothing. A file may grow after it was
// opened; [Read] bounds that, too.
func Open(path string, r Rules) (*os.File, error) { return open(path, r, os.O_RDONLY) }

// Update opens a file that is there for reading and writing, if it keeps the rules.
func Update(path string, r Rules) (*os.File, error) { return open(path, r, os.O_RDWR) }

// Append adds bytes to the end of a file that is there, if it keeps the rules. Nothing is synced.
func Append(path string, body []byte, r Rules) error {
	f, err := open(path, r, os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	return errors.Join(err, f.Close())
}

func open(path string, r Rules, flag int) (*os.File, error) {
	look, flags := os.Lstat, noWait|noFollow
	if r.Links {
		look, flags = os.Stat, noWait
	}
	info, err := look(path)
	if err == nil {
		err = r.Check(path, info)
	}
	var failed *fs.PathError
	if errors.As(err, &failed) {
		failed.Op = "open" // what the caller asked for
	}
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, flag|flags, 0)
	if err != nil {
		if isLink(err) {
			return nil, &Refusal{path, "no regular file but a link"}
		}
		return nil, err
	}
	if info, err = f.Stat(); err == nil {
		err = r.Check(path, info)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Read reads a whole file, if it keeps the rules.
func Read(path string, r Rules) ([]byte, error) {
	f, err := Open(path, r)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = f
	var b bytes.Buffer
	if r.MaxBytes > 0 {
		in = io.LimitReader(f, r.MaxBytes+1)
		if info, err := f.Stat(); err == nil {
			b.Grow(int(min(info.Size(), r.MaxBytes)) + bytes.MinRead)
		}
	}
	if _, err := b.ReadFrom(in); err != nil {
		return nil, err
	}
	if r.MaxBytes > 0 && int64(b.Len()) > r.MaxBytes {
		return nil, tooLarge(path, r.MaxBytes)
	}
	return b.Bytes(), nil
}
