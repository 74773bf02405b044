//go:build !unix

package safefile

import (
	"io/fs"
	"os"
)

// There are no such flags, owners and permissions where the system is no Unix. What is no regular
// file is refused by the looks before and after.
const (
	noFollow = 0
	noWait   = 0
)

func isLink(error) bool { return false }

func uidOf(fs.FileInfo) int { return -1 }

func othersMayWrite(fs.FileInfo) bool { return false }

func giveTo(*os.File, string) error { return nil }

// SyncDir does nothing: Windows cannot flush a folder, and NTFS journals its entries in order.
func SyncDir(string) error { return nil }
