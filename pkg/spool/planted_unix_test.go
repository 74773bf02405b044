//go:build unix

package spool

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stranger is a user that owns nothing here.
const stranger = 4242

// plants are what somebody may put where a file of a spool belongs. Each gets the path of the file, and of a victim
// outside that must stay as it is.
var plants = []struct {
	name  string
	plant func(path, victim string) error
	root  bool // only root can plant it
}{
	{"link", func(path, victim string) error { return os.Symlink(victim, path) }, false},
	{"link to a folder", func(path, victim string) error { return os.Symlink(filepath.Dir(victim), path) }, false},
	{"link to nothing", func(path, victim string) error { return os.Symlink(victim+"-new", path) }, false},
	{"link to itself", func(path, _ string) error { return os.Symlink(path, path) }, false},
	{"hard link", func(path, victim string) error { return os.Link(victim, path) }, false},
	{"FIFO", func(path, _ string) error { return syscall.Mkfifo(path, 0o600) }, false},
	{"socket", func(path, _ string) error { return mksocket(path) }, false},
	{"folder", func(path, _ string) error { return os.Mkdir(path, 0o700) }, false},
	{"folder that holds something", func(path, _ string) error {
		if err := os.Mkdir(path, 0o700); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(path, "x"), nil, 0o600)
	}, false},
	{"device", func(path, _ string) error { return syscall.Mknod(path, syscall.S_IFCHR|0o600, 1<<8|3) }, true}, // null
	{"device that is not there", func(path, _ string) error { return syscall.Mknod(path, syscall.S_IFCHR|0o600, 249<<8|249) }, true},
	{"another user's file", func(path, _ string) error {
		if err := os.WriteFile(path, []byte("theirs"), 0o666); err != nil {
			return err
		}
		return os.Chown(path, stranger, stranger)
	}, true},
	{"another user's folder", func(path, _ string) error {
		if err := os.Mkdir(path, 0o777); err != nil {
			return err
		}
		return os.Chown(path, stranger, stranger)
	}, true},
}

func mksocket(path string) error {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	err = syscall.Bind(fd, &syscall.SockaddrUnix{Name: path})
	if errors.Is(err, syscall.EINVAL) { // the path is too long for a socket
		return syscall.Mkfifo(path, 0o600)
	}
	return err
}

// plantedAt are the places of a spool, for the session s and for what has none.
func plantedAt(dir, name string, key Key) map[string]string {
	at := func(suffix string) string { return filepath.Join(dir, name+suffix) }
	return map[string]string{
		"log": filepath.Join(dir, logName), "older log": filepath.Join(dir, logName+".1"), "lock": at(".lock"), "database": at(".db"),
		"new database": at(".new"), "inbox": at(".inbox"), "damaged": at(".damaged"),
		"inbox file":     filepath.Join(at(".inbox"), NewKey(time.Now(), 1).String()),
		"temporary file": filepath.Join(at(".inbox"), key.String()+".tmp"),
		"old temporary":  filepath.Join(at(".inbox"), NewKey(time.Now(), 1).String()+".tmp"),
	}
}

// TestPlantedFiles holds that what lies in the place of a file of ours is neither
// written through nor waited for, and costs no event: neither of a hook that gets
// the lock nor of one that does not.
func TestPlantedFiles(t *testing.T) {
	for _, p := range plants {
		for _, id := range []string{"s", ""} {
			for what := range plantedAt("", "", Key{}) {
				t.Run(fmt.Sprintf("%s as %s of %q", p.name, what, id), func(t *testing.T) {
					if p.root && os.Geteuid() != 0 {
						t.Skip("NOT TESTED: only root can plant it")
					}
					testPlanted(t, p.plant, what, id)
				})
			}
		}
	}
}

func testPlanted(t *testing.T, plant func(path, victim string) error, what, id string) {
	dir, outside := t.TempDir(), t.TempDir()
	victim := filepath.Join(outside, "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	name := FileName(id)
	recs := []Record{{Key: NewKey(time.Now(), 1), Raw: []byte("one")}, {Key: NewKey(time.Now(), 2), Raw: []byte("two")}}
	path := plantedAt(dir, name, recs[0].Key)[what]
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	if err := plant(path, victim); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- useAll(dir, id, recs) }()
	select {
	case err := <-done:
		// A folder that may hold something is not ours to remove.
		if err != nil && !(what == "inbox" && errors.Is(err, ErrDamaged)) {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it waits")
	}
	if b, err := os.ReadFile(victim); err != nil || string(b) != "mine" {
		t.Errorf("the victim holds %q, %v", b, err)
	}
	if names, err := os.ReadDir(outside); err != nil || len(names) != 1 {
		t.Errorf("outside there are %v, %v", names, err)
	}
}

// useAll does all that is done to a spool: two hooks, the second without the
// lock, and the assembler. It returns what went wrong with an event.
func useAll(dir, id string, recs []Record) error {
	if err := Append(dir, id, recs[0], Options{}); err != nil {
		return fmt.Errorf("first event: %w", err)
	}
	held, _ := openLock(dir, FileName(id))
	err := Append(dir, id, recs[1], Options{})
	held.close()
	if err != nil {
		return fmt.Errorf("second event: %w", err)
	}
	Log(dir, FileName(id), "a word")
	if _, err := ReadLog(dir); err != nil {
		return err
	}
	if _, err := List(dir); err != nil {
		return err
	}
	c, err := Read(dir, FileName(id))
	if err != nil {
		return err
	}
	var got []string
	for _, rec := range c.Records {
		got = append(got, string(rec.Raw))
	}
	if want := "one two"; strings.Join(got, " ") != want {
		return fmt.Errorf("got %q, want %q", got, want)
	}
	_ = Compact(dir, FileName(id))
	_ = Remove(dir, FileName(id), recs[1].Key, 2)
	return nil
}

// TestPlaceFor holds which folder hooks use: none that others can reach into.
func TestPlaceFor(t *testing.T) {
	root := os.Geteuid() == 0
	for _, c := range []struct {
		name  string
		mode  os.FileMode // of the folder that is named, 0: there is none
		make  func(dir string) error
		used  bool
		why   string
		after os.FileMode // of the folder that is used
	}{
		{name: "none yet", used: true, after: 0o700},
		{name: "private", mode: 0o700, used: true, after: 0o700},
		{name: "readable", mode: 0o755, used: true, after: 0o755},
		{name: "a umask of 002", mode: 0o775, used: true, after: 0o700},
		{name: "group alone", mode: 0o2770, used: true, after: 0o700},
		{name: "everybody's", mode: 0o777, why: "everybody may write"},
		{name: "like /tmp", mode: 0o777 | os.ModeSticky, why: "everybody may write"},
		{name: "a link", make: func(dir string) error { return os.Symlink(filepath.Dir(dir), dir) }, why: "link or no folder"},
		{name: "a file", make: func(dir string) error { return os.WriteFile(dir, nil, 0o600) }, why: "link or no folder"},
		{name: "a FIFO", make: func(dir string) error { return syscall.Mkfifo(dir, 0o600) }, why: "link or no folder"},
		{name: "another user's", make: func(dir string) error {
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			return os.Chown(dir, stranger, stranger)
		}, why: "another user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.why == "another user" && !root {
				t.Skip("NOT TESTED: only root can give a folder away")
			}
			base := t.TempDir()
			home, named := filepath.Join(base, "home"), filepath.Join(base, "named")
			if c.mode != 0 {
				if err := errors.Join(os.Mkdir(named, 0o700), os.Chmod(named, c.mode)); err != nil {
					t.Fatal(err)
				}
			}
			if c.make != nil {
				if err := c.make(named); err != nil {
					t.Fatal(err)
				}
			}
			getenv := func(name string) string { return map[string]string{"HOME": home}[name] }
			p, err := PlaceFor(named, getenv)
			usual := filepath.Join(home, ".local", "state", "ams", "spool")
			if err != nil || c.used && (p.Dir != named || p.Refused != nil || p.Other(getenv) != usual) ||
				!c.used && (p.Dir != usual || p.Refused == nil || !strings.Contains(p.Refused.Error(), c.why)) {
				t.Fatalf("got %+v, %v", p, err)
			}
			if err := Append(p.Dir, "s", Record{Key: NewKey(time.Now(), 1), Raw: []byte("x")}, Options{}); err != nil {
				t.Fatal(err)
			}
			if fi, err := os.Stat(p.Dir); err != nil || c.used && fi.Mode().Perm() != c.after {
				t.Errorf("afterwards it is %v, %v", fi.Mode(), err)
			}
			if c.mode != 0 && !c.used {
				if fi, err := os.Stat(named); err != nil || fi.Mode()&(os.ModePerm|os.ModeSticky) != c.mode {
					t.Errorf("the folder that is not used became %v, %v", fi.Mode(), err)
				}
			}
		})
	}
}

// TestPlaceForAHomeThatIsAnothers: sudo may keep the HOME of who called it.
func TestPlaceForAHomeThatIsAnothers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT TESTED: only root can give a folder away")
	}
	home := t.TempDir()
	if err := os.Chown(home, stranger, stranger); err != nil {
		t.Fatal(err)
	}
	getenv := func(name string) string { return map[string]string{"HOME": home}[name] }
	own, err := DefaultDir(func(string) string { return "" })
	if err != nil {
		t.Skip("NOT TESTED: the user database has no home")
	}
	for _, setting := range []string{"", filepath.Join(home, ".local", "state", "ams", "spool")} {
		if p, err := PlaceFor(setting, getenv); err != nil || p.Dir != own || !errors.Is(p.Refused, ErrForeign) {
			t.Errorf("%q: got %+v, %v, want %s", setting, p, err, own)
		}
	}
}

// TestLogRunsNothing: whatever a line holds, no shell that reads the log runs a part of it.
func TestLogRunsNothing(t *testing.T) {
	dir := t.TempDir()
	texts := []string{
		"$(touch pwned)", "`touch pwned`", "\"; touch pwned; \"", "'; touch pwned; '", "\n touch pwned\n", "a\\\"$(touch pwned)", "<(touch pwned)",
		"${x:=`touch pwned`}", "$((a[`touch pwned`]))", "\x00\xff touch\u2028$(touch pwned)", "&touch pwned&", "(touch pwned)", "é 漢字 \U0001f600",
		strings.Repeat("x", maxLogText-1) + "$(touch pwned)",
	}
	for _, text := range texts {
		Log(dir, "s", text)
	}
	lines, err := ReadLog(dir)
	if err != nil || len(lines) != len(texts) {
		t.Fatalf("got %d lines, %v", len(lines), err)
	}
	for i, l := range lines {
		if want := texts[i][:min(len(texts[i]), maxLogText)]; l.Text != want {
			t.Errorf("got %q, want %q", l.Text, want)
		}
	}
	runNothing(t, filepath.Join(dir, logName))
}

// runNothing gives a file to the shells that there are, as one of their own.
func runNothing(t *testing.T, path string) {
	t.Helper()
	for _, shell := range []string{"sh", "bash", "dash", "zsh", "ksh", "fish", "csh", "busybox"} {
		program, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		work := t.TempDir()
		args := []string{path}
		if shell == "busybox" {
			args = []string{"sh", path}
		}
		cmd := exec.Command(program, args...)
		cmd.Dir = work
		_ = cmd.Run() // it finds no command there
		if names, err := os.ReadDir(work); err != nil || len(names) > 0 {
			t.Errorf("%s ran a part of it: %v, %v", shell, names, err)
		}
	}
}
