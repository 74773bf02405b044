package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ams/pkg/doctor"
	"ams/pkg/lax"
	"ams/pkg/screen"
)

func doctorCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "doctor", Category: begin,
		Usage: "is it wired, does it work, and what to do where not",
		Description: "It looks at hooks, schedule, spools, store and the last run. It changes nothing but probe files and a probe object of its own, which it removes. " +
			"The exit code is 0 without a problem, else 1.\n" +
			"ams-assemble status is the short form, which tries nothing.",
		UsageText: "ams-assemble doctor  # look at everything\n" +
			"ams-assemble doctor --json  # for a monitor or a bug report\n" +
			"ams-assemble doctor --store --store-command ./store.sh  # try a store of your own",
		Flags: append(doctorFlags(),
			&cli.BoolFlag{Name: "store", Usage: "try the store alone: what a run relies on"},
			&cli.StringFlag{Name: "client", Value: "claude", Usage: "the client's `PROGRAM`, which is asked for its version"}),
		Action: func(c *cli.Context) error { return examine(e, c, false) },
	}
}

func statusCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "status", Category: begin,
		Usage: "in a few lines: what works, waits and failed",
		UsageText: "ams-assemble status  # quick: nothing is tried\n" +
			"ams-assemble status --json  # the same for a program",
		Flags:  doctorFlags(),
		Action: func(c *cli.Context) error { return examine(e, c, true) },
	}
}

func doctorFlags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.StringFlag{Name: "dir", Usage: "the project's `DIR`, whose settings are looked at, too (default: the working folder)"},
		&cli.BoolFlag{Name: "json", Usage: "print the findings as JSON"},
	}, pageFlags(), commonFlags(recordGroup, storeGroup))
}

func examine(e env, c *cli.Context, quick bool) error {
	if c.Args().Present() {
		return usagef("%s takes no arguments", c.Command.Name)
	}
	set, err := readSettings(e, c)
	if err != nil { // without its own settings it cannot look anywhere
		next := "mend the setting, or the file that it names"
		f := doctor.Finding{ID: "own", State: doctor.Problem, Text: err.Error(), Next: next}
		var hinted hinter
		if errors.As(err, &hinted) {
			f.Next = hinted.Hint()
		}
		return tellFindings(e, c, []doctor.Finding{f}, false)
	}
	project := c.String("dir")
	if project == "" {
		if project, err = os.Getwd(); err != nil {
			project = "."
		}
	}
	opt := set.examined(e, project, quick)
	opt.OnlyStore = !quick && c.Bool("store")
	opt.Client = c.String("client")
	return tellFindings(e, c, doctor.Examine(c.Context, opt), quick)
}

// examined is what doctor looks at.
func (s settings) examined(e env, project string, quick bool) doctor.Options {
	return doctor.Options{
		Machine: machineOf(e), Quick: quick, Version: version(), VersionOf: versionOf,
		ClaudeDir: s.claudeDir, ProjectDir: project, Client: "claude",
		SpoolDir: s.spoolDir, Refused: s.refused,
		Receipts: s.receiptsPath(), News: s.shipping(e).News,
		Store:      s.examinedStore(),
		PricesDate: s.join.Prices.Date(),
	}
}

func (s settings) examinedStore() doctor.Store {
	folder := s.storeFolder()
	store := doctor.Store{Name: s.storeName(), Folder: folder, Far: folder == "", Bucket: s.s3 != nil, Open: s.open}
	if s.command != nil {
		store.Next = "mend the command: docs/storage.md says what it owes, and how to try it by hand"
	}
	return store
}

// examination is the form of doctor --json.
type examination struct {
	Version  string           `json:"version"`
	Problems int              `json:"problems"`
	Warnings int              `json:"warnings"`
	Checks   []doctor.Finding `json:"checks"`
}

// tellFindings prints the findings. With a problem the exit code is 1.
func tellFindings(e env, c *cli.Context, findings []doctor.Finding, short bool) error {
	problems, warnings := doctor.Count(findings, doctor.Problem), doctor.Count(findings, doctor.Warning)
	var err error
	if c.Bool("json") {
		var b []byte
		if b, err = lax.Encode(examination{version(), problems, warnings, findings}); err == nil {
			_, err = fmt.Fprintf(e.stdout, "%s\n", b)
		}
	} else {
		err = paged(e, c, func(p *page) error {
			writeFindings(p, findings, short)
			_, err := fmt.Fprintf(p, "\n%s, %s\n", screen.Count(problems, "problem"), screen.Count(warnings, "warning"))
			return err
		})
	}
	if err == nil && problems > 0 {
		err = fmt.Errorf("%s found", screen.Count(problems, "problem"))
	}
	return err
}

var stateStyles = map[doctor.State]screen.Style{
	doctor.OK: screen.Green, doctor.Warning: screen.Yellow, doctor.Problem: screen.Alarm,
}

// writeFindings writes a table; the short one says what is wrong, and where things stand.
func writeFindings(p *page, findings []doctor.Finding, short bool) {
	const names, states = 8, 7
	for _, f := range findings {
		if short && f.State == doctor.OK && !slices.Contains([]string{"hook", "recorded", "run", "schedule"}, f.ID) {
			continue
		}
		head := p.Paint(stateStyles[f.State], screen.Pad(string(f.State), states)) + "  " + screen.Pad(f.ID, names) + "  "
		for _, line := range screen.Wrap(screen.Line(f.Text), max(p.Cells-states-names-4, 20)) {
			fmt.Fprintf(p, "%s%s\n", head, line)
			head = strings.Repeat(" ", states+names+4)
		}
		if f.Next == "" {
			continue
		}
		for i, line := range screen.Wrap(screen.Line(f.Next), max(p.Cells-states-names-7, 20)) {
			arrow := "-> "
			if i > 0 {
				arrow = "   "
			}
			fmt.Fprintf(p, "%s%s\n", head, p.Paint(screen.Bold, arrow+line))
		}
	}
}
