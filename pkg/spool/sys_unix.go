//go:build unix

package spool

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// openFile opens a file without the runtime's poller, which costs five system
// calls at the first [os.OpenFile] of a process.
func openFile(path string, flag int, perm os.FileMode) (*os.File, error) {
	for {
		fd, err := unix.Open(path, flag|unix.O_CLOEXEC, uint32(perm.Perm()))
		if err == nil {
			return os.NewFile(uintptr(fd), path), nil
		}
		if err != unix.EINTR {
			return nil, &os.PathError{Op: "open", Path: path, Err: err}
		}
	}
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
	f, err := openFile(path, unix.O_RDONLY|unix.O_DIRECTORY, 0)
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
