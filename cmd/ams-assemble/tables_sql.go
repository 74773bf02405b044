package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"ams/pkg/commandline"
	"ams/pkg/table"
	"ams/pkg/upload"
)

func tablesSQLCommand(e env) *cli.Command {
	return &cli.Command{
		Name:  "sql",
		Usage: "print SQL that makes views of the tables in an engine",
		Description: "Views sessions, events, llm_calls, tool_calls and subagents of the store in use, ready to paste: they take the newest row of each " +
			"session and leave removed ones out. Keys of a bucket are not printed; comments say where the engine takes them from. docs/tables.md has " +
			"ten questions.",
		UsageText: "ams-assemble tables sql --engine duckdb > ams.sql  # then: duckdb -init ams.sql\n" +
			"ams-assemble tables sql --engine clickhouse --s3-bucket my-agent-traces  # of a bucket",
		Flags: append(commonFlags(storeGroup),
			&cli.StringFlag{Name: "engine", Usage: "`ENGINE` that is to read them: " + strings.Join(engineNames(), ", ")}),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			engine, err := readEngine(c)
			if err != nil {
				return err
			}
			return printViews(c.Context, e, set, engine)
		},
	}
}

func engineNames() (names []string) {
	for _, engine := range table.Engines() {
		names = append(names, string(engine))
	}
	return names
}

func readEngine(c *cli.Context) (table.Engine, error) {
	name := strings.ToLower(c.String("engine"))
	switch {
	case c.Args().Present():
		return "", usagef("tables sql takes no arguments")
	case name == "":
		return "", usagef("--engine says for which engine: %s", strings.Join(engineNames(), ", "))
	}
	for _, engine := range table.Engines() {
		if name == string(engine) {
			return engine, nil
		}
	}
	err := fmt.Errorf("--engine must be one of %s, not %q", strings.Join(engineNames(), ", "), c.String("engine"))
	if near := commandline.Near(name, engineNames()); near != "" {
		err = &hintError{err, fmt.Sprintf("did you mean %s?", near)}
	}
	return "", usagef("%w", err)
}

func printViews(ctx context.Context, e env, set settings, engine table.Engine) error {
	store, err := set.open(ctx)
	if err != nil {
		return err
	}
	var place table.Place
	switch s := store.(type) {
	case *upload.Local:
		place.Dir, err = filepath.Abs(set.localDir)
	case *upload.S3:
		place.Bucket, place.Prefix = set.s3.Bucket, strings.Trim(set.s3.Prefix, "/")
		place.Endpoint, place.Region = s.Server()
	default:
		err = &hintError{fmt.Errorf("%s reads a folder or a bucket, and this store is a command's", engine),
			"say with --local-dir or --s3-bucket where what it keeps can be read"}
	}
	if err != nil {
		return err
	}
	if place.FirstDay, err = table.FirstDay(ctx, store); err != nil {
		return err
	}
	if place.FirstDay == "" {
		return &hintError{fmt.Errorf("%s has no tables yet", set.storeName()),
			"ams-assemble tables rebuild makes them of what is stored; ams-assemble run adds sessions as they end"}
	}
	views, err := table.Views(engine, place)
	if err == nil {
		_, err = fmt.Fprint(e.stdout, views)
	}
	return err
}
