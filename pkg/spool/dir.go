package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Dir returns the spool folder for a setting, the value of AMS_SPOOL_DIR:
// the folder itself if it is absolute, below the home folder if it starts with
// "~/" (settings files know no shell) or is relative (a hook's working folder is
// wherever the agent went), and [DefaultDir] if it is empty.
func Dir(setting string, getenv func(string) string) (string, error) {
	if setting == "" {
		return DefaultDir(getenv)
	}
	if filepath.IsAbs(setting) {
		return filepath.Clean(setting), nil
	}
	home, err := homeDir(getenv)
	if err != nil {
		return "", fmt.Errorf("spool folder %q: %w", setting, err)
	}
	if setting == "~" {
		return home, nil
	}
	return filepath.Join(home, strings.TrimPrefix(setting, "~/")), nil
}

// makeDir makes the spool folder and what is missing above it, for this user
// alone, and syncs the entry of each folder it made.
func makeDir(dir string) error {
	err := os.Mkdir(dir, 0o700)
	var above error
	if parent := filepath.Dir(dir); errors.Is(err, os.ErrNotExist) && parent != dir {
		above = makeDir(parent)
		err = os.Mkdir(dir, 0o700)
	}
	switch {
	case errors.Is(err, os.ErrExist):
		return above
	case err != nil:
		return errors.Join(above, err)
	}
	return errors.Join(above, syncDir(filepath.Dir(dir)))
}
