package schedule

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ams/pkg/safefile"
)

// Change is what is done to put ams-assemble on a schedule or take it off, in this order.
type Change struct {
	Kind  Kind
	Steps []Step
}

// Empty reports whether there is nothing to do.
func (c Change) Empty() bool { return len(c.Steps) == 0 }

// Step is one file written or removed, or one program run.
type Step struct {
	Path   string   // the file; "" if a program is run
	Argv   []string // the program; nil if a file is written
	Before string   // the text of the file or crontab; "" if there is none
	After  string   // the text it gets, for a program on its stdin; "" if it is removed

	tries   int  // how often to try, [tryPause] apart; 0 is once
	mayFail bool // failing is no reason to stop
}

// String returns the step as a person would say it: a command for the shell, or write or remove and the path.
func (s Step) String() string {
	if s.Argv != nil {
		words := make([]string, len(s.Argv))
		for i, arg := range s.Argv {
			words[i] = shellWord(arg)
		}
		return strings.Join(words, " ")
	}
	if s.After == "" {
		return "remove " + s.Path
	}
	return "write " + s.Path
}

// tryPause is between two tries of one command: launchctl bootout returns before the job has gone, and a bootstrap at
// that moment is refused.
const tryPause = 500 * time.Millisecond

func (m Machine) apply(ctx context.Context, c Change) error {
	for _, s := range c.Steps {
		var err error
		switch {
		case s.Argv != nil:
			err = m.command(ctx, s)
		case s.After == "":
			err = removeFile(s.Path)
		default:
			err = writeFile(s.Path, s.After)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m Machine) command(ctx context.Context, s Step) error {
	for try := 1; ; try++ {
		out, err := m.Run(ctx, s.After, s.Argv...)
		if err == nil || s.mayFail && ctx.Err() == nil {
			return nil
		}
		if try >= s.tries {
			return runError(s, out, err)
		}
		select {
		case <-ctx.Done():
			return runError(s, out, ctx.Err())
		case <-time.After(tryPause):
		}
	}
}

// runError names the command and what it said, on one line.
func runError(s Step, out string, err error) error {
	if said := strings.Join(strings.Fields(out), " "); said != "" {
		return fmt.Errorf("run %s: %w: %s", s, err, said)
	}
	return fmt.Errorf("run %s: %w", s, err)
}

// writeFile puts text at path, whose folder is made if need be.
func writeFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return safefile.Write(path, []byte(text), safefile.WriteOptions{Mode: 0o644})
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", path, err)
	}
	return safefile.SyncDir(filepath.Dir(path))
}

// ourSign is in every file that we write, and so says which we may overwrite or remove.
const ourSign = "Written by ams-assemble install"

// maxOurs bounds a file of ours; a unit has 1 kB.
const maxOurs = 1 << 20

// readOurs returns the text of a file of ours, "" if there is none. Any other file of that name, and a link (a masked
// unit, a home kept elsewhere), is an error: whoever put it there wants it so.
func readOurs(path string) (string, error) {
	text, err := safefile.Read(path, safefile.Rules{MaxBytes: maxOurs})
	var refused *safefile.Refusal
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case errors.As(err, &refused):
		return "", fmt.Errorf("%s is not a file that ams-assemble install wrote; move it away first", path)
	case err != nil:
		return "", err
	}
	if !strings.Contains(string(text), ourSign) {
		return "", fmt.Errorf("%s is not a file that ams-assemble install wrote; move it away first", path)
	}
	return string(text), nil
}
