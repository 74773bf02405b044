package commandline

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// testApp has what is hard: a name that is a switch here and takes a value there, commands below commands, short flags.
func testApp() *cli.App {
	return &cli.App{
		Name: "app", Usage: "try lines", DefaultCommand: "run",
		Commands: []*cli.Command{
			{Name: "run", Flags: []cli.Flag{&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}}, &cli.IntFlag{Name: "jobs"}}},
			{Name: "list", Aliases: []string{"ls"}, Flags: []cli.Flag{
				&cli.IntFlag{Name: "limit", Aliases: []string{"n"}}, &cli.StringSliceFlag{Name: "user"}, &cli.BoolFlag{Name: "json", Aliases: []string{"j"}},
				&cli.DurationFlag{Name: "idle", Hidden: true}, &cli.StringFlag{Name: "branch"},
			}},
			{Name: "install", Flags: []cli.Flag{&cli.BoolFlag{Name: "user"}}},
			{Name: "spool", Subcommands: []*cli.Command{{Name: "list"}, {Name: "rm", Flags: []cli.Flag{&cli.BoolFlag{Name: "force"}}}}},
			{Name: "help"},
		},
	}
}

func TestParseReadsFlagsWhereverTheyStand(t *testing.T) {
	for line, want := range map[string]string{
		"":                             "run |",
		"-q":                           "run | -q",
		"--jobs 2":                     "run | --jobs=2",
		"list -n1":                     "list | -n=1",
		"list -jn1":                    "list | -j -n=1",
		"list -n 1 word":               "list | -n=1 -- word",
		"ls word --limit=3":            "list | --limit=3 -- word",
		"--limit 3 list word":          "list | --limit=3 -- word",
		"list --user alice":            "list | --user=alice",
		"--user alice list":            "list | --user=alice",
		"--user install":               "install | --user",
		"install --user":               "install | --user",
		"list -- --limit -n":           "list | -- --limit -n",
		"list -- -- a":                 "list | -- -- a",
		"list --branch -":              "list | --branch=-",
		"list --branch -x":             "list | --branch=-x",
		"list --branch=":               "list | --branch=",
		"list -":                       "list | -- -",
		"list list":                    "list | -- list",
		"spool rm x --force":           "spool rm | --force -- x",
		"list --idle 5m":               "list | --idle=5m",
		"help":                         "help: |",
		"--help":                       "help: |",
		"help list":                    "help:list |",
		"list word -h":                 "help:list | -- word",
		"spool --help":                 "help:spool |",
		"help spool rm":                "help:spool rm |",
		"--version":                    "version |",
		"list --version":               "version |",
		"install --user=false":         "install | --user=false",
		"list --user a --user b, --":   "list | --user=a --user=b,",
		"list --limit 0x10 --json=yes": "error: --json must be true or false, not \"yes\"",
		"list --limit many":            `error: --limit must be a whole number, not "many"`,
		"list -nx":                     `error: -n must be a whole number, not "x"`,
		"list --idle 5":                `error: --idle must be a time such as 90s, 5m or 1h30m, not "5"`,
		"list --limit":                 "error: flag --limit needs a value",
		"frob":                         `error: there is no command "frob" (app help lists the commands)`,
		"lsit":                         `error: there is no command "lsit" (did you mean list?)`,
		"help list extra":              `error: list has no commands of its own, and so no "extra" (app help list tells of it)`,
		"help lst":                     `error: there is no command "lst" (did you mean list?)`,
		"spool lst":                    `error: there is no command "spool lst" (did you mean spool list?)`,
		"list --brnach main":           "error: list has no flag --brnach (did you mean --branch?)",
		"list --bran=main":             "error: list has no flag --bran (did you mean --branch?)",
		"list --jobs 2":                "error: list has no flag --jobs (it is a flag of run)",
		"list --nothing":               "error: list has no flag --nothing (app help list lists its flags)",
		"list -x":                      "error: list has no flag -x (app help list lists its flags)",
		"list -jx":                     "error: list has no flag -x (app help list lists its flags)",
		"--nothing":                    "error: run has no flag --nothing (app help run lists its flags)",
	} {
		if got := parsed(line); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", line, got, want)
		}
	}
}

func parsed(line string) string {
	l, err := Parse(testApp(), strings.Fields(line))
	var unknown *UnknownError
	switch {
	case errors.As(err, &unknown):
		return "error: " + unknown.Error() + " (" + unknown.Hint() + ")"
	case err != nil:
		return "error: " + err.Error()
	}
	head := strings.Join(l.Path, " ")
	if l.Help {
		head = "help:" + head
	}
	return strings.TrimSpace(head + " | " + strings.Join(l.Args, " "))
}

func TestNearKnowsSlipsOfTheFingers(t *testing.T) {
	names := []string{"Bash", "Read", "Edit", "Grep", "mcp__github__search", "WebFetch"}
	for word, want := range map[string]string{
		"bash": "Bash", "bahs": "Bash", "Bas": "Bash", "Webfetsch": "WebFetch", "mcp__git": "mcp__github__search", "Web": "WebFetch",
		"x": "", "frobnicate": "", "Raed": "Read", strings.Repeat("Bash", 1000): "",
	} {
		if got := Near(word, names); got != want {
			t.Errorf("%.20s: got %q, want %q", word, got, want)
		}
	}
}

// TestHelpStaysInItsColumns holds that no line is longer than asked for, and none than 100; and that no word is broken.
func TestHelpStaysInItsColumns(t *testing.T) {
	app := testApp()
	app.Commands[1].Usage = "list what there is, and a good deal more that nobody can say in one line of text"
	app.Commands[1].UsageText = "app list -n1  # the first one"
	app.Commands[1].Flags[4] = &cli.StringFlag{Name: "branch", Usage: "of a `BRANCH` whose name is as it should be, or else of none", EnvVars: []string{"APP_BRANCH"}}
	for _, cells := range []int{40, 60, 80, 120, 500} {
		for _, path := range [][]string{nil, {"list"}, {"spool"}} {
			var b strings.Builder
			if err := Help(&b, app, path, cells); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if n := len(strings.TrimRight(line, "\n")); n > min(cells, 100) {
					t.Errorf("%q at %d: a line of %d: %s", path, cells, n, line)
				}
			}
			words := strings.Join(strings.Fields(b.String()), " ")
			if want := "--branch BRANCH of a BRANCH whose name is as it should be, or else of none [APP_BRANCH]"; slices.Equal(path, []string{"list"}) &&
				!strings.Contains(words, want) {
				t.Errorf("at %d: %s\nlacks %s", cells, words, want)
			}
		}
	}
}

// TestNoCandidateIsAnythingButAWord: what an agent or a branch is called is put on the line as it is.
func TestNoCandidateIsAnythingButAWord(t *testing.T) {
	var b strings.Builder
	var found []Candidate
	for _, word := range []string{"plain", "größe", "a$(touch x)", "a b", "`x`", "a;b", "a\x1b[31m", "~root", "=ls", "feature/a-1", "'x'", "*", ""} {
		found = append(found, Candidate{word, "about"})
	}
	PrintCandidates(&b, found)
	if want := "plain\tabout\ngröße\tabout\nfeature/a-1\tabout\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
