package spool

import (
	"os"

	"golang.org/x/sys/unix"
)

// File systems whose locks or shared mappings do not hold between machines,
// or that do not tell: statfs(2), and linux/magic.h for what it leaves out.
var sharedFS = [...]int64{
	0x6969,     // NFS
	0xff534d42, // CIFS
	0xfe534d42, // SMB2
	0x517b,     // SMB
	0x01021997, // 9p
	0x65735546, // FUSE, virtiofs
	0x00c36400, // Ceph
	0x5346414f, // AFS
	0x6b414653, // kAFS
	0x73757245, // Coda
	0x0bd00bd0, // Lustre
	0x47504653, // GPFS
	0x786f4256, // VirtualBox shared folders
	0xbacbacbc, // VMware shared folders
	0x7461636f, // OCFS2
	0x01161970, // GFS2
}

// isShared reports whether dir lies on a file system that other machines may
// write to as well. It returns an error if there is no such folder.
func isShared(dir string) (bool, error) {
	var st unix.Statfs_t
	for {
		err := unix.Statfs(dir, &st)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return false, &os.PathError{Op: "statfs", Path: dir, Err: err}
		}
	}
	for _, t := range sharedFS {
		if uint32(st.Type) == uint32(t) {
			return true, nil
		}
	}
	return false, nil
}

// syncData writes a new file's bytes, and its size, to disk.
func syncData(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return &os.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
		}
	}
}
