package install_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ams/pkg/clientsettings"
	"ams/pkg/install"
	"ams/pkg/schedule"
)

// A change is planned, shown, made and taken back, on a machine whose home is a temporary folder.
func Example() {
	home, err := os.MkdirTemp("", "ams-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(home)
	m, err := newMachine(home, new(string)) // a program has its own home, and schedule.Exec
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	settings := filepath.Join(home, ".claude", "settings.json")
	change, err := m.Plan(ctx, install.Options{
		Target:   install.Target{Scope: clientsettings.User, Path: settings},
		SpoolDir: filepath.Join(home, "spool"),
		Schedule: schedule.Cron,
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(change.Events), "events")
	for _, step := range change.Steps() {
		added := strings.Count(step.Diff, "\n+") - strings.Count(step.Diff, "\n+++")
		fmt.Println(added, "new lines,", len(step.Schedule.Steps), "commands")
	}

	if err := change.Apply(ctx, nil); err != nil {
		panic(err)
	}
	fmt.Println("in place:", isThere(settings), isThere(install.EnvFile(home)))
	if err := change.Undo(ctx); err != nil {
		panic(err)
	}
	fmt.Println("in place:", isThere(settings), isThere(install.EnvFile(home)))

	// Output:
	// 11 events
	// 1 new lines, 0 commands
	// 18 new lines, 0 commands
	// 0 new lines, 1 commands
	// in place: true true
	// in place: false false
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
