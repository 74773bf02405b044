package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"path/filepath"
	"strings"

	"ams/pkg/gitdir"
	"ams/pkg/safefile"
)

// EnvFile is where settings are read from that the environment does not have: cron starts programs
// with next to none.
func EnvFile(home string) string { return filepath.Join(home, ".config", "ams", "env") }

// maxEnvFile bounds the env file; a few dozen lines are usual.
const maxEnvFile = 1 << 20

// ReadEnv reads the env file. It says where sessions go, with which keys, and what is masked: so it
// is believed only if it is this user's and nobody else may write to it. It may be kept elsewhere,
// behind a link.
func ReadEnv(path string) ([]byte, error) {
	b, err := safefile.Read(path, safefile.Rules{Links: true, Owner: safefile.Me(), Private: true, MaxBytes: maxEnvFile})
	var refused *safefile.Refusal
	if errors.As(err, &refused) {
		return nil, &Error{fmt.Errorf("settings %w", refused),
			"it must be a file of this user that nobody else may write to (chmod 600, chown), of at most 1 MB; " +
				"move it away to go on without it"}
	}
	return b, err
}

// LoadEnv sets the variables of the file that are not set yet. A file that is not there sets none.
// One that is refused stops every command that needs settings: to go on without them would store
// sessions in the wrong place, or unmasked.
func LoadEnv(path string, lookup func(string) (string, bool), set func(name, value string) error) error {
	b, err := ReadEnv(path)
	var hinted *Error
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.As(err, &hinted):
		return err
	case err != nil:
		return fmt.Errorf("settings: %w", err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		name, value, err := parseEnvLine(line)
		if err != nil {
			return fmt.Errorf("settings %s line %d: %w", path, n, err)
		}
		if _, has := lookup(name); name == "" || has {
			continue
		}
		if err := set(name, value); err != nil {
			return fmt.Errorf("settings %s line %d: %w", path, n, err)
		}
	}
	return nil
}

// errNoVariable does not quote the line: it may be the second half of a key that was pasted with a
// line break.
var errNoVariable = errors.New("want NAME=VALUE (a value with a line break in it?)")

// parseEnvLine reads NAME=VALUE as systemd's EnvironmentFile and a shell both do in the plain cases:
// white space around it and the word export before it go, quotes around the value go, a line that is
// empty or begins with # says nothing.
func parseEnvLine(line string) (name, value string, err error) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return "", "", nil
	}
	line = strings.TrimSpace(strings.TrimPrefix(line, "export "))
	name, value, ok := strings.Cut(line, "=")
	if !ok || name == "" || strings.ContainsAny(name, " \t\"'") {
		return "", "", errNoVariable
	}
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') {
		if value[n-1] != value[0] {
			return "", "", fmt.Errorf("%s: the quote is not closed", name)
		}
		value = value[1 : n-1]
	}
	return name, value, nil
}

// OwnVar is a variable of the person's env file that may name a program to run, for who works in the
// folder dir. The environment does not count: a project's settings set that for all that the client
// starts. See [Machine.Planted].
func (m Machine) OwnVar(name, dir string) string {
	if m.Planted(dir) {
		return ""
	}
	return m.EnvVars()[name]
}

// Planted reports whether the env file may have come with the project that the folder dir belongs to:
// the home folder, which the environment names, is inside of the repository, and it is not the one
// that the user database knows.
func (m Machine) Planted(dir string) bool {
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	repository := gitdir.Of(dir).Top
	home, err := filepath.EvalSymlinks(m.Home)
	if repository == "" || err != nil {
		return false
	}
	if me, err := user.Current(); err == nil && safefile.Same(me.HomeDir, home) {
		return false
	}
	inside, err := filepath.Rel(repository, home)
	return err == nil && filepath.IsLocal(inside)
}
