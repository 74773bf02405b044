package safefile

import (
	"errors"
	"time"
)

// ErrLocked says that another process works on what is in a folder.
var ErrLocked = errors.New("another process works on it")

// lockPause is between two tries of [Lock].
const lockPause = 5 * time.Millisecond
