//go:build unix && !solaris && !illumos && !aix

package upload

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// lock waits for the store's lock against other processes and returns what gives
// it back. It asks again and again instead of waiting in the kernel, so that ctx
// can end it.
func lock(ctx context.Context, root *os.Root) (unlock func(), err error) {
	f, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return func() { f.Close() }, nil // closing gives the lock back
		case errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOLCK):
			f.Close()
			return func() {}, nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			f.Close()
			return nil, &os.PathError{Op: "flock", Path: lockName, Err: err}
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(lockPause):
		}
	}
}

// syncFolder makes the names in a folder durable.
func syncFolder(root *os.Root, folder string) error {
	f, err := root.Open(folder)
	if err != nil {
		return err
	}
	return syncClose(f)
}

// syncPath is syncFolder for folders above the root.
func syncPath(dir string) error {
	f, err := os.Open(dir)
	if errors.Is(err, os.ErrPermission) {
		return nil // a folder that we may enter but not read, as /home can be
	}
	if err != nil {
		return err
	}
	return syncClose(f)
}

// syncClose lets pass what file systems answer that cannot sync a folder.
func syncClose(f *os.File) error {
	err := f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

func isNotFolder(err error) bool { return errors.Is(err, syscall.ENOTDIR) }

// fileNumber is the number of a file in its file system.
func fileNumber(info os.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino)
	}
	return 0
}
