package main

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"ams/pkg/install"
)

func uninstallCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "uninstall", Category: begin,
		Usage: "take hooks and schedule away; sessions stay",
		Description: "Nothing but what install put there goes: " +
			"later edits of the settings stay, and no backup is put over them. What was recorded\n" +
			"and stored stays, too. The schedule goes with --user alone, as it serves all projects.",
		UsageText: "ams-assemble uninstall --dry-run  # show what would go\n" +
			"ams-assemble uninstall  # hooks and schedule; sessions stay",
		Flags:  slices.Concat(targetFlags(), []cli.Flag{dryRunFlag()}, commonFlags(recordGroup)),
		Action: onTarget(e, uninstallHook),
	}
}

func uninstallHook(e env, c *cli.Context, set settings, t target) error {
	m := machineOf(e)
	change, err := m.PlanRemoval(c.Context, t.Target)
	if err != nil {
		return err
	}
	unknown := change.Unknown
	if unknown != nil {
		unknown = fmt.Errorf("whether something is scheduled is not known: %w", unknown)
	}
	tellNotes(e, change.Notes)
	if change.Empty() && unknown != nil {
		return unknown
	}
	if change.Empty() {
		fmt.Fprintf(e.stdout, "ams-hook is not registered in %s, and nothing is scheduled: nothing to do\n", t.Path)
		return nil
	}
	if err := makeChange(e, c, change); err != nil {
		return err
	}
	if c.Bool("dry-run") {
		fmt.Fprintln(e.stdout, "\nnothing was changed (--dry-run)")
		return nil
	}
	fmt.Fprintf(e.stdout, "\nStill there: what was recorded in %s, what is stored in %s, and %s.\n",
		set.spoolDir, set.storeName(), install.EnvFile(m.Home))
	return unknown
}
