//go:build unix

package spool

import "path/filepath"

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
