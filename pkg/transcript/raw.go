package transcript

import (
	"errors"
	"io/fs"
	"strings"

	"ams/pkg/safefile"
)

// Raw calls fn with the bytes of every file that [ReadFiles] reads, and of the client's notes
// beside them, each by its path relative to the project folder with slashes, the main file first.
// What is gone is left out, and so is a note that may not be read, as by the join. It is
// [ErrUnsafe] where something that may not be read, or is larger than limit, took a transcript's
// place.
func Raw(files Files, limit int64, fn func(name string, body []byte)) error {
	read := func(path string, limit int64) error {
		body, err := safefile.Read(path, safefile.Rules{Owner: files.owner.Owner, MaxBytes: limit})
		if err == nil {
			fn(relative(files.Project, path), body)
		}
		return unsafe(err)
	}
	for _, path := range files.Paths() {
		if err := read(path, limit); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		note := strings.TrimSuffix(path, ".jsonl") + ".meta.json"
		if err := read(note, maxMeta); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrUnsafe) {
			return err
		}
	}
	return nil
}
