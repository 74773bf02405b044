//go:build unix

// Package memory tells what a benchmark's process took.
package memory

import (
	"os"
	"runtime"
	"syscall"
)

// Peak is the largest resident set of a process, in bytes.
func Peak(s *os.ProcessState) int64 {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss
	}
	return int64(usage.Maxrss) * 1024
}
