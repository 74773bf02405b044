package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/clientsettings"
	"ams/pkg/lax"
	"ams/pkg/receipt"
	"ams/pkg/screen"
	"ams/pkg/spool"
)

// state is how one thing that doctor looks at is.
type state string

const (
	isOK      state = "ok"
	isWarning state = "warning" // it works, and could be better
	isProblem state = "problem" // something is lost, or will be
)

// finding is one line of doctor: what was looked at, how it is, and what to do next where it is not well.
type finding struct {
	ID    string `json:"id"`
	State state  `json:"state"`
	Text  string `json:"text"`
	Next  string `json:"next,omitzero"`
}

func doctorCommand(e env) *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "tell whether sessions are recorded, assembled and stored, and what to do where not",
		Description: "It changes nothing but probe files and a probe object of its own, which it removes. The exit code is 0 without a problem, else 1.\n" +
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

// doctor looks at everything between the client and the store.
type doctor struct {
	e         env
	set       settings
	project   string
	client    string
	quick     bool
	files     []settingsFile
	scheduled bool
	plugin    string // an enabled plugin of ours and its file, "" if none
	version   string // of the client, "" if not known
	findings  []finding

	spools    []spool.Stat
	spoolsErr error
	receipts  map[string]*receipt.Receipt
	busy      bool  // a run has the receipts to itself
	booksErr  error // why they cannot be read else
}

// settingsFile is a settings file of the client that is there.
type settingsFile struct {
	clientsettings.File
	*clientsettings.Settings
	changed time.Time
}

func (d *doctor) ok(id, format string, args ...any) {
	d.findings = append(d.findings, finding{id, isOK, fmt.Sprintf(format, args...), ""})
}

func (d *doctor) warn(id, next, format string, args ...any) {
	d.findings = append(d.findings, finding{id, isWarning, fmt.Sprintf(format, args...), next})
}

func (d *doctor) problem(id, next, format string, args ...any) {
	d.findings = append(d.findings, finding{id, isProblem, fmt.Sprintf(format, args...), next})
}

// checkTime bounds one check; a bucket that does not answer takes its own time limits.
const checkTime = 30 * time.Second

// checks are all that doctor looks at, in the order in which an event goes. Those that try something are left out of status.
var checks = []struct {
	id    string
	tries bool
	look  func(*doctor, context.Context)
}{
	{"client", true, (*doctor).checkClient},
	{"settings", false, (*doctor).checkSettings},
	{"hook", false, (*doctor).checkHooks},
	{"program", true, (*doctor).checkPrograms},
	{"limits", true, (*doctor).checkLimits},
	{"agree", false, (*doctor).checkAgree},
	{"spool", false, (*doctor).checkSpoolDir},
	{"planted", false, (*doctor).checkPlanted},
	{"trial", true, (*doctor).checkTrial},
	{"recorded", false, (*doctor).checkRecorded},
	{"damage", false, (*doctor).checkDamage},
	{"receipts", false, (*doctor).checkReceipts},
	{"log", false, (*doctor).checkLog},
	{"schedule", false, (*doctor).checkSchedule},
	{"run", false, (*doctor).checkLastRun},
	{"store", true, (*doctor).checkStore},
	{"own", false, (*doctor).checkOwnSettings},
}

func examine(e env, c *cli.Context, quick bool) error {
	if c.Args().Present() {
		return usagef("%s takes no arguments", c.Command.Name)
	}
	set, err := readSettings(e, c)
	if err != nil { // without its own settings it cannot look anywhere
		d := &doctor{e: e}
		next := "mend the setting, or the file that it names"
		var hinted hinter
		if errors.As(err, &hinted) {
			next = hinted.Hint()
		}
		d.problem("own", next, "%v", err)
		return d.tell(c)
	}
	project := c.String("dir")
	if project == "" {
		if project, err = os.Getwd(); err != nil {
			project = "."
		}
	}
	d := &doctor{e: e, set: set, project: project, client: c.String("client"), quick: quick}
	d.spools, d.spoolsErr = spool.List(set.spoolDir)
	d.receipts, err = receipt.Read(set.receiptsPath())
	if d.busy = errors.Is(err, receipt.ErrLocked); !d.busy {
		d.booksErr = err
	}
	for _, check := range checks {
		if quick && check.tries {
			continue
		}
		d.guarded(c.Context, check.id, check.look)
	}
	return d.tell(c)
}

// guarded runs one check within its time; one that fails by itself is a finding too.
func (d *doctor) guarded(ctx context.Context, id string, look func(*doctor, context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			d.problem(id, "this is a mistake of ams-assemble: please report it", "the check itself failed: %v", r)
		}
	}()
	look(d, ctx)
}

func (d *doctor) count(s state) int {
	n := 0
	for _, f := range d.findings {
		if f.State == s {
			n++
		}
	}
	return n
}

// report is the form of doctor --json.
type report struct {
	Version  string    `json:"version"`
	Problems int       `json:"problems"`
	Warnings int       `json:"warnings"`
	Checks   []finding `json:"checks"`
}

// tell prints the findings. With a problem the exit code is 1.
func (d *doctor) tell(c *cli.Context) error {
	var err error
	if c.Bool("json") {
		var b []byte
		if b, err = lax.Encode(report{version(), d.count(isProblem), d.count(isWarning), d.findings}); err == nil {
			_, err = fmt.Fprintf(d.e.stdout, "%s\n", b)
		}
	} else {
		err = paged(d.e, c, d.write)
	}
	if err == nil && d.count(isProblem) > 0 {
		err = fmt.Errorf("%s found", screen.Count(d.count(isProblem), "problem"))
	}
	return err
}

var stateStyles = map[state]screen.Style{isOK: screen.Green, isWarning: screen.Yellow, isProblem: screen.Alarm}

func (d *doctor) write(p *page) error {
	const names, states = 8, 7
	for _, f := range d.findings {
		if d.quick && f.State == isOK && !slices.Contains([]string{"hook", "recorded", "run", "schedule"}, f.ID) {
			continue // the short form says what is wrong, and where things stand
		}
		head := p.Paint(stateStyles[f.State], screen.Pad(string(f.State), states)) + "  " + screen.Pad(f.ID, names) + "  "
		for _, line := range screen.Wrap(screen.Line(f.Text), max(p.Cells-states-names-4, 20)) {
			fmt.Fprintf(p, "%s%s\n", head, line)
			head = strings.Repeat(" ", states+names+4)
		}
		if f.Next != "" {
			for i, line := range screen.Wrap(screen.Line(f.Next), max(p.Cells-states-names-7, 20)) {
				arrow := "-> "
				if i > 0 {
					arrow = "   "
				}
				fmt.Fprintf(p, "%s%s\n", head, p.Paint(screen.Bold, arrow+line))
			}
		}
	}
	_, err := fmt.Fprintf(p, "\n%s, %s\n", screen.Count(d.count(isProblem), "problem"), screen.Count(d.count(isWarning), "warning"))
	return err
}
