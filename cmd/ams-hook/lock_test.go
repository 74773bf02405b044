//go:build unix

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// lockSpool takes the lock of a spool, as any process may by flock(2).
func lockSpool(t *testing.T, dir, name string) (unlock func()) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, name+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	return func() { f.Close() }
}
