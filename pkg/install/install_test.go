package install_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"ams/pkg/clientsettings"
	"ams/pkg/install"
	"ams/pkg/schedule"
	"ams/pkg/spool"
)

// TestMain is ams-hook where the test program is started by that name: a hook that works is part of
// every machine of these tests.
func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); strings.TrimSuffix(name, ".exe") == "ams-hook" {
		if err := recordStdin(); err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func recordStdin() error {
	raw, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	id, _ := spool.SessionID(raw)
	rec := spool.Record{Key: spool.NewKey(time.Now(), os.Getpid()), Raw: raw}
	return spool.Append(os.Getenv("AMS_SPOOL_DIR"), id, rec, spool.Options{NoSync: true})
}

// newMachine is a machine with the home folder home, ams-hook and ams-assemble in its bin, and a
// crontab that is a variable; it has no systemd.
func newMachine(home string, crontab *string) (install.Machine, error) {
	bin := filepath.Join(home, "bin")
	err := os.MkdirAll(bin, 0o700)
	if err == nil {
		err = linkSelf(filepath.Join(bin, "ams-hook"))
	}
	run := func(_ context.Context, stdin string, argv ...string) (string, error) {
		switch line := strings.Join(argv, " "); {
		case line == "crontab -l" && *crontab != "":
			return *crontab, nil
		case line == "crontab -l":
			return "no crontab for you", errors.New("exit status 1")
		case line == "crontab -r":
			*crontab = ""
		case line == "crontab -":
			*crontab = stdin
		default:
			return "not here", errors.New("exit status 1")
		}
		return "", nil
	}
	return install.Machine{
		Home: home, Self: filepath.Join(bin, "ams-assemble"),
		Getenv: func(name string) string { return map[string]string{"HOME": home}[name] },
		Now:    func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) },
		Run:    run,
	}, err
}

// linkSelf puts this test program at a path.
func linkSelf(path string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if runtime.GOOS != "windows" {
		return os.Symlink(self, path)
	}
	b, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	return os.WriteFile(path+".exe", b, 0o700)
}

// world is a machine with settings of the person's own and a crontab.
type world struct {
	install.Machine
	crontab string
	opt     install.Options
}

const (
	mine        = "{\n  \"model\": \"opus\"\n}\n"
	mineCrontab = "@daily backup\n"
)

func newWorld(t *testing.T) *world {
	t.Helper()
	home := t.TempDir()
	w := &world{crontab: mineCrontab}
	var err error
	if w.Machine, err = newMachine(home, &w.crontab); err != nil {
		t.Fatal(err)
	}
	w.opt = install.Options{
		Target:   install.Target{Scope: clientsettings.User, Path: filepath.Join(home, ".claude", "settings.json")},
		Client:   filepath.Join(home, "no-client"),
		SpoolDir: filepath.Join(home, "spool"), ClaudeDir: filepath.Join(home, ".claude"), ProjectDir: home,
		Schedule: schedule.Cron,
	}
	write(t, w.opt.Path, mine)
	return w
}

func (w *world) plan(t *testing.T) *install.Change {
	t.Helper()
	c, err := w.Plan(t.Context(), w.opt)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) apply(t *testing.T) *install.Change {
	t.Helper()
	c := w.plan(t)
	if err := c.Apply(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) envFile() string { return install.EnvFile(w.Home) }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// read is the text of a file, "" where there is none.
func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(b)
}

func TestAPlanChangesNothing(t *testing.T) {
	w := newWorld(t)
	c := w.plan(t)
	if c.Empty() || len(c.Steps()) != 3 {
		t.Errorf("got %d steps, want env file, settings, schedule", len(c.Steps()))
	}
	if got := read(t, w.opt.Path) + read(t, w.envFile()) + w.crontab; got != mine+mineCrontab {
		t.Errorf("there is now %q", got)
	}
}

func TestAChangeIsShownAsItIsMade(t *testing.T) {
	w := newWorld(t)
	c := w.plan(t)
	var shown []install.Step
	if err := c.Apply(t.Context(), func(s install.Step) { shown = append(shown, s) }); err != nil {
		t.Fatal(err)
	}
	if len(shown) != 1+len(c.Steps()) || read(t, shown[0].Backup) != mine {
		t.Fatalf("shown %+v", shown)
	}
	for i, want := range c.Steps() {
		if got := shown[i+1]; got.Diff != want.Diff || got.Schedule.Kind != want.Schedule.Kind {
			t.Errorf("step %d: got %+v, want %+v", i, got, want)
		}
	}
	if again := w.plan(t); !again.Empty() || len(again.Steps()) != 0 {
		t.Errorf("once more is a change: %+v", again.Steps())
	}
}

func TestUndoLeavesNoTrace(t *testing.T) {
	for name, prepare := range map[string]func(*testing.T, *world){
		"nothing was there": func(t *testing.T, w *world) {
			if err := os.Remove(w.opt.Path); err != nil {
				t.Fatal(err)
			}
			w.crontab = ""
		},
		"files and a crontab": func(t *testing.T, w *world) { write(t, w.envFile(), "# mine\nAMS_SPOOL_DIR=/old\n") },
		"another program ran before": func(t *testing.T, w *world) {
			w.opt.Hook = filepath.Join(w.Home, "bin", "ams-hook")
			w.Self = "/opt/old/ams-assemble"
			w.apply(t)
			w.Self = "/opt/new/ams-assemble"
		},
		"the schedule goes": func(t *testing.T, w *world) {
			w.apply(t)
			w.opt.Schedule = schedule.None
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			prepare(t, w)
			was := []string{read(t, w.opt.Path), read(t, w.envFile()), w.crontab}
			c := w.apply(t)
			if c.Empty() {
				t.Fatal("nothing was changed")
			}
			if err := c.Undo(t.Context()); err != nil {
				t.Fatal(err)
			}
			for i, got := range []string{read(t, w.opt.Path), read(t, w.envFile()), w.crontab} {
				if got != was[i] {
					t.Errorf("%d: got %q, want %q", i, got, was[i])
				}
			}
			if err := c.Undo(t.Context()); err != nil {
				t.Errorf("to undo once more: %v", err)
			}
		})
	}
}

// TestWhatOthersChangedStays: neither Apply nor Undo writes over an edit that it did not see.
func TestWhatOthersChangedStays(t *testing.T) {
	const theirs = "{\"model\": \"haiku\"}\n"
	w := newWorld(t)
	c := w.plan(t)
	write(t, w.opt.Path, theirs)
	var hinted *install.Error
	if err := c.Apply(t.Context(), nil); !errors.As(err, &hinted) || hinted.Hint() != "try again" {
		t.Errorf("Apply: %v", err)
	}
	if err := c.Undo(t.Context()); err != nil || read(t, w.envFile()) != "" {
		t.Errorf("Undo of half a change: %v, env file %q", err, read(t, w.envFile()))
	}
	c = w.apply(t)
	write(t, w.opt.Path, theirs)
	if err := c.Undo(t.Context()); err == nil || !strings.Contains(err.Error(), "another program changed it meanwhile") {
		t.Errorf("Undo: %v", err)
	}
	if got := read(t, w.opt.Path) + read(t, w.envFile()) + w.crontab; got != theirs+mineCrontab {
		t.Errorf("there is now %q, want what others wrote and nothing of ours", got)
	}
}

func TestRemovalTakesOnlyOurs(t *testing.T) {
	w := newWorld(t)
	w.apply(t)
	write(t, w.opt.Path, strings.Replace(read(t, w.opt.Path), "opus", "haiku", 1)) // a later edit
	c, err := w.PlanRemoval(t.Context(), w.opt.Target)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(mine, "opus", "haiku", 1)
	if got := read(t, w.opt.Path); got != want || w.crontab != mineCrontab {
		t.Errorf("got %q and %q", got, w.crontab)
	}
	if read(t, w.envFile()) == "" {
		t.Error("the env file is gone")
	}
	err = c.Undo(t.Context())
	if err != nil || !strings.Contains(read(t, w.opt.Path), "ams-hook") || w.crontab == mineCrontab {
		t.Errorf("Undo: %v, %q", err, w.crontab)
	}
}

// TestAHookThatFailsIsNotRegistered: each stands for a program that somebody may name.
func TestAHookThatFailsIsNotRegistered(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: hooks that are shell scripts")
	}
	for name, c := range map[string]struct{ program, script, want string }{
		"it talks":         {"ams-hook", "echo hello", `printed "hello\n"`},
		"it fails":         {"ams-hook", "exit 2", "exit status 2"},
		"it records not":   {"ams-hook", "cat > /dev/null", "stored nothing that can be read"},
		"of another name":  {"recorder", "", "would not be known again as ams-hook"},
		"it was never one": {"", "", "no such file"},
	} {
		w := newWorld(t)
		w.opt.Hook = filepath.Join(t.TempDir(), c.program)
		var err error
		switch {
		case c.script != "":
			err = os.WriteFile(w.opt.Hook, []byte("#!/bin/sh\n"+c.script+"\n"), 0o700)
		case c.program != "":
			err = linkTo(filepath.Join(w.Home, "bin", "ams-hook"), w.opt.Hook)
		default:
			w.opt.Hook = filepath.Join(w.Home, "gone", "ams-hook")
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Plan(t.Context(), w.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// linkTo makes program start the real ams-hook under another name.
func linkTo(hook, program string) error {
	return os.WriteFile(program, []byte("#!/bin/sh\nexec "+hook+"\n"), 0o700)
}

func TestCheckSeesWhatIsAround(t *testing.T) {
	w := newWorld(t)
	other := filepath.Join(w.Home, "proj")
	w.opt.ProjectDir, w.opt.Bucket = other, true
	write(t, filepath.Join(other, ".claude", "settings.json"), `{"disableAllHooks": true}`)
	write(t, filepath.Join(other, ".claude", "settings.local.json"), `{`)
	getenv := w.Getenv
	w.Getenv = func(name string) string {
		if name == "AWS_SECRET_ACCESS_KEY" {
			return "made\nup"
		}
		return getenv(name)
	}
	var all bytes.Buffer
	for _, n := range w.apply(t).Check() {
		all.WriteString(n.Text + "|" + n.Hint + "\n")
	}
	for _, want := range []string{
		"disableAllHooks in ", "; the client ignores the file|", "AWS_SECRET_ACCESS_KEY has a line break",
		"|the schedule will not see AWS_SECRET_ACCESS_KEY of this shell",
	} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no %q in\n%s", want, all.String())
		}
	}
}
