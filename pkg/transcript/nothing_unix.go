//go:build unix

package transcript

import (
	"errors"
	"io/fs"
	"syscall"
)

// namesNothing reports whether a path leads to no file: nothing there, a file where a folder should
// be, or no possible name.
func namesNothing(err error) bool {
	for _, no := range []error{fs.ErrNotExist, syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.ELOOP, syscall.EINVAL} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}
