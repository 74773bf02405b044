// Package schedule starts ams-assemble every five minutes for one user, stops doing so, and tells whether it is done. It knows three
// ways, and needs no right but the user's own:
//
//	cron     one line in the user's crontab, ending in a mark
//	systemd  HOME/.config/systemd/user/ams-assemble.service and .timer
//	launchd  HOME/Library/LaunchAgents/io.github.ams.assemble.plist
//
// What is not ours stays: every other line of a crontab byte for byte, and a file of the same name that does not say it was written by
// ams-assemble install, which is refused and not overwritten. Drop-ins of the units stay too.
//
// Every change is first a list of steps ([Change]), so that it can be shown before it is made. A step that fails ends the change;
// doing the whole again is always safe.
//
// A user's systemd runs only while the user is logged in, unless an administrator said `loginctl enable-linger`. That is the user's
// to decide and is not done here. XDG_CONFIG_HOME is not looked at: it would have to be that of the user's systemd, not ours.
//
// BUG(schedule): a crontab has no lock. Whoever writes one between our `crontab -l` and our `crontab -` loses their change.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is a way to start a program again and again.
type Kind string

// The kinds. None stands for a machine that has no other.
const (
	Cron    Kind = "cron"
	Systemd Kind = "systemd"
	Launchd Kind = "launchd"
	None    Kind = "none"
)

// Kinds are the ways that there are, without [None].
func Kinds() []Kind { return []Kind{Cron, Systemd, Launchd} }

// ErrNone says that there is no way to put a program on a schedule: the kind is [None].
var ErrNone = errors.New("this machine has no cron, systemd or launchd for a user")

// Machine is the world: whose home is changed, and how programs are run. Every field must be set.
type Machine struct {
	Home string // absolute
	GOOS string // as runtime.GOOS
	UID  int

	// Run runs argv with stdin and returns what it wrote to stdout, followed, only if it failed, by what it wrote to
	// stderr: a warning must not become a line of the crontab. The error is nil only if the program ran and exited 0.
	// Programs are to speak English (LC_ALL=C). [Exec] is one.
	Run func(ctx context.Context, stdin string, argv ...string) (string, error)
}

// Entry is what starts ams-assemble.
type Entry struct {
	Kind    Kind
	Program string // the path it starts; "" if the entry was edited so that we cannot tell
	Where   string // the path of a file, or "crontab"
	Active  bool   // false if the files are there, but the system was not told or was told to stop
}

// way is what one kind must do. plan and remove only look; apply makes their changes.
type way interface {
	state(ctx context.Context) (Entry, bool, error)
	plan(ctx context.Context, program string) ([]Step, error)
	remove(ctx context.Context) ([]Step, error)
}

// Default returns the kind that suits the machine: launchd on darwin; on linux systemd if the user's own answers,
// else cron if crontab lets the user have one; else none.
func (m Machine) Default(ctx context.Context) Kind {
	switch m.GOOS {
	case "darwin":
		return Launchd
	case "linux":
		if _, err := m.Run(ctx, "", "systemctl", "--user", "show-environment"); err == nil {
			return Systemd
		}
		if _, err := (cron{m}).read(ctx); err == nil {
			return Cron
		}
	}
	return None
}

// State tells whether ams-assemble is on the schedule of this kind, and which program that starts. It is false for [None].
func (m Machine) State(ctx context.Context, kind Kind) (Entry, bool, error) {
	if kind == None {
		return Entry{}, false, nil
	}
	w, err := m.way(kind)
	if err != nil {
		return Entry{}, false, err
	}
	return w.state(ctx)
}

// Plan returns what [Machine.Install] would do, and does nothing. program must be an absolute path without control
// characters.
func (m Machine) Plan(ctx context.Context, kind Kind, program string) (Change, error) {
	if kind == None {
		return Change{}, ErrNone
	}
	w, err := m.way(kind)
	if err != nil {
		return Change{}, err
	}
	if err := checkProgram(program); err != nil {
		return Change{}, err
	}
	steps, err := w.plan(ctx, program)
	if err != nil {
		return Change{}, err
	}
	return Change{Kind: kind, Steps: steps}, nil
}

// Install puts program on the schedule of this kind and returns what it did, or, with an error, what it was about to
// do. The change is empty if all was as wanted.
func (m Machine) Install(ctx context.Context, kind Kind, program string) (Change, error) {
	c, err := m.Plan(ctx, kind, program)
	if err != nil {
		return c, err
	}
	if err := m.apply(ctx, c); err != nil {
		return c, fmt.Errorf("install in %s: %w", kind, err)
	}
	return c, nil
}

// PlanRemove returns what [Machine.Remove] would do, and does nothing.
func (m Machine) PlanRemove(ctx context.Context, kind Kind) (Change, error) {
	if kind == None {
		return Change{}, nil
	}
	w, err := m.way(kind)
	if err != nil {
		return Change{}, err
	}
	steps, err := w.remove(ctx)
	if err != nil {
		return Change{}, err
	}
	return Change{Kind: kind, Steps: steps}, nil
}

// Remove takes ams-assemble off the schedule of this kind and returns what it did, or, with an error, what it was
// about to do. It is no error if there was nothing.
func (m Machine) Remove(ctx context.Context, kind Kind) (Change, error) {
	c, err := m.PlanRemove(ctx, kind)
	if err != nil {
		return c, err
	}
	if err := m.apply(ctx, c); err != nil {
		return c, fmt.Errorf("remove from %s: %w", kind, err)
	}
	return c, nil
}

func (m Machine) way(kind Kind) (way, error) {
	switch kind {
	case Cron:
		return cron{m}, nil
	case Systemd, Launchd:
		if !filepath.IsAbs(m.Home) {
			return nil, fmt.Errorf("the home directory %q is not an absolute path", m.Home)
		}
		if kind == Systemd {
			return systemd{m}, nil
		}
		return launchd{m}, nil
	}
	return nil, fmt.Errorf("unknown schedule %q; known are cron, systemd and launchd", kind)
}

// checkProgram refuses what would become another line, or a path that depends on where it is started.
func checkProgram(program string) error {
	switch {
	case !path.IsAbs(program):
		return fmt.Errorf("program %q is not an absolute path", program)
	case strings.HasSuffix(program, "/"):
		return fmt.Errorf("program %q is a directory", program)
	case strings.ContainsFunc(program, unicode.IsControl):
		return fmt.Errorf("program %q has a newline or another control character in its path", program)
	case !utf8.ValidString(program):
		return fmt.Errorf("program %q has a path that is not UTF-8", program)
	}
	return nil
}
