//go:build linux

// Command goappend is the least that a Go program can do to keep stdin: read it,
// append it to a file, and wait for the disk.
package main

import (
	"os"
	"syscall"
)

func main() {
	b := make([]byte, 0, 64<<10)
	for {
		if len(b) == cap(b) {
			bigger := make([]byte, len(b), 4*cap(b))
			copy(bigger, b)
			b = bigger
		}
		n, err := syscall.Read(0, b[len(b):cap(b)])
		if n <= 0 || err != nil {
			break
		}
		b = b[:len(b)+n]
	}
	fd, err := syscall.Open(os.Args[1], syscall.O_WRONLY|syscall.O_CREAT|syscall.O_APPEND, 0o600)
	if err != nil {
		panic(err)
	}
	if _, err := syscall.Write(fd, b); err != nil {
		panic(err)
	}
	if err := syscall.Fdatasync(fd); err != nil {
		panic(err)
	}
}
