//go:build unix

package transcript

import (
	"io/fs"
	"syscall"
)

// ownerOf returns the numeric user that a file belongs to, or -1 where that is not known.
func ownerOf(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}
