//go:build !linux || !amd64

package ptrace

import (
	"errors"
	"os"
	"syscall"
)

// Supported says that this machine has an implementation.
const Supported = false

// Run is not possible here.
func Run(string, []string, *os.ProcAttr, func(*Call) Action) (syscall.WaitStatus, error) {
	var ws syscall.WaitStatus
	return ws, errors.ErrUnsupported
}
