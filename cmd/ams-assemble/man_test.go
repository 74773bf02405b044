package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"ams/pkg/commandline"
)

func TestManualPagesAreCurrent(t *testing.T) {
	dir := t.TempDir()
	assembleBy(t, "", "man", "--dir", dir)
	made, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(made) < 17 {
		t.Fatalf("%d pages, %v", len(made), err)
	}
	kept, err := filepath.Glob("../../man/ams-assemble*.1")
	if err != nil || len(kept) != len(made) {
		t.Errorf("man has %d pages of ams-assemble, want %d", len(kept), len(made))
	}
	for _, path := range made {
		if readText(t, path) != readText(t, filepath.Join("../../man", filepath.Base(path))) {
			t.Errorf("man/%s is not what the program says; run: go run ./cmd/ams-assemble man --dir man", filepath.Base(path))
		}
	}
	for page, wants := range map[string][]string{
		"ams-assemble.1":       {`\fB\-\-s3\-region\fR \fIREGION\fR`, `[AMS_S3_REGION, AWS_REGION]`, `.BR ams\-assemble\-show (1)`},
		"ams-assemble-run.1":   {`\fB\-\-spool\-max\fR \fISIZE\fR`, `(default 30d)`},
		"ams-assemble-spool.1": {`\fBams\-assemble spool rm\fR [\fIflag\fR ...] ID...`, `.SS Examples`},
	} {
		for _, want := range wants {
			if !strings.Contains(readText(t, filepath.Join(dir, page)), want) {
				t.Errorf("%s lacks %s", page, want)
			}
		}
	}
}

// TestExamplesOfHelpAreCommands reads every example as the program would.
func TestExamplesOfHelpAreCommands(t *testing.T) {
	app := newApp(env{})
	examples := app.UsageText
	commandline.EachCommand(app.Commands, func(c *cli.Command) {
		if c.UsageText == "" && len(c.Subcommands) == 0 && !c.Hidden && c.Description == "" {
			t.Errorf("%s has no example", c.Name)
		}
		examples += "\n" + c.UsageText
	})
	read := 0
	for line := range strings.Lines(strings.TrimSpace(examples)) {
		command, about, ok := strings.Cut(strings.TrimSpace(line), "  # ")
		if command == "" {
			continue
		}
		if _, ours, others := strings.Cut(command, "claude mcp add "); others { // the client's own, which starts ours
			_, command, _ = strings.Cut(ours, " -- ")
		}
		words := strings.Fields(strings.ReplaceAll(strings.Split(command, " > ")[0], "'", ""))
		if _, err := commandline.Parse(app, words[1:]); err != nil || words[0] != "ams-assemble" || !ok || about == "" {
			t.Errorf("%s: %v", line, err)
		}
		read++
	}
	if read < 35 {
		t.Errorf("%d examples", read)
	}
}

// TestManualOfTheHookNamesItsSettings looks for every variable that the program reads, but those of the client.
func TestManualOfTheHookNamesItsSettings(t *testing.T) {
	page := readText(t, "../../man/ams-hook.1")
	sources, err := filepath.Glob("../ams-hook/*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, name := range regexp.MustCompile(`\bAMS_[A-Z_]+\b`).FindAllString(readText(t, path), -1) {
			seen++
			if !strings.Contains(page, name) {
				t.Errorf("man/ams-hook.1 does not name %s of %s", name, path)
			}
		}
	}
	if seen < 8 {
		t.Errorf("%d variables were found in the program, want 8 or more", seen)
	}
}

func TestManualPagesAreCleanForGroff(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		notHere(t, "groff")
	}
	pages, err := filepath.Glob("../../man/*.1")
	if err != nil || len(pages) < 18 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		out, err := exec.Command(groff, "-man", "-ww", "-z", page).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", page, err, out)
		}
	}
}
