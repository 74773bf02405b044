//go:build unix

package spool

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// DefaultDir returns ~/.local/state/ams/spool. Without HOME the home folder
// comes from the user database. It does not follow XDG_STATE_HOME, which cron
// would not see.
func DefaultDir(getenv func(string) string) (string, error) {
	home, err := homeDir(getenv)
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "state", "ams", "spool"), nil
}

func homeDir(getenv func(string) string) (string, error) {
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return home, nil
	}
	return userHome()
}

// checkNamed says why a hook of this user must not record into a folder, nil if it
// may or if there is none. It errs on the side of no: who may write there can put
// a link in the place of any file. One that only a group may write to is left to
// [Append], which closes it.
func checkNamed(dir string) error {
	var st unix.Stat_t
	switch err := unix.Lstat(dir, &st); {
	case err == unix.ENOENT:
		return nil
	case err != nil:
		return fmt.Errorf("%s cannot be used: %w", dir, err)
	case st.Mode&unix.S_IFMT != unix.S_IFDIR:
		return fmt.Errorf("%s is a link or no folder", dir)
	case st.Uid != uint32(os.Geteuid()):
		return fmt.Errorf("%s is not used: %w", dir, ErrForeign)
	case st.Mode&unix.S_IWOTH != 0:
		return fmt.Errorf("%s is not used: everybody may write to it", dir)
	}
	return nil
}

// checkDefault is checkNamed for the folder in a home, which nobody else names: a
// link of this user's is followed, and what others may write to is closed. Of a
// folder that is not there yet root looks at the one that it would make it in:
// the owner of that home would be locked out.
func checkDefault(dir string) error {
	var st unix.Stat_t
	err := unix.Stat(dir, &st)
	for above := dir; err == unix.ENOENT && os.Geteuid() == 0 && above != filepath.Dir(above); {
		above = filepath.Dir(above)
		err = unix.Stat(above, &st)
	}
	switch {
	case err == unix.ENOENT:
		return nil
	case err != nil:
		return fmt.Errorf("%s cannot be used: %w", dir, err)
	case st.Mode&unix.S_IFMT != unix.S_IFDIR:
		return fmt.Errorf("%s is no folder", dir)
	case st.Uid != uint32(os.Geteuid()):
		return fmt.Errorf("%s is not used: %w", dir, ErrForeign)
	}
	return nil
}

// closeDir makes a folder of this user's that others may write to one that they
// may not: a umask of 002 makes such folders. What has the sticky bit is meant for
// all, and left. Failing it changes nothing: no file there is trusted.
func closeDir(dir string) {
	var st unix.Stat_t
	const others = unix.S_IWGRP | unix.S_IWOTH
	if unix.Stat(dir, &st) == nil && st.Uid == uint32(os.Geteuid()) && st.Mode&others != 0 && st.Mode&unix.S_ISVTX == 0 {
		_ = unix.Chmod(dir, 0o700)
	}
}
