package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mayImport says which packages of ours each package may import. Imports run one way: a format is known by one
// package, the join is pure, and only the commands wire things together, so any of them can be read, tested and
// replaced alone. lax is the way in which JSON is read, and below everything.
var mayImport = map[string]string{
	"ams/pkg/doctor":         "clientsettings install lax receipt recorded safefile schedule screen spool upload",
	"ams/pkg/install":        "clientsettings gitdir safefile schedule screen spool",
	"ams/pkg/gitdir":         "safefile",
	"ams/pkg/lax":            "",
	"ams/pkg/mcp":            "gitdir lax library listing query redact report schema screen search spool story",
	"ams/pkg/spool":          "",
	"ams/pkg/price":          "",
	"ams/pkg/program":        "screen",
	"ams/pkg/upload":         "parallel program safefile",
	"ams/pkg/table":          "lax packed parallel schema upload",
	"ams/pkg/receipt":        "lax safefile spool",
	"ams/pkg/safefile":       "",
	"ams/pkg/bundle":         "",
	"ams/pkg/library":        "lax packed parallel query redact safefile schema search signal spool table upload",
	"ams/pkg/otlp":           "lax redact schema screen",
	"ams/pkg/packed":         "",
	"ams/pkg/parallel":       "",
	"ams/pkg/commandline":    "screen",
	"ams/pkg/demo":           "lax recorded",
	"ams/pkg/chrometrace":    "lax schema screen",
	"ams/pkg/listing":        "lax library schema screen",
	"ams/pkg/report":         "lax schema screen",
	"ams/pkg/query":          "lax schema",
	"ams/pkg/clientsettings": "lax",
	"ams/pkg/screen":         "",
	"ams/pkg/story":          "lax schema screen",
	"ams/pkg/view":           "lax schema story",
	"ams/pkg/htmlpage":       "lax schema view",
	"ams/pkg/web":            "chrometrace htmlpage lax library listing packed query report schema screen search spool story upload view",
	"ams/pkg/redact":         "lax schema",
	"ams/pkg/schedule":       "safefile",
	"ams/pkg/schema":         "lax",
	"ams/pkg/search":         "lax schema",
	"ams/pkg/wordindex":      "safefile schema search",
	"ams/pkg/hook":           "lax",
	"ams/pkg/signal":         "lax schema",
	"ams/pkg/transcript":     "lax safefile",
	"ams/pkg/assemble":       "lax schema hook transcript price signal",
	"ams/pkg/recorded":       "lax gitdir safefile spool hook transcript assemble price bundle receipt redact schema",
	"ams/pkg/ship":           "recorded parallel table receipt redact bundle assemble schema screen signal safefile spool transcript upload",
	"ams/cmd/ams-hook":       "spool",
}

// testOnly packages serve tests and are imported by no program.
var testOnly = []string{"ams/pkg/clienttest", "ams/pkg/otlp/otlptest", "ams/pkg/schema/schematest", "ams/pkg/upload/storetest",
	"ams/cmd/ams-hook/internal/ptrace"}

func TestImportsRunOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "ams/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg, imports := fields[0], fields[1:]
		if slices.Contains(testOnly, pkg) || strings.HasPrefix(pkg, "ams/bench") || strings.HasPrefix(pkg, "ams/packaging") {
			continue
		}
		allowed, known := mayImport[pkg]
		if !known && pkg != "ams/cmd/ams-assemble" {
			t.Errorf("%s: say in this test what it may import", pkg)
		}
		checked++
		for _, imp := range imports {
			if slices.Contains(testOnly, imp) {
				t.Errorf("%s imports %s, which is for tests", pkg, imp)
			}
			name, ours := strings.CutPrefix(imp, "ams/pkg/")
			if known && ours && !slices.Contains(strings.Fields(allowed), name) {
				t.Errorf("%s imports %s; it may import: %s", pkg, imp, allowed)
			}
		}
	}
	if checked <= len(mayImport) {
		t.Errorf("%d packages were checked, want all %d and ams-assemble", checked, len(mayImport))
	}
}

// TestArchitecture holds docs/architecture.md to the rooms that there are.
func TestArchitecture(t *testing.T) {
	page := readText(t, "../../docs/architecture.md")
	named := map[string]bool{}
	for _, name := range regexp.MustCompile(`pkg/[a-z]+(/[a-z]+)?`).FindAllString(page, -1) {
		named["ams/pkg/"+strings.TrimPrefix(name, "pkg/")] = true
	}
	for pkg := range mayImport {
		if strings.HasPrefix(pkg, "ams/pkg/") && !named[pkg] {
			t.Errorf("docs/architecture.md does not name %s", pkg)
		}
		delete(named, pkg)
	}
	for _, pkg := range testOnly {
		delete(named, pkg)
	}
	for pkg := range named {
		if _, err := os.Stat("../../pkg/" + strings.TrimPrefix(pkg, "ams/pkg/")); err != nil {
			t.Errorf("docs/architecture.md names %s, which is not there", pkg)
		}
	}
}

// linesOfCommand is how much of a program may be outside of the rooms, for each command: its flags, help and what it says.
const linesOfCommand = 220

func TestTheProgramIsThin(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, name := range files {
		if !strings.HasSuffix(name, "_test.go") {
			lines += strings.Count(readText(t, name), "\n")
		}
	}
	if most := linesOfCommand * len(newApp(env{}).Commands); lines > most {
		t.Errorf("%d lines without tests, want at most %d: what a command does belongs into a room (docs/architecture.md)", lines, most)
	}
}

// TestJoinIsPure holds the packages of the middle to values in, values out.
func TestJoinIsPure(t *testing.T) {
	for _, pkg := range []string{"ams/pkg/assemble", "ams/pkg/price", "ams/pkg/schema", "ams/pkg/hook", "ams/pkg/story", "ams/pkg/search",
		"ams/pkg/chrometrace", "ams/pkg/query", "ams/pkg/signal", "ams/pkg/view"} {
		out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range strings.Fields(string(out)) {
			if slices.Contains([]string{"os", "net", "net/http", "log", "log/slog", "os/exec", "math/rand", "crypto/rand"}, imp) {
				t.Errorf("%s imports %s", pkg, imp)
			}
		}
	}
}

// heavy must not be linked into ams-hook: it is started twice per tool call.
var heavy = []string{"github.com/aws", "github.com/urfave", "net/http", "encoding/json", "github.com/go-json-experiment", "github.com/google/uuid"}

func TestHookLinksNothingHeavy(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "ams/cmd/ams-hook").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, dep := range strings.Fields(string(out)) {
		for _, h := range heavy {
			if strings.HasPrefix(dep, h) {
				t.Errorf("ams-hook links %s", dep)
			}
		}
		if strings.HasPrefix(dep, "ams/pkg/") && dep != "ams/pkg/spool" {
			t.Errorf("ams-hook links %s", dep)
		}
	}
}
