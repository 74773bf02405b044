//go:build !unix || solaris || illumos || aix

package upload

import (
	"context"
	"errors"
	"os"
	"syscall"
)

// lock does nothing: other processes are not kept out here.
func lock(context.Context, *os.Root) (unlock func(), err error) { return func() {}, nil }

// syncFolder does nothing: there is no way to sync a folder here.
func syncFolder(*os.Root, string) error { return nil }

func syncPath(string) error { return nil }

func isNotFolder(err error) bool { return errors.Is(err, syscall.ENOTDIR) }

// fileNumber is not known here: size and time must do.
func fileNumber(os.FileInfo) uint64 { return 0 }
