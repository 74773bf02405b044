//go:build !unix

package program

import "os/exec"

// ownGroup does nothing where there are no process groups: the program itself is ended.
func ownGroup(*exec.Cmd) {}
