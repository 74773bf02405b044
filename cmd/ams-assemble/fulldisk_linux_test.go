package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ams/pkg/spool"
)

// TestAFullStoreLosesNothing stores on a disk that is too small, and again when it has room.
func TestAFullStoreLosesNothing(t *testing.T) {
	disk, dir := t.TempDir(), t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); err != nil {
		if os.Getenv("CI") == "true" && os.Getuid() == 0 {
			t.Fatalf("NOT TESTED: the full store: %v", err)
		}
		t.Skipf("NOT TESTED: the full store; this needs the right to mount a tmpfs: %v", err)
	}
	defer unix.Unmount(disk, unix.MNT_DETACH)
	raw := []byte(`{"session_id":"big","hook_event_name":"UserPromptSubmit","prompt":"` + strings.Repeat("much ", 50_000) + `"}`)
	if _, err := spool.Insert(dir, "big", []spool.Record{{Key: spool.KeyFor(time.Now(), raw, 0), Raw: raw}}); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(disk, "store")
	flags := []string{"--now", "--spool-dir", dir, "--local-dir", store, "--claude-dir", "nowhere"}
	if code, out, talk := runIn(t, time.Now(), flags...); code != exitNothing || out != "" || !strings.Contains(talk, "no space left") {
		t.Errorf("full: exit %d\n%s%s", code, out, talk)
	}
	if left, err := filepath.Glob(filepath.Join(store, "sessions", "*", "*", "*", "*")); err != nil || len(left) > 0 {
		t.Errorf("half a session is left: %v, %v", left, err)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", unix.MS_REMOUNT, "size=8m"); err != nil {
		t.Fatal(err)
	}
	if code, out, talk := runIn(t, time.Now(), flags...); code != exitDone || !strings.HasPrefix(out, "big  ") {
		t.Errorf("with room again: exit %d\n%s%s", code, out, talk)
	}
}
