package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"ams/pkg/clientsettings"
	"ams/pkg/doctor"
	"ams/pkg/install"
	"ams/pkg/receipt"
	"ams/pkg/spool"
	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// options are those of a machine that has nothing but an empty home folder.
func options(t *testing.T) doctor.Options {
	t.Helper()
	home := t.TempDir()
	store := filepath.Join(home, "store")
	return doctor.Options{
		Machine: install.Machine{
			Home: home, Self: filepath.Join(home, "ams-assemble"), Now: func() time.Time { return now },
			Getenv: func(name string) string {
				return map[string]string{"HOME": home, "AMS_MANAGED_SETTINGS_DIR": filepath.Join(home, "managed")}[name]
			},
			Run: func(context.Context, string, ...string) (string, error) { return "", errors.New("not here") },
		},
		Version: "v1", VersionOf: func(*debug.BuildInfo) string { return "v1" },
		ClaudeDir: filepath.Join(home, ".claude"), ProjectDir: home, Client: filepath.Join(home, "no-client"),
		SpoolDir: filepath.Join(home, ".local", "state", "ams", "spool"), Receipts: filepath.Join(home, "receipts.db"),
		News:       func(_ map[string]*receipt.Receipt, stats []spool.Stat) []spool.Stat { return stats },
		Store:      doctor.Store{Name: store, Open: func(context.Context) (upload.Store, error) { return upload.NewLocal(store), nil }},
		PricesDate: "2026-11-01",
	}
}

// has reports whether there is a finding of an id and state whose text holds a word.
func has(findings []doctor.Finding, id string, state doctor.State, text string) bool {
	for _, f := range findings {
		if f.ID == id && f.State == state && strings.Contains(f.Text, text) {
			return true
		}
	}
	return false
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// record puts one event into the spool.
func record(t *testing.T, opt doctor.Options, id string, at time.Time) {
	t.Helper()
	rec := spool.Record{Key: spool.NewKey(at, 1), Raw: []byte(`{"session_id":"` + id + `","hook_event_name":"Stop"}`)}
	if err := spool.Append(opt.SpoolDir, id, rec, spool.Options{}); err != nil {
		t.Fatal(err)
	}
}

func TestAnEmptyMachineRecordsNothing(t *testing.T) {
	got := doctor.Examine(t.Context(), options(t))
	if !has(got, "hook", doctor.Problem, "nothing is recorded") || !has(got, "schedule", doctor.Warning, "nothing runs") ||
		!has(got, "store", doctor.OK, "takes, gives, lists and removes") || !has(got, "spool", doctor.OK, "the first event makes it") {
		t.Errorf("got %+v", got)
	}
	for _, f := range got {
		if f.State != doctor.OK && f.Next == "" {
			t.Errorf("no next step: %+v", f)
		}
	}
}

func TestEachStageTellsItsFault(t *testing.T) {
	settings := func(o *doctor.Options) string { return filepath.Join(o.ClaudeDir, "settings.json") }
	for name, c := range map[string]struct {
		plant func(*testing.T, *doctor.Options)
		id    string
		state doctor.State
		text  string
	}{
		"settings that are no JSON": {func(t *testing.T, o *doctor.Options) { write(t, settings(o), "{\n,}") },
			"settings", doctor.Problem, "settings.json:2:1"},
		"hooks that are off": {func(t *testing.T, o *doctor.Options) { write(t, settings(o), `{"disableAllHooks": true}`) },
			"settings", doctor.Problem, "no hook runs"},
		"a hook that is off": {func(t *testing.T, o *doctor.Options) { write(t, settings(o), `{"env": {"AMS_DISABLE": "1"}}`) },
			"agree", doctor.Problem, "AMS_DISABLE=1"},
		"a spool elsewhere": {func(t *testing.T, o *doctor.Options) {
			write(t, settings(o), `{"env": {"AMS_SPOOL_DIR": "/elsewhere"}}`)
		},
			"agree", doctor.Problem, "reads"},
		"a few events alone": {func(t *testing.T, o *doctor.Options) {
			text, err := clientsettings.Register(nil, "/gone/ams-hook", []string{"Stop"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			write(t, settings(o), string(text))
		}, "hook", doctor.Warning, "is not registered for"},
		"a file for a folder": {func(t *testing.T, o *doctor.Options) { write(t, o.SpoolDir, "") },
			"spool", doctor.Problem, "is no folder"},
		"events that wait": {func(t *testing.T, o *doctor.Options) {
			record(t, *o, "one", now)
			o.Machine.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
		}, "run", doctor.Warning, "1 session waiting"},
		"a run that failed": {func(t *testing.T, o *doctor.Options) {
			last := receipt.LastRun{Ended: now.Add(-time.Hour), Failed: 1, Stored: 2, Error: "no room"}
			if err := receipt.WriteLastRun(receipt.LastRunPath(o.Receipts), last); err != nil {
				t.Fatal(err)
			}
		}, "run", doctor.Problem, "1 of 3 sessions failed, the last of them: no room"},
		"receipts that are none": {func(t *testing.T, o *doctor.Options) { write(t, o.Receipts, "no database") },
			"receipts", doctor.Warning, "receipts.db"},
		"old prices": {func(_ *testing.T, o *doctor.Options) { o.PricesDate = "2020-01-01" }, "prices", doctor.Warning, "2020-01-01"},
		"a check that fails": {func(_ *testing.T, o *doctor.Options) { o.Machine.Now = nil },
			"recorded", doctor.Problem, "the check itself failed"},
		"a store that does not open": {func(_ *testing.T, o *doctor.Options) {
			o.Store.Open = func(context.Context) (upload.Store, error) { return nil, errors.New("no region") }
		}, "store", doctor.Problem, "no region"},
	} {
		t.Run(name, func(t *testing.T) {
			opt := options(t)
			c.plant(t, &opt)
			if got := doctor.Examine(t.Context(), opt); !has(got, c.id, c.state, c.text) {
				t.Errorf("no %s %q with %q in %+v", c.state, c.id, c.text, got)
			}
		})
	}
}

// TestASessionWithoutEventsIsMissed: a transcript that began after the hook was registered and that
// neither the spool nor the store knows.
func TestASessionWithoutEventsIsMissed(t *testing.T) {
	opt := options(t)
	text, err := clientsettings.Register(nil, "/gone/ams-hook", clientsettings.Shared(), nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(opt.ClaudeDir, "settings.json")
	write(t, path, string(text))
	for at, file := range map[time.Time]string{
		now.Add(-3 * time.Hour): path,
		now.Add(-time.Hour):     filepath.Join(opt.ClaudeDir, "projects", "p", "missed.jsonl"),
	} {
		if file != path {
			write(t, file, `{"type":"user","timestamp":"2026-11-22T09:00:00Z"}`+"\n")
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if got := doctor.Examine(t.Context(), opt); !has(got, "recorded", doctor.Problem, "missed") {
		t.Errorf("it is not missed: %+v", got)
	}
	store, err := opt.Store.Open(t.Context())
	if err == nil {
		_, err = store.Put(t.Context(), upload.IndexKey("missed"), []byte("{}"), upload.PutOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := doctor.Examine(t.Context(), opt); has(got, "recorded", doctor.Problem, "") {
		t.Errorf("it is stored, and missed: %+v", got)
	}
}

// TestAStoreIsTriedStepByStep lets each kind of call fail: what a run needs is a problem, what only
// reading or rm needs a warning.
func TestAStoreIsTriedStepByStep(t *testing.T) {
	for op, want := range map[string]doctor.Finding{
		"get":    {State: doctor.Problem, Text: "nothing can be stored"},
		"put":    {State: doctor.Problem, Text: "nothing can be stored"},
		"list":   {State: doctor.Warning, Text: "list and find cannot read there"},
		"delete": {State: doctor.Warning, Text: "nothing can be removed"},
	} {
		opt := options(t)
		plain := upload.NewLocal(opt.Store.Name)
		opt.Store.Open = func(context.Context) (upload.Store, error) {
			return storetest.Faulty(plain, func(c storetest.Call) storetest.Fault {
				if c.Op == op {
					return storetest.NotDone
				}
				return storetest.None
			}), nil
		}
		got := doctor.Examine(t.Context(), opt)
		if !has(got, "store", want.State, want.Text) {
			t.Errorf("%s fails: no %s with %q in %+v", op, want.State, want.Text, got)
		}
		left := 0
		if err := plain.List(t.Context(), "", func(upload.Object) error { left++; return nil }); err != nil {
			t.Fatal(err)
		}
		if op != "delete" && left > 0 {
			t.Errorf("%s fails: %d probes are left", op, left)
		}
	}
}

func TestQuickTriesNothing(t *testing.T) {
	opt := options(t)
	opt.Quick = true
	opt.Store.Far = true
	opt.Store.Open = func(context.Context) (upload.Store, error) {
		return storetest.Faulty(upload.NewLocal(opt.Store.Name), func(c storetest.Call) storetest.Fault {
			t.Errorf("the store was asked: %+v", c)
			return storetest.NotDone
		}), nil
	}
	got := doctor.Examine(t.Context(), opt)
	if doctor.Count(got, doctor.Problem) != 1 || !has(got, "hook", doctor.Problem, "nothing is recorded") {
		t.Errorf("got %+v", got)
	}
	entries, err := os.ReadDir(opt.Machine.Home)
	if err != nil || len(entries) != 0 {
		t.Errorf("there is now %v, %v", entries, err)
	}
}

// What a machine lacks, in a line each.
func ExampleExamine() {
	home, err := os.MkdirTemp("", "ams-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(home)
	store := upload.NewLocal(filepath.Join(home, "store"))
	findings := doctor.Examine(context.Background(), doctor.Options{
		Machine: install.Machine{ // a program has os.Getenv and schedule.Exec
			Home: home, Self: filepath.Join(home, "ams-assemble"), Now: time.Now,
			Getenv: func(name string) string { return map[string]string{"HOME": home}[name] },
			Run:    func(context.Context, string, ...string) (string, error) { return "", errors.New("not here") },
		},
		Quick:     true,
		ClaudeDir: filepath.Join(home, ".claude"), ProjectDir: home,
		SpoolDir: filepath.Join(home, ".local", "state", "ams", "spool"),
		Receipts: filepath.Join(home, "receipts.db"),
		News:     func(map[string]*receipt.Receipt, []spool.Stat) []spool.Stat { return nil },
		Store:    doctor.Store{Name: "mine", Open: func(context.Context) (upload.Store, error) { return store, nil }},
	})
	for _, f := range findings {
		if f.State == doctor.Problem {
			fmt.Printf("%s\n  -> %s\n", f.Text, f.Next)
		}
	}
	// Output:
	// ams-hook is not registered in any settings of the client: nothing is recorded
	//   -> ams-assemble install
}

// TestNothingOfTheProbeStays looks at a store that is not there yet, and at one that a person made and nothing is in.
func TestNothingOfTheProbeStays(t *testing.T) {
	opt := options(t)
	opt.Store.Folder = filepath.Join(opt.Machine.Home, "a", "store")
	if findings := doctor.Examine(t.Context(), opt); !has(findings, "store", doctor.OK, "takes, gives, lists and removes") {
		t.Errorf("%+v", findings)
	}
	if left, _ := filepath.Glob(filepath.Join(opt.Machine.Home, "a")); len(left) > 0 {
		t.Errorf("the probe left %q", left)
	}
	if err := os.MkdirAll(opt.Store.Folder, 0o700); err != nil {
		t.Fatal(err)
	}
	doctor.Examine(t.Context(), opt)
	if left, err := os.ReadDir(opt.Store.Folder); err != nil || len(left) > 0 {
		t.Errorf("the probe left %v, %v", left, err)
	}
	if left, _ := filepath.Glob(filepath.Join(opt.Machine.Home, ".ams-probe*")); len(left) > 0 {
		t.Errorf("the probe left %q", left)
	}
}

func TestAProgramThatTheShellDoesNotFindIsNamed(t *testing.T) {
	opt := options(t)
	if findings := doctor.Examine(t.Context(), opt); !has(findings, "path", doctor.Warning, "is not in PATH") {
		t.Errorf("not in PATH: %+v", findings)
	}
	if err := os.WriteFile(opt.Machine.Self, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", opt.Machine.Home)
	if findings := doctor.Examine(t.Context(), opt); has(findings, "path", doctor.Warning, "") {
		t.Errorf("in PATH: %+v", findings)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "ams-assemble"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", other+string(os.PathListSeparator)+opt.Machine.Home)
	if findings := doctor.Examine(t.Context(), opt); !has(findings, "path", doctor.Warning, "the shell calls") {
		t.Errorf("another one in PATH: %+v", findings)
	}
}

func TestWithoutASchedulerThereIsAnotherWay(t *testing.T) {
	if findings := doctor.Examine(t.Context(), options(t)); !has(findings, "schedule", doctor.Warning, "no cron, systemd or launchd") {
		t.Errorf("%+v", findings)
	}
}

// TestSessionsWithoutAnIndexRecordAreNamed: no list shows them.
func TestSessionsWithoutAnIndexRecordAreNamed(t *testing.T) {
	opt := options(t)
	store := upload.NewLocal(opt.Store.Name)
	put := func(key string) {
		t.Helper()
		if _, err := store.Put(t.Context(), key, []byte("{}"), upload.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	put(upload.SessionKey("whole", now))
	put(upload.IndexKey("whole"))
	opt.Store.Folder = opt.Store.Name
	if got := doctor.Examine(t.Context(), opt); has(got, "store", doctor.Warning, "without an index record") {
		t.Errorf("where none is: %+v", got)
	}
	put(upload.SessionKey("lost", now))
	if got := doctor.Examine(t.Context(), opt); !has(got, "store", doctor.Warning, "1 session without an index record, lost among them") {
		t.Errorf("got %+v", got)
	}
}
