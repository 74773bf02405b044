package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestManualPageIsCurrent(t *testing.T) {
	got := string(assembleBy(t, "", "man"))
	if want := readText(t, "../../man/ams-assemble.1"); got != want {
		t.Errorf("man/ams-assemble.1 is not what the program says; run: go run ./cmd/ams-assemble man > man/ams-assemble.1")
	}
	for _, want := range []string{
		`.SS ams\-assemble spool rm ID...`, `\fB\-\-spool\-max\fR \fISIZE\fR`, `(default 30d)`, `\fBAMS_S3_REGION\fR or \fBAWS_REGION\fR`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if n := strings.Count(got, `\fB\-\-spool\-dir\fR`); n != 1 {
		t.Errorf("the page explains --spool-dir %d times, want once", n)
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
	for _, page := range []string{"ams-assemble.1", "ams-hook.1"} {
		out, err := exec.Command(groff, "-man", "-ww", "-z", filepath.Join("../../man", page)).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", page, err, out)
		}
	}
}
