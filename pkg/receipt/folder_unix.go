//go:build unix

package receipt

import (
	"os"

	"golang.org/x/sys/unix"
)

// unlockFile gives back the lock that bbolt took.
func unlockFile(f *os.File) { _ = unix.Flock(int(f.Fd()), unix.LOCK_UN) }
