package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"

	"ams/pkg/schedule"
	"ams/pkg/screen"
)

func machineOf(e env) schedule.Machine {
	return schedule.Machine{Home: homeDir(e), GOOS: runtime.GOOS, UID: os.Getuid(), Run: schedule.Exec}
}

// timerPlan is what becomes of the schedule.
type timerPlan struct {
	kind    schedule.Kind // "" where nothing is to be installed
	program string        // the path of this program
	machine schedule.Machine
	changes []schedule.Change
	hint    string
}

// planSchedule plans to run this program every five minutes, in one way alone. Without a word from the person it keeps the way that is there, else
// takes what the machine has; none takes away what is there.
func planSchedule(ctx context.Context, e env, named string) (*timerPlan, error) {
	if named != "" && named != string(schedule.None) && !slices.Contains(schedule.Kinds(), schedule.Kind(named)) {
		return nil, usagef("--schedule must be cron, systemd, launchd or none, not %q", named)
	}
	t, err := planUnschedule(ctx, e)
	if err != nil {
		fmt.Fprintf(e.stderr, "ams-assemble: warning: whether another schedule is there is not known: %v\n", err)
	}
	if t.kind = schedule.Kind(named); t.kind == "" {
		if t.kind = t.machine.Default(ctx); len(t.changes) > 0 {
			t.kind = t.changes[0].Kind
		}
		if t.kind == schedule.None {
			t.hint = "this machine has no systemd of yours and no cron: let ams-assemble run --watch go on, or ams-assemble run --now after each session"
		}
	}
	t.changes = slices.DeleteFunc(t.changes, func(c schedule.Change) bool { return c.Kind == t.kind })
	if t.kind == schedule.None {
		return t, nil
	}
	if t.program, err = filepath.Abs(e.self); err != nil {
		return nil, fmt.Errorf("schedule: %w", err)
	}
	if isBuiltAside(t.program) {
		return nil, builtAside(t.program)
	}
	change, err := t.machine.Plan(ctx, t.kind, t.program)
	if err != nil {
		return nil, &hintError{err: fmt.Errorf("schedule: %w", err), hint: "--schedule names another way, or none"}
	}
	if !change.Empty() {
		t.changes = slices.Insert(t.changes, 0, change)
	}
	if t.kind == schedule.Systemd {
		t.hint = "a user's timers rest while nobody is logged in; loginctl enable-linger keeps them going"
	}
	return t, nil
}

// planUnschedule plans to take away whatever install put there. The error says what could not be looked at; a machine without cron has no
// crontab to look at.
func planUnschedule(ctx context.Context, e env) (*timerPlan, error) {
	t := &timerPlan{machine: machineOf(e)}
	var failed error
	for _, kind := range schedule.Kinds() {
		change, err := t.machine.PlanRemove(ctx, kind)
		if err != nil && !errors.Is(err, exec.ErrNotFound) {
			failed = errors.Join(failed, err)
		}
		if err == nil && !change.Empty() {
			t.changes = append(t.changes, change)
		}
	}
	return t, failed
}

func (t *timerPlan) changed() bool { return len(t.changes) > 0 }

// apply shows the steps and makes them.
func (t *timerPlan) apply(ctx context.Context, e env, dry bool) error {
	var err error
	for _, change := range t.changes {
		fmt.Fprintf(e.stdout, "\nschedule  %s\n", change.Kind)
		for _, step := range change.Steps {
			fmt.Fprintf(e.stdout, "  %s\n", screen.Line(step.String()))
		}
		if dry {
			continue
		}
		if change.Kind == t.kind {
			_, one := t.machine.Install(ctx, t.kind, t.program)
			err = errors.Join(err, one)
		} else {
			_, one := t.machine.Remove(ctx, change.Kind)
			err = errors.Join(err, one)
		}
	}
	switch {
	case err != nil && t.kind == "":
		return fmt.Errorf("the hook is taken away, the schedule is not: %w", err)
	case err != nil:
		return &hintError{err: fmt.Errorf("schedule: %w", err), hint: "--schedule names another way, or none; the hook is in place"}
	}
	if t.hint != "" && !dry && (t.changed() || t.kind == schedule.None) {
		fmt.Fprintf(e.stderr, "hint: %s\n", t.hint)
	}
	return nil
}
