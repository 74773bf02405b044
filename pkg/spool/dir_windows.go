package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// DefaultDir returns %LOCALAPPDATA%\ams\spool. Without the variable the folder
// comes from the user's profile.
func DefaultDir(getenv func(string) string) (string, error) {
	local := getenv("LOCALAPPDATA")
	if !filepath.IsAbs(local) {
		var err error
		if local, err = windows.KnownFolderPath(windows.FOLDERID_LocalAppData, 0); err != nil {
			return "", fmt.Errorf("folder of application data: LOCALAPPDATA is not set, and %w", err)
		}
	}
	return filepath.Join(local, "ams", "spool"), nil
}

func homeDir(getenv func(string) string) (string, error) {
	if home := getenv("USERPROFILE"); filepath.IsAbs(home) {
		return home, nil
	}
	home, err := windows.KnownFolderPath(windows.FOLDERID_Profile, 0)
	if err != nil {
		return "", fmt.Errorf("home folder: USERPROFILE is not set, and %w", err)
	}
	return home, nil
}

// checkNamed says why a hook must not record into a folder, nil if it may or if
// there is none. Who may write to it is a matter of access lists, which profiles
// keep to their owner.
func checkNamed(dir string) error {
	fi, err := os.Lstat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !fi.IsDir():
		return fmt.Errorf("%s is a link or no folder", dir)
	}
	return nil
}

func checkDefault(dir string) error {
	if fi, err := os.Stat(dir); err == nil && !fi.IsDir() {
		return fmt.Errorf("%s is no folder", dir)
	}
	return nil
}

func closeDir(string) {}
