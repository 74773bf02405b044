package main

import (
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"ams/pkg/screen"
)

// console is standard output or standard error where that is a terminal. All that any command writes there
// passes the door, whether it is a table, an error, CSV or JSON: what agents, hooks and servers wrote may be in
// it, and so may what a stranger called a file. Pipes and files get every byte as it is.
type console struct {
	*screen.Door
	file *os.File
}

// toPerson puts a door in front of a terminal.
func toPerson(f *os.File, getenv func(string) string) io.Writer {
	if !term.IsTerminal(int(f.Fd())) {
		return f
	}
	return &console{screen.NewDoor(f, screen.NewInk()).OnlyASCII(onlyASCII(getenv)), f}
}

// onlyASCII reports whether the terminal shows ASCII alone. Windows' shows UTF-8, and knows no locale of POSIX.
func onlyASCII(getenv func(string) string) bool {
	return runtime.GOOS != "windows" && !screen.HasUTF8(getenv)
}

// uncleaned is what stands behind the door, for what must move the cursor itself and writes no recorded text:
// the pager, whose input passes a door, and the progress bar.
func uncleaned(w io.Writer) io.Writer {
	if c, ok := w.(*console); ok {
		return c.file
	}
	return w
}

// finish writes what the doors still hold: half a character, at the most. Nobody can be told that a terminal
// has gone.
func finish(e env) {
	for _, w := range []io.Writer{e.stdout, e.stderr} {
		if c, ok := w.(*console); ok {
			c.Flush()
		}
	}
}

// progress is a bar on a terminal, and nothing anywhere else.
func progress(e env, sessions int, quiet bool) *progressbar.ProgressBar {
	_, terminal := e.stderr.(*console)
	shown := terminal && sessions > 1 && !quiet
	theme := progressbar.ThemeDefault
	if shown && onlyASCII(e.getenv) {
		theme = progressbar.ThemeASCII
	}
	return progressbar.NewOptions(sessions, progressbar.OptionSetTheme(theme), progressbar.OptionSetWriter(uncleaned(e.stderr)), progressbar.OptionSetVisibility(shown),
		progressbar.OptionSetDescription("sessions"), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
}

// lateProgress is a bar that comes where something takes longer than a second, and goes when it is done. It may be told of
// by several goroutines.
func lateProgress(e env, what string) func(done, of int) {
	var mu sync.Mutex
	var bar *progressbar.ProgressBar
	began := time.Now()
	return func(done, of int) {
		mu.Lock()
		defer mu.Unlock()
		if bar == nil && time.Since(began) > time.Second && done < of {
			bar = progress(e, of, false)
			bar.Describe(what)
		}
		if bar != nil {
			bar.Set(max(done, int(bar.State().CurrentNum)))
		}
	}
}
