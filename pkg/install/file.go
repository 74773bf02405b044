package install

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"ams/pkg/clientsettings"
	"ams/pkg/safefile"
)

// fileChange is what becomes of a file of the person's: nothing is written before it was shown.
type fileChange struct {
	path   string // as the person knows it, a link perhaps
	target string // where the bytes are
	mode   fs.FileMode
	exists bool
	before []byte
	after  []byte
}

// readChange reads a file that is to be changed. A link is followed: people keep their settings in
// a repository elsewhere. What is not there is empty, and made with mode 0600.
func readChange(path string) (*fileChange, error) {
	c := &fileChange{path: path, target: path, mode: 0o600}
	target, err := filepath.EvalSymlinks(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return nil, fmt.Errorf("%s is a link to a file that is not there", path)
		}
		return c, nil
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if c.before, err = safefile.ReadSmall(target); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	info, err := os.Stat(target)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	c.target, c.mode, c.exists, c.after = target, info.Mode().Perm(), true, c.before
	return c, nil
}

// readSettings reads a settings file that is to be changed, and says where it is none.
func readSettings(path string) (*fileChange, *clientsettings.Settings, error) {
	c, err := readChange(path)
	if err != nil {
		return nil, nil, err
	}
	now, err := clientsettings.Parse(c.before)
	if err != nil {
		return nil, nil, c.explain(err)
	}
	return c, now, nil
}

// changed reports whether there is anything to write.
func (c *fileChange) changed() bool { return !bytes.Equal(c.before, c.after) }

// diff shows the change.
func (c *fileChange) diff() string {
	_, lines, _ := bytes.Cut(diff.Diff(c.path, c.before, c.path, c.after), []byte("\n")) // the first repeats the names
	return string(lines)
}

// write puts the new bytes in place, with the file's mode, and only if the file is still as it was
// read. The folder is made if need be.
func (c *fileChange) write() error {
	if err := os.MkdirAll(filepath.Dir(c.target), 0o700); err != nil {
		return fmt.Errorf("write %s: %w", c.path, err)
	}
	if err := c.untouched("write"); err != nil {
		return err
	}
	return safefile.Write(c.target, c.after, c.options())
}

// untouched makes sure that the file is still as it was read.
func (c *fileChange) untouched(act string) error {
	now, err := safefile.ReadSmall(c.target)
	if err != nil && (c.exists || !errors.Is(err, fs.ErrNotExist)) {
		return fmt.Errorf("%s %s: %w", act, c.path, err)
	}
	if !bytes.Equal(now, c.before) {
		return &Error{fmt.Errorf("%s %s: another program changed it meanwhile", act, c.path), "try again"}
	}
	return nil
}

// undo makes the file what it was before write, unless it is no longer what write made of it.
func (c *fileChange) undo() error {
	back := *c
	back.before, back.after, back.exists = c.after, c.before, true
	if c.exists {
		return back.write()
	}
	if err := back.untouched("remove"); err != nil {
		return err
	}
	if err := os.Remove(c.target); err != nil {
		return fmt.Errorf("remove %s: %w", c.path, err)
	}
	return safefile.SyncDir(filepath.Dir(c.target))
}

// options keep the file's mode, and its owner or that of its folder: root may be at work on a
// person's file.
func (c *fileChange) options() safefile.WriteOptions {
	opt := safefile.WriteOptions{Mode: c.mode, Like: filepath.Dir(c.target)}
	if c.exists {
		opt.Like = c.target
	}
	return opt
}

// backup keeps the file as it was, beside it, and says where.
func (c *fileChange) backup(now time.Time) (string, error) {
	path := c.target + ".ams-backup-" + now.UTC().Format("20060102T150405Z")
	if _, err := os.Lstat(path); err == nil { // twice within a second: the first one is the older state
		return path, nil
	}
	if err := safefile.Write(path, c.before, c.options()); err != nil {
		return "", fmt.Errorf("keep a backup of %s: %w", c.path, err)
	}
	return path, nil
}

// explain makes an error of the settings' syntax one that a person can act upon.
func (c *fileChange) explain(err error) error {
	var syntax *clientsettings.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	return &Error{fmt.Errorf("%s:%d:%d: %s", c.path, syntax.Line, syntax.Column, syntax.Reason),
		"the client ignores this whole file without a word, and so it is not touched: mend it, then try again"}
}
