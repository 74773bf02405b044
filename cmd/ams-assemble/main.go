// ams-assemble joins what ams-hook recorded of Claude Code sessions with the client's transcripts, and stores every
// session as one JSON object. It runs from cron (ams-assemble run) and by hand; the README lists its commands,
// settings and exit codes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/commandline"
	"ams/pkg/install"
	"ams/pkg/screen"
)

// Exit codes, as in the README.
const (
	exitDone    = 0
	exitNothing = 1 // nothing could be done
	exitUsage   = 2 // wrong usage
	exitSome    = 3 // some sessions failed
	exitLocked  = 4 // another run holds the lock
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
	envErr error
}

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
		args: os.Args[1:], stdin: os.Stdin, stdout: toPerson(os.Stdout), stderr: toPerson(os.Stderr),
		getenv: os.Getenv, now: time.Now, self: self,
	}
	if err := install.LoadEnv(install.EnvFile(homeDir(world)), os.LookupEnv, os.Setenv); err != nil {
		world.envErr = &exitError{exitUsage, err}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go endInTime(told)
	code := run(ctx, world)
	stop()
	finish(world)
	os.Exit(code)
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
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usagef is an error about how the program was called.
func usagef(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, e env) int {
	app := newApp(e)
	if len(e.args) > 1 && e.args[0] == completeCommand {
		commandline.PrintCandidates(e.stdout, commandline.Complete(app, flagValues, strings.TrimPrefix(e.args[1], "cur="), e.args[2:]))
		return exitDone
	}
	args, err := commandline.Arrange(app, e.args)
	if none := (*commandline.NoCommandError)(nil); errors.As(err, &none) {
		err = &hintError{err, "ams-assemble --help lists the commands"}
	}
	if err != nil {
		err = &exitError{exitUsage, err}
	} else {
		err = app.RunContext(ctx, append([]string{app.Name}, args...))
	}
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(e.stderr, "ams-assemble: %s\n", screen.Text(err.Error())) // it may quote what a stranger stored
	var hinted hinter
	if errors.As(err, &hinted) {
		fmt.Fprintf(e.stderr, "hint: %s\n", screen.Text(hinted.Hint()))
	}
	var coded *exitError
	if errors.As(err, &coded) {
		return coded.code
	}
	return exitNothing
}

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

func newApp(e env) *cli.App {
	fail := func(_ *cli.Context, err error, _ bool) error { return usagef("%w", err) }
	app := &cli.App{
		Name:            "ams-assemble",
		DefaultCommand:  "run", // what cron wants
		Usage:           "one readable JSON object of every Claude Code session",
		Version:         version(),
		Writer:          e.stdout,
		ErrWriter:       e.stderr,
		HideHelpCommand: true,
		// A value may hold a comma; lists of words that cannot are split by [wordsOf], filters by query.Query.
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              fail,
		Commands: []*cli.Command{
			runCommand(e),
			sessionCommand(e),
			importCommand(e),
			removeCommand(e),
			spoolCommand(e),
			pricesCommand(e),
			installCommand(e),
			uninstallCommand(e),
			doctorCommand(e),
			statusCommand(e),
			listCommand(e),
			findCommand(e),
			showCommand(e),
			demoCommand(e),
			completionCommand(e),
			manCommand(e),
		},
	}
	commandline.EachCommand(app.Commands, func(c *cli.Command) {
		c.OnUsageError = fail
		c.HideHelpCommand = true
	})
	return app
}

// version is the module's version, or the commit that the program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return versionOf(info)
}

// versionOf is the version of a program of this module by what Go wrote into it.
func versionOf(info *debug.BuildInfo) string {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "devel"
}
