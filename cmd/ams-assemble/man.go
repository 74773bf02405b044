package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"ams/pkg/commandline"
)

// helpCommand stands in the list of commands; [commandline.Parse] does what it says.
func helpCommand() *cli.Command {
	return &cli.Command{
		Name: "help", Category: more, Usage: "tell all of a command", ArgsUsage: "[COMMAND]",
		UsageText: "ams-assemble help show  # the same as ams-assemble show --help",
	}
}

// manCommand prints a manual page as it is kept in man/, or writes them all; it is for those who build packages.
func manCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "man", Usage: "print a manual page, as man -l reads it", ArgsUsage: "[COMMAND]", Hidden: true,
		Flags: []cli.Flag{&cli.StringFlag{Name: "dir", Usage: "write all pages into `DIR`"}},
		Action: func(c *cli.Context) error {
			pages := commandline.Manual(c.App, allCommonFlags())
			if dir := c.String("dir"); dir != "" {
				return writePages(dir, pages)
			}
			name := strings.Join(append([]string{c.App.Name}, c.Args().Slice()...), "-")
			for _, p := range pages {
				if p.Name == name {
					return p.Write(e.stdout)
				}
			}
			return usagef("there is no manual page %s", name)
		},
	}
}

func writePages(dir string, pages []commandline.Page) error {
	for _, p := range pages {
		f, err := os.Create(filepath.Join(dir, p.Name+".1"))
		if err != nil {
			return fmt.Errorf("man: %w", err)
		}
		if err := p.Write(f); err != nil {
			return fmt.Errorf("man: %w", err)
		}
		if err := f.Close(); err != nil {
			return fmt.Errorf("man: %w", err)
		}
	}
	return nil
}
