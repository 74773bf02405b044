package install

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"ams/pkg/spool"
)

// FindHook is the absolute path of the program ams-hook: the one at the path named, else the one
// beside ams-assemble, else the one in PATH.
func (m Machine) FindHook(named string) (string, error) {
	if named != "" {
		return filepath.Abs(named)
	}
	name := "ams-hook"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	beside := filepath.Join(filepath.Dir(m.Self), name)
	if _, err := os.Stat(beside); err == nil {
		return beside, nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return filepath.Abs(path)
	}
	return "", &Error{fmt.Errorf("there is no %s beside %s nor in PATH", name, m.Self),
		"build it with: go build -o " + filepath.Dir(m.Self) + " ./cmd/ams-hook"}
}

// StartHook gives one event to ams-hook as the client does, with these variables set, and holds it
// to its promise to be silent.
func (m Machine) StartHook(ctx context.Context, hook string, raw []byte, vars ...string) error {
	cmd := exec.CommandContext(ctx, hook)
	cmd.Stdin = bytes.NewReader(raw)
	cmd.Env = vars
	cmd.WaitDelay = time.Second // a child of it that holds its output is not waited for
	for _, name := range []string{"HOME", "PATH", "SYSTEMROOT", "USERPROFILE", "LOCALAPPDATA", "TMPDIR", "TEMP"} {
		if v := m.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || len(out) > 0 {
		return fmt.Errorf("%s: it ended with %v and printed %q, and must end with 0 and print nothing", hook, err, out)
	}
	return nil
}

// HookTime bounds how long ams-hook may take for one event before it is held to be broken.
const HookTime = 10 * time.Second

// TryHook gives ams-hook one event and reads it back, in a folder of its own below dir that is
// removed; "" is the folder for temporary files.
func (m Machine) TryHook(ctx context.Context, hook, dir string) error {
	scratch, err := os.MkdirTemp(dir, ".ams-trial-")
	if err != nil {
		return fmt.Errorf("try %s: %w", hook, err)
	}
	defer os.RemoveAll(scratch)
	ctx, cancel := context.WithTimeout(ctx, HookTime)
	defer cancel()
	raw := []byte(`{"session_id":"trial","hook_event_name":"Notification","message":"a trial of ams-assemble"}`)
	if err := m.StartHook(ctx, hook, raw, "AMS_SPOOL_DIR="+scratch); err != nil {
		return err
	}
	contents, err := spool.Read(scratch, "trial")
	if err != nil {
		return fmt.Errorf("%s took an event and stored nothing that can be read: %w", hook, err)
	}
	if len(contents.Records) != 1 || !bytes.Equal(contents.Records[0].Raw, raw) {
		return fmt.Errorf("%s took one event and stored %d, not that one", hook, len(contents.Records))
	}
	return nil
}

var goRun = regexp.MustCompile(`/go-build[0-9]+/b[0-9]+/`)

// isBuiltAside reports whether a program lies where go run builds it: it is gone with the end of that command.
func isBuiltAside(path string) bool {
	return goRun.MatchString(filepath.ToSlash(path))
}

// builtAside is the error about such a program.
func builtAside(path string) error {
	return &Error{fmt.Errorf("%s is gone when go run ends", path),
		"go build -o ~/.local/bin/ ./cmd/... and start that ams-assemble"}
}

// Trials is how often TimeHook starts the hook.
const Trials = 20

// TimeHook measures the hook with a payload of 4 kB, in a folder of its own below dir that is
// removed. Times are in milliseconds.
func (m Machine) TimeHook(ctx context.Context, hook, dir string) (median, worst float64, err error) {
	scratch, err := os.MkdirTemp(dir, ".ams-trial-")
	if err != nil {
		return 0, 0, fmt.Errorf("try %s: %w", hook, err)
	}
	defer os.RemoveAll(scratch)
	raw := []byte(`{"session_id":"trial","hook_event_name":"Notification","message":"` + strings.Repeat("x", 4000) + `"}`)
	var took []float64
	for range Trials {
		began := time.Now()
		if err := m.StartHook(ctx, hook, raw, "AMS_SPOOL_DIR="+scratch); err != nil {
			return 0, 0, err
		}
		took = append(took, float64(time.Since(began).Microseconds())/1000)
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)-1], nil
}
