package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestLinksLittle holds that ams-hook starts fast: everything linked is
// initialised by every hook.
func TestLinksLittle(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows"} {
		cmd := exec.Command("go", "list", "-deps", ".")
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		for _, dep := range strings.Fields(string(out)) {
			if why := unwanted(dep, goos); why != "" {
				t.Errorf("%s: ams-hook links %s: %s", goos, dep, why)
			}
		}
	}
}

func unwanted(dep, goos string) string {
	switch {
	case strings.HasPrefix(dep, "ams/pkg/") && dep != "ams/pkg/spool":
		return "the hook knows the spool alone"
	case strings.Contains(dep, "aws"), strings.Contains(dep, "urfave"):
		return "it belongs to ams-assemble"
	case goos == "windows" && (dep == "net" || dep == "net/netip"):
		return "" // golang.org/x/sys/windows does, and so bbolt
	case dep == "net" || strings.HasPrefix(dep, "net/"):
		return "the hook never talks to anybody"
	case dep == "encoding/json", dep == "regexp", dep == "flag", dep == "text/template":
		return "the hook decodes nothing and has no flags"
	case dep == "crypto/internal/fips140":
		return "its start costs 50 microseconds"
	case goos != "darwin" && (dep == "os/user" || dep == "runtime/cgo"):
		return "it would link the C library"
	}
	return ""
}

func TestBinaryIsSmall(t *testing.T) {
	const most = 3_000_000
	st, err := os.Stat(hookPath)
	if err != nil {
		t.Fatal(err)
	}
	if st.Size() > most {
		t.Errorf("ams-hook has %d bytes stripped, more than %d", st.Size(), most)
	}
}
