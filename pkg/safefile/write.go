package safefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteOptions say what the new file is like.
type WriteOptions struct {
	// Mode are its permissions; 0 is 0600.
	Mode fs.FileMode
	// Like is a file or folder whose owner the new file gets where root writes it: a person could
	// not read it else. "" is the user that this program runs as.
	Like string
	// Unsynced does not wait for the disk. The file is whole all the same for every process, and
	// after a crash of the machine it may be empty or cut: for what is checked when it is read, and
	// can be had again.
	Unsynced bool
}

// Write puts a file in place whole, over the one that is there. A link at path is replaced, not
// followed. The folder must be there.
func Write(path string, body []byte, opt WriteOptions) error {
	return WriteFrom(path, opt, func(w io.Writer) error {
		_, err := w.Write(body)
		return err
	})
}

// WriteFrom is [Write] of what fill writes.
//
//  1. a temp file beside it, 0600, its name beginning with a dot: openat(O_CREAT|O_EXCL), write
//  2. mode and owner: fchmod, fchown
//  3. fsync
//  4. rename
//  5. fsync of the folder
//
// A crash before 4 leaves the old file and at worst the temp file; one before 5 the old file or the new one.
func WriteFrom(path string, opt WriteOptions, fill func(io.Writer) error) error {
	if err := write(path, opt, fill); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func write(path string, opt WriteOptions, fill func(io.Writer) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".ams-*.tmp")
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil && opt.Mode != 0 {
		err = f.Chmod(opt.Mode.Perm())
	}
	if err == nil && opt.Like != "" {
		err = giveTo(f, opt.Like)
	}
	if err == nil && !opt.Unsynced {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	switch {
	case err != nil:
		return errors.Join(err, os.Remove(f.Name()))
	case opt.Unsynced:
		return nil
	}
	return SyncDir(dir)
}
