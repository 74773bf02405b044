package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ams/pkg/spool"
)

// smallDisk mounts a file system of 1 MB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=1m,mode=700"); err != nil {
		t.Skipf("NOT TESTED: the full disk; this needs the right to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// fill writes a file until the disk is full, but for some bytes.
func fill(t *testing.T, path string, left int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for chunk := make([]byte, 4096); err == nil; {
		_, err = f.Write(chunk)
	}
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(max(st.Size()-left, 0)); err != nil {
		t.Fatal(err)
	}
}

// TestFullDisk fills the disk with all amounts of room left, before the first
// event and later, and makes room again.
func TestFullDisk(t *testing.T) {
	base := smallDisk(t)
	for _, had := range []int{0, 1, 20} {
		for left := int64(0); left <= 96<<10; left += 4096 {
			dir := filepath.Join(base, "spool")
			acknowledged := map[string]bool{}
			for i := range had {
				raw := event("s-1", fmt.Sprintf("before-%d", i))
				hook(t, dir, raw)
				acknowledged[raw] = true
			}
			fill(t, filepath.Join(base, "ballast"), left)
			for i := range 5 {
				hook(t, dir, event("s-1", fmt.Sprintf("full-%d-%s", i, strings.Repeat("x", 5000))))
			}
			if err := os.Remove(filepath.Join(base, "ballast")); err != nil {
				t.Fatal(err)
			}
			raw := event("s-1", "after")
			hook(t, dir, raw)
			acknowledged[raw] = true

			c := records(t, dir, "s-1")
			got := raws(t, c)
			for raw := range acknowledged {
				if !got[raw] {
					t.Errorf("had %d, %d bytes left: lost %q", had, left, raw)
				}
			}
			verifyLost(t, dir, len(acknowledged)+5-len(got), fmt.Sprintf("had %d, %d bytes left", had, left))
			if len(c.Damaged) > 0 {
				t.Errorf("had %d, %d bytes left: damaged %v", had, left, c.Damaged)
			}
			checkBolt(t, dir, "s-1")
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// verifyLost holds that the log tells of events that were lost, where there was
// room for a log.
func verifyLost(t *testing.T, dir string, lost int, when string) {
	t.Helper()
	lines, err := spool.ReadLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, l := range lines {
		if strings.Contains(l.Text, "not safe") {
			said++
		}
	}
	if lost < 0 || said > lost {
		t.Errorf("%s: %d events lost, %d said to be: %v", when, lost, said, lines)
	}
}

// TestFileSizeLimit limits the size of files (RLIMIT_FSIZE), where the kernel
// sends a signal as well that crashes other Go programs.
func TestFileSizeLimit(t *testing.T) {
	limited := func(dir, raw string, blocks int) {
		t.Helper()
		// The unit is 512 bytes in a POSIX shell.
		cmd := exec.Command("sh", "-c", fmt.Sprintf("ulimit -f %d; exec %s", blocks, hookPath))
		cmd.Env = []string{"HOME=/proc/nowhere", "AMS_SPOOL_DIR=" + dir}
		cmd.Stdin = strings.NewReader(raw)
		if err := silent(cmd); err != nil {
			t.Fatalf("limit of %d blocks: %v", blocks, err)
		}
	}
	for _, had := range []int{0, 1} {
		for blocks := 0; blocks <= 80; blocks += 8 {
			dir := t.TempDir()
			if had == 1 {
				hook(t, dir, event("s-1", "before"))
			}
			limited(dir, event("s-1", "limited"+strings.Repeat("x", 5000)), blocks)
			hook(t, dir, event("s-1", "after"))
			c := records(t, dir, "s-1")
			got := raws(t, c)
			if !got[event("s-1", "after")] || had == 1 && !got[event("s-1", "before")] || len(c.Damaged) > 0 {
				t.Errorf("limit of %d blocks: got %d records, damaged %v", blocks, len(got), c.Damaged)
			}
			verifyLost(t, dir, had+2-len(got), fmt.Sprintf("limit of %d blocks", blocks))
			checkBolt(t, dir, "s-1")
		}
	}
}

// TestReadOnlyFolder mounts the spool read-only: a hook loses its event silently,
// and the assembler still reads what is there.
func TestReadOnlyFolder(t *testing.T) {
	base := smallDisk(t)
	dir := filepath.Join(base, "spool")
	hook(t, dir, event("s-1", "before"))
	unlock := lockSpool(t, dir, "s-1")
	hook(t, dir, event("s-1", "inbox"))
	unlock()
	if err := syscall.Mount("none", base, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	hook(t, dir, event("s-1", "read-only"))
	hook(t, dir, event("s-2", "read-only"))
	if got := raws(t, records(t, dir, "s-1")); len(got) != 2 {
		t.Errorf("got %d records, want 2", len(got))
	}
	c, err := spool.ReadFile(filepath.Join(dir, "s-1.db"))
	if err != nil || len(c.Records) != 1 {
		t.Errorf("ReadFile: got %d records, %v, want 1", len(c.Records), err)
	}
	if err := syscall.Mount("none", base, "tmpfs", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	hook(t, dir, event("s-1", "after"))
	if got := raws(t, records(t, dir, "s-1")); len(got) != 3 {
		t.Errorf("got %d records, want 3", len(got))
	}
}
