package spool

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"
)

// openFile opens a regular file of a spool, or returns ErrDamaged for a link or
// anything else.
func openFile(path string, flag int, perm os.FileMode) (*os.File, error) {
	if fi, err := os.Lstat(path); err == nil && !fi.Mode().IsRegular() {
		return nil, damaged("%s is no regular file", path)
	}
	return os.OpenFile(path, flag, perm)
}

// openNamed opens a file that a person named, to read it.
func openNamed(path string) (*os.File, error) { return os.Open(path) }

// openDir opens a folder to read its entries.
func openDir(path string) (*os.File, error) { return os.Open(path) }

// checkFolder returns an error unless there is a folder at path, no link to one:
// ErrDamaged or [os.ErrNotExist].
func checkFolder(path string) error {
	fi, err := os.Lstat(path)
	if err == nil && !fi.IsDir() {
		return damaged("%s is no folder", path)
	}
	return err
}

// checkFile does the same for a regular file.
func checkFile(path string) error {
	fi, err := os.Lstat(path)
	if err == nil && !fi.Mode().IsRegular() {
		return damaged("%s is no regular file", path)
	}
	return err
}

// unlink removes a file or link, and never a folder.
func unlink(path string) error {
	if fi, err := os.Lstat(path); err != nil || fi.IsDir() {
		return &os.PathError{Op: "unlink", Path: path, Err: os.ErrInvalid}
	}
	return os.Remove(path)
}

// flockOnce takes the exclusive lock of an open file, or returns [ErrBusy].
// Locks of Windows are mandatory, so the locked byte lies far behind the marks
// that others read.
func flockOnce(f *os.File) error {
	at := windows.Overlapped{OffsetHigh: 1}
	const flags = windows.LOCKFILE_FAIL_IMMEDIATELY | windows.LOCKFILE_EXCLUSIVE_LOCK
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &at)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION), errors.Is(err, windows.ERROR_IO_PENDING):
		return ErrBusy
	}
	return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
}

// lockReader takes the shared lock of a database itself, the one that bbolt
// takes exclusively, waiting up to limit.
func lockReader(f *os.File, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for {
		at := windows.Overlapped{Offset: 1<<32 - 1, OffsetHigh: 1<<32 - 1}
		err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
		if !errors.Is(err, windows.ERROR_LOCK_VIOLATION) && !errors.Is(err, windows.ERROR_IO_PENDING) {
			return nil
		}
		if time.Now().After(deadline) {
			return &os.PathError{Op: "lock", Path: f.Name(), Err: ErrBusy}
		}
		time.Sleep(time.Millisecond)
	}
}

// linked reports whether an open file still has a name: it always has, for
// Windows removes no file that is open.
func linked(*os.File) bool { return true }

// syncDir does nothing: Windows cannot flush a folder. NTFS journals its
// entries in order.
func syncDir(string) error { return nil }

// isShared reports whether dir lies on a network drive. It returns an error if
// there is no such folder.
func isShared(dir string) (bool, error) {
	if _, err := os.Stat(dir); err != nil {
		return false, err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	root, err := windows.UTF16PtrFromString(filepath.VolumeName(abs) + `\`)
	if err != nil {
		return false, err
	}
	return windows.GetDriveType(root) == windows.DRIVE_REMOTE, nil
}

// syncData writes a new file's bytes, and its size, to disk.
func syncData(f *os.File) error { return f.Sync() }

// rename replaces newpath.
func rename(oldpath, newpath string) error { return os.Rename(oldpath, newpath) }

// canUnlinkOpen says that a file can be removed while it is open.
const canUnlinkOpen = false
