//go:build unix

package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// openFile opens a regular file of a spool, or returns ErrDamaged for what
// somebody else may have put there: it follows no link, waits for no writer of a
// FIFO, and takes no file of another user. It does without the runtime's poller,
// which costs five system calls at the first [os.OpenFile] of a process.
func openFile(path string, flag int, perm os.FileMode) (*os.File, error) {
	fd, err := open(path, flag|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, perm)
	switch {
	case err == nil:
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENXIO), errors.Is(err, unix.EISDIR), errors.Is(err, unix.ENODEV):
		// A link; a FIFO or socket; a folder; a device that there is none of.
		return nil, damaged("%s is no regular file", path)
	default:
		return nil, err
	}
	err = checkOpened(fd, path, flag)
	if err == nil {
		// Of a file that does not block os.NewFile would make one for the poller.
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flag&unix.O_APPEND)
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

// openNamed opens a regular file that a person named, a link to it or another
// user's, to read it.
func openNamed(path string) (*os.File, error) {
	fd, err := open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), path)
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		f.Close()
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	return f, nil
}

// openDir opens a folder to read its entries or to sync them, without waiting.
func openDir(path string) (*os.File, error) {
	fd, err := open(path, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

func open(path string, flag int, perm os.FileMode) (int, error) {
	for {
		fd, err := unix.Open(path, flag|unix.O_CLOEXEC, uint32(perm.Perm()))
		if err == nil {
			return fd, nil
		}
		if err != unix.EINTR {
			return -1, &os.PathError{Op: "open", Path: path, Err: err}
		}
	}
}

// checkOpened looks at what was opened. A file that may have been made by the
// call must have no other name: a hard link is as good as any to write through.
func checkOpened(fd int, path string, flag int) error {
	var st unix.Stat_t
	switch err := unix.Fstat(fd, &st); {
	case err != nil:
		return &os.PathError{Op: "fstat", Path: path, Err: err}
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return damaged("%s is no regular file", path)
	case !isTrusted(st.Uid, path):
		return damaged("%s belongs to user %d", path, st.Uid)
	case flag&os.O_CREATE != 0 && st.Nlink > 1:
		return damaged("%s has another name", path)
	}
	return nil
}

// isTrusted reports whether a file or folder of this owner may be used: it is
// this user's, root's, or that of the owner of the folder that it is in, whose
// spool root reads.
func isTrusted(uid uint32, path string) bool {
	if uid == uint32(os.Geteuid()) || uid == 0 {
		return true
	}
	var above unix.Stat_t
	return unix.Lstat(filepath.Dir(path), &above) == nil && above.Uid == uid
}

// checkFolder returns an error unless there is a folder at path, no link to one,
// that may be used: ErrDamaged or [os.ErrNotExist].
func checkFolder(path string) error { return checkEntry(path, unix.S_IFDIR, "folder") }

// checkFile does the same for a regular file.
func checkFile(path string) error { return checkEntry(path, unix.S_IFREG, "regular file") }

func checkEntry(path string, kind uint32, what string) error {
	var st unix.Stat_t
	switch err := unix.Lstat(path, &st); {
	case err != nil:
		return &os.PathError{Op: "lstat", Path: path, Err: err}
	case uint32(st.Mode)&unix.S_IFMT != kind:
		return damaged("%s is no %s", path, what)
	case !isTrusted(st.Uid, path):
		return damaged("%s belongs to user %d", path, st.Uid)
	}
	return nil
}

// unlink removes a file, link or FIFO, and never a folder.
func unlink(path string) error {
	if err := unix.Unlink(path); err != nil {
		return &os.PathError{Op: "unlink", Path: path, Err: err}
	}
	return nil
}

// flockOnce takes the exclusive lock of an open file, or returns [ErrBusy].
func flockOnce(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case err == unix.EWOULDBLOCK:
			return ErrBusy
		case err == unix.ENOLCK || err == unix.EINVAL:
			// No locks here, as ENOTSUP and ENOSYS say in other places.
			return &os.PathError{Op: "lock", Path: f.Name(), Err: errors.ErrUnsupported}
		case err != unix.EINTR:
			return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
	}
}

// lockReader takes the shared lock of a database itself, the one that bbolt
// takes exclusively, waiting up to limit. Where there are no locks it goes on
// without: a torn read is then found as damage.
func lockReader(f *os.File, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
		if err != unix.EWOULDBLOCK && err != unix.EINTR {
			return nil
		}
		if time.Now().After(deadline) {
			return &os.PathError{Op: "lock", Path: f.Name(), Err: ErrBusy}
		}
		time.Sleep(time.Millisecond)
	}
}

// linked reports whether an open file still has a name.
func linked(f *os.File) bool {
	var st unix.Stat_t
	return unix.Fstat(int(f.Fd()), &st) == nil && st.Nlink > 0
}

// syncDir writes the entries of a folder to disk.
func syncDir(path string) error {
	f, err := openDir(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	// Some network file systems cannot sync a folder; there is nothing
	// better to do on them.
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	return err
}

// rename replaces newpath. [os.Rename] would look at it first.
func rename(oldpath, newpath string) error {
	if err := unix.Rename(oldpath, newpath); err != nil {
		return &os.LinkError{Op: "rename", Old: oldpath, New: newpath, Err: err}
	}
	return nil
}

// canUnlinkOpen says that a file can be removed while it is open.
const canUnlinkOpen = true
