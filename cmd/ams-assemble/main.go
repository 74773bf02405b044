// ams-assemble joins what ams-hook recorded of Claude Code sessions with the client's transcripts, and stores every
// session as one JSON object. It runs from cron (ams-assemble run) and by hand; docs/settings.md lists its
// commands, settings and exit codes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/commandline"
	"ams/pkg/install"
	"ams/pkg/screen"
)

// Exit codes, as in docs/settings.md.
const (
	exitDone    = 0
	exitNothing = 1 // nothing could be done
	exitUsage   = 2 // wrong usage
	exitSome    = 3 // some sessions failed
	exitLocked  = 4 // another run holds the lock

	exitInterrupted = 130 // a person pressed Ctrl-C: what a shell says of a program that SIGINT ended
)

// env is the world as the commands see it.
type env struct {
	args   []string // without the program's name
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	getenv func(string) string
	now    func() time.Time
	self   string // the path of this program
	// envErr says why the settings in the env file could not be read, nil if they were.
	envErr   error
	patience patience
}

// patience is how long a run waits for whom it hands a session to. Zeros are otlpTime and onStoredTime; tests wait less.
type patience struct{ receiver, command time.Duration }

// memoryLimit is the heap at which garbage is collected more often rather than more memory taken: no session needs as
// much, and half a gigabyte is what a small machine, a container or a cron job can spare.
const memoryLimit = 456 << 20

// gcPercent lets the heap grow to three times of what is in use before garbage is collected, up to the limit: what is
// read, joined and encoded is garbage a moment later, and the collector took a fifth of the time that an import takes
// (bench/transcripts: 115 MB of memory instead of 90).
const gcPercent = 200

func main() {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	world := env{
		args: os.Args[1:], stdin: os.Stdin, stdout: toPerson(os.Stdout, os.Getenv), stderr: toPerson(os.Stderr, os.Getenv),
		getenv: os.Getenv, now: time.Now, self: self,
	}
	if err := leaveEnvironment(world); err != nil {
		world.envErr = &exitError{exitUsage, err}
	} else if err := install.LoadEnv(install.EnvFile(homeDir(world)), os.LookupEnv, os.Setenv); err != nil {
		world.envErr = &exitError{exitUsage, err}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go endInTime(told)
	ctx, interrupted := untilInterrupted(ctx)
	code := run(ctx, world)
	stop()
	finish(world)
	if interrupted() {
		code = exitInterrupted
	}
	os.Exit(code)
}

// untilInterrupted is a context that ends with the first Ctrl-C, and what tells whether there was one. The second ends
// the program at once, as without us.
func untilInterrupted(ctx context.Context) (until context.Context, interrupted func() bool) {
	until, end := context.WithCancel(ctx)
	pressed := make(chan os.Signal, 1)
	signal.Notify(pressed, os.Interrupt)
	var was atomic.Bool
	go func() {
		<-pressed
		was.Store(true)
		signal.Stop(pressed)
		end()
		time.Sleep(stopTime) // what waits for something else than the context does not wait for ever
		os.Exit(exitInterrupted)
	}()
	return until, was.Load
}

// stopTime is how long after a SIGTERM the program may take to finish what it is at. Service
// managers kill after 10 s or more.
const stopTime = 5 * time.Second

// endInTime ends the program some seconds after it was told to, whatever it waits for: a disk that
// does not answer, a file that never ends. That loses nothing, as a crash does not: the next run
// does what is left.
func endInTime(told <-chan os.Signal) {
	<-told
	time.Sleep(stopTime)
	fmt.Fprintf(os.Stderr, "ams-assemble: stopped in the middle of its work, %v after it was told to\n", stopTime)
	os.Exit(exitSome)
}

// exitError carries an exit code other than exitNothing.
type exitError struct {
	code int
	err  error // nil: all is said
}

func (e *exitError) Error() string { return fmt.Sprint(e.err) }
func (e *exitError) Unwrap() error { return e.err }

// usagef is an error about how the program was called.
func usagef(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, e env) int {
	app := newApp(e)
	if len(e.args) > 1 && e.args[0] == completeCommand {
		known := offers{e, e.args[2:]}
		commandline.PrintCandidates(e.stdout, commandline.Complete(app, known, strings.TrimPrefix(e.args[1], "cur="), e.args[2:]))
		return exitDone
	}
	err := obey(ctx, e, app)
	if err == nil {
		return exitDone
	}
	var coded *exitError
	if errors.As(err, &coded) && coded.err == nil {
		return coded.code
	}
	fmt.Fprintf(e.stderr, "ams-assemble: %s\n", screen.Text(err.Error())) // it may quote what a stranger stored
	var hinted hinter
	if errors.As(err, &hinted) {
		fmt.Fprintf(e.stderr, "hint: %s\n", screen.Text(hinted.Hint()))
	}
	if coded != nil {
		return coded.code
	}
	return exitNothing
}

// obey does what the command line says.
func obey(ctx context.Context, e env, app *cli.App) error {
	line, err := commandline.Parse(app, e.args)
	cells, terminal := terminalWidth(e.stdout)
	if !terminal {
		cells = helpCells
	}
	switch {
	case err != nil:
		return &exitError{exitUsage, err}
	case line.Help:
		return commandline.Help(e.stdout, app, line.Path, cells)
	}
	return app.RunContext(ctx, slices.Concat([]string{app.Name}, line.Path, line.Args))
}

// helpCells is the width of help that goes to no terminal: somebody's editor or pager shows it.
const helpCells = 80

// hinter is an error, of ours or of a package, that knows the next step to take.
type hinter interface {
	error
	Hint() string
}

// hintError is an error with the next step to take.
type hintError struct {
	err  error
	hint string
}

func (h *hintError) Error() string { return h.err.Error() }
func (h *hintError) Unwrap() error { return h.err }
func (h *hintError) Hint() string  { return h.hint }

// The groups of commands in help.
const (
	begin   = "Begin"
	reading = "Read"
	storing = "Store"
	more    = "More"
)

func newApp(e env) *cli.App {
	fail := func(_ *cli.Context, err error, _ bool) error { return usagef("%w", err) }
	app := &cli.App{
		Name:           "ams-assemble",
		DefaultCommand: "run", // what cron wants
		Usage:          "see what a Claude agent really did",
		UsageText: "ams-assemble show last  # read your newest session\n" +
			"ams-assemble list --since 7d  # what ran in the last week, and what it cost\n" +
			"ams-assemble find connection refused  # where this was said or happened",
		HideVersion:     true,
		Writer:          e.stdout,
		ErrWriter:       e.stderr,
		HideHelpCommand: true,
		// A value may hold a comma; lists of words that cannot are split by [wordsOf], filters by query.Query.
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              fail,
		Commands: []*cli.Command{
			demoCommand(e),
			installCommand(e),
			doctorCommand(e),
			statusCommand(e),
			uninstallCommand(e),
			listCommand(e),
			findCommand(e),
			showCommand(e),
			viewCommand(e),
			reportCommand(e),
			editsCommand(e),
			diffCommand(e),
			mcpCommand(e),
			runCommand(e),
			importCommand(e),
			sessionCommand(e),
			removeCommand(e),
			reindexCommand(e),
			indexCommand(e),
			exportCommand(e),
			tablesCommand(e),
			spoolCommand(e),
			pricesCommand(e),
			completionCommand(e),
			versionCommand(e),
			helpCommand(),
			manCommand(e),
		},
	}
	commandline.EachCommand(app.Commands, func(c *cli.Command) {
		c.OnUsageError = fail
		c.HideHelpCommand = true
	})
	return app
}
