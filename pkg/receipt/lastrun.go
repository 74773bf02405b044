package receipt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"ams/pkg/safefile"
)

// LastRun is what became of the last run on a store: a small file beside its receipts, which needs no lock to be
// read. Losing it in a crash of the machine is no harm, so it is not synced: an idle run must cost nothing.
type LastRun struct {
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended"`
	Stored  int       `json:"stored"` // sessions
	Failed  int       `json:"failed"` // sessions
	Error   string    `json:"error,omitempty"`
	Program string    `json:"program"`
	Swept   time.Time `json:"swept,omitzero"` // when pages whose links ended were last looked for
}

// maxLastRun bounds the file; a long error has some kilobytes.
const maxLastRun = 1 << 20

// LastRunPath is the file for the receipts at path.
func LastRunPath(path string) string { return strings.TrimSuffix(path, ".db") + ".last-run.json" }

// WriteLastRun writes the file, which has the old content or the new one and never a part.
func WriteLastRun(path string, r LastRun) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("last run: %w", err)
	}
	if err := safefile.Write(path, append(b, '\n'), safefile.WriteOptions{Unsynced: true}); err != nil {
		return fmt.Errorf("last run: %w", err)
	}
	return nil
}

// ReadLastRun reads the file; nil if there was no run yet. One that cannot be read is an error.
func ReadLastRun(path string) (*LastRun, error) {
	b, err := safefile.Read(path, safefile.Rules{MaxBytes: maxLastRun})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var r LastRun
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		return nil, fmt.Errorf("last run %s: %w", path, err)
	}
	return &r, nil
}
