package safefile

import (
	"os"
	"path/filepath"
)

// maxSmall bounds a file that a person or an administrator writes by hand: settings, prices,
// patterns. Those of a client with hundreds of permissions have 100 kB.
const maxSmall = 16 << 20

// ReadSmall reads a file that a person keeps, behind a link perhaps, and waits for nothing that
// was put in its place.
func ReadSmall(path string) ([]byte, error) {
	return Read(path, Rules{Links: true, MaxBytes: maxSmall})
}

// Same reports whether two paths are one, or lead to one file or folder.
func Same(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
