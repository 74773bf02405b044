package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	logName = "ams-hook.log"

	// maxLog bounds the log; one older file of the same size is kept.
	maxLog = 64 << 10

	// maxLogText bounds the text of one line.
	maxLogText = 1000
)

// KeptHere begins the line of an event that went into this folder because the
// one that was set is not used, or took nothing.
const KeptHere = "kept here: "

// LogLine is one line of the log of failures.
type LogLine struct {
	Time time.Time
	PID  int
	// Name is the spool it is about, "" if none.
	Name string
	Text string
}

// Log adds a line to the log in the spool folder, "ams-hook.log": time, process,
// spool and text, separated by tabs; no shell would run anything of it. It is for what a hook could not do; it is
// bounded, is not synced, and failing it stays silent.
func Log(dir, name, text string) {
	path := filepath.Join(dir, logName)
	const flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	f, err := openFile(path, flags, 0o600)
	if errors.Is(err, ErrDamaged) {
		// Somebody put a link or a FIFO there. It makes way as a full log does.
		_ = rename(path, path+".1")
		f, err = openFile(path, flags, 0o600)
	}
	if err != nil {
		return
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > maxLog {
		// Two hooks may do this at once, and the second then moves a short
		// file over a long one: lines of a log are not worth a lock.
		_ = rename(path, path+".1")
	}
	if name == "" {
		name = "-"
	}
	text = quoteInert(text[:min(len(text), maxLogText)])
	now := time.Now().UTC().Format(time.RFC3339Nano)
	fmt.Fprintf(f, "%s\t%d\t%s\t%s\n", now, os.Getpid(), name, text)
}

// quoteInert quotes a text so that no shell would run a part of it, with its
// quotes or without: a folder that somebody names to hooks may be one whose files
// a shell reads at its start, and texts hold names that somebody chose.
func quoteInert(text string) string {
	b := []byte{'"'}
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case n == 1 && !isInert(text[0]):
			b = fmt.Appendf(b, `\x%02x`, text[0])
		case n > 1 && !strconv.IsPrint(r):
			q := strconv.AppendQuoteRuneToASCII(nil, r)
			b = append(b, q[1:len(q)-1]...)
		default:
			b = append(b, text[:n]...)
		}
		text = text[n:]
	}
	return string(append(b, '"'))
}

func isInert(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte(" ._,:/=+-@%", c) >= 0
}

func logf(dir, name, format string, args ...any) {
	Log(dir, name, fmt.Sprintf(format, args...))
}

// ReadLog returns the lines of the log, oldest first, none if there is no log.
// Lines it cannot read it returns as text alone.
func ReadLog(dir string) ([]LogLine, error) {
	var lines []LogLine
	for _, name := range []string{logName + ".1", logName} {
		b, err := readLogFile(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, ErrDamaged) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(b)) {
			lines = append(lines, parseLogLine(strings.TrimSuffix(line, "\n")))
		}
	}
	return lines, nil
}

// readLogFile reads a log up to twice its size: hooks that write at once may go
// beyond it.
func readLogFile(path string) ([]byte, error) {
	f, err := openFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 2*maxLog))
}

func parseLogLine(line string) LogLine {
	part := strings.SplitN(line, "\t", 4)
	if len(part) != 4 {
		return LogLine{Text: line}
	}
	at, err1 := time.Parse(time.RFC3339Nano, part[0])
	pid, err2 := strconv.Atoi(part[1])
	text, err3 := strconv.Unquote(part[3])
	if err1 != nil || err2 != nil || err3 != nil {
		return LogLine{Text: line}
	}
	name := part[2]
	if name == "-" {
		name = ""
	}
	return LogLine{Time: at, PID: pid, Name: name, Text: text}
}
