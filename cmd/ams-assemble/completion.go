package main

import (
	"embed"
	"fmt"

	"github.com/urfave/cli/v2"
)

// Completion in the shell is our own, and not the library's: that one reads os.Args behind the program's back, does not know a flag that
// stands before its command, and its bash script evaluates the words of the line, $(...) included, at the first tab.
//
// A script passes the words to completeCommand, which prints the candidates, one a line with a tab and what it is, or nothing where
// the shell should offer files.

// completeCommand is called by the scripts: ams-assemble __complete cur=WORD WORDS..., the word under the cursor
// first (some shells drop an argument that is empty) and then those before it, without the program's name.
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
		Name: "completion", Category: more,
		Usage: "print a completion script for a shell",
		Action: func(c *cli.Context) error {
			return &exitError{exitUsage, &hintError{
				err:  fmt.Errorf("completion needs one of bash, zsh, fish, powershell"),
				hint: "ams-assemble completion bash --help says where to put the script"}}
		},
	}
	for _, shell := range completionShells {
		c.Subcommands = append(c.Subcommands, &cli.Command{
			Name: shell.name, Usage: "print the script for " + shell.name, Description: shell.setUp,
			Action: func(c *cli.Context) error {
				if c.Args().Present() {
					return usagef("completion %s takes no arguments", shell.name)
				}
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
