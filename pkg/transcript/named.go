package transcript

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ams/pkg/safefile"
)

// ErrNoSession says that no line of a file names a session.
var ErrNoSession = errors.New("no session in it")

// FromFile returns the files of the session of one main file, wherever it lies if the Finder says so and whatever its name: a file
// that is not named by a session id holds the session that its first lines name. Of 4,707 published files 714 were named otherwise.
func (f *Finder) FromFile(path string, by safefile.Owner) (Files, error) {
	o := owner{by}
	path, err := filepath.Abs(path)
	if err != nil {
		return Files{}, fmt.Errorf("transcript: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return Files{}, fmt.Errorf("transcript: %w", err)
	}
	if err := o.check(path, info); err != nil {
		return Files{}, err
	}
	id := o.headSession(path)
	if id == "" {
		return Files{}, fmt.Errorf("%s: %w", path, ErrNoSession)
	}
	name := strings.TrimSuffix(filepath.Base(path), ".jsonl")
	if isUUID(name) {
		id = name
	}
	files := Files{SessionID: id, Project: filepath.Dir(path), Main: path, owner: o}
	files.Agents = f.agents(files, name)
	return files, nil
}

// isUUID reports whether a name has the form of the client's session ids.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash != (c == '-') || (!dash && !hex) {
			return false
		}
	}
	return true
}
