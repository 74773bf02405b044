package main

import "github.com/urfave/cli/v2"

func tablesCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "tables", Category: more,
		Usage:       "what is stored, as Parquet files that engines read",
		Subcommands: []*cli.Command{tablesSQLCommand(e)},
		Action: func(c *cli.Context) error {
			return usagef("tables needs sql")
		},
	}
}
