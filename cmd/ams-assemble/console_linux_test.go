package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// hostile is what would write to the clipboard, link, clear, ring, go back, overwrite, recolour and reorder, in
// sequences of both sets of control characters, and hide.
const hostile = "\x1b]52;c;ZXZpbA==\a\x1b]8;;http://x\x1b\\\x1b[2J\x1b[31mred\x1b[0m\b\r\x7f\u0085\u009b31m\u009d0;t\u009c\u202e\u2066\u200b\U000e0041"

// hostileName is what a file may be called of it.
var hostileName = strings.ReplaceAll(hostile, "/", "")

// harmful is everything that must not reach a terminal but our own colours and the progress bar, which are
// taken out first.
var (
	ownColour = regexp.MustCompile("\x1b\\[(0|1|2|1;3[0-7]|3[0-7])m")
	ownBar    = regexp.MustCompile(`\r(sessions +[0-9]+% \|[█ ]*\| \([0-9]+/[0-9]+\) \[[0-9hms]*:[0-9hms]*\]| +\r)`)
	harmful   = regexp.MustCompile("[\x00-\x08\x0b-\x1f\x7f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
)

func harmfulIn(out string) string {
	return harmful.FindString(ownBar.ReplaceAllString(ownColour.ReplaceAllString(out, ""), ""))
}

// hostileHome is a home with hostile text in everything that can hold text, and the environment of programs in it.
type hostileHome struct {
	home, program, file string
	env                 []string
}

// recordHostile records and stores sessions whose every name and text is hostile.
func recordHostile(t *testing.T) hostileHome {
	t.Helper()
	home := t.TempDir()
	w := hostileHome{home: home, program: buildProgram(t)}
	project := filepath.Join(home, ".claude", "projects", "-p"+hostileName)
	w.file = filepath.Join(project, "s1.jsonl")
	w.env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TZ=UTC", "TERM=xterm", "LANG=C.UTF-8", "PAGER=cat", "USER=u" + hostile,
		"AMS_AGENT_NAME=agent" + hostile, "AMS_TAGS=tag" + hostile, "AMS_ENVIRONMENT=prod" + hostile, "AMS_METADATA=" + quoted(map[string]string{"k" + hostile: hostile})}
	if err := os.MkdirAll(project, 0o700); err != nil {
		t.Fatal(err)
	}
	line := quoted(map[string]any{
		"type": "assistant", "uuid": "u1", "sessionId": "s1", "timestamp": "2026-01-02T03:04:05.000Z", "cwd": "/w" + hostile, "gitBranch": "b" + hostile,
		"version": "2.1.300" + hostile, "message": map[string]any{"id": "m1", "role": "assistant", "model": "claude" + hostile,
			"stop_reason": "odd" + hostile, "usage": map[string]int{"input_tokens": 1, "output_tokens": 2},
			"content": []any{map[string]string{"type": "text", "text": "said" + hostile}, map[string]string{"type": "thinking", "thinking": hostile},
				map[string]any{"type": "tool_use", "id": "t1", "name": "Tool" + hostile, "input": map[string]string{"k" + hostile: hostile}}}},
	})
	writeText(t, w.file, line+"\n"+quoted(map[string]string{"type": "odd" + hostile})+"\n")
	for _, session := range []string{"s1", "s2" + hostile} {
		for _, event := range []map[string]any{
			{"hook_event_name": "UserPromptSubmit", "prompt": "asked" + hostile, "cwd": "/w" + hostile},
			{"hook_event_name": "PostToolUseFailure", "tool_name": "Bash" + hostile, "tool_use_id": "t2", "tool_input": map[string]string{"command": hostile}, "error": hostile},
			{"hook_event_name": "SubagentStart", "agent_id": "a" + hostile, "agent_type": "helper" + hostile},
			{"hook_event_name": "Notification", "message": hostile, "notification_type": "n" + hostile},
		} {
			event["session_id"], event["transcript_path"] = session, w.file
			if session != "s1" {
				event["transcript_path"] = filepath.Join(project, "gone.jsonl")
			}
			w.hook(t, quoted(event))
		}
	}
	w.hook(t, hostile) // no JSON
	return w
}

func quoted(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (w hostileHome) hook(t *testing.T, payload string) {
	t.Helper()
	cmd := exec.Command(hookPath)
	cmd.Env, cmd.Stdin = w.env, strings.NewReader(payload)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestNoCommandSendsControlCharacters runs every command with both streams on a terminal, also wrongly called.
func TestNoCommandSendsControlCharacters(t *testing.T) {
	w := recordHostile(t)
	wrong := filepath.Join(w.home, "wrong"+hostileName)
	writeText(t, wrong, `{"x":`+hostile+"\n")
	swapped := filepath.Join(w.home, ".claude", "projects", "-p"+hostileName, "s3.jsonl")
	if err := os.Symlink("/etc/passwd", swapped); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"run", "--now"}, {"run", "--now", "--json"}, {"run", "--now", "-q"}, {"run", "--x" + hostile}, {hostile}, {"run", hostile}, {"--x" + hostile},
		{"list"}, {"list", "--json"}, {"list", "--csv"}, {"list", "--color=always"}, {"list", "--since", hostile}, {"list", "--tool", hostile}, {"list", "--sort", hostile},
		{"show", "s1"}, {"show", "s1", "--full"}, {"show", "s1", "--json"}, {"show", "s1", "--markdown"}, {"show", "s1", "--event", "1"},
		{"show", "s2" + hostile}, {"show", "s2" + hostile, "--json"}, {"show", "no" + hostile}, {"show", "s1", "--only", hostile}, {"show", "s1", "--color", hostile},
		{"find", "asked"}, {"find", hostile}, {"find", "asked", "--json"}, {"find", "--regexp", "(" + hostile},
		{"session", "s1"}, {"session", "s2" + hostile}, {"session", w.file}, {"session", wrong}, {"session", wrong + ".gone"}, {"session", "s1", "-o", wrong + "/x"},
		{"spool", "list"}, {"spool", "dump", "s1"}, {"spool", "dump", "s2" + hostile}, {"spool", "dump", "no" + hostile}, {"spool", "dump", "unassigned"},
		{"spool", "load", wrong}, {"spool", "load", wrong + ".gone"}, {"spool", hostile}, {"spool", "rm", "no" + hostile}, {"spool", "rm", "unassigned"},
		{"import"}, {"import", "--dry-run"}, {"import", wrong}, {"import", wrong + ".gone"}, {"import", swapped}, {"import", w.file, "--now"},
		{"prices"}, {"prices", "--prices", wrong}, {"prices", hostile}, {"list", "--prices", wrong + ".gone"},
		{"install", "--dry-run", "--hook", wrong}, {"install", "--dry-run", "--dir", wrong, "--project"}, {"uninstall", "--dry-run"},
		{"doctor"}, {"doctor", "--json"}, {"doctor", "--client", wrong}, {"status"}, {"demo"}, {"completion", hostile}, {"completion", "bash"}, {"man"}, {"--help"}, {"--version"},
		{"list", "--storage", hostile}, {"list", "--local-dir", wrong}, {"list", "--storage", "s3", "--s3-bucket", "b" + hostile, "--s3-endpoint-url", "http://127.0.0.1:1"},
		{"spool", "list", "--spool-dir", wrong}, {"run", "--idle", hostile}, {"run", "--redact", hostile},
		{"rm", "no" + hostile}, {"rm", "s2" + hostile}, {"spool", "rm", "s2" + hostile}, {"spool", "rm", "--force", "s2" + hostile}, {"spool", "rm", "--force", "s1"},
	} {
		out := w.terminal(t, args...)
		if found := harmfulIn(out); found != "" {
			t.Errorf("%q sends %q:\n%q", args, found, out)
		}
		if strings.Contains(out, "\x1b[31mred") {
			t.Errorf("%q lets recorded colours pass:\n%q", args, out)
		}
		if strings.Contains(out, "goroutine ") {
			t.Errorf("%q panics:\n%s", args, out)
		}
	}
	for name, text := range map[string]string{"PAGER=sed s/^/paged:/": "paged:", "PAGER=cat -v": "^[[1m"} {
		w.env = append(w.env, name)
		if out := w.terminal(t, "show", "s1"); !strings.Contains(out, text) || harmfulIn(out) != "" {
			t.Errorf("%s: want %q in\n%q", name, text, out)
		}
	}
}

// terminal is [onTerminal] for programs that may fail.
func (w hostileHome) terminal(t *testing.T, args ...string) string {
	t.Helper()
	return onTerminal(t, "/bin/sh", 100, w.env, slices.Concat([]string{"-c", `"$@"; :`, "sh", w.program}, args)...)
}

// TestOnlyTerminalsGetEscapes holds that pipes get JSON and CSV to the byte, that a terminal gets JSON of the
// same meaning, and that what a terminal gets of CSV tells the same cells.
func TestOnlyTerminalsGetEscapes(t *testing.T) {
	w := recordHostile(t)
	w.terminal(t, "run", "--now")
	for _, args := range [][]string{{"show", "s1", "--json"}, {"session", "s1"}, {"list", "--json"}, {"spool", "dump", "s1"}, {"list", "--csv"}} {
		piped, shown := w.piped(t, args...), w.terminal(t, args...)
		if !strings.Contains(piped, "\u009b") || !strings.Contains(piped, "\u202e") {
			t.Errorf("%q: a pipe does not get the characters as they are:\n%q", args, piped)
		}
		if strings.Contains(shown, "\u009b") || !strings.Contains(shown, `\u009b`) {
			t.Errorf("%q: a terminal gets no escapes:\n%q", args, shown)
		}
		if args[len(args)-1] == "--csv" {
			checkCells(t, piped, shown)
			continue
		}
		a, b := values(t, piped), values(t, shown)
		if a != b {
			t.Errorf("%q: the terminal shows other values: %d bytes, %d in the pipe", args, len(b), len(a))
		}
		file := filepath.Join(w.home, "out")
		if args[0] == "session" {
			w.terminal(t, append(args, "-o", file)...)
			if got := readText(t, file); got != piped {
				t.Errorf("%q: a file holds other bytes than the pipe", args)
			}
		}
	}
}

func (w hostileHome) piped(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(w.program, args...)
	cmd.Env = w.env
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return string(out)
}

// values are all JSON values in a text, in one form.
func values(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	for d := json.NewDecoder(strings.NewReader(text)); d.More(); {
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%v in\n%q", err, text)
		}
		fmt.Fprintln(&out, quoted(v))
	}
	return out.String()
}

func checkCells(t *testing.T, piped, shown string) {
	t.Helper()
	a, err := csv.NewReader(strings.NewReader(piped)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	b, err := csv.NewReader(strings.NewReader(shown)).ReadAll()
	if err != nil {
		t.Fatalf("%v in\n%q", err, shown)
	}
	if len(a) < 2 || len(a) != len(b) || len(a[1]) != len(b[1]) {
		t.Errorf("%d rows in a pipe, %d on a terminal", len(a), len(b))
	}
}
