// Package doctor tells whether a machine records, assembles and stores what Claude Code does, and
// what to do where it does not.
//
// An event goes a long way: the client reads its settings, starts ams-hook, which writes into the
// spool; a schedule starts ams-assemble, which joins and stores. Most of what breaks on it breaks
// in silence: a comma too many turns all hooks off, a folder with another name fills unread.
// [Examine] walks this way in the order in which an event goes and says of each stage how it is: a
// [Finding] is what was looked at, its [State], and the next step where it is not well.
//
// It changes nothing but probe files and probe objects of its own, which it removes. It starts no
// program that a project's files name, see mayStart. A check that takes too long ends, and one that
// fails by itself is a finding, too. Where Options.Quick is set nothing is tried, and it only looks.
//
// The package prints nothing, and decides nothing about exit codes: a person's table and a
// program's JSON are the command's.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"ams/pkg/clientsettings"
	"ams/pkg/install"
	"ams/pkg/receipt"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// State is how one thing is that was looked at.
type State string

// The states.
const (
	OK      State = "ok"
	Warning State = "warning" // it works, and could be better
	Problem State = "problem" // something is lost, or will be
)

// Finding is what was looked at, how it is, and what to do next where it is not well.
type Finding struct {
	ID    string `json:"id"`
	State State  `json:"state"`
	Text  string `json:"text"`
	Next  string `json:"next,omitzero"`
}

// Count is how many findings are in a state.
func Count(findings []Finding, s State) int {
	n := 0
	for _, f := range findings {
		if f.State == s {
			n++
		}
	}
	return n
}

// Options say which machine is looked at, and how ams-assemble is set there.
type Options struct {
	Machine   install.Machine
	Quick     bool                          // look only, and try nothing; no bucket is asked
	OnlyStore bool                          // look at the store alone
	Version   string                        // of this ams-assemble
	VersionOf func(*debug.BuildInfo) string // the version of a program of this module

	ClaudeDir  string // the client's folder
	ProjectDir string // the project whose settings the client reads
	Client     string // the client's program

	SpoolDir string // where ams-assemble reads what hooks record
	Refused  error  // why hooks do not use the folder that was set, and record into SpoolDir; nil if they do

	Receipts string // the file of receipts of the store in use
	// News are the spools in which something has happened since their receipts, by stats alone, as a
	// run sees it.
	News func(map[string]*receipt.Receipt, []spool.Stat) []spool.Stat

	Store      Store
	PricesDate string // of the price table, YYYY-MM-DD
}

// Store is where sessions are stored.
type Store struct {
	Name   string // as a person knows it
	Folder string // of a local store, "" for any other
	Far    bool   // its answers take time
	Bucket bool   // it is one of S3, and takes credentials
	Next   string // what to do where it does not work; "": what is known of its kind
	Open   func(context.Context) (upload.Store, error)
}

// doctor is one examination.
type doctor struct {
	Options
	findings []Finding

	files     []settingsFile
	scheduled bool
	plugin    string // an enabled plugin of ours and its file, "" if none
	version   string // of the client, "" if not known

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
	d.findings = append(d.findings, Finding{id, OK, fmt.Sprintf(format, args...), ""})
}

func (d *doctor) warn(id, next, format string, args ...any) {
	d.findings = append(d.findings, Finding{id, Warning, fmt.Sprintf(format, args...), next})
}

func (d *doctor) problem(id, next, format string, args ...any) {
	d.findings = append(d.findings, Finding{id, Problem, fmt.Sprintf(format, args...), next})
}

// checkTime bounds one check; a bucket that does not answer takes its own time limits.
const checkTime = 30 * time.Second

// check is one look. Those that try something are left out where it is to be quick.
type check struct {
	id    string
	tries bool
	look  func(*doctor, context.Context)
}

// checks are all of them, in the order in which an event goes.
func checks() []check {
	return []check{
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
		{"path", true, (*doctor).checkPath},
		{"own", false, (*doctor).checkOwnSettings},
	}
}

// Examine looks at everything between the client and the store.
func Examine(ctx context.Context, opt Options) []Finding {
	d := &doctor{Options: opt}
	d.spools, d.spoolsErr = spool.List(opt.SpoolDir)
	receipts, err := receipt.Read(opt.Receipts)
	if d.receipts = receipts; errors.Is(err, receipt.ErrLocked) {
		d.busy = true
	} else {
		d.booksErr = err
	}
	for _, c := range checks() {
		if (!opt.Quick || !c.tries) && (!opt.OnlyStore || c.id == "store") {
			d.run(ctx, c)
		}
	}
	return d.findings
}

// run runs one check within its time; one that fails by itself is a finding too.
func (d *doctor) run(ctx context.Context, c check) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			d.problem(c.id, "this is a mistake of ams-assemble: please report it", "the check itself failed: %v", r)
		}
	}()
	c.look(d, ctx)
}
