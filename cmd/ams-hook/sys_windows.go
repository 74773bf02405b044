package main

import (
	"os"
	"time"

	"golang.org/x/sys/windows"

	"ams/pkg/spool"
)

// confine gives the process standard handles that lead nowhere; the runtime asks
// for them again before it prints.
func confine(talk bool) {
	if talk {
		return
	}
	if f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		_ = windows.SetStdHandle(windows.STD_OUTPUT_HANDLE, windows.Handle(f.Fd()))
		_ = windows.SetStdHandle(windows.STD_ERROR_HANDLE, windows.Handle(f.Fd()))
		os.Stdout, os.Stderr = f, f // keeps f open as well
	}
}

// readStdin reads standard input to its end or up to spool.MaxRaw, and reports
// whether something was left out. Windows cannot poll a pipe, so the deadline
// holds between reads only; the client's own timeout is the last resort.
func readStdin(b []byte, deadline time.Time) ([]byte, bool) {
	waste := []byte(nil)
	for {
		if time.Now().After(deadline) {
			return b, true
		}
		b = grow(b, spool.MaxRaw)
		room := b[len(b):cap(b)]
		full := len(b) == spool.MaxRaw
		if full {
			if waste == nil {
				waste = make([]byte, discard)
			}
			room = waste
		}
		n, err := os.Stdin.Read(room)
		if !full {
			b = b[:len(b)+n]
		}
		if err != nil {
			return b, full && n > 0 || waste != nil
		}
	}
}

func uidName() string { return "" }
