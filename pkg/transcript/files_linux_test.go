package transcript

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// TestFindReportsWhatItMayNotLookAt: a folder that is closed to the program is another thing than no transcript. The
// program may be put right and run again; taking the transcript for gone would store a Session without it.
func TestFindReportsWhatItMayNotLookAt(t *testing.T) {
	for _, test := range []struct {
		name, closed, recorded string
		want                   error
	}{
		{"recorded project", "projects/p", "projects/p/" + sessionID + ".jsonl", fs.ErrPermission},
		{"all projects", "projects", "", fs.ErrPermission},
		{"all projects, recorded there", "projects", "projects/p/" + sessionID + ".jsonl", fs.ErrPermission},
		// Somebody else's project, like one of root, must not hold up every session that has no transcript.
		{"some project", "projects/p", "", fs.ErrNotExist},
		{"project that is not the recorded one", "projects/p", "projects/q/" + sessionID + ".jsonl", fs.ErrNotExist},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := tree(t, map[string]string{"projects/p/" + sessionID + ".jsonl": "x", "projects/q/x": ""})
			closed, recorded := filepath.Join(dir, test.closed), test.recorded
			if recorded != "" {
				recorded = filepath.Join(dir, recorded)
			}
			if err := os.Chmod(closed, 0); err != nil {
				t.Fatal(err)
			}
			defer os.Chmod(closed, 0o700)
			defer becomeNobody(t, dir)()
			files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, recorded, anybody)
			if !errors.Is(err, test.want) || len(files.Paths()) != 0 {
				t.Errorf("Find = %q, %v; want %v", files.Paths(), err, test.want)
			}
		})
	}
}

// becomeNobody takes root's rights to files from the calling goroutine, all but those to look below dir, until the
// function that it returns is called.
func becomeNobody(t *testing.T, dir string) func() {
	if os.Geteuid() != 0 {
		return func() {}
	}
	const nobody = 65534
	for _, own := range []string{filepath.Dir(dir), filepath.Dir(filepath.Dir(dir))} { // the test's temporary folder and its folder for this run
		if err := os.Chmod(own, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, nobody, nobody))
	})
	if err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	again := func() {
		if err := syscall.Setfsuid(0); err != nil {
			t.Error(err)
		}
		runtime.UnlockOSThread()
	}
	if _, err := os.Stat(dir); err != nil {
		again()
		t.Skip("temporary folders are closed to other users")
	}
	return again
}
