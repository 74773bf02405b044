package clientsettings

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ams/pkg/hook"
)

const ours = `{"type": "command", "command": "/opt/ams-hook", "args": [], "timeout": 5}`

// TestRegisterChangesNothingElse holds edits to the bytes that they are about, in files as people have them.
func TestRegisterChangesNothingElse(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"no file", "", "{\n  \"hooks\": {\n    \"Stop\": [{\"hooks\": [" + ours + "]}]\n  }\n}\n"},
		{"an empty object", "{}", "{\n  \"hooks\": {\n    \"Stop\": [{\"hooks\": [" + ours + "]}]\n  }\n}"},
		{"a byte order mark", "\xef\xbb\xbf{}\n", "\xef\xbb\xbf{\n  \"hooks\": {\n    \"Stop\": [{\"hooks\": [" + ours + "]}]\n  }\n}\n"},
		{"other keys, four blanks, no final newline", "{\n    \"model\": \"opus\",\n    \"b\": {\"x\":[1, 2]}\n}",
			"{\n    \"model\": \"opus\",\n    \"b\": {\"x\":[1, 2]},\n    \"hooks\": {\n        \"Stop\": [{\"hooks\": [" + ours + "]}]\n    }\n}"},
		{"tabs and Windows line ends", "{\r\n\t\"model\": \"opus\"\r\n}\r\n",
			"{\r\n\t\"model\": \"opus\",\r\n\t\"hooks\": {\r\n\t\t\"Stop\": [{\"hooks\": [" + ours + "]}]\r\n\t}\r\n}\r\n"},
		{"one line", `{"model": "opus"}`, `{"model": "opus", "hooks": {"Stop": [{"hooks": [` + ours + `]}]}}`},
		{"one line without blanks", `{"model":"opus"}`, `{"model":"opus","hooks": {"Stop": [{"hooks": [` + ours + `]}]}}`},
		{"somebody else's hooks", "{\n  \"hooks\": {\n    \"Stop\": [\n      {\n        \"hooks\": [{\"type\": \"command\", \"command\": \"say done\"}]\n      }\n    ]\n  },\n  \"z\": 1\n}\n",
			"{\n  \"hooks\": {\n    \"Stop\": [\n      {\n        \"hooks\": [{\"type\": \"command\", \"command\": \"say done\"}]\n      },\n      {\"hooks\": [" + ours + "]}\n    ]\n  },\n  \"z\": 1\n}\n"},
		{"an old path", `{"hooks": {"Stop": [{"hooks": [{"type":"command","command":"/old/ams-hook","timeout":60}, {"type":"command","command":"other"}]}]}}`,
			`{"hooks": {"Stop": [{"hooks": [` + ours + `, {"type":"command","command":"other"}]}]}}`},
		{"in a shell", `{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "ams-hook 2>/dev/null"}]}]}}`,
			`{"hooks": {"Stop": [{"hooks": [` + ours + `]}]}}`},
		{"with variables of its own", `{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "AMS_TAGS='a b' /old/ams-hook"}]}]}}`,
			`{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "AMS_TAGS='a b' /old/ams-hook"}]}]}}`},
		{"twice", `{"hooks": {"Stop": [{"hooks": [` + ours + `, {"type":"command","command":"other"}]}, {"hooks": [` + ours + `]}]}}`,
			`{"hooks": {"Stop": [{"hooks": [` + ours + `, {"type":"command","command":"other"}]}]}}`},
		{"for some tools only", `{"a": 1, "hooks": {"Stop": [{"matcher": "Bash", "hooks": [` + ours + `]}]}}`,
			`{"a": 1, "hooks": {"Stop": [{"hooks": [` + ours + `]}]}}`},
		{"where it must not be", "{\n  \"hooks\": {\n    \"WorktreeCreate\": [{\"hooks\": [" + ours + "]}],\n    \"Stop\": [{\"hooks\": [" + ours + "]}]\n  }\n}",
			"{\n  \"hooks\": {\n    \"Stop\": [{\"hooks\": [" + ours + "]}]\n  }\n}"},
		{"as wanted, in its own layout", "{\"hooks\":{\"Stop\":[{\"matcher\":\"*\",\"hooks\":[\n{\"timeout\":5,\"args\":[],\"type\":\"command\",\"command\":\"/opt/ams-hook\"}\n]}]}}",
			"{\"hooks\":{\"Stop\":[{\"matcher\":\"*\",\"hooks\":[\n{\"timeout\":5,\"args\":[],\"type\":\"command\",\"command\":\"/opt/ams-hook\"}\n]}]}}"},
		{"a repeated key, of which the last counts", `{"hooks": {"Stop": []}, "hooks": {}}`,
			`{"hooks": {"Stop": []}, "hooks": {"Stop": [{"hooks": [` + ours + `]}]}}`},
	} {
		got, err := Register([]byte(c.before), "/opt/ams-hook", []string{"Stop"}, nil)
		if err != nil || string(got) != c.after {
			t.Errorf("%s: got %v\n%s\nwant\n%s", c.name, err, got, c.after)
			continue
		}
		again, err := Register(got, "/opt/ams-hook", []string{"Stop"}, nil)
		if err != nil || string(again) != string(got) {
			t.Errorf("%s: a second time changes it: %v\n%s", c.name, err, again)
		}
	}
}

func TestEnvIsSetBesideOthers(t *testing.T) {
	before := "{\n  \"env\": {\n    \"A\": \"1\"\n  }\n}\n"
	env := map[string]string{"AMS_SPOOL_DIR": "/s"}
	got, err := Register([]byte(before), "/opt/ams-hook", nil, env)
	want := "{\n  \"env\": {\n    \"A\": \"1\",\n    \"AMS_SPOOL_DIR\": \"/s\"\n  }\n}\n"
	if err != nil || string(got) != want {
		t.Errorf("got %v\n%s", err, got)
	}
	if back, err := Unregister(got, env); err != nil || string(back) != before {
		t.Errorf("unregister: got %v\n%s", err, back)
	}
	if kept, err := Unregister(got, map[string]string{"AMS_SPOOL_DIR": "/other"}); err != nil || string(kept) != want {
		t.Errorf("another value is not ours to remove: got %v\n%s", err, kept)
	}
	changed, err := Register(got, "/opt/ams-hook", nil, map[string]string{"AMS_SPOOL_DIR": "/new"})
	if err != nil || !strings.Contains(string(changed), `"AMS_SPOOL_DIR": "/new"`) || strings.Contains(string(changed), `"/s"`) {
		t.Errorf("got %v\n%s", err, changed)
	}
}

func TestUnregisterTakesOursAlone(t *testing.T) {
	for _, before := range []string{
		"{}\n",
		"{\n  \"model\": \"opus\"\n}",
		"{\r\n\t\"model\": \"opus\"\r\n}\r\n",
		"{\n  \"hooks\": {\n    \"Stop\": [\n      {\n        \"hooks\": [{\"type\": \"command\", \"command\": \"say done\"}]\n      }\n    ]\n  },\n  \"z\": 1\n}\n",
		`{"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "my-ams-hook-checker"}]}]}}`,
	} {
		registered, err := Register([]byte(before), "/opt/ams-hook", Events("2.1.330"), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Unregister(registered, nil)
		if err != nil || string(got) != before {
			t.Errorf("got %v\n%q\nwant\n%q", err, got, before)
		}
	}
}

func TestWhatIsNoSettingsFileIsNotTouched(t *testing.T) {
	for text, want := range map[string]string{
		"{\n  \"a\": 1,\n}":            "line 2 column 9: ",
		"{\n  // comment\n  \"a\": 1}": "line 2 column 3: ",
		`{"a": 1`:                      "line 1 column 8: it ends too soon",
		`{"a": 1} x`:                   "line 1 column 10: ",
		`[]`:                           "line 1 column 1: the file is a list, and must be an object",
		`{"hooks": []}`:                "line 1 column 11: hooks is a list, and must be an object",
		`{"hooks": {"Stop": {}}}`:      "line 1 column 20: hooks.Stop is an object, and must be a list",
		`{"hooks": {"Stop": ["x"]}}`:   "line 1 column 21: an entry of hooks.Stop is a text, and must be an object",
		`{"env": "x"}`:                 "line 1 column 9: env is a text, and must be an object",
		strings.Repeat("[", 100_000):   "line 1 column ",
	} {
		var syntax *SyntaxError
		_, err := Register([]byte(text), "/opt/ams-hook", []string{"Stop"}, nil)
		if !errors.As(err, &syntax) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %q", text, err, want)
		}
		if _, err := Parse([]byte(text)); !errors.As(err, &syntax) {
			t.Errorf("Parse(%.40q): got %v", text, err)
		}
		if _, err := Unregister([]byte(text), nil); !errors.As(err, &syntax) {
			t.Errorf("Unregister(%.40q): got %v", text, err)
		}
	}
}

func TestParseTellsWhatRuns(t *testing.T) {
	s, err := Parse([]byte(`{"disableAllHooks": true, "allowManagedHooksOnly": "no", "env": {"AMS_DISABLE": "1"}, "enabledPlugins": {"ams@x": true},
		"hooks": {"Stop": [{"matcher": "*", "hooks": [{"type":"command","command":"\"/a b/ams-hook\" -x","timeout":3,"async":true}, {"command":"other"}]}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if !s.DisableAllHooks || s.AllowManagedHooksOnly || s.Env["AMS_DISABLE"] != "1" || !s.Plugins["ams@x"] || len(s.Hooks) != 2 {
		t.Errorf("got %+v", s)
	}
	if mine := s.Ours(); len(mine) != 1 || mine[0].Timeout != 3 || !mine[0].Async || mine[0].HasArgs || !mine[0].All() {
		t.Errorf("got %+v", mine)
	}
}

func TestProgramOfAHook(t *testing.T) {
	for command, want := range map[string][2]string{ // in a shell, in exec form
		"/a/ams-hook":                 {"/a/ams-hook", "/a/ams-hook"},
		"/a b/ams-hook":               {"/a", "/a b/ams-hook"},
		`"/a b/ams-hook" -x`:          {"/a b/ams-hook", `"/a b/ams-hook" -x`},
		"A=1 ams-hook 2>/dev/null":    {"ams-hook", "A=1 ams-hook 2>/dev/null"},
		"A='x y'  B= '/a b/ams-hook'": {"/a b/ams-hook", "A='x y'  B= '/a b/ams-hook'"},
	} {
		got := [2]string{Hook{Command: command}.Program(), Hook{Command: command, HasArgs: true}.Program()}
		if got != want {
			t.Errorf("%q: got %q, want %q", command, got, want)
		}
	}
}

func TestKindOfACommand(t *testing.T) {
	for command, want := range map[string]kind{
		"ams-hook":                            plain,
		"/usr/bin/ams-hook":                   plain,
		"/a b/ams-hook":                       foreign,
		`"/a b/ams-hook"`:                     plain,
		"ams-hook 2>/dev/null || true":        plain,
		"'/a b/ams-hook' 2>/dev/null || :":    plain,
		"ams-hook || :; say done":             compound,
		"'/a b'/ams-hook":                     plain,
		"ams-hook -v":                         compound,
		"ams-hook && ~/bin/backup.sh":         compound,
		"ams-hook;say done":                   compound,
		"A=1 B='x y' /opt/ams-hook":           tuned,
		"A=1 ams-hook | tee x":                compound,
		"notify-send done; /usr/bin/ams-hook": foreign,
		"~/bin/guard.sh --log /var/ams-hook":  foreign,
		"A=1 echo ams-hook":                   foreign,
		"my-ams-hook":                         foreign,
		`C:\Program Files\ams\ams-hook.exe`:   foreign,
		"":                                    foreign,
	} {
		if got := kindOf(command, false); got != want {
			t.Errorf("%q: got %v, want %v", command, got, want)
		}
	}
	for _, program := range []string{"ams-hook", "/a b/ams-hook", `C:\Program Files\ams\ams-hook.exe`} {
		if got := kindOf(program, true); got != plain {
			t.Errorf("%q without a shell: got %v", program, got)
		}
	}
}

// TestGuardedCommandIsOurs holds that what install --guard writes is known again, whatever the path, starts that path
// in a shell, and goes again.
func TestGuardedCommandIsOurs(t *testing.T) {
	for _, dir := range []string{"/opt", "/a b", "/it's", "/''", `/"`, `/\`, `/\'`, "/$HOME", "/`x`", "/a;b|c&d", "/$(x)", "/a\nb", "/*?[x]", "/#", "/é", "/!x", "/-n", "/~"} {
		program := dir + "/ams-hook"
		line := Guarded(program)
		before := "{\n  \"model\": \"opus\"\n}\n"
		got, err := Register([]byte(before), line, []string{"Stop", "PreToolUse"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(got)
		if err != nil || len(s.Ours()) != 2 {
			t.Fatalf("%q: got %+v, %v", program, s, err)
		}
		if h := s.Ours()[0]; h.Program() != program || !h.Plain() || !h.IsGuarded() || h.HasArgs {
			t.Errorf("%q: got %+v, which starts %q", program, h, h.Program())
		}
		if again, err := Register(got, line, []string{"Stop", "PreToolUse"}, nil); err != nil || string(again) != string(got) {
			t.Errorf("%q: a second time changes it: %v\n%s", program, err, again)
		}
		if bare, err := Register(got, program, []string{"Stop", "PreToolUse"}, nil); err != nil || strings.Contains(string(bare), "/dev/null") {
			t.Errorf("%q: without a guard: %v\n%s", program, err, bare)
		}
		if back, err := Unregister(got, nil); err != nil || string(back) != before {
			t.Errorf("%q: unregister: %v\n%s", program, err, back)
		}
		if runtime.GOOS == "windows" {
			continue
		}
		path := filepath.Join(t.TempDir(), program)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		// It prints what the guard lets through, and ends with 2 as a runtime that cannot start does.
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho started\necho fatal >&2\nexit 2\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("/bin/sh", "-c", Guarded(path)).CombinedOutput(); err != nil || string(out) != "started\n" {
			t.Errorf("%q: got %q, %v", program, out, err)
		}
	}
}

// TestSomebodysOwnCommandsStay: a hook that does more than record is nobody's but its owner's.
func TestSomebodysOwnCommandsStay(t *testing.T) {
	for _, command := range []string{"~/bin/guard.sh --log /var/log/ams-hook", "notify-send done; /usr/local/bin/ams-hook", "ams-hook && ~/bin/backup.sh"} {
		before := `{"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "` + command + `"}]}]}}`
		registered, err := Register([]byte(before), "/opt/ams-hook", Events("2.1.330"), nil)
		if err != nil || !strings.Contains(string(registered), before[:len(before)-4]) {
			t.Errorf("%s: register: %v\n%s", command, err, registered)
		}
		if got, err := Unregister(registered, nil); err != nil || string(got) != before {
			t.Errorf("%s: unregister: %v\n%s\nwant\n%s", command, err, got, before)
		}
	}
}

// TestSharedEventsAreTheExamples holds the list to the file that people copy.
func TestSharedEventsAreTheExamples(t *testing.T) {
	for _, path := range []string{"../../hooks.example.json"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		var events []string
		for _, h := range s.Ours() {
			events = append(events, h.Event)
			if !h.HasArgs || h.Timeout != HookTimeout {
				t.Errorf("%s: got %+v", path, h)
			}
		}
		if !slices.Equal(events, Shared()) {
			t.Errorf("%s: got %v, want %v", path, events, Shared())
		}
	}
}

func TestEventsOfAVersion(t *testing.T) {
	for version, want := range map[string]int{
		"": 11, "nonsense": 11, "1.0.128": 11, "2.0.56": 11, "2.1.99": 11, "2.1.100": 17, "2.1.109": 17, "2.1.110": 27, "2.1.330": 27, "2.1.331": 27,
		"2.1.332": 28, "2.2.0": 28, "3.0.0-beta.1": 28,
	} {
		got := Events(version)
		if len(got) != want {
			t.Errorf("%q: %d events, want %d", version, len(got), want)
		}
		for _, event := range got {
			if !hook.Known(event) || WhyNever(event) != "" || slices.Index(got, event) != slices.IndexFunc(got, func(s string) bool { return s == event }) {
				t.Errorf("%q: %s must not be registered", version, event)
			}
		}
	}
	if slices.Contains(Events("2.1.331"), "PreSkillShellCommand") || slices.Contains(Shared(), "PreSkillShellCommand") {
		t.Error("PreSkillShellCommand is registered for clients that do not know it")
	}
	if !StopsAt("2.1.331", "PreSkillShellCommand") || StopsAt("2.1.332", "PreSkillShellCommand") || StopsAt("", "PreSkillShellCommand") || StopsAt("2.1.331", "Stop") {
		t.Error("StopsAt is wrong")
	}
	if Accepts("2.1.100", "TaskCreated") || !Accepts("2.1.110", "NoSuchEvent") || !Accepts("2.0.56", "Stop") || !Accepts("", "TaskCreated") {
		t.Error("Accepts is wrong")
	}
	if got := VersionOf("2.1.330 (Claude Code)\n"); got != "2.1.330" {
		t.Errorf("got %q", got)
	}
}

func TestFilesInOrderOfWhoWins(t *testing.T) {
	managed := t.TempDir()
	if err := os.MkdirAll(filepath.Join(managed, "managed-settings.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(managed, "managed-settings.d", "10.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	var scopes []Scope
	for _, f := range Files("/c", "/p", managed) {
		scopes = append(scopes, f.Scope)
	}
	if !slices.Equal(scopes, []Scope{Managed, Managed, Local, Project, User}) {
		t.Errorf("got %v", scopes)
	}
}

func FuzzRegister(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"ams-hook"}]}]}}`,
		"{\n\t\"a\": [1, {\"b\": null}],\n\t\"hooks\": {\"X\": [{\"matcher\": \"y\", \"hooks\": [{\"command\": \"z\"}]}]}\n}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before, err := Parse(b)
		if err != nil {
			return
		}
		got, err := Register(b, "/opt/ams-hook", Shared(), map[string]string{"AMS_SPOOL_DIR": "/s"})
		if err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if json.Valid(b) && !json.Valid(got) {
			t.Fatalf("%q became %q", b, got)
		}
		after, err := Parse(got)
		if err != nil || len(after.Ours()) < len(everywhere) {
			t.Fatalf("%q became %q: %v, %d entries of ours", b, got, err, len(after.Ours()))
		}
		if again, err := Register(got, "/opt/ams-hook", Shared(), map[string]string{"AMS_SPOOL_DIR": "/s"}); err != nil || string(again) != string(got) {
			t.Fatalf("%q: a second time it becomes %q, %v", got, again, err)
		}
		back, err := Unregister(got, map[string]string{"AMS_SPOOL_DIR": "/s"})
		if err != nil {
			t.Fatal(err)
		}
		left, err := Parse(back)
		others := func(s *Settings) (n int) {
			for _, h := range s.Hooks {
				if k := kindOf(h.Command, h.HasArgs); k == foreign || k == compound {
					n++
				}
			}
			return n
		}
		if err != nil || len(left.Hooks) != others(before) {
			t.Fatalf("%q: %d hooks are left of %d: %q, %v", b, len(left.Hooks), len(before.Hooks), back, err)
		}
	})
}
