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

// keepOwner gives a file to the owner of its folder where root wrote it: a person could not read it else.
func keepOwner(path, dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return os.Lchown(path, int(st.Uid), int(st.Gid))
	}
	return nil
}
