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

// ErrForeign says that a folder belongs to another user.
var ErrForeign = errors.New("it belongs to another user")

// Place is where a hook records.
type Place struct {
	Dir string
	// Refused says why Dir is not the folder of the setting, or is used all the
	// same; nil if all is well.
	Refused error
}

// PlaceFor returns where a hook of this user records for a setting, the value of
// AMS_SPOOL_DIR. That is the folder of [Dir], unless it is not safe there: what a
// project or an image set may be a link, no folder, another user's, or open to
// everybody. No event is lost for that: it goes to [DefaultDir], and where that is
// another user's (a HOME that sudo kept) to the one of the user database. If
// there is none of these either, it is the folder of the setting all the same:
// no file in it is trusted anyway.
func PlaceFor(setting string, getenv func(string) string) (Place, error) {
	named, err := Dir(setting, getenv)
	if err != nil {
		return Place{}, err
	}
	check := checkNamed
	if usual, err := DefaultDir(getenv); err == nil && named == usual {
		check = checkDefault
	}
	p := Place{Dir: named, Refused: check(named)}
	if p.Refused != nil {
		if other := p.Other(getenv); other != "" {
			p.Dir = other
		}
	}
	return p, nil
}

// Other returns the folder to record into should that of p fail, "" if there is
// none: a default folder that is this user's own.
func (p Place) Other(getenv func(string) string) string {
	usual, err := DefaultDir(getenv)
	if err == nil {
		why := checkDefault(usual)
		if why == nil && usual != p.Dir {
			return usual
		}
		if !errors.Is(why, ErrForeign) {
			return ""
		}
	}
	own, err := DefaultDir(func(string) string { return "" })
	if err != nil || own == p.Dir || checkDefault(own) != nil {
		return ""
	}
	return own
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
