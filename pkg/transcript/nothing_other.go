//go:build !unix

package transcript

import (
	"errors"
	"io/fs"
)

// namesNothing reports whether a path leads to no file.
func namesNothing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid)
}
