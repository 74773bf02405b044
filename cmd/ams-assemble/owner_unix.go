//go:build unix

package main

import (
	"os"
	"syscall"
)

// ownerOf is the user that a file or folder belongs to: transcripts of others are not read for it. Without it, the user at work.
func ownerOf(path string) int {
	if info, err := os.Stat(path); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			return int(st.Uid)
		}
	}
	return os.Getuid()
}
