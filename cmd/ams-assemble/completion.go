package main

import (
	"embed"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// Completion in the shell is our own, and not the library's: that one reads os.Args behind the program's back, does not know a flag that
// stands before its command, and its bash script evaluates the words of the line, $(...) included, at the first tab.
//
// A script passes the words to completeCommand, which prints the candidates, one a line with a tab and what it is, or nothing where
// the shell should offer files.

// completeCommand is called by the scripts: ams-assemble __complete cur=WORD WORDS..., the word under the cursor first (some shells drop an
// argument that is empty) and then those before it, without the program's name.
const completeCommand = "__complete"

//go:embed completion
var completionScripts embed.FS

// completionShells are the shells that there is a script for, and what to do with it.
var completionShells = []struct{ name, setUp string }{
	{"bash", "In ~/.bashrc: source <(ams-assemble completion bash)"},
	{"zsh", "In ~/.zshrc, after compinit: source <(ams-assemble completion zsh)"},
	{"fish", "Once: ams-assemble completion fish > ~/.config/fish/completions/ams-assemble.fish"},
	{"powershell", "In $PROFILE: ams-assemble completion powershell | Out-String | Invoke-Expression"},
}

func completionCommand(e env) *cli.Command {
	c := &cli.Command{
		Name:  "completion",
		Usage: "print a completion script for your shell",
		Action: func(c *cli.Context) error {
			return &exitError{exitUsage, &hintError{
				err:  fmt.Errorf("completion needs one of bash, zsh, fish, powershell"),
				hint: "ams-assemble completion bash --help says where to put the script"}}
		},
	}
	for _, shell := range completionShells {
		c.Subcommands = append(c.Subcommands, &cli.Command{
			Name: shell.name, Usage: "print the script for " + shell.name, Description: shell.setUp,
			Action: func(*cli.Context) error {
				script, err := completionScripts.ReadFile("completion/" + shell.name)
				if err != nil {
					return err
				}
				_, err = e.stdout.Write(script)
				return err
			},
		})
	}
	return c
}

// candidate is a word that the shell may offer, and what it is.
type candidate struct{ word, about string }

func printCandidates(w io.Writer, found []candidate) {
	for _, c := range found {
		fmt.Fprintf(w, "%s\t%s\n", c.word, strings.ReplaceAll(c.about, "\n", " "))
	}
}

// complete says what may stand at the place of the word cur, behind the words before it. None at all: offer files.
func complete(app *cli.App, cur string, before []string) []candidate {
	takesValue := flagsWithValue(app)
	pending := "" // the flag whose value cur is
	var words []string
	for _, w := range before {
		name, _, hasValue := strings.Cut(strings.TrimLeft(w, "-"), "=")
		switch {
		case w == "=": // bash breaks --flag=value at the sign
		case pending != "":
			pending = ""
		case w == "--":
			return nil
		case len(w) > 1 && w[0] == '-':
			if takesValue[name] && !hasValue {
				pending = name
			}
		default:
			words = append(words, w)
		}
	}
	if pending != "" {
		return valuesOf(pending, "", strings.TrimPrefix(cur, "="))
	}
	if flag, value, ok := strings.Cut(cur, "="); ok && strings.HasPrefix(flag, "-") {
		return valuesOf(strings.TrimLeft(flag, "-"), flag+"=", value)
	}
	path, rest := commandPath(app.Commands, words)
	command, below := commandAt(app.Commands, path)
	switch {
	case strings.HasPrefix(cur, "-"):
		return flagsOf(app, command, cur)
	case len(rest) > 0:
		return nil
	}
	var found []candidate
	for _, c := range below {
		if !c.Hidden && strings.HasPrefix(c.Name, cur) {
			found = append(found, candidate{c.Name, c.Usage})
		}
	}
	return found
}

// commandAt is the command that a path names, nil for none, and the commands below it.
func commandAt(commands []*cli.Command, path []string) (at *cli.Command, below []*cli.Command) {
	for _, name := range path {
		for _, c := range commands {
			if c.Name == name {
				at, commands = c, c.Subcommands
				break
			}
		}
	}
	return at, commands
}

// flagsOf are the flags of a command that begin with cur; without a command, those of the command that then runs.
func flagsOf(app *cli.App, command *cli.Command, cur string) []candidate {
	found := []candidate{{"--help", "show what the command takes"}}
	if command == nil {
		found = append(found, candidate{"--version", "print the version"})
		command, _ = commandAt(app.Commands, []string{defaultCommand})
	}
	for _, f := range command.VisibleFlags() {
		about := ""
		if d, ok := f.(cli.DocGenerationFlag); ok {
			about = strings.ReplaceAll(d.GetUsage(), "`", "")
		}
		if name := f.Names()[0]; name != "help" {
			found = append(found, candidate{"--" + name, about})
		}
	}
	matching := found[:0]
	for _, c := range found {
		if strings.HasPrefix(c.word, cur) {
			matching = append(matching, c)
		}
	}
	return matching
}

var yesNo = []string{"yes", "no"}

// flagValues are the values of the flags that take one of a few.
var flagValues = map[string][]string{
	"color":               {"auto", "always", "never"},
	"in":                  {"prompts", "messages", "thinking", "inputs", "results", "errors"},
	"only":                {"errors", "tools", "prompts", "subagents"},
	"outcome":             {"completed", "failed", "interrupted", "limited", "abandoned", "running"},
	"sort":                sortNames(),
	"storage":             {"local", "s3"},
	"schedule":            {"cron", "systemd", "launchd", "none"},
	"status":              {"ok", "error", "running"},
	"s3-sse":              {"AES256", "aws:kms"},
	"capture-thinking":    yesNo,
	"redact":              yesNo,
	"redact-secrets":      yesNo,
	"keep-raw":            yesNo,
	"keep-raw-unredacted": yesNo,
}

func valuesOf(flag, prefix, cur string) []candidate {
	var found []candidate
	for _, v := range flagValues[flag] {
		if strings.HasPrefix(v, cur) {
			found = append(found, candidate{prefix + v, ""})
		}
	}
	return found
}
