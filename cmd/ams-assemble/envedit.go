package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// oneTime are the common settings that say how one run goes, and belong into no file.
var oneTime = []string{"idle", "now", "status"}

// pathSettings are the settings that name a file or folder; a file of settings has no working folder for them.
var pathSettings = []string{"claude-dir", "local-dir", "redact-rules", "prices"}

// settled are the common settings that were given by flag or environment, by the name of their variable: what cron would not see. What the
// env file says already is left as it says it.
func settled(e env, c *cli.Context) (map[string]string, error) {
	vars, there := map[string]string{}, envFileVars(e)
	for _, f := range commonFlags() {
		name := f.Names()[0]
		d, ok := f.(cli.DocGenerationFlag)
		if !ok || !c.IsSet(name) || len(d.GetEnvVars()) == 0 || slices.Contains(oneTime, name) || c.String(name) == "" {
			continue
		}
		variable, value := d.GetEnvVars()[0], c.String(name)
		if there[variable] == value {
			continue
		}
		if slices.Contains(pathSettings, name) {
			abs, err := filepath.Abs(value)
			if err != nil {
				return nil, fmt.Errorf("--%s: %w", name, err)
			}
			value = abs
		}
		vars[variable] = value
	}
	return vars, nil
}

// setEnvLines returns an env file with the variables set: a line that sets one to something else is changed where it stands, the others are
// added at the end, and every other line stays as it is.
func setEnvLines(text string, vars map[string]string) (string, error) {
	left := map[string]string{}
	for name, value := range vars {
		if strings.ContainsAny(value, "\n\r\x00") {
			return "", fmt.Errorf("%s must have one line, not %q", name, value)
		}
		if got, back, err := parseEnvLine(envLine(name, value)); err != nil || got != name || back != value {
			return "", fmt.Errorf("%s cannot be written to a settings file: %q", name, value)
		}
		left[name] = value
	}
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		name, value, err := parseEnvLine(line)
		want, ours := vars[name]
		if err != nil || !ours {
			continue
		}
		delete(left, name)
		if value != want {
			lines[i] = envLine(name, want)
		}
	}
	text = strings.Join(lines, "")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		text += envLine(name, left[name])
	}
	return text, nil
}

// envLine is a line as parseEnvLine, systemd and a shell read it.
func envLine(name, value string) string {
	switch {
	case !strings.ContainsAny(value, " \t\"'#$`\\&;|<>()*?[]~!"):
	case !strings.Contains(value, "'"):
		value = "'" + value + "'"
	default:
		value = `"` + value + `"`
	}
	return name + "=" + value + "\n"
}

// planEnvFile is the change that sets the variables in the person's env file.
func planEnvFile(e env, vars map[string]string) (*fileChange, error) {
	c, err := readChange(envFile(homeDir(e)))
	if err != nil {
		return nil, err
	}
	text, err := setEnvLines(string(c.before), vars)
	if err != nil {
		return nil, err
	}
	c.after = []byte(text)
	return c, nil
}

// awsVariables are what the AWS tools read credentials from; they are secrets, and stay where they are.
var awsVariables = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"}

// unseenCredentials are the variables with credentials that a scheduled run would not have.
func unseenCredentials(e env) []string {
	there := envFileVars(e)
	var out []string
	for _, name := range awsVariables {
		if _, ok := there[name]; !ok && e.getenv(name) != "" {
			out = append(out, name)
		}
	}
	return out
}

// envFileVars are the variables in the person's env file, none where it cannot be read.
func envFileVars(e env) map[string]string {
	vars := map[string]string{}
	b, err := readEnv(envFile(homeDir(e)))
	if err != nil {
		return vars
	}
	for line := range strings.Lines(string(b)) {
		if name, value, err := parseEnvLine(line); err == nil && name != "" {
			vars[name] = value
		}
	}
	return vars
}
