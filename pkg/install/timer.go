package install

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"

	"ams/pkg/schedule"
)

// timerPlan is what becomes of the schedule.
type timerPlan struct {
	kind    schedule.Kind // "" where nothing is to be installed
	program string        // the path of this program
	changes []schedule.Change
	hint    string
}

// planSchedule plans to run this program every five minutes, in one way alone. Without a word from
// the person it keeps the way that is there, else takes what the machine has; none takes away what
// is there. unknown says what could not be looked at.
func (m Machine) planSchedule(ctx context.Context, named schedule.Kind) (t *timerPlan, unknown, err error) {
	machine := m.Schedule()
	t, unknown = planUnschedule(ctx, machine)
	if t.kind = named; t.kind == "" {
		if t.kind = machine.Default(ctx); len(t.changes) > 0 {
			t.kind = t.changes[0].Kind
		}
		if t.kind == schedule.None {
			t.hint = "this machine has no systemd of yours and no cron: " +
				"let ams-assemble run --watch go on, or ams-assemble run --now after each session"
		}
	}
	t.changes = slices.DeleteFunc(t.changes, func(c schedule.Change) bool { return c.Kind == t.kind })
	if t.kind == schedule.None {
		return t, unknown, nil
	}
	if t.program, err = filepath.Abs(m.Self); err != nil {
		return nil, unknown, fmt.Errorf("schedule: %w", err)
	}
	if isBuiltAside(t.program) {
		return nil, unknown, builtAside(t.program)
	}
	change, err := machine.Plan(ctx, t.kind, t.program)
	if err != nil {
		return nil, unknown, otherWay(fmt.Errorf("schedule: %w", err), "")
	}
	if !change.Empty() {
		t.changes = slices.Insert(t.changes, 0, change)
	}
	if t.kind == schedule.Systemd {
		t.hint = "a user's timers rest while nobody is logged in; loginctl enable-linger keeps them going"
	}
	return t, unknown, nil
}

// otherWay is an error about one way, where another may do.
func otherWay(err error, more string) error {
	return &Error{err, "--schedule names another way, or none" + more}
}

// planUnschedule plans to take away whatever install put there. The error says what could not be
// looked at; a machine without cron has no crontab to look at.
func planUnschedule(ctx context.Context, m schedule.Machine) (*timerPlan, error) {
	t := &timerPlan{}
	var failed error
	for _, kind := range schedule.Kinds() {
		change, err := m.PlanRemove(ctx, kind)
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

// apply makes the change of one kind, and returns how to take it back.
func (t *timerPlan) apply(ctx context.Context, m schedule.Machine, kind schedule.Kind) (undo undoFunc, err error) {
	before, was, unknown := m.State(ctx, kind)
	undo = func(ctx context.Context) (err error) {
		switch {
		case unknown != nil:
			return fmt.Errorf("what was in %s is not known: %w", kind, unknown)
		case was && before.Program == "":
			return fmt.Errorf("what was in %s was not as install writes it", kind)
		case was:
			_, err = m.Install(ctx, kind, before.Program)
		default:
			_, err = m.Remove(ctx, kind)
		}
		return err
	}
	if kind == t.kind {
		_, err = m.Install(ctx, kind, t.program)
	} else {
		_, err = m.Remove(ctx, kind)
	}
	return undo, err
}
