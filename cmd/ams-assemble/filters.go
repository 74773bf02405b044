package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ams/pkg/query"
	"ams/pkg/schema"
)

// filterFlags are the filters of a command that chooses sessions by their index records. A filter takes several values, with commas or by being given again; a value that holds a comma is found, too.
// --status is one of them, and not the status to give.
func filterFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "since", Usage: "sessions that began since `WHEN`: 7d, 12h, 2w, today, yesterday, 2026-11-20, '2026-11-20 15:04'"},
		&cli.StringFlag{Name: "until", Usage: "sessions that began until `WHEN`; a day is meant whole"},
		&cli.StringSliceFlag{Name: "agent", Usage: "of the agent `NAME` (AMS_AGENT_NAME)"},
		&cli.StringSliceFlag{Name: "environment", Aliases: []string{"env"}, Usage: "of the environment `NAME` (AMS_ENVIRONMENT)"},
		&cli.StringSliceFlag{Name: "tag", Usage: "with the `TAG`; several: with all of them"},
		&cli.StringSliceFlag{Name: "meta", Usage: "with the metadata `KEY=VALUE`; several: with all of them"},
		&cli.StringSliceFlag{Name: "status", Usage: "with the `STATUS` ok, error or running"},
		&cli.StringSliceFlag{Name: "outcome", Usage: "with the `OUTCOME` completed, failed, interrupted, limited, abandoned or running"},
		&cli.StringSliceFlag{Name: "model", Usage: "that used a model with `NAME` in its name"},
		&cli.StringSliceFlag{Name: "tool", Usage: "that called the tool `NAME`, mcp__github__* all whose names begin so; several: all of them"},
		&cli.StringFlag{Name: "cwd", Usage: "in the folder `DIR` or below it, or with that text in the path"},
		&cli.StringFlag{Name: "cost", Usage: "with a cost in US dollars of `RANGE`: '>1', '<=0.5', 1..5"},
		&cli.StringSliceFlag{Name: "user", Usage: "of the user `NAME` that the hooks ran as; ann* all whose names begin so"},
		&cli.StringSliceFlag{Name: "host", Usage: "on the machine `NAME`, or NAME*"},
		&cli.StringSliceFlag{Name: "branch", Usage: "on the git branch `NAME`, or NAME*"},
		&cli.StringSliceFlag{Name: "repo", Usage: "in the repository whose folder is called `NAME`, or NAME*"},
		&cli.StringSliceFlag{Name: "file", Usage: "that edited the file `PATH`, one in that folder, or with that text in its path"},
		&cli.StringSliceFlag{Name: "agent-type", Usage: "with a subagent of the type `NAME`, or whose main thread ran as it; NAME*"},
		&cli.StringFlag{Name: "errors", Usage: "with a number of errors in `RANGE`: 0, '>3'"},
		&cli.StringFlag{Name: "tokens", Usage: "with a number of tokens in `RANGE`, in and out, cached or not: '>1M', 20k..50k"},
		&cli.StringSliceFlag{Name: "signal", Usage: "with a signal of the `KIND` " + namesOf(schema.SignalKinds()) + "; several: with any of them"},
		&cli.StringFlag{Name: "min-duration", Usage: "that took at least `TIME`: 90s, 30m, 2h"},
	}
	for _, f := range flags {
		switch f := f.(type) {
		case *cli.StringFlag:
			f.Category = filterGroup
		case *cli.StringSliceFlag:
			f.Category = filterGroup
		}
	}
	return flags
}

// filterGroup is the heading of the filters in help.
const filterGroup = "Filters"

// filterCommonFlags are the common flags of a command with filters.
func filterCommonFlags() []cli.Flag {
	return slices.DeleteFunc(commonFlags(recordGroup, storeGroup), func(f cli.Flag) bool { return f.Names()[0] == "status" })
}

// readQuery checks the filters. words are free words over title, first prompt, repository and branch.
func readQuery(e env, c *cli.Context, words []string) (query.Query, error) {
	q := query.Query{
		Agents: c.StringSlice("agent"), Environments: c.StringSlice("environment"), Tags: c.StringSlice("tag"), Models: c.StringSlice("model"),
		Tools: c.StringSlice("tool"), Outcomes: wordsOf(c, "outcome"), Statuses: wordsOf(c, "status"), Meta: c.StringSlice("meta"),
		Cwd: c.String("cwd"), Users: c.StringSlice("user"), Hosts: c.StringSlice("host"), Branches: c.StringSlice("branch"), Repos: c.StringSlice("repo"),
		Files: c.StringSlice("file"), AgentTypes: c.StringSlice("agent-type"), Signals: wordsOf(c, "signal"),
	}
	for _, w := range words {
		q.Words = append(q.Words, strings.Fields(w)...)
	}
	var err error
	now := e.now().Local()
	if v := c.String("since"); v != "" {
		if q.Since, err = query.ParseWhen(v, now, false); err != nil {
			return q, usagef("--since: %w", err)
		}
	}
	if v := c.String("until"); v != "" {
		if q.Until, err = query.ParseWhen(v, now, true); err != nil {
			return q, usagef("--until: %w", err)
		}
	}
	for i, r := range []*query.Range{&q.Cost, &q.Errors, &q.Tokens} {
		flag := []string{"cost", "errors", "tokens"}[i]
		if v := c.String(flag); v != "" {
			if *r, err = query.ParseRange(v); err != nil {
				return q, usagef("--%s: %w", flag, err)
			}
		}
	}
	if v := c.String("min-duration"); v != "" {
		if q.MinDuration, err = query.ParseSpan(v); err != nil {
			return q, usagef("--min-duration: %w", err)
		}
	}
	if err := possible(c, q); err != nil {
		return q, err
	}
	for _, pair := range q.Meta {
		if name, _, ok := strings.Cut(pair, "="); !ok || name == "" {
			return q, usagef("--meta must be KEY=VALUE, not %q", pair)
		}
	}
	if q.Cwd, err = fromHere(q.Cwd); err != nil {
		return q, fmt.Errorf("--cwd: %w", err)
	}
	for i := range q.Files {
		if q.Files[i], err = fromHere(q.Files[i]); err != nil {
			return q, fmt.Errorf("--file: %w", err)
		}
	}
	if err := known("--signal", q.Signals, schema.SignalKinds()...); err != nil {
		return q, err
	}
	if err := known("--status", q.Statuses, schema.OK, schema.Failed, schema.Running); err != nil {
		return q, err
	}
	return q, known("--outcome", q.Outcomes, schema.Completed, schema.FailedTurn, schema.Interrupted, schema.Limited,
		schema.Abandoned, schema.StillOpen)
}

// fromHere makes a path absolute that a person typed as one from the folder that they are in.
func fromHere(path string) (string, error) {
	if path == "." || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "..") {
		return filepath.Abs(path)
	}
	return path, nil
}

// wordsOf are the values of a flag that takes words of a fixed list, several with commas.
func wordsOf(c *cli.Context, flag string) []string {
	var out []string
	for _, v := range c.StringSlice(flag) {
		for word := range strings.SplitSeq(v, ",") {
			out = append(out, strings.TrimSpace(word))
		}
	}
	return out
}

// known refuses a value that no session can have: a filter with a slip of the pen would find nothing, and say so calmly.
func known[T ~string](flag string, values []string, possible ...T) error {
	for _, v := range values {
		if !slices.ContainsFunc(possible, func(p T) bool { return strings.EqualFold(string(p), v) }) {
			return usagef("%s must be one of %s, not %q", flag, namesOf(possible), v)
		}
	}
	return nil
}

// namesOf lists values for help and errors.
func namesOf[T ~string](values []T) string {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	return strings.Join(names, ", ")
}

// possible refuses filters that no session can fit, and says what is wrong with them.
func possible(c *cli.Context, q query.Query) error {
	if !q.Until.IsZero() && !q.Since.Before(q.Until) {
		return usagef("--since %s is not before --until %s", c.String("since"), c.String("until"))
	}
	for _, r := range []struct {
		flag  string
		of    query.Range
		whole bool
	}{{"cost", q.Cost, false}, {"errors", q.Errors, true}, {"tokens", q.Tokens, true}} {
		if r.of.Impossible(r.whole) {
			return usagef("--%s %s: no session has that", r.flag, c.String(r.flag))
		}
	}
	for _, f := range filterFlags() {
		name := f.Names()[0]
		if c.IsSet(name) && slices.Contains(given(c, name), "") {
			return usagef("--%s is empty", name)
		}
	}
	return nil
}
