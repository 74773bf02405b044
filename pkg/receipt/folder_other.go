//go:build !unix

package receipt

import (
	"os"
	"time"
)

// lockFolder does nothing where folders have no locks: Windows renames no file over one that another process has open.
func lockFolder(string, time.Duration) (unlock func(), err error) { return func() {}, nil }

// unlockFile leaves the lock to the end of the process.
func unlockFile(*os.File) {}
