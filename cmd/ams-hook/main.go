// Command ams-hook records one hook event of Claude Code. The client starts it
// once per event with the event's JSON on stdin; it appends those bytes,
// untouched, to the session's spool, with the time they arrived and where it
// runs. It keeps four promises:
//
//  1. It never blocks or changes the agent. It exits with status 0 and writes
//     nothing to stdout or stderr, whatever comes in and whatever fails; what
//     fails is written to a bounded log in the spool folder.
//  2. It never waits for another process.
//  3. What it acknowledged, by exiting, is on disk.
//  4. Its cost does not grow with the session.
//
// The first promise needs care, because status 2 tells the client to block the
// tool call, and a Go program that panics exits with 2 (measured with client
// 2.1.330). So main sets debug.SetPanicOnFault, which turns a fault in a mapped
// file into a panic, and recovers every panic. It starts no goroutine, whose
// panics nobody could recover. What cannot be recovered, a stack or memory that
// ended, dies by a signal, which the client takes for an ordinary failure; so
// does a loop without end, after ten seconds of processor time. Package flag
// would exit with 2 as well; there are no flags, and arguments are ignored.
//
// Settings come from the environment:
//
//	AMS_SPOOL_DIR      the spool folder, default see spool.DefaultDir; one that is not
//	                   safe or takes nothing is left for the default, see spool.PlaceFor
//	AMS_SPOOL_SYNC     0, false, no, off: do not wait for the disk
//	AMS_DISABLE        1, true, yes, on: record nothing
//	AMS_HOOK_DEBUG     1, true, yes, on: say on stderr what happened
//	AMS_AGENT_NAME, AMS_AGENT_VERSION, AMS_ENVIRONMENT, AMS_TAGS (a comma list),
//	AMS_METADATA (a JSON object)
package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"ams/pkg/spool"
)

const (
	// readLimit is how long stdin may take in all, well below the 1.5 s that
	// the client gives all hooks of a SessionEnd (measured with 2.1.330).
	readLimit = time.Second

	// maxStack is far above what the program needs and far below the default
	// of 1 GB, which would take seconds to fill.
	maxStack = 64 << 20
)

func main() {
	now := time.Now()
	talk := isTrue(os.Getenv("AMS_HOOK_DEBUG"))
	protect(talk)
	e := env{
		getenv: os.Getenv,
		host:   os.Hostname,
		pid:    os.Getpid(),
		now:    now,
		read:   func(b []byte) ([]byte, bool) { return readStdin(b, now.Add(readLimit)) },
		stderr: io.Discard,
	}
	if talk {
		e.stderr = os.Stderr
	}
	if err := guard(func() error { return run(e) }); err != nil {
		fmt.Fprintf(e.stderr, "ams-hook: %v\n", err)
	}
}

// protect makes sure that no crash ends with status 2, takes long, or is heard.
func protect(talk bool) {
	debug.SetPanicOnFault(true)
	debug.SetTraceback("crash") // die by a signal
	debug.SetMaxStack(maxStack)
	confine(talk)
}

// guard runs fn and returns its panic as an error.
func guard(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return fn()
}

// env is the world that run sees.
type env struct {
	getenv func(string) string
	host   func() (string, error)
	pid    int
	now    time.Time
	// read appends stdin to a buffer, and reports whether stdin went on.
	read   func([]byte) ([]byte, bool)
	stderr io.Writer
}

// run records one event. Its error is for debugging alone; it is in the log.
func run(e env) error {
	raw, cut := e.read(nil)
	if isTrue(e.getenv("AMS_DISABLE")) {
		return nil // stdin is read nevertheless: a closed pipe might hurt the client
	}
	place, err := spool.PlaceFor(e.getenv("AMS_SPOOL_DIR"), e.getenv)
	if err != nil {
		return err // there is no folder for a log either
	}
	id, _ := spool.SessionID(raw)
	name := spool.FileName(id)
	rec := spool.Record{
		Key:     spool.NewKey(e.now, e.pid),
		Raw:     raw,
		Cut:     cut,
		Context: contextOf(e.getenv, e.host),
	}
	opt := spool.Options{NoSync: isFalse(e.getenv("AMS_SPOOL_SYNC")), OwnRaw: true}
	dir, why, err := store(place, e.getenv, id, rec, opt)
	if err != nil {
		spool.Log(dir, name, fmt.Sprintf("event of %d bytes not safe: %v", len(raw), err))
		return err
	}
	if why != nil {
		spool.Log(dir, name, fmt.Sprintf("%s%v", spool.KeptHere, why))
	}
	if cut {
		spool.Log(dir, name, fmt.Sprintf("event cut after %d bytes", len(raw)))
	}
	fmt.Fprintf(e.stderr, "ams-hook: %d bytes in %s of %s\n", len(raw), name, dir)
	return nil
}

// store puts a record where it belongs, or where else it can. It returns the
// folder, and why it is another than the one that was set.
func store(p spool.Place, getenv func(string) string, id string, rec spool.Record, opt spool.Options) (dir string, why, err error) {
	put := func(dir string) error {
		return guard(func() error { return spool.Append(dir, id, rec, opt) })
	}
	if err = put(p.Dir); err == nil {
		return p.Dir, p.Refused, nil
	}
	if other := p.Other(getenv); other != "" && put(other) == nil {
		return other, err, nil
	}
	return p.Dir, nil, err
}

func isTrue(s string) bool {
	switch s {
	case "1", "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON":
		return true
	}
	return false
}

func isFalse(s string) bool {
	switch s {
	case "0", "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF":
		return true
	}
	return false
}
