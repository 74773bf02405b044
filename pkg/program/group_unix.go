//go:build unix

package program

import (
	"os/exec"
	"syscall"
)

// ownGroup lets the program begin a process group, all of which ends when the call does: a shell's
// children would go on without it, and hold its output open.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
