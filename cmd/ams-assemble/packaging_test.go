package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// TestPackagedUnitsAreThoseOfInstall holds the units of the deb and rpm packages to the ones that install writes, but for the comment
// that says who wrote them.
func TestPackagedUnitsAreThoseOfInstall(t *testing.T) {
	for _, name := range []string{"ams-assemble.service", "ams-assemble.timer"} {
		b, err := os.ReadFile("../../pkg/schedule/unit/" + name)
		if errors.Is(err, fs.ErrNotExist) {
			t.Skip("this version installs no schedule")
		}
		if err != nil {
			t.Fatal(err)
		}
		_, want, found := strings.Cut(string(b), "[Unit]\n")
		want = "[Unit]\n" + strings.ReplaceAll(want, "@PROGRAM@", "/usr/bin/ams-assemble")
		if got := readText(t, "../../packaging/systemd/"+name); got != want || !found {
			t.Errorf("packaging/systemd/%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}
