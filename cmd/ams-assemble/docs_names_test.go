package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"ams/pkg/commandline"
)

// maxReadme bounds the README in bytes: what is longer belongs into docs.
const maxReadme = 8 << 10

func TestReadmeIsShort(t *testing.T) {
	readme := readText(t, checkout+"/README.md")
	if len(readme) > maxReadme {
		t.Errorf("README.md has %d bytes, want at most %d: move something to docs", len(readme), maxReadme)
	}
	pages, err := filepath.Glob(checkout + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if link := "](docs/" + filepath.Base(page); !strings.Contains(readme, link) {
			t.Errorf("README.md does not say where %s is", page)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestDocsLinksLead holds that every link to a file of this repository, and to a heading in it, leads somewhere.
func TestDocsLinksLead(t *testing.T) {
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(readText(t, page), ""), -1) {
			path, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(path, "://") {
				continue
			}
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %s leads nowhere: %v", page, m[1], err)
			} else if anchor != "" && !anchors(t, target)[anchor] {
				t.Errorf("%s: %s: there is no such heading", page, m[1])
			}
		}
	}
}

// anchors are the names by which headings of a page can be linked to, as GitHub makes them.
func anchors(t *testing.T, page string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(fence.ReplaceAllString(readText(t, page), ""), -1) {
		name := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		found[strings.ReplaceAll(name, " ", "-")] = true
	}
	return found
}

var (
	codeSpan = regexp.MustCompile("`([^`\n]+)`")
	// calls are those of our program, up to what a shell or another language would read.
	calls = regexp.MustCompile(`(?:^|[\s"']|bin/)ams-assemble((?: [^\s"'#|;&>()\]]+)*)`)
)

// TestDocsNameWhatIsThere reads every command of ours on the pages, run or not, as the program would, and holds that
// every flag and benchmark that they name is there.
func TestDocsNameWhatIsThere(t *testing.T) {
	flags := allFlags()
	for _, page := range pages(t) {
		if filepath.Base(page) == "CHANGELOG.md" {
			continue // it tells of what was
		}
		code := ""
		for _, b := range blocksOf(t, page) {
			if b.lang != "sh" && b.lang != "" && b.lang != "text" {
				code += b.text
			}
		}
		text := readText(t, page)
		for _, m := range codeSpan.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			span := strings.ReplaceAll(m[1], `\|`, "|")
			if name, _, _ := strings.Cut(strings.Fields(span)[0], "="); strings.HasPrefix(name, "--") && !flags[name] {
				t.Errorf("%s: no command has the flag %s", page, name)
			}
			code += span + "\n"
		}
		for _, m := range calls.FindAllStringSubmatch(code, -1) {
			words := strings.Fields(strings.NewReplacer("[", "", "]", "", "COMMAND", "show", "SEQ", "1").Replace(m[1]))
			if _, err := commandline.Parse(newApp(env{}), words); err != nil {
				t.Errorf("%s: ams-assemble%s: %v", page, m[1], err)
			}
		}
		checkBenchmarks(t, page, text)
	}
}

func allFlags() map[string]bool {
	flags := map[string]bool{"--help": true, "--version": true}
	commandline.EachCommand(newApp(env{}).Commands, func(c *cli.Command) {
		for _, f := range c.Flags {
			for _, name := range f.Names() {
				flags["--"+name] = true
			}
		}
	})
	return flags
}

// checkBenchmarks holds that go test -bench NAME of a page runs something.
func checkBenchmarks(t *testing.T, page, text string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`go test (\./\S+) .*-bench (\w+)`).FindAllStringSubmatch(text, -1) {
		files, err := filepath.Glob(filepath.Join(checkout, m[1], "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		all := ""
		for _, file := range files {
			all += readText(t, file)
		}
		if !regexp.MustCompile(`func Benchmark\w*` + m[2]).MatchString(all) {
			t.Errorf("%s: %s has no benchmark %s", page, m[1], m[2])
		}
	}
}

// TestSettingsNameEveryFlagAndVariable holds docs/settings.md to the commands that there are and what the programs read.
func TestSettingsNameEveryFlagAndVariable(t *testing.T) {
	page := readText(t, checkout+"/docs/settings.md")
	for _, c := range newApp(env{}).Commands {
		if !c.Hidden && !regexp.MustCompile("`ams-assemble \\[?"+c.Name+"\\b").MatchString(page) {
			t.Errorf("docs/settings.md does not name the command %s", c.Name)
		}
	}
	commandline.EachCommand(newApp(env{}).Commands, func(c *cli.Command) {
		for _, f := range c.Flags {
			if name := "--" + f.Names()[0]; !c.Hidden && !strings.Contains(page, "`"+name) {
				t.Errorf("docs/settings.md does not name %s of %s", name, c.Name)
			}
		}
	})
	sources, err := filepath.Glob(checkout + "/*/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, checkout+"/bench") || strings.Contains(file, "test/") {
			continue
		}
		for _, m := range regexp.MustCompile(`"(AMS_[A-Z0-9_]+)"`).FindAllStringSubmatch(readText(t, file), -1) {
			if !strings.Contains(page, "`"+m[1]) {
				t.Errorf("docs/settings.md does not name %s, which %s reads", m[1], file)
			}
		}
	}
}

// TestTheStoreOfThePageIsTheOneOfTheTests holds that the script that docs/storage.md shows is the one that passes the suite.
func TestTheStoreOfThePageIsTheOneOfTheTests(t *testing.T) {
	script := readText(t, checkout+"/pkg/upload/testdata/store.sh")
	for _, b := range blocksOf(t, checkout+"/docs/storage.md") {
		if b.text == script {
			return
		}
	}
	t.Error("docs/storage.md does not show pkg/upload/testdata/store.sh as it is")
}
