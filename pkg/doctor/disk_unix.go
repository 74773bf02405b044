//go:build linux || darwin

package doctor

import "golang.org/x/sys/unix"

// freeBytes is how much a user may still write below a folder.
func freeBytes(path string) (int64, bool) {
	var st unix.Statfs_t
	if unix.Statfs(path, &st) != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true
}
