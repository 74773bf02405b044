package install

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ams/pkg/schedule"
)

// Change is what becomes of a machine: all of it known, none of it done, until it is applied.
type Change struct {
	Hook      string   // the command that is registered
	Events    []string // the events that it is registered for
	EventsWhy string   // a word on why these
	SpoolDir  string   // where hooks will record, on this machine
	Notes     []Note   // what to know before the change is made
	Unknown   error    // why it is not known whether another schedule is there

	machine       Machine
	opt           Options
	program       string // of Hook; "" where ams-hook is taken away
	settings, env *fileChange
	timer         *timerPlan
	applied       bool
	undo          []undoFunc // in the order in which it was done
}

// undoFunc takes back one step.
type undoFunc func(context.Context) error

// Step is one part of a change. One of the three is set.
type Step struct {
	Backup   string          // a file in which the settings are kept as they were
	Diff     string          // what becomes of a file, in the form of diff -u
	Schedule schedule.Change // what becomes of one way to start ams-assemble
}

// Empty reports whether all is in place already.
func (c *Change) Empty() bool {
	return !c.settings.changed() && !c.env.changed() && !c.timer.changed()
}

// Steps are what [Change.Apply] would do, in its order and without the backup.
func (c *Change) Steps() []Step {
	var steps []Step
	for _, f := range c.files() {
		steps = append(steps, Step{Diff: f.diff()})
	}
	for _, s := range c.timer.changes {
		steps = append(steps, Step{Schedule: s})
	}
	return steps
}

// files are those that change. The settings come last: a hook that records into a folder that
// nobody assembles loses nothing, a schedule without a hook does nothing.
func (c *Change) files() []*fileChange {
	return slices.DeleteFunc([]*fileChange{c.env, c.settings}, func(f *fileChange) bool { return !f.changed() })
}

// Apply makes the change. Where each is not nil it is told of every step: of a backup once it is
// kept, of all others right before they are made. An error leaves what was done before it in place;
// to apply the change that is then planned anew is safe, and so is [Change.Undo].
func (c *Change) Apply(ctx context.Context, each func(Step)) error {
	if each == nil {
		each = func(Step) {}
	}
	if c.settings.changed() && c.settings.exists {
		path, err := c.settings.backup(c.machine.Now())
		if err != nil {
			return err
		}
		each(Step{Backup: path})
	}
	for _, f := range c.files() {
		each(Step{Diff: f.diff()})
		if err := f.write(); err != nil {
			return err
		}
		c.undo = append(c.undo, func(context.Context) error { return f.undo() })
	}
	var failed error
	for _, s := range c.timer.changes {
		each(Step{Schedule: s})
		undo, err := c.timer.apply(ctx, c.machine.Schedule(), s.Kind)
		c.undo = append(c.undo, undo)
		failed = errors.Join(failed, err)
	}
	switch {
	case failed != nil && c.program == "":
		return fmt.Errorf("the hook is taken away, the schedule is not: %w", failed)
	case failed != nil:
		return otherWay(fmt.Errorf("schedule: %w", failed), "; the hook is in place")
	}
	c.applied = true
	return nil
}

// Undo takes back what [Change.Apply] did, the last step first: a file gets its old bytes, or goes
// where there was none, unless somebody changed it meanwhile; a schedule starts what it started.
// Backups and folders that were made stay. It goes on after an error.
func (c *Change) Undo(ctx context.Context) error {
	var err error
	for _, undo := range slices.Backward(c.undo) {
		err = errors.Join(err, undo(ctx))
	}
	c.undo, c.applied = nil, false
	return err
}
