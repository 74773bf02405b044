//go:build !unix

package transcript

import (
	"errors"
	"io/fs"
)

// openFlags are none where the system has no such.
const openFlags = 0

// isSymlink is false where open follows symlinks.
func isSymlink(error) bool { return false }

// namesNothing reports whether a path leads to no file.
func namesNothing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid)
}

// ownerOf knows no owners where the system has no numeric users.
func ownerOf(fs.FileInfo) int { return -1 }
