package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"golang.org/x/term"

	"ams/pkg/doctor"
	"ams/pkg/screen"
)

// atTerminal reports whether a person typed this and reads the answer: standard input, output and error are all a
// terminal. A crontab, a unit, a pipe and a loop with its output in a file are not.
func atTerminal(e env) bool {
	_, out := e.stdout.(*console)
	_, errs := e.stderr.(*console)
	in, ok := e.stdin.(*os.File)
	return out && errs && ok && term.IsTerminal(int(in.Fd()))
}

// startHere answers the bare program at a terminal: what is recorded, what waits, and where to begin. It stores
// nothing, says so first, and ends as a wrong call does, so that a loop that relied on it notices.
func startHere(ctx context.Context, e env, set settings) error {
	const commands = `
  ams-assemble run         store what waits
  ams-assemble show last   read the newest session
  ams-assemble list        what is stored; find searches
  ams-assemble doctor      is all wired, does it work?
  ams-assemble help        all commands
`
	fmt.Fprint(e.stdout, "Nothing was stored: ams-assemble run does that.\n\n")
	cells, _ := terminalWidth(e.stdout)
	writeFindings(&page{Screen: screen.Screen{Cells: cells}, Writer: e.stdout}, standing(ctx, e, set), false)
	fmt.Fprint(e.stdout, commands)
	return &exitError{code: exitUsage}
}

// standing is what doctor says, without trying anything, of what is recorded and what waits.
func standing(ctx context.Context, e env, set settings) []doctor.Finding {
	project, err := os.Getwd()
	if err != nil {
		project = "."
	}
	return slices.DeleteFunc(doctor.Examine(ctx, set.examined(e, project, true)), func(f doctor.Finding) bool {
		return !slices.Contains([]string{"hook", "recorded", "run"}, f.ID)
	})
}
