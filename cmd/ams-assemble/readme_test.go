package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// block is one fenced block of the README.
type block struct{ lang, text string }

func readmeBlocks(t *testing.T) []block {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	for _, m := range regexp.MustCompile("(?ms)^```(\\w*)\\n(.*?)^```$").FindAllStringSubmatch(string(b), -1) {
		out = append(out, block{m[1], m[2]})
	}
	return out
}

// volatile are the parts of the demo's output that differ from run to run: folders, days, times, and on which machine
// it ran.
var volatile = regexp.MustCompile(`(?m)\S*/ams-demo-\d+|\d{4}/\d\d/\d\d|\d{4}-\d\d-\d\d \d\d:\d\d| *\d+\.\ds|^  time .*$| on \S+, user \S+$`)

// TestReadmeIsTrue runs every command of the README in its order, with a home folder of its own, and compares the
// demo's output with the one shown. The test command itself is what runs this test.
func TestReadmeIsTrue(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the README's commands are for a POSIX shell")
	}
	home := t.TempDir()
	copyFolder(t, "testdata/captures/b-bash/projects", filepath.Join(home, ".claude", "projects"))
	standIns := standInPrograms(t, home)
	blocks := readmeBlocks(t)
	shown, ran, tested, examined := "", 0, false, false
	for i, b := range blocks {
		switch b.lang {
		case "sh":
			if strings.TrimSpace(b.text) == "go test ./..." {
				tested = true
				continue
			}
			out := shell(t, home, b.text, append(os.Environ(), "PATH="+standIns+":"+os.Getenv("PATH")))
			ran++
			if strings.TrimSpace(b.text) == "ams-assemble doctor" {
				examined = true
				if got, want := verdicts(out), verdicts(blocks[i+1].text); got != want || !strings.Contains(want, "ok       store") {
					t.Errorf("doctor says\n%s\nthe README shows\n%s", got, want)
				}
			}
			if strings.Contains(b.text, "ams-assemble demo") {
				shown = blocks[i+1].text
				if got, want := volatile.ReplaceAllString(out, "~"), volatile.ReplaceAllString(shown, "~"); got != want {
					t.Errorf("the demo prints\n%s\nthe README shows\n%s", got, want)
				}
			}
		case "cron":
			fields := strings.SplitN(strings.TrimSpace(b.text), " ", 6)
			if len(fields) != 6 {
				t.Fatalf("no crontab line: %q", b.text)
			}
			checkCronShips(t, home, fields[5])
			ran++
		}
	}
	if ran < 7 || shown == "" || !tested || !examined {
		t.Errorf("%d blocks were run, demo shown: %v, test command named: %v, doctor shown: %v", ran, shown != "", tested, examined)
	}
	checkRegistered(t, home)
}

// verdicts are the first two columns of what doctor prints: the rest is different on every machine. So is whether the
// hook is slow on it, or its disk nearly full.
func verdicts(out string) string {
	lines := regexp.MustCompile(`(?m)^(ok|warning|problem) +\w+`).FindAllString(out, -1)
	return regexp.MustCompile(`(?m)^(warning|problem)( +)(trial|spool)$`).ReplaceAllString(strings.Join(lines, "\n"), "ok       $3")
}

// standInPrograms are programs that the README's commands must not find for real here: a client, which records a
// short session as the real one would, and cron and systemd, which would change this machine.
func standInPrograms(t *testing.T, home string) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range map[string]string{
		"claude": `[ "$1" = --version ] && { echo '2.1.330 (Claude Code)'; exit; }
for event in '"SessionStart","source":"startup"' '"UserPromptSubmit","prompt":"What is in this folder?"' '"SessionEnd","reason":"other"'; do
	echo '{"session_id":"from-the-readme","cwd":"/p","hook_event_name":'"$event"'}' | ` + filepath.Join(home, ".local/bin/ams-hook") + `
done`,
		"systemctl": "exit 1",
		"crontab": `case "$1" in
-l) cat "$HOME/crontab" 2>/dev/null || { echo "no crontab for you" >&2; exit 1; } ;;
*) cat > "$HOME/crontab" ;;
esac`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(home, ".local", "bin") + ":" + dir
}

// checkCronShips records an event as the client would, and lets the crontab line store the session with an empty
// environment: its only setting is in the file that the README names.
func checkCronShips(t *testing.T, home, command string) {
	t.Helper()
	store := filepath.Join(t.TempDir(), "store")
	if err := os.MkdirAll(filepath.Join(home, ".config", "ams"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeText(t, filepath.Join(home, ".config", "ams", "env"), "# where cron's sessions go\nAMS_LOCAL_DIR="+store+"\n")
	hook := exec.Command(filepath.Join(home, ".local", "bin", "ams-hook"))
	hook.Env = []string{"HOME=" + home}
	hook.Stdin = strings.NewReader(`{"session_id":"by-cron","cwd":"/p","hook_event_name":"UserPromptSubmit","prompt":"Hello"}`)
	if out, err := hook.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("ams-hook: %v, %q", err, out)
	}
	if out := shell(t, home, command, nil); out != "" {
		t.Errorf("the crontab line prints %q: cron would send a mail", out)
	}
	if _, err := os.Stat(filepath.Join(store, "index", "by-cron.json")); err != nil {
		t.Errorf("the crontab line did not ship the session: %v", err)
	}
}

// shell runs a script at the top of the checkout and returns its standard output. An empty environment is what cron gives.
func shell(t *testing.T, home, script string, environ []string) string {
	t.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = "../.."
	for _, kv := range environ {
		if name, _, _ := strings.Cut(kv, "="); !strings.HasPrefix(name, "AMS_") && name != "HOME" && name != "CLAUDE_CONFIG_DIR" {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	if len(environ) > 0 { // the caches live in the real home
		for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
			value, err := exec.Command("go", "env", name).Output()
			if err != nil {
				t.Fatal(err)
			}
			cmd.Env = append(cmd.Env, name+"="+strings.TrimSpace(string(value)))
		}
	}
	cmd.Env = append(cmd.Env, "HOME="+home)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s\n%v\n%s%s", script, err, out, stderr.String())
	}
	return string(out)
}

// checkRegistered holds the settings that install wrote to what the client needs.
func checkRegistered(t *testing.T, home string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(home, ".claude", "settings.json"))
	if err != nil {
		t.Fatal(err)
	}
	var settings struct {
		Hooks map[string][]struct {
			Hooks []struct {
				Command string
				Args    []string
				Timeout int
			}
		}
	}
	if err := json.Unmarshal(b, &settings); err != nil {
		t.Fatal(err)
	}
	if len(settings.Hooks) != 27 {
		t.Errorf("%d events are registered, want the 27 that the client knows", len(settings.Hooks))
	}
	for event, entries := range settings.Hooks {
		h := entries[0].Hooks[0]
		if h.Command != filepath.Join(home, ".local/bin/ams-hook") || h.Args == nil || h.Timeout <= 0 {
			t.Errorf("%s: got %+v, want ams-hook by its absolute path, with args and a timeout", event, h)
		}
	}
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
