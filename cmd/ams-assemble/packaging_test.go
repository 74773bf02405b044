package main

import (
	"strings"
	"testing"

	"ams/pkg/schedule"
)

// TestPackagedUnitsAreThoseOfInstall holds the units of the deb and rpm packages to the ones that install writes, but
// for the comment that says who wrote them.
func TestPackagedUnitsAreThoseOfInstall(t *testing.T) {
	for name, installed := range map[string]string{
		"ams-assemble.service": schedule.Service("/usr/bin/ams-assemble"), "ams-assemble.timer": schedule.Timer(),
	} {
		_, body, found := strings.Cut(installed, "[Unit]\n")
		if got, want := readText(t, "../../packaging/systemd/"+name), "[Unit]\n"+body; got != want || !found {
			t.Errorf("packaging/systemd/%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}
