package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Stat tells what one spool holds, by its files alone.
type Stat struct {
	Name string
	// SessionID is the session, "" where only the records know it.
	SessionID string

	DBBytes   int64
	DBModTime time.Time // zero if there is no database

	InboxCount   int
	InboxBytes   int64
	InboxModTime time.Time // of the newest file, zero if there is none

	// Damaged are the names of what was moved aside, in NAME.damaged.
	Damaged []string
}

// Empty reports whether there is nothing.
func (s Stat) Empty() bool {
	return s.DBModTime.IsZero() && s.InboxCount == 0 && len(s.Damaged) == 0
}

// LastChange is when the spool's files changed last, zero if there are none but
// damaged ones.
func (s Stat) LastChange() time.Time {
	if s.InboxModTime.After(s.DBModTime) {
		return s.InboxModTime
	}
	return s.DBModTime
}

// Equal reports whether two Stats say the same, so that nothing was added in
// between, as far as the times of the file system can tell.
func (s Stat) Equal(o Stat) bool {
	return s.Name == o.Name && s.DBBytes == o.DBBytes && s.DBModTime.Equal(o.DBModTime) &&
		s.InboxCount == o.InboxCount && s.InboxBytes == o.InboxBytes && s.InboxModTime.Equal(o.InboxModTime) &&
		slices.Equal(s.Damaged, o.Damaged)
}

// List returns one Stat per spool that holds anything, ordered by name, none if
// there is no such folder. It opens no database.
func List(dir string) ([]Stat, error) {
	f, err := openDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list spools: %w", err)
	}
	entries, err := f.ReadDir(-1)
	f.Close()
	if err != nil {
		return nil, fmt.Errorf("list spools in %s: %w", dir, err)
	}
	var list []Stat
	suffixes := map[string][]string{}
	for _, e := range entries {
		name, suffix, _ := strings.Cut(e.Name(), ".")
		if !validName(name) {
			continue
		}
		if suffixes[name] == nil {
			list = append(list, Stat{Name: name, SessionID: sessionIDOf(name)})
		}
		suffixes[name] = append(suffixes[name], suffix)
	}
	if err := addAll(dir, list, suffixes); err != nil {
		return nil, fmt.Errorf("list spools: %w", err)
	}
	list = slices.DeleteFunc(list, Stat.Empty)
	slices.SortFunc(list, func(a, b Stat) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// addAll counts in the files of all spools, on as many processors as there are.
func addAll(dir string, list []Stat, suffixes map[string][]string) error {
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(list); i += workers {
				for _, suffix := range suffixes[list[i].Name] {
					if err := list[i].add(dir, suffix); err != nil {
						errs[w] = err
						return
					}
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// StatOf returns the Stat of one spool, or ErrNotFound.
func StatOf(dir, name string) (Stat, error) {
	if !validName(name) {
		return Stat{}, fmt.Errorf("spool name %q: %w", name, ErrNotFound)
	}
	st, err := statOf(dir, name)
	if err == nil && st.Empty() {
		err = fmt.Errorf("spool %s in %s: %w", name, dir, ErrNotFound)
	}
	return st, err
}

func statOf(dir, name string) (Stat, error) {
	st := Stat{Name: name, SessionID: sessionIDOf(name)}
	for _, suffix := range []string{"db", "inbox", "damaged"} {
		if err := st.add(dir, suffix); err != nil {
			return st, fmt.Errorf("spool %s: %w", name, err)
		}
	}
	return st, nil
}

// add counts in the file or folder with this suffix. What is gone by now is
// nothing.
func (s *Stat) add(dir, suffix string) error {
	switch {
	case suffix == "db":
		fi, err := os.Lstat(filepath.Join(dir, s.Name+".db"))
		if err != nil {
			return ignoreGone(err)
		}
		s.DBBytes, s.DBModTime = fi.Size(), fi.ModTime()
	case suffix == "inbox":
		return s.addInbox(filepath.Join(dir, s.Name+".inbox"))
	case suffix == "damaged":
		names, err := listFolder(filepath.Join(dir, s.Name+".damaged"), -1)
		slices.Sort(names)
		s.Damaged = names
		return err
	}
	return nil
}

func (s *Stat) addInbox(inbox string) error {
	files, temps, err := listInbox(inbox, -1)
	if err != nil {
		return err
	}
	for _, file := range append(files, temps...) {
		fi, err := os.Lstat(filepath.Join(inbox, file))
		if err != nil {
			if err := ignoreGone(err); err != nil {
				return err
			}
			continue
		}
		s.InboxCount++
		s.InboxBytes += fi.Size()
		if fi.ModTime().After(s.InboxModTime) {
			s.InboxModTime = fi.ModTime()
		}
	}
	return nil
}

func ignoreGone(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// Planted returns what stands in a spool folder in the place of a file of a
// spool, and is none, as errors that say what is wrong; none if there is no such
// folder.
func Planted(dir string) ([]error, error) {
	names, err := listNames(dir)
	if err != nil {
		return nil, fmt.Errorf("list planted files: %w", err)
	}
	var found []error
	for _, file := range names {
		name, suffix, _ := strings.Cut(file, ".")
		check := checkFile
		switch {
		case file == logName || file == logName+".1":
		case !validName(name):
			continue
		case suffix == "inbox" || suffix == "damaged":
			check = checkFolder
		case suffix != "db" && suffix != "lock" && suffix != "new":
			continue
		}
		if err := check(filepath.Join(dir, file)); errors.Is(err, ErrDamaged) {
			found = append(found, err)
		}
	}
	return found, nil
}

// listNames returns the sorted names in a spool folder, none if there is none.
func listNames(dir string) ([]string, error) {
	f, err := openDir(dir)
	if err != nil {
		return nil, ignoreGone(err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}
