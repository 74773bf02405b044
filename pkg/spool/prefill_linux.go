package spool

import (
	"os"

	"golang.org/x/sys/unix"
)

// prefillMin and prefillMax bound how much is written ahead at once; in between
// it is as much as is in use, so that no spool takes more than twice its size.
const (
	prefillMin = 16 << 10
	prefillMax = 128 << 10
)

// prefill writes zeros behind the pages in use, so that the pages of this and the
// next commits are blocks that the file has already. A sync of such blocks needs
// no commit of the file system's journal: 130 µs instead of 220 µs on the disk
// this was measured on, 5 % of a whole hook. Only file systems that overwrite in
// place gain by it. Failing it costs nothing; a crash leaves zeros that no page
// refers to. The lock is held.
func prefill(f *os.File, used int64) {
	fd := int(f.Fd())
	step := min(max(used, prefillMin), prefillMax) &^ (pageSize - 1)
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Blocks*512 >= used+step/4 {
		return
	}
	var fs unix.Statfs_t
	if unix.Fstatfs(fd, &fs) != nil || fs.Type != unix.EXT4_SUPER_MAGIC && fs.Type != unix.XFS_SUPER_MAGIC {
		return
	}
	zeros := make([]byte, prefillMin)
	for at := used; at < used+step; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros, at); err != nil {
			return
		}
	}
}
