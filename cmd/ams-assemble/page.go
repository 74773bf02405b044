package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"ams/pkg/screen"
)

// defaultCells is the width of what is no terminal: a file or another program.
const defaultCells = 120

// minCells and maxCells bound what --width may ask for.
const (
	minCells = 40
	maxCells = 1000
)

// pageGroup is their heading in help.
const pageGroup = "Layout"

// pageFlags are the flags of the commands that show something to read.
func pageFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "color", Category: pageGroup, Value: "auto", Usage: "paint the text: `WHEN` auto (on a terminal, unless NO_COLOR is set), always or never"},
		&cli.IntFlag{Name: "width", Category: pageGroup, Usage: "lay out for `N` columns (default: the terminal's, 120 elsewhere)"},
		&cli.BoolFlag{Name: "no-pager", Category: pageGroup, Usage: "print to the terminal without a pager ($PAGER, else less)"},
	}
}

// page is where a command writes what a person reads: the screen's layout, and a pager in front of a terminal.
type page struct {
	screen.Screen
	io.Writer
	terminal bool
	given    bool // the width was asked for
	// flush shows at once what was written.
	flush func() error
	// close waits until the person has read. Its error is what became of the pager.
	close func() error
}

// layoutOf says how text is set on standard output: the width, and whether it is painted, which by default only a
// terminal is. Commands without [pageFlags] get the defaults.
func layoutOf(e env, c *cli.Context) (l screen.Screen, terminal bool, err error) {
	l.Cells, terminal = terminalWidth(e.stdout)
	if out, ok := e.stdout.(*console); ok {
		l.Ink = out.Ink()
	}
	if c.IsSet("width") {
		if l.Cells = c.Int("width"); l.Cells < minCells || l.Cells > maxCells {
			return l, terminal, usagef("--width must be from %d to %d, not %d", minCells, maxCells, l.Cells)
		}
	}
	switch when := c.String("color"); when {
	case "", "auto":
		l.Color = terminal && e.getenv("NO_COLOR") == "" && e.getenv("TERM") != "dumb"
	case "always", "never":
		l.Color = when == "always"
	default:
		return l, terminal, usagef("--color must be auto, always or never, not %q", when)
	}
	return l, terminal, nil
}

// openPage opens a page on standard output, with a pager in front of a terminal.
func openPage(e env, c *cli.Context) (*page, error) {
	layout, terminal, err := layoutOf(e, c)
	if err != nil {
		return nil, err
	}
	p := &page{Screen: layout, terminal: terminal, given: c.IsSet("width")}
	if terminal && !c.Bool("no-pager") {
		if pager := pagerOf(e); pager != "" {
			return p, p.startPager(e, pager)
		}
	}
	out := bufio.NewWriter(e.stdout)
	p.Writer, p.flush, p.close = out, out.Flush, out.Flush
	return p, nil
}

// terminalWidth is the width of the terminal that w is, if it is one.
func terminalWidth(w io.Writer) (cells int, terminal bool) {
	out, ok := w.(*console)
	if !ok {
		return defaultCells, false
	}
	cells, _, err := term.GetSize(int(out.file.Fd()))
	if err != nil || cells < 1 { // a serial line knows no size
		return 80, true
	}
	return min(max(cells, minCells), maxCells), true
}

// pagerOf is the command line of the pager, "" for none: a terminal that can only print has no use for one.
func pagerOf(e env) string {
	if e.getenv("TERM") == "dumb" {
		return ""
	}
	pager := strings.TrimSpace(e.getenv("PAGER"))
	if pager == "" {
		if _, err := exec.LookPath("less"); err != nil {
			return ""
		}
		pager = "less"
	}
	if pager == "cat" {
		return ""
	}
	// A shell starts whatever is asked of it, so whether the pager is there is looked up first; what is no plain word
	// is the shell's.
	if program := strings.Fields(pager)[0]; !strings.ContainsAny(program, `$'"=~\`+"`") {
		if _, err := exec.LookPath(program); err != nil {
			fmt.Fprintf(e.stderr, "ams-assemble: there is no pager %s (PAGER)\n", strconv.Quote(program))
			return ""
		}
	}
	return pager
}

// startPager puts a pager between the page and the terminal. Where it does not start, the text goes to the terminal
// as it is.
func (p *page) startPager(e env, pager string) error {
	// A Ctrl-C is the pager's to understand: it does not end with this program's context.
	cmd := exec.Command("sh", "-c", pager)
	if runtime.GOOS == "windows" {
		cmd = exec.Command("cmd", "/c", pager)
	}
	// It must see the terminal itself; what is written to it passes a door before.
	cmd.Stdout, cmd.Stderr = uncleaned(e.stdout), uncleaned(e.stderr)
	if e.getenv("LESS") == "" { // F: end at once where all fits; R: colours; X: leave the text on the screen
		cmd.Env = append(cmd.Environ(), "LESS=FRX")
	}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("pager: %w", err)
	}
	if err := cmd.Start(); err != nil {
		fmt.Fprintf(e.stderr, "ams-assemble: the pager %s does not start: %v\n", strconv.Quote(pager), err)
		out := bufio.NewWriter(e.stdout)
		p.Writer, p.flush, p.close = out, out.Flush, out.Flush
		return nil
	}
	door := screen.NewDoor(pipe, p.Ink).OnlyASCII(onlyASCII(e.getenv))
	out := bufio.NewWriter(door)
	p.Writer, p.flush = out, out.Flush
	p.close = func() error {
		err := errors.Join(out.Flush(), door.Flush())
		if isBrokenPipe(err) {
			err = nil // the person has seen enough
		}
		pipe.Close()
		return errors.Join(err, cmd.Wait())
	}
	return nil
}

// isBrokenPipe reports whether the reader has gone: a person who left the pager, or head(1).
func isBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }

// paged runs write on a page. A reader who leaves early is no error; what was not written for it was not wanted.
func paged(e env, c *cli.Context, write func(*page) error) error {
	p, err := openPage(e, c)
	if err != nil {
		return err
	}
	err = write(p)
	if isBrokenPipe(err) {
		err = nil
	}
	if closed := p.close(); err == nil && !isBrokenPipe(closed) {
		err = closed
	}
	return err
}
