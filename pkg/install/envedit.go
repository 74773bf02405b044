package install

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// setEnvLines returns an env file with the variables set: a line that sets one to something else is
// changed where it stands, the others are added at the end, and every other line stays as it is.
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
func planEnvFile(path string, vars map[string]string) (*fileChange, error) {
	c, err := readChange(path)
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

// credentials are the variables that the AWS tools read credentials from; they are secrets, and stay
// where they are.
var credentials = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"}

// UnseenCredentials are the variables with credentials that a scheduled run would not have.
func (m Machine) UnseenCredentials() []string {
	there := m.EnvVars()
	var out []string
	for _, name := range credentials {
		if _, ok := there[name]; !ok && m.Getenv(name) != "" {
			out = append(out, name)
		}
	}
	return out
}

// EnvVars are the variables in the person's env file, none where it cannot be read.
func (m Machine) EnvVars() map[string]string {
	vars := map[string]string{}
	b, err := ReadEnv(EnvFile(m.Home))
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
