//go:build darwin || freebsd || dragonfly

package spool

import (
	"os"

	"golang.org/x/sys/unix"
)

// isShared reports whether dir lies on a file system that other machines may
// write to as well. It returns an error if there is no such folder.
func isShared(dir string) (bool, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return false, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return uint64(st.Flags)&unix.MNT_LOCAL == 0, nil
}

// syncData writes a new file's bytes, and its size, to disk. On darwin this is
// F_FULLFSYNC, which also empties the disk's own cache.
func syncData(f *os.File) error { return f.Sync() }
