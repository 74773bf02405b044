//go:build unix

package transcript

import (
	"errors"
	"io/fs"
	"syscall"
)

// openFlags make open refuse a symlink and not wait for a FIFO's writer.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// isSymlink reports whether an open was refused by openFlags.
func isSymlink(err error) bool {
	return errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.EMLINK)
}

// namesNothing reports whether a path leads to no file: nothing there, a file where a folder should be, or no possible name.
func namesNothing(err error) bool {
	for _, no := range []error{fs.ErrNotExist, syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.ELOOP, syscall.EINVAL} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

// ownerOf returns the numeric user that a file belongs to, or -1 where that is not known.
func ownerOf(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}
