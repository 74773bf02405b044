//go:build unix

package safefile

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Lock lets one process at a time work on what is in a folder. It waits for another one no longer than limit, and gives
// [ErrLocked] then. The lock ends with the process. Where folders have no locks it goes on without.
func Lock(dir string, limit time.Duration) (unlock func(), err error) {
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
