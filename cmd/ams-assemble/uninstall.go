package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ams/pkg/clientsettings"
	"ams/pkg/screen"
)

func uninstallCommand(e env) *cli.Command {
	return &cli.Command{
		Name:  "uninstall",
		Usage: "take ams-hook out of Claude Code's settings, and ams-assemble off its schedule",
		Description: "Nothing but what install put there goes: later edits of the settings stay, and no backup is put over them. What was recorded\n" +
			"and stored stays, too. The schedule goes with --user alone, as it serves all projects.",
		Flags:  slices.Concat(commonFlags(), slices.DeleteFunc(scopeFlags(), func(f cli.Flag) bool { return f.Names()[0] == "schedule" })),
		Action: onTarget(e, uninstall),
	}
}

func uninstall(e env, c *cli.Context, set settings, t target) error {
	change, err := readChange(t.path)
	if err != nil {
		return err
	}
	now, err := change.parsed()
	if err != nil {
		return err
	}
	if len(now.Ours()) > 0 {
		// The variable has no meaning without the hook, whatever its value.
		if change.after, err = clientsettings.Unregister(change.before, map[string]string{"AMS_SPOOL_DIR": now.Env["AMS_SPOOL_DIR"]}); err != nil {
			return change.explain(err)
		}
	}
	timer, unknown := &timerPlan{machine: machineOf(e)}, error(nil)
	if t.scope == clientsettings.User {
		if timer, unknown = planUnschedule(c.Context, e); unknown != nil {
			unknown = fmt.Errorf("whether something is scheduled is not known: %w", unknown)
		}
	}
	out := installation{e: e, dry: c.Bool("dry-run"), settings: change, env: &fileChange{}, timer: timer}
	for _, h := range now.Ours() {
		if !h.Plain() && strings.ContainsAny(h.Command, ";&|") {
			fmt.Fprintf(e.stderr, "ams-assemble: warning: %s of %s starts ams-hook among other commands, and is left as it is: %s\n", h.Event, t.path, screen.Line(h.Command))
		}
	}
	if !out.changed() && unknown != nil {
		return unknown
	}
	if !out.changed() {
		fmt.Fprintf(e.stdout, "ams-hook is not registered in %s, and nothing is scheduled: nothing to do\n", t.path)
		return nil
	}
	if err := out.apply(c.Context); err != nil {
		return err
	}
	if out.dry {
		fmt.Fprintln(e.stdout, "\nnothing was changed (--dry-run)")
		return nil
	}
	fmt.Fprintf(e.stdout, "\nStill there: what was recorded in %s, what is stored in %s, and %s.\n", set.spoolDir, set.storeName(), envFile(homeDir(e)))
	return unknown
}
