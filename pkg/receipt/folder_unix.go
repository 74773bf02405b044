//go:build unix

package receipt

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lockPause is between two tries of [lockFolder].
const lockPause = 5 * time.Millisecond

// lockFolder lets one process at a time open, make or set aside receipts in a folder. It waits for
// another one no longer than limit. Where folders have no locks it goes on without.
func lockFolder(dir string, limit time.Duration) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(limit)
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return func() { f.Close() }, nil
		}
		if time.Now().After(deadline) {
			f.Close()
			return nil, ErrLocked
		}
		time.Sleep(lockPause)
	}
}

// unlockFile gives back the lock that bbolt took.
func unlockFile(f *os.File) { _ = unix.Flock(int(f.Fd()), unix.LOCK_UN) }
