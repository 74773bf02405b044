package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"ams/pkg/clientsettings"
	"ams/pkg/install"
	"ams/pkg/schedule"
	"ams/pkg/screen"
)

// What install and uninstall share: whose settings are meant, and how a change is shown.

// machineOf is the world as package install sees it.
func machineOf(e env) install.Machine {
	return install.Machine{Home: homeDir(e), Self: e.self, Getenv: e.getenv, Now: e.now, Run: schedule.Exec}
}

// targetFlags say whose settings are meant.
func targetFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "user", Usage: "in your own settings, for all projects (the default)"},
		&cli.BoolFlag{Name: "project", Usage: "in the settings of this project, which others share"},
		&cli.BoolFlag{Name: "local", Usage: "in your settings of this project"},
		&cli.StringFlag{Name: "dir", Usage: "the project's `DIR` (default: the working folder)"},
	}
}

// dryRunFlag comes after all others of a command that changes the machine.
func dryRunFlag() cli.Flag {
	return &cli.BoolFlag{Name: "dry-run", Usage: "show what would change, and change nothing"}
}

// target is the settings file that install and uninstall work on, and the project that is meant.
type target struct {
	install.Target
	project string
}

// onTarget reads the settings and the target of install or uninstall.
func onTarget(e env, act func(env, *cli.Context, settings, target) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		set, err := readSettings(e, c)
		if err != nil {
			return err
		}
		t, err := readTarget(c, set)
		if err != nil {
			return err
		}
		return act(e, c, set, t)
	}
}

func readTarget(c *cli.Context, set settings) (target, error) {
	t := target{Target: install.Target{Scope: clientsettings.User}}
	if c.Args().Present() {
		return t, usagef("%s takes no arguments", c.Command.Name)
	}
	named := 0
	for _, s := range []clientsettings.Scope{clientsettings.User, clientsettings.Project, clientsettings.Local} {
		if c.Bool(string(s)) {
			t.Scope = s
			named++
		}
	}
	if named > 1 {
		return t, usagef("--user, --project and --local exclude each other")
	}
	var err error
	if t.project, err = filepath.Abs(c.String("dir")); err != nil {
		return t, fmt.Errorf("--dir: %w", err)
	}
	if info, err := os.Stat(t.project); t.Scope != clientsettings.User && (err != nil || !info.IsDir()) {
		return t, usagef("--dir: there is no folder %s", t.project)
	}
	t.Path = clientsettings.PathOf(t.Scope, set.claudeDir, t.project)
	if t.Path, err = filepath.Abs(t.Path); err != nil {
		return t, fmt.Errorf("settings: %w", err)
	}
	return t, nil
}

// makeChange shows each step of a change and makes it, or only shows it.
func makeChange(e env, c *cli.Context, change *install.Change) error {
	if !c.Bool("dry-run") {
		return change.Apply(c.Context, func(s install.Step) { showStep(e.stdout, s) })
	}
	for _, s := range change.Steps() {
		showStep(e.stdout, s)
	}
	return nil
}

func showStep(w io.Writer, s install.Step) {
	switch {
	case s.Backup != "":
		fmt.Fprintf(w, "backup    %s\n", s.Backup)
	case s.Diff != "":
		fmt.Fprintf(w, "\n%s", screen.Text(s.Diff))
	default:
		fmt.Fprintf(w, "\nschedule  %s\n", s.Schedule.Kind)
		for _, step := range s.Schedule.Steps {
			fmt.Fprintf(w, "  %s\n", screen.Line(step.String()))
		}
	}
}

func tellNotes(e env, notes []install.Note) {
	for _, n := range notes {
		if n.Text != "" {
			fmt.Fprintf(e.stderr, "ams-assemble: warning: %s\n", n.Text)
		}
		if n.Hint != "" {
			fmt.Fprintf(e.stderr, "hint: %s\n", n.Hint)
		}
	}
}
