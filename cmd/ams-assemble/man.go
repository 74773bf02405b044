package main

import (
	_ "embed"

	"ams/pkg/commandline"

	"github.com/urfave/cli/v2"
)

// manCommand prints the manual page that is kept in man/ams-assemble.1; it is for those who build packages.
func manCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "man", Usage: "print the manual page, as man -l reads it", Hidden: true,
		Action: func(c *cli.Context) error { return commandline.WriteManual(e.stdout, c.App, commonFlags()) },
	}
}
