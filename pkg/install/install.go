// Package install makes this machine record what Claude Code does, and makes it stop.
//
// Three things have to be in place: the client's settings name ams-hook for its events; the person's
// env file names the folder that hooks record into, and whatever else a program that cron starts
// has to know; and something starts ams-assemble every five minutes. All of it belongs to the
// person, so nothing of it is changed unseen:
//
//  1. [Machine.Plan] or [Machine.PlanRemoval] looks at the machine, tries the hook, and returns a
//     [Change]. Nothing was written yet.
//  2. [Change.Steps] shows it: a diff of each file, the commands of the schedule.
//  3. [Change.Apply] makes it, in an order in which no moment is worse than the one before: the env
//     file, the settings (a copy is kept beside them), the schedule. A file that another program
//     changed since it was read is not written.
//  4. [Change.Check] looks around once more for what may keep it from working, and [Change.Undo]
//     takes back what was made.
//
// The package prints nothing. What a person has to know comes as a [Note], or as an error that has
// a Hint. clientsettings knows what a settings file is, schedule what starts a program again and
// again; here is what both are wanted for.
package install

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"ams/pkg/clientsettings"
	"ams/pkg/safefile"
	"ams/pkg/schedule"
	"ams/pkg/spool"
)

// Machine is the world that is looked at and changed. Every field must be set.
type Machine struct {
	Home   string              // the person's home folder, absolute
	Self   string              // the path of ams-assemble
	Getenv func(string) string // the environment, as of os.Getenv
	Now    func() time.Time
	Run    RunFunc
}

// RunFunc runs a program, as [schedule.Machine] wants it; [schedule.Exec] is one.
type RunFunc = func(ctx context.Context, stdin string, argv ...string) (string, error)

// Schedule is the machine as package schedule knows it.
func (m Machine) Schedule() schedule.Machine {
	return schedule.Machine{Home: m.Home, GOOS: runtime.GOOS, UID: os.Getuid(), Run: m.Run}
}

// Target is the settings file that a change is about.
type Target struct {
	Scope clientsettings.Scope // whose it is; the schedule is taken away with a person's own alone
	Path  string               // absolute; a link is followed
}

// shared reports whether others use the file too.
func (t Target) shared() bool { return t.Scope != clientsettings.User }

// Options say what is to be in place. The zero values of those below Target take what is there
// already or what the machine has.
type Options struct {
	Target

	Hook   string // ams-hook by its path, or by a name in PATH that is registered as it is; "": see [Machine.FindHook]
	Guard  *bool  // whether a shell guards it, see [clientsettings.Guarded]; nil: as it is registered
	Client string // the client's program, which is asked for its version

	SpoolDir   string            // where ams-assemble reads what hooks record
	SpoolNamed bool              // SpoolDir was set by hand, and so beats what the settings file says
	Vars       map[string]string // what the env file shall set besides AMS_SPOOL_DIR

	Schedule schedule.Kind // "": the one that is there, else what the machine has

	// What [Change.Check] looks at.
	ClaudeDir  string // the client's folder, as CLAUDE_CONFIG_DIR or a flag names it
	ProjectDir string // the project whose settings this client reads too
	Bucket     bool   // sessions go to a bucket, which takes credentials
}

// ErrNoGuard says that a hook cannot be guarded here.
var ErrNoGuard = errors.New("--guard is for shells of Unix; Windows has no such limits")

// Error is an error with the next step to take.
type Error struct {
	Err      error
	NextStep string
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Hint is the next step, in a line.
func (e *Error) Hint() string { return e.NextStep }

// Plan finds out what has to change so that recording works, and changes nothing. The hook is
// started once, in a folder of its own: one that fails is worse than none.
func (m Machine) Plan(ctx context.Context, opt Options) (*Change, error) {
	program, err := m.registrable(ctx, opt.Hook)
	if err != nil {
		return nil, err
	}
	settings, now, err := readSettings(opt.Path)
	if err != nil {
		return nil, err
	}
	c := &Change{machine: m, opt: opt, program: program, settings: settings}
	if c.Hook, err = hookCommand(opt.Guard, program, now); err != nil {
		return nil, err
	}
	c.Events, c.EventsWhy = eventsFor(ctx, opt)
	spoolText, err := c.chooseSpool(now.Env["AMS_SPOOL_DIR"])
	if err != nil {
		return nil, err
	}
	inSettings := map[string]string{"AMS_SPOOL_DIR": spoolText}
	if settings.after, err = clientsettings.Register(settings.before, c.Hook, c.Events, inSettings); err != nil {
		return nil, settings.explain(err)
	}
	vars := map[string]string{}
	maps.Copy(vars, opt.Vars)
	vars["AMS_SPOOL_DIR"] = c.SpoolDir
	if c.env, err = planEnvFile(EnvFile(m.Home), vars); err != nil {
		return nil, err
	}
	if c.timer, c.Unknown, err = m.planSchedule(ctx, opt.Schedule); err != nil {
		return nil, err
	}
	return c, nil
}

// registrable is the program to register, as it is to be registered. It was tried once.
func (m Machine) registrable(ctx context.Context, named string) (string, error) {
	program := named
	if named != "" && !strings.ContainsAny(named, `/\`) {
		path, err := exec.LookPath(named) // registered by name, tried by path
		if err != nil {
			return "", &Error{fmt.Errorf("--hook %s: it is not in PATH", named), "name it by its path"}
		}
		program = path
	} else {
		path, err := m.FindHook(named)
		if err != nil {
			return "", err
		}
		program, named = path, path
	}
	if isBuiltAside(program) {
		return "", builtAside(program)
	}
	if err := m.TryHook(ctx, program, ""); err != nil {
		return "", &Error{fmt.Errorf("it is not registered: %w", err), "--hook names another ams-hook"}
	}
	if !clientsettings.IsAMSHook(named) {
		err := fmt.Errorf("%s is not registered: a program of another name would not be known again as ams-hook", named)
		return "", &Error{err, "call it ams-hook"}
	}
	return named, nil
}

// hookCommand is what is registered for a program: the program itself, or a line for a shell that guards it.
func hookCommand(wanted *bool, program string, now *clientsettings.Settings) (string, error) {
	guard := false
	if wanted != nil {
		guard = *wanted
	} else { // as it was: to install a new version takes no guard away
		guard = slices.ContainsFunc(now.Ours(), clientsettings.Hook.IsGuarded)
	}
	switch {
	case !guard:
		return program, nil
	case runtime.GOOS == "windows":
		return "", ErrNoGuard
	}
	return clientsettings.Guarded(program), nil
}

// eventsFor are the events to register, and a word on why these.
func eventsFor(ctx context.Context, opt Options) (events []string, why string) {
	if opt.shared() {
		events = clientsettings.Shared()
		return events, fmt.Sprintf("the %d that every client since 2.0.56 knows, as others share this file", len(events))
	}
	version, err := ClientVersion(ctx, opt.Client)
	events = clientsettings.Events(version)
	if err != nil {
		return events, fmt.Sprintf("the %d that every client since 2.0.56 knows (%v)", len(events), err)
	}
	return events, fmt.Sprintf("%d, for client %s", len(events), version)
}

// chooseSpool says where hooks will record: what was set by hand counts, else what the settings
// file says already. The text is the folder as that file is to name it.
func (c *Change) chooseSpool(existing string) (text string, err error) {
	dir := c.opt.SpoolDir
	if existing != "" && !c.opt.SpoolNamed {
		there, err := spool.Dir(existing, c.machine.Getenv)
		switch {
		case err != nil:
			return "", err
		case safefile.Same(there, dir) || !c.opt.shared():
			c.SpoolDir = there
			return existing, nil
		}
		c.note("", "%s records into %s, and ams-assemble reads %s; --spool-dir sets both", c.opt.Path, existing, dir)
		c.SpoolDir = dir
		return existing, nil
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", fmt.Errorf("spool folder: %w", err)
	}
	c.SpoolDir = dir
	below, ok := strings.CutPrefix(dir, c.machine.Home+string(filepath.Separator))
	if ok && c.opt.shared() {
		return "~/" + filepath.ToSlash(below), nil
	}
	return dir, nil
}
