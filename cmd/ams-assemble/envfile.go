package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// envFile is where settings are read from that the environment does not have: cron starts programs with next to none.
func envFile(home string) string { return filepath.Join(home, ".config", "ams", "env") }

// loadEnv sets the variables of the file that are not set yet. A file that is not there sets none.
func loadEnv(path string, lookup func(string) (string, bool), set func(name, value string) error) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		name, value, err := parseEnvLine(lines.Text())
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
	if err := lines.Err(); err != nil {
		return fmt.Errorf("settings %s: %w", path, err)
	}
	return nil
}

// errNoVariable does not quote the line: it may be the second half of a key that was pasted with a line break.
var errNoVariable = errors.New("want NAME=VALUE (a value with a line break in it?)")

// parseEnvLine reads NAME=VALUE as systemd's EnvironmentFile and a shell both do in the plain cases: white space around it and the word
// export before it go, quotes around the value go, a line that is empty or begins with # says nothing.
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
