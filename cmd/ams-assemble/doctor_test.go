//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ams/pkg/doctor"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// world is a person's machine: a home of its own, both programs, and stand-ins for the client and cron.
type world struct {
	t       *testing.T
	home    string
	program string
	env     []string
}

// standIn writes a shell script into the world's PATH.
func (w *world) standIn(name, script string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.home, "bin", name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		w.t.Fatal(err)
	}
}

// newWorld is a machine on which all is well: installed, one session recorded, assembled and stored.
func newWorld(t *testing.T, program string) *world {
	t.Helper()
	w := &world{t: t, home: t.TempDir()}
	bin := filepath.Join(w.home, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	w.program = filepath.Join(bin, "ams-assemble")
	for from, to := range map[string]string{program: w.program, hookPath: filepath.Join(bin, "ams-hook")} {
		b, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, b, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.env = []string{"HOME=" + w.home, "PATH=" + bin + ":/usr/bin:/bin", "TZ=UTC", "AMS_MANAGED_SETTINGS_DIR=" + filepath.Join(w.home, "managed")}
	w.standIn("claude", "echo '2.1.330 (Claude Code)'")
	w.standIn("systemctl", "exit 1")
	w.standIn("crontab", `case "$1" in
-l) [ -f "$HOME/crontab" ] && cat "$HOME/crontab" || { echo "no crontab for you" >&2; exit 1; } ;;
-r) rm "$HOME/crontab" ;;
*) cat > "$HOME/crontab" ;;
esac`)
	w.must("install", "--schedule", "cron")
	w.record("first")
	w.must("run", "--now")
	return w
}

// run runs ams-assemble and returns its exit code and what it printed.
func (w *world) run(args ...string) (code int, stdout, stderr string) {
	w.t.Helper()
	cmd := exec.Command(w.program, args...)
	cmd.Dir = w.home
	cmd.Env = w.env
	var out, talk strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &talk
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), talk.String()
}

func (w *world) must(args ...string) string {
	w.t.Helper()
	code, out, talk := w.run(args...)
	if code != exitDone {
		w.t.Fatalf("ams-assemble %v: exit %d\n%s%s", args, code, out, talk)
	}
	return out
}

// record gives the installed hook the events of a session, as the client does.
func (w *world) record(id string) {
	w.t.Helper()
	for _, event := range []string{`"SessionStart","source":"startup"`, `"UserPromptSubmit","prompt":"Hello"`, `"SessionEnd","reason":"other"`} {
		cmd := exec.Command(filepath.Join(w.home, "bin", "ams-hook"))
		cmd.Env = append(w.env, "AMS_SPOOL_DIR="+w.spool())
		cmd.Stdin = strings.NewReader(`{"session_id":"` + id + `","cwd":"/p","hook_event_name":` + event + `}`)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			w.t.Fatalf("ams-hook: %v, %q", err, out)
		}
	}
}

func (w *world) spool() string    { return filepath.Join(w.home, ".local", "state", "ams", "spool") }
func (w *world) settings() string { return filepath.Join(w.home, ".claude", "settings.json") }

// edit changes a file of the world.
func (w *world) edit(path, old, new string) {
	w.t.Helper()
	text := readText(w.t, path)
	if !strings.Contains(text, old) {
		w.t.Fatalf("%s holds no %q:\n%s", path, old, text)
	}
	writeText(w.t, path, strings.ReplaceAll(text, old, new))
}

// doctor returns the findings, and the exit code.
func (w *world) doctor(command string) (int, examination) {
	w.t.Helper()
	code, out, talk := w.run(command, "--json")
	var r examination
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		w.t.Fatalf("%s --json: %v\n%s%s", command, err, out, talk)
	}
	return code, r
}

// faults are what goes wrong on people's machines. Each is planted into a world in which all is well.
var faults = []struct {
	name  string
	plant func(*world)
	id    string
	state doctor.State
	text  string // in the finding
	next  string // in its next step
}{
	{"not registered", func(w *world) {
		w.must("uninstall")
		w.must("install", "--schedule", "cron", "--project")
		w.must("uninstall", "--project")
	},
		"hook", doctor.Problem, "not registered in any settings", "ams-assemble install"},
	{"settings that are no JSON", func(w *world) { w.edit(w.settings(), `"hooks": {`, `"hooks": {,`) },
		"settings", doctor.Problem, "settings.json:2:", "mend the file"},
	{"all hooks disabled", func(w *world) { w.edit(w.settings(), `"hooks": {`, "\"disableAllHooks\": true,\n  \"hooks\": {") },
		"settings", doctor.Problem, "disableAllHooks", "take disableAllHooks out"},
	{"only an administrator's hooks", func(w *world) {
		os.Mkdir(filepath.Join(w.home, "managed"), 0o700)
		writeText(w.t, filepath.Join(w.home, "managed", "managed-settings.json"), `{"allowManagedHooksOnly": true}`)
	}, "settings", doctor.Problem, "allowManagedHooksOnly", "administrator"},
	{"registered twice", func(w *world) {
		writeText(w.t, filepath.Join(w.home, ".claude", "settings.local.json"), `{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "/other/ams-hook", "args": []}]}]}}`)
	}, "twice", doctor.Warning, "recorded twice", "ams-assemble uninstall"},
	{"an event that an old client does not know", func(w *world) { w.standIn("claude", "echo '2.1.100 (Claude Code)'") },
		"hook", doctor.Problem, "client 2.1.100 does not know", "ams-assemble install --user"},
	{"an event that a newer client has", func(w *world) { w.edit(w.settings(), `"TaskCreated":`, `"PreSkillShellCommand":`) },
		"hook", doctor.Warning, "stops at a dialog", "ams-assemble install --user, or a newer client"},
	{"an event that breaks worktrees", func(w *world) { w.edit(w.settings(), `"Stop":`, `"WorktreeCreate":`) },
		"hook", doctor.Problem, "breaks worktrees", "ams-assemble install --user"},
	{"an event missing", func(w *world) { w.edit(w.settings(), `"PostToolUse":`, `"Nonsense":`) },
		"hook", doctor.Warning, "not registered for PostToolUse", "ams-assemble install --user"},
	{"the program gone", func(w *world) { os.Remove(filepath.Join(w.home, "bin", "ams-hook")) },
		"program", doctor.Problem, "cannot be started", "ams-assemble install"},
	{"another program in its place", func(w *world) { w.standIn("ams-hook", "echo I talk") },
		"trial", doctor.Problem, "must end with 0 and print nothing", "log"},
	{"hook and cron at odds", func(w *world) { w.edit(w.settings(), w.spool(), "/somewhere/else") },
		"agree", doctor.Problem, "/somewhere/else", "ams-assemble install --spool-dir"},
	{"recording disabled", func(w *world) { w.edit(w.settings(), `"env": {`, "\"env\": {\n    \"AMS_DISABLE\": \"1\",") },
		"agree", doctor.Problem, "AMS_DISABLE=1", "take AMS_DISABLE out"},
	{"a file where the spool must be", func(w *world) {
		os.RemoveAll(w.spool())
		writeText(w.t, w.spool(), "")
	}, "spool", doctor.Problem, "is no folder", "move it away"},
	{"a spool that others can read", func(w *world) { os.Chmod(w.spool(), 0o755) },
		"spool", doctor.Warning, "open to others", "chmod 700"},
	{"a session that left no event", func(w *world) {
		dir := filepath.Join(w.home, ".claude", "projects", "-p")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			w.t.Fatal(err)
		}
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(w.settings(), old, old); err != nil {
			w.t.Fatal(err)
		}
		writeText(w.t, filepath.Join(dir, "silent.jsonl"), fmt.Sprintf(`{"type":"user","timestamp":%q}`+"\n", time.Now().Add(-time.Minute).UTC().Format(time.RFC3339Nano)))
	}, "recorded", doctor.Problem, "1 session ran since ams-hook was registered and left no event", "start claude anew"},
	{"a damaged spool", func(w *world) {
		writeText(w.t, filepath.Join(w.spool(), "broken.db"), "this is no database, and long enough to be looked at\n")
		raw := []byte(`{"session_id":"broken"}`)
		if err := spool.Append(w.spool(), "broken", spool.Record{Key: spool.KeyFor(time.Now(), raw, 0), Raw: raw}, spool.Options{}); err != nil {
			w.t.Fatal(err)
		}
	}, "damage", doctor.Warning, "damaged and set aside", "spool dump broken"},
	{"trouble in the hook's log", func(w *world) { spool.Log(w.spool(), "s", "write: no space left on device") },
		"log", doctor.Warning, "no space left on device", "ams-hook.log"},
	{"no schedule", func(w *world) { os.Remove(filepath.Join(w.home, "crontab")) },
		"schedule", doctor.Warning, "nothing runs ams-assemble by itself", "ams-assemble install"},
	{"a schedule of another program", func(w *world) { w.edit(filepath.Join(w.home, "crontab"), w.program, "/old/ams-assemble") },
		"schedule", doctor.Warning, "starts /old/ams-assemble", "ams-assemble install"},
	{"a run that failed", func(w *world) {
		w.record("second")
		os.RemoveAll(filepath.Join(w.home, ".local", "share", "ams"))
		writeText(w.t, filepath.Join(w.home, ".local", "share", "ams"), "")
		if code, _, _ := w.run("run", "--now"); code == exitDone {
			w.t.Fatal("the run did not fail")
		}
	}, "run", doctor.Problem, "failed", "ams-assemble run"},
	{"a store that takes nothing", func(w *world) {
		os.RemoveAll(filepath.Join(w.home, ".local", "share", "ams"))
		writeText(w.t, filepath.Join(w.home, ".local", "share", "ams"), "")
	}, "store", doctor.Problem, "nothing can be stored", "make the folder writable"},
	{"runs that stopped", func(w *world) {
		w.record("second")
		old := time.Now().Add(-3 * time.Hour)
		for _, path := range []string{filepath.Join(w.spool(), "second.db")} {
			if err := os.Chtimes(path, old, old); err != nil {
				w.t.Fatal(err)
			}
		}
		found, err := filepath.Glob(filepath.Join(w.spool(), ".receipts", "*.last-run.json"))
		if err != nil || len(found) != 1 {
			w.t.Fatalf("last runs: %v, %v", found, err)
		}
		var r map[string]any
		if err := json.Unmarshal([]byte(readText(w.t, found[0])), &r); err != nil {
			w.t.Fatal(err)
		}
		r["ended"] = old.Format(time.RFC3339Nano)
		b, err := json.Marshal(r)
		if err != nil {
			w.t.Fatal(err)
		}
		writeText(w.t, found[0], string(b))
	}, "run", doctor.Problem, "waiting, the oldest for 3h", "ams-assemble run"},
	{"the newest event still to come", func(w *world) {
		ahead := time.Now().Add(48 * time.Hour)
		if err := os.Chtimes(filepath.Join(w.spool(), "first.db"), ahead, ahead); err != nil {
			w.t.Fatal(err)
		}
	}, "clock", doctor.Problem, "still to come", "set this machine's clock"},
	{"no client", func(w *world) { os.Remove(filepath.Join(w.home, "bin", "claude")) },
		"client", doctor.Warning, "its version is not known", "--client"},
	{"a setting that cannot be read", func(w *world) {
		writeText(w.t, filepath.Join(w.home, ".config", "ams", "prices.json"), "{bad")
	}, "own", doctor.Problem, "prices.json", "mend the setting"},
	{"some sessions that failed", func(w *world) {
		w.record("second")
		w.record("third")
		day := filepath.Join(w.home, ".local", "share", "ams", "index", "third.json")
		if err := os.MkdirAll(filepath.Join(day, "in the way"), 0o700); err != nil {
			w.t.Fatal(err)
		}
		if code, out, talk := w.run("run", "--now"); code != exitSome {
			w.t.Fatalf("exit %d\n%s%s", code, out, talk)
		}
	}, "run", doctor.Problem, "sessions failed, the last of them: ", "ams-assemble run"},
	{"secrets that others can read", func(w *world) {
		path := filepath.Join(w.home, ".config", "ams", "env")
		writeText(w.t, path, readText(w.t, path)+"AWS_SECRET_ACCESS_KEY=x\n")
		os.Chmod(path, 0o644)
	}, "own", doctor.Warning, "holds credentials", "chmod 600"},
}

// ofTheMachine reports whether a finding is about the machine that the tests run on: a slow day, a disk that is nearly full.
func ofTheMachine(f doctor.Finding) bool {
	return f.ID == "trial" && strings.Contains(f.Text, "the hook takes") || f.ID == "spool" && strings.Contains(f.Text, "left on its disk")
}

func TestDoctorFindsEachFault(t *testing.T) {
	program := buildProgram(t)
	well := newWorld(t, program)
	code, r := well.doctor("doctor")
	r.Checks = slices.DeleteFunc(r.Checks, func(f doctor.Finding) bool { return f.State == doctor.OK || ofTheMachine(f) })
	if code != exitDone || len(r.Checks) != 0 {
		t.Fatalf("where all is well: exit %d, %+v", code, r.Checks)
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			w := newWorld(t, program)
			f.plant(w)
			code, r := w.doctor("doctor")
			at := slices.IndexFunc(r.Checks, func(x doctor.Finding) bool {
				return x.ID == f.id && x.State == f.state && strings.Contains(x.Text, f.text)
			})
			if at < 0 {
				t.Fatalf("no %s %q with %q in %+v", f.state, f.id, f.text, r.Checks)
			}
			if !strings.Contains(r.Checks[at].Next, f.next) {
				t.Errorf("its next step is %q, want %q", r.Checks[at].Next, f.next)
			}
			if want := map[doctor.State]int{doctor.Problem: exitNothing}[f.state]; f.state == doctor.Problem && code != want {
				t.Errorf("exit %d, want %d", code, want)
			}
		})
	}
}

// TestStatusIsShort holds the short form to a few lines, and to the same verdict.
func TestStatusIsShort(t *testing.T) {
	w := newWorld(t, buildProgram(t))
	out := w.must("status")
	if n := strings.Count(out, "\n"); n > 8 || !strings.Contains(out, "the last event came") || !strings.Contains(out, " problems, ") {
		t.Errorf("%d lines:\n%s", n, out)
	}
	w.edit(w.settings(), `"hooks": {`, `"hooks": {,`)
	code, out, talk := w.run("status")
	if code != exitNothing || !strings.Contains(out, "settings.json:2:") || !strings.Contains(talk, "found") {
		t.Errorf("exit %d\n%s%s", code, out, talk)
	}
}

// TestASessionThatGoesOnDoesNotWait: what a run has stored of a live session is not a backlog, and looking at it
// disturbs no run.
func TestASessionThatGoesOnDoesNotWait(t *testing.T) {
	w := newWorld(t, buildProgram(t))
	cmd := exec.Command(filepath.Join(w.home, "bin", "ams-hook"))
	cmd.Env = append(w.env, "AMS_SPOOL_DIR="+w.spool())
	cmd.Stdin = strings.NewReader(`{"session_id":"live","cwd":"/p","hook_event_name":"UserPromptSubmit","prompt":"Hello"}`)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v, %q", err, out)
	}
	if out := w.must("status"); !strings.Contains(out, "waiting") {
		t.Errorf("before the run:\n%s", out)
	}
	w.must("run")
	if out := w.must("status"); !strings.Contains(out, "nothing waits") {
		t.Errorf("after the run:\n%s", out)
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				w.run("status")
			}
		}
	}()
	for range 20 {
		if code, out, talk := w.run("run"); code != exitDone {
			t.Errorf("a run beside status: exit %d\n%s%s", code, out, talk)
			break
		}
	}
	close(stop)
	<-done
}

// TestDoctorOfABucket looks at a bucket with the right keys, and with wrong ones.
func TestDoctorOfABucket(t *testing.T) {
	b := newBucketServer(t)
	w := newWorld(t, buildProgram(t))
	w.env = append(w.env, "AMS_S3_BUCKET=traces", "AMS_S3_ENDPOINT_URL="+b.URL, "AWS_CA_BUNDLE="+os.Getenv("AWS_CA_BUNDLE"), "AWS_ACCESS_KEY_ID="+testKeyID)
	good, wrong := append(w.env, "AWS_SECRET_ACCESS_KEY="+testSecret), append(slices.Clone(w.env), "AWS_SECRET_ACCESS_KEY=wrong")
	w.env = good
	_, r := w.doctor("doctor")
	if !slices.ContainsFunc(r.Checks, func(f doctor.Finding) bool { return f.ID == "store" && f.State == doctor.OK }) {
		t.Errorf("with the right keys: %+v", r.Checks)
	}
	if !slices.ContainsFunc(r.Checks, func(f doctor.Finding) bool {
		return f.ID == "store" && f.State == doctor.Warning && strings.Contains(f.Text, "does not see AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY")
	}) {
		t.Errorf("nothing says that cron lacks the keys: %+v", r.Checks)
	}
	w.env = wrong
	code, r := w.doctor("doctor")
	if code != exitNothing || !slices.ContainsFunc(r.Checks, func(f doctor.Finding) bool {
		return f.ID == "store" && f.State == doctor.Problem && strings.Contains(f.Text, "SignatureDoesNotMatch") && strings.Contains(f.Next, "credentials")
	}) {
		t.Errorf("with a wrong key: exit %d, %+v", code, r.Checks)
	}
}

// TestDoctorTriesWhatARunDoes: what a server takes without a condition and not with one, what it
// does not heed, and keys that may not list.
func TestDoctorTriesWhatARunDoes(t *testing.T) {
	refuse := func(status int) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("If-Match") != "" {
					w.WriteHeader(status)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	}
	w := newWorld(t, buildProgram(t))
	env := w.env
	for _, c := range []struct {
		name  string
		wrap  func(http.Handler) http.Handler
		trust bool
		state doctor.State
		text  string
	}{
		{"no If-Match", refuse(501), false, doctor.Warning, "refuses If-Match"},
		{"conditions that are not heeded", func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Del("If-Match")
				r.Header.Del("If-None-Match")
				next.ServeHTTP(w, r)
			})
		}, true, doctor.Warning, "does not heed If-"},
		{"keys that may not list", func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && r.URL.Query().Has("list-type") {
					w.WriteHeader(http.StatusForbidden)
					return
				}
				next.ServeHTTP(w, r)
			})
		}, false, doctor.Warning, "run can store"},
		{"an index that may not be written", func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/index/") {
					w.WriteHeader(http.StatusForbidden)
					return
				}
				next.ServeHTTP(w, r)
			})
		}, false, doctor.Problem, "put index/probe-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBucketServer(t)
			b.wrap, b.trust = c.wrap, c.trust
			w.env = append(slices.Clone(env), "AMS_S3_BUCKET=traces", "AMS_S3_ENDPOINT_URL="+b.URL, "AWS_CA_BUNDLE="+os.Getenv("AWS_CA_BUNDLE"),
				"AWS_ACCESS_KEY_ID="+testKeyID, "AWS_SECRET_ACCESS_KEY="+testSecret)
			_, r := w.doctor("doctor")
			if !slices.ContainsFunc(r.Checks, func(f doctor.Finding) bool {
				return f.ID == "store" && f.State == c.state && strings.Contains(f.Text, c.text)
			}) {
				t.Errorf("want %v %q, got %+v", c.state, c.text, r.Checks)
			}
			if err := b.store(t).List(t.Context(), "", func(o upload.Object) error { t.Errorf("%s is left", o.Key); return nil }); err != nil && c.name != "keys that may not list" {
				t.Error(err)
			}
		})
	}
}
