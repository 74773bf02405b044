// Package ptrace runs a program under ptrace(2) for tests: it shows each system
// call of all threads, before and after, and can kill the program there, keep
// the call from happening, or make it seem to have failed. The program needs no
// seam for that, and pays nothing for it when it is not tested.
package ptrace

import "syscall"

// Call is one system call.
type Call struct {
	Nr   int64
	Name string // of those that [Run] names, "" otherwise
	Args [6]uint64
	// Done is false before the call, true after it; then Ret is its result.
	Done bool
	Ret  int64
	// Path is the file that the call is about; To the new name of a rename.
	Path, To string
}

// Action is what becomes of a call.
type Action struct {
	// Kill kills the program with SIGKILL.
	Kill bool
	// Errno, before the call, keeps it from happening; after it, replaces its
	// result.
	Errno syscall.Errno
}
