package schedule

import (
	"context"
	_ "embed" // the units
	"fmt"
	"path/filepath"
	"strings"
)

//go:embed unit/ams-assemble.service
var serviceUnit string

//go:embed unit/ams-assemble.timer
var timerUnit string

const (
	serviceName = "ams-assemble.service"
	timerName   = "ams-assemble.timer"
)

// Service returns the text of the systemd unit that runs program once. It is a unit for a user, or with User= in a
// drop-in for the system.
func Service(program string) string {
	return strings.Replace(serviceUnit, "@PROGRAM@", systemdWord(program), 1)
}

// Timer returns the text of the systemd unit that starts [Service] five minutes after its last run ended, and two
// minutes after the machine started. Persistent= is not in it: it is for OnCalendar= alone (systemd.timer(5)), and
// OnBootSec= makes up for what a machine that was off has missed.
func Timer() string { return timerUnit }

type systemd struct{ Machine }

func (s systemd) path(name string) string {
	return filepath.Join(s.Home, ".config", "systemd", "user", name)
}

func (s systemd) state(ctx context.Context) (Entry, bool, error) {
	service, timer, err := s.read()
	if err != nil {
		return Entry{}, false, fmt.Errorf("look for the timer: %w", err)
	}
	if service == "" || timer == "" {
		return Entry{}, false, nil
	}
	return Entry{Kind: Systemd, Program: serviceProgram(service), Where: s.path(timerName), Active: s.active(ctx)}, true, nil
}

func (s systemd) read() (service, timer string, err error) {
	if service, err = readOurs(s.path(serviceName)); err != nil {
		return "", "", err
	}
	timer, err = readOurs(s.path(timerName))
	return service, timer, err
}

// active reports whether systemd runs the timer, will after the next start, and has read the files as they are now.
// If it does not answer, it is told again, and then says itself what is wrong.
func (s systemd) active(ctx context.Context) bool {
	out, err := s.Run(ctx, "", "systemctl", "--user", "show", "--property=UnitFileState,ActiveState,NeedDaemonReload", timerName, serviceName)
	if err != nil || strings.Contains(out, "NeedDaemonReload=yes") {
		return false
	}
	timer, _, _ := strings.Cut(out, "\n\n")
	lines := "\n" + timer + "\n"
	return strings.Contains(lines, "\nUnitFileState=enabled\n") && strings.Contains(lines, "\nActiveState=active\n")
}

func (s systemd) plan(ctx context.Context, program string) ([]Step, error) {
	if strings.ContainsAny(program, `"'\`) {
		return nil, fmt.Errorf("program %q: systemd starts no program with a quote or backslash in its path", program)
	}
	service, timer, err := s.read()
	if err != nil {
		return nil, fmt.Errorf("install the timer: %w", err)
	}
	steps := fileStep(nil, s.path(serviceName), service, Service(program))
	steps = fileStep(steps, s.path(timerName), timer, Timer())
	if len(steps) == 0 && s.active(ctx) {
		return nil, nil
	}
	return append(steps,
		Step{Argv: []string{"systemctl", "--user", "daemon-reload"}},
		Step{Argv: []string{"systemctl", "--user", "enable", "--now", timerName}}), nil
}

// remove stops the timer while its file still says what to undo.
func (s systemd) remove(context.Context) ([]Step, error) {
	service, timer, err := s.read()
	if err != nil {
		return nil, fmt.Errorf("remove the timer: %w", err)
	}
	if service == "" && timer == "" {
		return nil, nil
	}
	var steps []Step
	if timer != "" {
		steps = append(steps, Step{Argv: []string{"systemctl", "--user", "disable", "--now", timerName}})
	}
	// The service goes first: if we stop between the two, the timer's file still brings us back here.
	steps = fileStep(steps, s.path(serviceName), service, "")
	steps = fileStep(steps, s.path(timerName), timer, "")
	return append(steps, Step{Argv: []string{"systemctl", "--user", "daemon-reload"}}), nil
}

// fileStep adds the step that makes a file's text after, if it is not.
func fileStep(steps []Step, path, before, after string) []Step {
	if before == after {
		return steps
	}
	return append(steps, Step{Path: path, Before: before, After: after})
}

// systemdWord returns program as ExecStart= reads it (systemd.service(5), "Command lines"). A $ is not doubled: in
// the path of the program systemd leaves it alone, and the colon says the same for the name that the program sees.
func systemdWord(program string) string {
	word := strings.ReplaceAll(program, "%", "%%")
	if strings.ContainsAny(word, " ;\"'\\") {
		word = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
	}
	if strings.Contains(word, "$") {
		word = ":" + word
	}
	return word
}

// serviceProgram undoes systemdWord, "" if the unit is not as we write it.
func serviceProgram(service string) string {
	for line := range strings.Lines(service) {
		word, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "ExecStart=")
		if !ok {
			continue
		}
		word, ok = strings.CutSuffix(strings.TrimPrefix(word, ":"), " -q")
		if !ok {
			return ""
		}
		if quoted, ok := strings.CutPrefix(word, `"`); ok {
			word = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(strings.TrimSuffix(quoted, `"`))
		}
		return strings.ReplaceAll(word, "%%", "%")
	}
	return ""
}
