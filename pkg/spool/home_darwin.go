package spool

import (
	"fmt"
	"os/user"
	"path/filepath"
)

// userHome asks the directory service; here that links no C library that is not
// linked anyway.
func userHome() (string, error) {
	u, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("home folder: HOME is not set, and %w", err)
	}
	if !filepath.IsAbs(u.HomeDir) {
		return "", fmt.Errorf("home folder: HOME is not set, and user %s has none", u.Username)
	}
	return u.HomeDir, nil
}
