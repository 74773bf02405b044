package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"ams/pkg/install"
	"ams/pkg/program"
	"ams/pkg/schedule"
)

func installCommand(e env) *cli.Command {
	flags := slices.Concat(allCommonFlags(), targetFlags(), []cli.Flag{
		&cli.StringFlag{Name: "schedule", Usage: "how sessions get stored by themselves: " +
			"`KIND` cron, systemd, launchd or none (default: what this machine has)"},
		dryRunFlag(),
		&cli.StringFlag{Name: "hook", Usage: "the ams-hook `PROGRAM` (default: the one beside ams-assemble, else in PATH); " +
			"a name without a slash is registered as it is"},
		&cli.StringFlag{Name: "client", Value: "claude", Usage: "the client's `PROGRAM`, which is asked for its version"},
		&cli.BoolFlag{Name: "guard", Usage: "start the hook by a shell that blocks nothing " +
			"where limits of memory let no Go program start; kept until --guard=false"},
	})
	return &cli.Command{
		Name: "install", Category: begin,
		Usage: "register ams-hook, and schedule ams-assemble",
		Description: "Claude Code calls ams-hook for every event, and ams-assemble stores sessions every five minutes. Every other hook, key and line of the settings file stays as it is; " +
			"a backup is kept beside it and the change is shown.\n" +
			"Settings given here by flag or environment are kept in ~/.config/ams/env, where the schedule finds them.",
		UsageText: "ams-assemble install --dry-run  # show every change, make none\n" +
			"ams-assemble install  # for all your projects\n" +
			"ams-assemble install --project --schedule none  # in the settings of this project alone",
		Flags:  flags,
		Action: onTarget(e, installHook),
	}
}

// installHook plans all changes, shows them, and then makes them.
func installHook(e env, c *cli.Context, set settings, t target) error {
	m := machineOf(e)
	opt, err := installOptions(m, c, set, t)
	if err != nil {
		return err
	}
	change, err := m.Plan(c.Context, opt)
	switch {
	case errors.Is(err, install.ErrNoGuard):
		return usagef("%w", err)
	case err != nil:
		return err
	}
	tellNotes(e, change.Notes)
	if change.Unknown != nil {
		fmt.Fprintf(e.stderr, "ams-assemble: warning: whether another schedule is there is not known: %v\n", change.Unknown)
	}
	fmt.Fprintf(e.stdout, "hook      %s\nevents    %s\nspool     %s\nstore     %s\n",
		change.Hook, change.EventsWhy, change.SpoolDir, set.storeName())
	if err := makeChange(e, c, change); err != nil {
		return err
	}
	tellNotes(e, change.Check())
	switch {
	case change.Empty():
		fmt.Fprintln(e.stdout, "\nall is in place, nothing to change")
	case c.Bool("dry-run"):
		fmt.Fprintln(e.stdout, "\nnothing was changed (--dry-run)")
	default:
		fmt.Fprint(e.stdout, "\nNow run claude once, in a new session, and read it:\n\n"+
			"  ams-assemble show last\n\nams-assemble doctor tells whether all works.\n")
	}
	return nil
}

func installOptions(m install.Machine, c *cli.Context, set settings, t target) (install.Options, error) {
	opt := install.Options{
		Target: t.Target, Hook: c.String("hook"), Client: c.String("client"),
		SpoolDir: set.spoolDir, Schedule: schedule.Kind(c.String("schedule")),
		ClaudeDir: set.claudeDir, ProjectDir: t.project, Bucket: set.s3 != nil,
	}
	if k := opt.Schedule; k != "" && k != schedule.None && !slices.Contains(schedule.Kinds(), k) {
		return opt, usagef("--schedule must be cron, systemd, launchd or none, not %q", k)
	}
	if c.IsSet("guard") {
		guard := c.Bool("guard")
		opt.Guard = &guard
	}
	there := m.EnvVars()
	opt.SpoolNamed = c.IsSet("spool-dir") && c.String("spool-dir") != there["AMS_SPOOL_DIR"]
	var err error
	opt.Vars, err = settled(c, there, set.command)
	return opt, err
}

// oneTime are the common settings that say how one run goes, and belong into no file.
var oneTime = []string{"idle", "now", "status"}

// pathSettings are the settings that name a file or folder; a file of settings has no working folder for them.
var pathSettings = []string{"claude-dir", "local-dir", "redact-rules", "prices"}

// settled are the common settings that were given by flag or environment, by the name of their
// variable: what cron would not see. What the env file says already is left as it says it.
func settled(c *cli.Context, there map[string]string, command program.Command) (map[string]string, error) {
	vars := map[string]string{}
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
	if line := command.String(); line != "" && c.IsSet("store-command") && line != there["AMS_STORE_COMMAND"] {
		vars["AMS_STORE_COMMAND"] = line
	}
	return vars, nil
}
