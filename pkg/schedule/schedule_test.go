package schedule

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fake is a machine whose programs are played: a crontab, and systemctl and launchctl that note what they are told.
type fake struct {
	crontab *string // nil: none
	broken  bool    // crontab fails, and does not say that there is none
	told    []string
	silent  bool // systemctl does not answer
}

func (f *fake) run(_ context.Context, stdin string, argv ...string) (string, error) {
	line := strings.Join(argv, " ")
	switch {
	case line == "crontab -l" && f.broken:
		return "crontab: permission denied", errors.New("exit status 1")
	case line == "crontab -l" && f.crontab == nil:
		return "no crontab for you", errors.New("exit status 1")
	case line == "crontab -l":
		return *f.crontab, nil
	case line == "crontab -r":
		f.crontab = nil
	case line == "crontab -":
		f.crontab = &stdin
	case argv[0] == "systemctl" && f.silent:
		return "Failed to connect to bus", errors.New("exit status 1")
	case strings.HasPrefix(line, "systemctl --user show "):
		if len(f.told) == 0 {
			return "", nil
		}
		return "UnitFileState=enabled\nActiveState=active\nNeedDaemonReload=no\n\nNeedDaemonReload=no\n", nil
	default:
		f.told = append(f.told, line)
	}
	return "", nil
}

func machine(t *testing.T, f *fake, goos string) Machine {
	return Machine{Home: t.TempDir(), GOOS: goos, UID: 501, Run: f.run}
}

const wantLine = "*/5 * * * * /opt/ams-assemble -q # ams-assemble (installed by ams-assemble install)\n"

func TestCrontabKeepsEveryOtherLine(t *testing.T) {
	text := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		before *string
		after  string
	}{
		"none":                       {nil, wantLine},
		"others":                     {text("# mine\nMAILTO=me\n\n0 1 * * * backup % x\n"), "# mine\nMAILTO=me\n\n0 1 * * * backup % x\n" + wantLine},
		"no final newline":           {text("@daily x"), "@daily x\n" + wantLine},
		"Windows line ends":          {text("@daily x\r\n"), "@daily x\r\n" + wantLine},
		"an older program, in place": {text("a\n*/5 * * * * /old/ams-assemble -q" + mark + "\nb\n"), "a\n" + wantLine + "b\n"},
		"twice":                      {text(wantLine + "a\n" + wantLine), wantLine + "a\n"},
		"a comment of theirs":        {text("#" + wantLine), "#" + wantLine + wantLine},
	} {
		f := &fake{crontab: c.before}
		m := machine(t, f, "linux")
		if _, err := m.Install(t.Context(), Cron, "/opt/ams-assemble"); err != nil || f.crontab == nil || *f.crontab != c.after {
			t.Errorf("%s: %v, got %q, want %q", name, err, *f.crontab, c.after)
			continue
		}
		if again, err := m.Install(t.Context(), Cron, "/opt/ams-assemble"); err != nil || !again.Empty() {
			t.Errorf("%s: a second time: %v, %+v", name, err, again)
		}
		if e, ok, err := m.State(t.Context(), Cron); err != nil || !ok || e.Program != "/opt/ams-assemble" || !e.Active {
			t.Errorf("%s: state %+v, %v, %v", name, e, ok, err)
		}
		if _, err := m.Remove(t.Context(), Cron); err != nil {
			t.Errorf("%s: remove: %v", name, err)
		}
		left := ""
		if f.crontab != nil {
			left = *f.crontab
		}
		if want := strings.Replace(c.after, wantLine, "", 1); name != "a comment of theirs" && left != want {
			t.Errorf("%s: %q is left, want %q", name, left, want)
		}
	}
}

// TestACrontabThatCannotBeReadIsNotReplaced: taken for an empty one it would cost its owner every line.
func TestACrontabThatCannotBeReadIsNotReplaced(t *testing.T) {
	f := &fake{broken: true}
	if _, err := machine(t, f, "linux").Install(t.Context(), Cron, "/opt/ams-assemble"); err == nil || f.crontab != nil {
		t.Errorf("got %v, crontab %v", err, f.crontab)
	}
}

// TestProgramsReachTheirShell gives awkward paths to the real shell, as cron does.
func TestProgramsReachTheirShell(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh")
	}
	for _, name := range []string{"plain", "with blank", "it's", `a"b`, "$HOME", "50%", "a;b&c", "`x`"} {
		dir := t.TempDir()
		program := filepath.Join(dir, name)
		if err := os.WriteFile(program, []byte("#!/bin/sh\necho started \"$@\"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		line := cronLine(program)
		if got := lineProgram(line); got != program {
			t.Errorf("%q: read back as %q", program, got)
		}
		command := strings.TrimPrefix(line, everyFiveMinutes)
		if strings.Contains(strings.ReplaceAll(command, `\%`, ""), "%") {
			t.Errorf("%q: cron would end the line at a %%: %s", program, command)
		}
		out, err := exec.Command("sh", "-c", strings.ReplaceAll(command, `\%`, "%")).CombinedOutput()
		if err != nil || string(out) != "started -q\n" {
			t.Errorf("%s: %v, %q", command, err, out)
		}
	}
}

func TestSystemdTimerIsInstalledOnceAndRemoved(t *testing.T) {
	f := &fake{}
	m := machine(t, f, "linux")
	if kind := m.Default(t.Context()); kind != Systemd {
		t.Errorf("default %s", kind)
	}
	f.told = nil
	c, err := m.Install(t.Context(), Systemd, "/opt/my tools/ams-assemble")
	if err != nil || len(c.Steps) != 4 {
		t.Fatalf("%v, %v", err, c.Steps)
	}
	if got := strings.Join(f.told, "; "); got != "systemctl --user daemon-reload; systemctl --user enable --now ams-assemble.timer" {
		t.Errorf("told %q", got)
	}
	if e, ok, err := m.State(t.Context(), Systemd); err != nil || !ok || e.Program != "/opt/my tools/ams-assemble" || !e.Active {
		t.Errorf("state %+v, %v, %v", e, ok, err)
	}
	if c, err := m.Install(t.Context(), Systemd, "/opt/my tools/ams-assemble"); err != nil || !c.Empty() {
		t.Errorf("a second time: %v, %v", err, c.Steps)
	}
	if c, err := m.Remove(t.Context(), Systemd); err != nil || len(c.Steps) != 4 {
		t.Errorf("remove: %v, %v", err, c.Steps)
	}
	if c, err := m.Remove(t.Context(), Systemd); err != nil || !c.Empty() {
		t.Errorf("remove again: %v, %v", err, c.Steps)
	}
}

func TestAFileOfAnotherHandIsNotOverwritten(t *testing.T) {
	m := machine(t, &fake{}, "linux")
	path := systemd{m}.path(serviceName)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("[Service]\nExecStart=/mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Install(t.Context(), Systemd, "/opt/ams-assemble"); err == nil || !strings.Contains(err.Error(), "move it away first") {
		t.Errorf("got %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "[Service]\nExecStart=/mine\n" {
		t.Errorf("got %q, %v", b, err)
	}
}

// TestSystemdTakesTheUnits asks systemd itself, where it is.
func TestSystemdTakesTheUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze here")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "my tools", "50% ams-assemble")
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{program: "#!/bin/sh\n", filepath.Join(dir, serviceName): Service(program), filepath.Join(dir, timerName): Timer()} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(analyze, "verify", "--man=no", filepath.Join(dir, serviceName), filepath.Join(dir, timerName)).CombinedOutput()
	if strings.Contains(string(out), "Failed to initialize manager") {
		t.Skipf("systemd-analyze cannot work here: %s", out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "ams-assemble") && !strings.Contains(line, "is marked executable") && !strings.Contains(line, "is marked world-") {
			t.Errorf("%v: %s", err, line)
		}
	}
}

func TestPlistIsXMLAndNamesTheProgram(t *testing.T) {
	for _, program := range []string{"/opt/ams-assemble", "/my tools/a&b<c>\"d'"} {
		text := Plist(program)
		d := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
		}
		if got := plistProgram(text); got != program {
			t.Errorf("got %q, want %q", got, program)
		}
	}
	f := &fake{}
	m := machine(t, f, "darwin")
	if _, err := m.Install(t.Context(), Launchd, "/opt/ams-assemble"); err != nil || len(f.told) != 2 || !strings.HasPrefix(f.told[1], "launchctl bootstrap gui/501 ") {
		t.Errorf("%v, told %q", err, f.told)
	}
	if e, ok, err := m.State(t.Context(), Launchd); err != nil || !ok || e.Program != "/opt/ams-assemble" {
		t.Errorf("state %+v, %v, %v", e, ok, err)
	}
}

func TestWhatCannotBeScheduledIsRefused(t *testing.T) {
	m := machine(t, &fake{}, "linux")
	for _, program := range []string{"", "ams-assemble", "/opt/", "/opt/a\nb", "/opt/\xff"} {
		for _, kind := range []Kind{Cron, Systemd, Launchd} {
			if c, err := m.Plan(t.Context(), kind, program); err == nil {
				t.Errorf("%s of %q: got %v", kind, program, c.Steps)
			}
		}
	}
	if _, err := m.Plan(t.Context(), None, "/opt/x"); !errors.Is(err, ErrNone) {
		t.Errorf("got %v", err)
	}
	if kind := machine(t, &fake{silent: true, broken: true}, "linux").Default(t.Context()); kind != None {
		t.Errorf("a machine without both: %s", kind)
	}
	if kind := machine(t, &fake{silent: true}, "linux").Default(t.Context()); kind != Cron {
		t.Errorf("a machine with cron: %s", kind)
	}
}
