//go:build unix

package main

import (
	"os"
	"os/signal"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"ams/pkg/spool"
)

// maxSeconds of processor time are a hundred times what the largest payload
// takes.
const maxSeconds = 10

// confine makes sure that a crash is short, silent and leaves no core file, and
// that nothing reaches stdout or stderr unless talk is set. It ignores the signals
// by which a client in a hurry, a terminal or a limit would end the program in the
// middle of an event: it ends soon anyway. (Go's runtime crashes on SIGXFSZ
// where others get EFBIG.)
func confine(talk bool) {
	signal.Ignore(unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGPIPE, unix.SIGXFSZ)
	// One byte is too little for a core file, and tells the kernel not to pipe
	// one to a handler either, which 0 does not (core(5)).
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1, Max: 1})
	_ = unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: maxSeconds, Max: maxSeconds})
	if talk {
		return
	}
	fd, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	_ = unix.Dup2(fd, 1)
	_ = unix.Dup2(fd, 2)
	_ = unix.Close(fd)
}

// readStdin reads standard input to its end, to the deadline, or up to
// spool.MaxRaw; what comes after that is read and dropped, because a closed
// pipe might hurt the client. It reports whether something was left out.
func readStdin(b []byte, deadline time.Time) ([]byte, bool) {
	var waste []byte
	for {
		if !waitInput(deadline) {
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
		n, err := unix.Read(0, room)
		switch {
		case err == unix.EINTR || err == unix.EAGAIN:
		case err != nil || n == 0:
			return b, waste != nil
		case !full:
			b = b[:len(b)+n]
		}
	}
}

// waitInput waits until stdin has something, or its end, and reports false at
// the deadline.
func waitInput(deadline time.Time) bool {
	fds := []unix.PollFd{{Fd: 0, Events: unix.POLLIN}}
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return false
		}
		n, err := unix.Poll(fds, int(left/time.Millisecond)+1)
		if err == unix.EINTR {
			continue
		}
		return err != nil || n > 0
	}
}

func uidName() string { return strconv.Itoa(os.Getuid()) }
