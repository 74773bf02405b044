package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// demonstrated is a folder with both programs, in bin, and the demo's session.
func demonstrated(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	linkProgram(t, hookPath, filepath.Join(bin, "ams-hook"))
	linkProgram(t, buildProgram(t), filepath.Join(bin, "ams-assemble"))
	demo := exec.Command(filepath.Join(bin, "ams-assemble"), "demo", "--dir", dir)
	demo.Env = []string{"HOME=" + dir}
	if out, err := demo.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// reader follows a page: somebody with a home folder, where the demo's session was recorded and stored.
type reader struct {
	home, work string // work is the folder to be in
	path       string // of programs
	bucket     string // the server of buckets
	receiver   string // of traces
}

func newReader(t *testing.T, origin string) *reader {
	t.Helper()
	home := t.TempDir()
	for from, to := range map[string]string{
		"bin": ".local/bin", "store": ".local/share/ams", "spool": ".local/state/ams/spool", "claude/projects": ".claude/projects",
	} {
		copyFolder(t, filepath.Join(origin, from), filepath.Join(home, to))
	}
	copyFolder(t, "testdata/captures/b-bash/projects", filepath.Join(home, ".claude", "projects-of-before"))
	work := filepath.Join(home, "work")
	if err := os.Mkdir(work, 0o700); err != nil {
		t.Fatal(err)
	}
	return &reader{home: home, work: work, path: filepath.Join(home, ".local/bin") + ":" + standInPrograms(t, home)}
}

// standInPrograms are programs that the commands must not find for real here: a client, which records a short session
// as the real one would, and cron and systemd, which would change this machine.
func standInPrograms(t *testing.T, home string) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range map[string]string{
		"claude": `[ "$1" = --version ] && { echo '2.1.330 (Claude Code)'; exit; }
for event in '"SessionStart","source":"startup"' '"UserPromptSubmit","prompt":"What is in this folder?"' '"SessionEnd","reason":"other"'; do
	echo '{"session_id":"from-the-docs","cwd":"/p","hook_event_name":'"$event"'}' | ` + filepath.Join(home, ".local/bin/ams-hook") + `
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
	return dir
}

// checkCronShips records an event as the client would, and lets the crontab line store the session with an empty
// environment: its only setting is in the file that the pages name.
func (r *reader) checkCronShips(t *testing.T, command string) {
	t.Helper()
	store := filepath.Join(t.TempDir(), "store")
	if err := os.MkdirAll(filepath.Join(r.home, ".config", "ams"), 0o700); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(r.home, ".config", "ams", "env")
	before, err := os.ReadFile(settings)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	writeText(t, settings, string(before)+"# where cron's sessions go\nAMS_LOCAL_DIR="+store+"\n")
	hook := exec.Command(filepath.Join(r.home, ".local", "bin", "ams-hook"))
	hook.Env = []string{"HOME=" + r.home}
	hook.Stdin = strings.NewReader(`{"session_id":"by-cron","cwd":"/p","hook_event_name":"UserPromptSubmit","prompt":"Hello"}`)
	if out, err := hook.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("ams-hook: %v, %q", err, out)
	}
	if out := r.shell(t, command, nil); out != "" {
		t.Errorf("the crontab line prints %q: cron would send a mail", out)
	}
	if _, err := os.Stat(filepath.Join(store, "index", "by-cron.json")); err != nil {
		t.Errorf("the crontab line did not ship the session: %v", err)
	}
	writeText(t, settings, string(before))
}

// shell runs a script and returns its standard output: one that begins with go at the top of the checkout, any other in
// the reader's folder. An empty environment is what cron gives.
func (r *reader) shell(t *testing.T, script string, environ []string) string {
	t.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = r.work
	ofGo := strings.HasPrefix(strings.TrimSpace(script), "go ")
	if ofGo {
		cmd.Dir = checkout
	}
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if name == "AMS_S3_ENDPOINT_URL" || name == "AMS_OTLP_ENDPOINT" || !strings.HasPrefix(name, "AMS_") && name != "HOME" && name != "CLAUDE_CONFIG_DIR" {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	if ofGo { // the caches live in the real home
		out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
		if err != nil {
			t.Fatal(err)
		}
		dirs := strings.Fields(string(out))
		cmd.Env = append(cmd.Env, "PATH="+r.path+":"+os.Getenv("PATH"), "GOCACHE="+dirs[0], "GOMODCACHE="+dirs[1], "GOPATH="+dirs[2])
	}
	cmd.Env = append(cmd.Env, "HOME="+r.home)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s\n%v\n%s%s", script, err, out, stderr.String())
	}
	return string(out)
}

// checkRegistered holds the settings that install wrote, if the page ran it, to what the client needs.
func (r *reader) checkRegistered(t *testing.T) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(r.home, ".claude", "settings.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return
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
	if err := errors.Join(err, json.Unmarshal(b, &settings)); err != nil {
		t.Fatal(err)
	}
	if n := len(settings.Hooks); n != 0 && n != 27 {
		t.Errorf("%d events are registered, want the 27 that the client knows, or none after uninstall", n)
	}
	for event, entries := range settings.Hooks {
		h := entries[0].Hooks[0]
		if h.Command != filepath.Join(r.home, ".local/bin/ams-hook") || h.Args == nil || h.Timeout <= 0 {
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
