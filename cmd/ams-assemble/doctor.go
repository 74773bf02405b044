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
		Name:  "doctor",
		Usage: "tell whether sessions are recorded, assembled and stored, and what to do where not",
		Description: "It changes nothing but probe files and a probe object of its own, which it removes. " +
			"The exit code is 0 without a problem, else 1.\n" +
			"ams-assemble status is the short form, which tries nothing.",
		Flags: append(doctorFlags(),
			&cli.StringFlag{Name: "client", Value: "claude", Usage: "the client's `PROGRAM`, which is asked for its version"}),
		Action: func(c *cli.Context) error { return examine(e, c, false) },
	}
}

func statusCommand(e env) *cli.Command {
	return &cli.Command{
		Name:   "status",
		Usage:  "tell in a few lines whether recording works, what waits and what failed",
		Flags:  doctorFlags(),
		Action: func(c *cli.Context) error { return examine(e, c, true) },
	}
}

func doctorFlags() []cli.Flag {
	return slices.Concat(commonFlags(), pageFlags(), []cli.Flag{
		&cli.StringFlag{Name: "dir", Usage: "the project's `DIR`, whose settings are looked at, too (default: the working folder)"},
		&cli.BoolFlag{Name: "json", Usage: "print the findings as JSON"},
	})
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
	findings := doctor.Examine(c.Context, doctor.Options{
		Machine: machineOf(e), Quick: quick, Version: version(), VersionOf: versionOf,
		ClaudeDir: set.claudeDir, ProjectDir: project, Client: c.String("client"),
		SpoolDir: set.spoolDir, Refused: set.refused,
		Receipts: set.receiptsPath(), News: set.shipping(e).News,
		Store:      doctor.Store{Name: set.storeName(), Bucket: set.s3 != nil, Open: set.open},
		PricesDate: set.join.Prices.Date(),
	})
	return tellFindings(e, c, findings, quick)
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
