package upload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"ams/pkg/parallel"
)

// List implements [Store]. It reads every object that it lists, for the ETag.
func (l *Local) List(ctx context.Context, prefix string, fn func(Object) error) error {
	return l.each(ctx, prefix, func(root *os.Root, key string, _ fs.DirEntry) (tell func() error, err error) {
		body, etag, err := read(root, key)
		if err != nil {
			return nil, err
		}
		info, err := root.Lstat(key)
		if err != nil {
			return nil, err
		}
		return func() error {
			return fn(Object{Key: key, Size: int64(len(body)), ETag: etag, ModTime: info.ModTime().UTC()})
		}, nil
	})
}

// Versions implements [Near], by the files' stats: Put makes a new file each time.
func (l *Local) Versions(ctx context.Context, prefix string, fn func(key, version string) error) error {
	return l.each(ctx, prefix, func(_ *os.Root, key string, e fs.DirEntry) (tell func() error, err error) {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		return func() error { return fn(key, fileVersion(info)) }, nil
	})
}

// fileVersion tells two files of one name apart.
func fileVersion(info fs.FileInfo) string {
	b := strconv.AppendInt(make([]byte, 0, 64), info.Size(), 10)
	b = strconv.AppendInt(append(b, '-'), info.ModTime().UnixNano(), 10)
	return string(strconv.AppendUint(append(b, '-'), fileNumber(info), 10))
}

// each looks at the objects whose keys begin with prefix, and tells each to the caller's function. An error of that
// function ends it and is returned as it is; an object that was deleted meanwhile is left out.
func (l *Local) each(ctx context.Context, prefix string, look func(root *os.Root, key string, e fs.DirEntry) (tell func() error, err error)) error {
	root, err := os.OpenRoot(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("list %q: %w", prefix, err)
	}
	defer root.Close()
	var told error
	err = walk(ctx, root, "", prefix, func(key string, e fs.DirEntry) error {
		tell, err := look(root, key, e)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		told = tell()
		return told
	})
	if err != nil && told == nil {
		return fmt.Errorf("list %q: %w", prefix, err)
	}
	return err
}

const (
	tidiedName = ".tidied"      // in the root: its time is when temp files were last looked for
	tidyEvery  = 24 * time.Hour // looking for them walks through the whole store
	tidyAge    = time.Hour      // a Put takes seconds
)

// Tidy implements [Tidier]: [Local.Clean], once a day at most.
func (l *Local) Tidy(ctx context.Context, now time.Time) error {
	root, err := os.OpenRoot(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("clean: %w", err)
	}
	defer root.Close()
	if info, err := root.Lstat(tidiedName); err == nil && now.Sub(info.ModTime()).Abs() < tidyEvery {
		return nil
	}
	if _, err := l.Clean(ctx, now.Add(-tidyAge)); err != nil {
		return err
	}
	f, err := root.OpenFile(tidiedName, os.O_WRONLY|os.O_CREATE, fileMode)
	if err != nil {
		return fmt.Errorf("clean: %w", err)
	}
	return errors.Join(f.Close(), root.Chtimes(tidiedName, now, now))
}

// Clean removes the temp files of Puts that a crash ended, as far as they were
// last written before that time, and returns their number.
func (l *Local) Clean(ctx context.Context, before time.Time) (int, error) {
	root, err := os.OpenRoot(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, ctx.Err()
	}
	if err != nil {
		return 0, fmt.Errorf("clean: %w", err)
	}
	defer root.Close()
	n := 0
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if !strings.HasPrefix(path.Base(name), tempPrefix) || !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if err != nil || !info.ModTime().Before(before) {
			return nil // gone, or perhaps still being written
		}
		if err := removeIfThere(root, name); err != nil {
			return err
		}
		n++
		return nil
	})
	if err != nil {
		return n, fmt.Errorf("clean: %w", err)
	}
	return n, nil
}

// walk calls fn for the keys below folder that begin with prefix, ascending. It
// goes only into folders that can hold such keys, and never through links.
func walk(ctx context.Context, root *os.Root, folder, prefix string, fn func(key string, e fs.DirEntry) error) error {
	entries, err := readFolder(ctx, root, folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		key := path.Join(folder, e.Name())
		switch {
		case CheckKey(key) != nil:
			continue
		case e.IsDir():
			below := key + "/"
			if !strings.HasPrefix(below, prefix) && !strings.HasPrefix(prefix, below) {
				continue
			}
			err = walk(ctx, root, key, prefix, fn)
		case e.Type().IsRegular() && strings.HasPrefix(key, prefix):
			err = fn(key, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readFolder returns a folder's entries in the order of the keys that they lead
// to: a folder counts as its name and a slash, which comes after "-" and ".".
func readFolder(ctx context.Context, root *os.Root, folder string) ([]fs.DirEntry, error) {
	f, err := root.Open(orDot(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	slices.Sort(names) // but for folders it is the order, and names are compared sooner than entries
	below, err := root.OpenRoot(orDot(folder))
	if err != nil {
		return nil, err
	}
	defer below.Close()
	entries, err := statAll(ctx, below, names)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(keyOrder(a), keyOrder(b)) })
	return entries, nil
}

// statsAtOnce is how many files one processor asks for before the next ones. A list of 20,000 sessions is mostly this.
const statsAtOnce = 512

// statAll returns the stats of the files of a folder with their names; those that were removed meanwhile are left out.
func statAll(ctx context.Context, folder *os.Root, names []string) ([]fs.DirEntry, error) {
	type stats struct {
		entries []fs.DirEntry
		err     error
	}
	stat := func(_ context.Context, names []string) (out stats) {
		out.entries = make([]fs.DirEntry, 0, len(names))
		for _, name := range names {
			switch info, err := folder.Lstat(name); {
			case err == nil:
				out.entries = append(out.entries, fs.FileInfoToDirEntry(info))
			case !errors.Is(err, fs.ErrNotExist):
				out.err = err
				return out
			}
		}
		return out
	}
	var all []fs.DirEntry
	for s := range parallel.InOrder(ctx, slices.Collect(slices.Chunk(names, statsAtOnce)), stat) {
		if s.err != nil {
			return nil, s.err
		}
		if all == nil {
			all = make([]fs.DirEntry, 0, len(names))
		}
		all = append(all, s.entries...)
	}
	return all, ctx.Err()
}

func keyOrder(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}
