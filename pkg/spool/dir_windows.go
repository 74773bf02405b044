package spool

import (
	"fmt"
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
