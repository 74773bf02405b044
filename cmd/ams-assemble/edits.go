package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ams/pkg/lax"
	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

func editsCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "edits", Category: reading,
		Usage:     "every edit of a file, over all sessions",
		ArgsUsage: "PATH",
		Description: "PATH is a file, a folder with what is below it, or a part of a path. The newest session comes first, its edits in their order. " +
			"ams-assemble show ID --event SEQ shows the call.",
		UsageText: "ams-assemble edits go.mod --since 30d  # who touched it, and when\n" +
			"ams-assemble edits ./pkg/api --diff  # with what was changed",
		Flags: slices.Concat([]cli.Flag{
			&cli.BoolFlag{Name: "diff", Usage: "show what each edit took away and put there"},
			&cli.BoolFlag{Name: "json", Usage: "print one line of JSON per edit"},
		}, filterFlags(), pageFlags(), filterCommonFlags()),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			if c.Args().Len() != 1 || strings.TrimSpace(c.Args().First()) == "" {
				return usagef("edits takes the path of one file or folder")
			}
			want := c.Args().First()
			if want == "." || want == ".." || strings.HasPrefix(want, "./") || strings.HasPrefix(want, "../") {
				if want, err = filepath.Abs(want); err != nil {
					return fmt.Errorf("edits: %w", err)
				}
			}
			q, err := readQuery(e, c, nil)
			if err != nil {
				return err
			}
			return edits(e, c, set, q, want)
		},
	}
}

// edit is one edit of a file, in the form of edits --json.
type edit struct {
	SessionID string      `json:"session_id"`
	Seq       int         `json:"seq"`
	Time      schema.Time `json:"time,omitzero"`
	Path      string      `json:"path"`
	Tool      string      `json:"tool"`
	Agent     string      `json:"agent"`
	Added     int         `json:"added"`
	Removed   int         `json:"removed"`
	Patch     []string    `json:"patch,omitempty"`
}

// editsOf are the edits of a session that fit.
func editsOf(s *schema.Session, want string, patch bool) []edit {
	types := map[string]string{}
	var out []edit
	for i := range s.Events {
		event := &s.Events[i]
		if a := event.Subagent; a != nil {
			types[a.AgentID] = a.AgentType
		}
		if event.Tool == nil {
			continue
		}
		made, ok := event.Tool.Edit()
		if !ok || !query.IsBelow(made.Path, want) {
			continue
		}
		one := edit{SessionID: s.SessionID, Seq: event.Seq, Time: event.StartTime, Path: made.Path, Tool: event.Tool.Name, Added: made.Added, Removed: made.Removed}
		if event.AgentID != "" {
			one.Agent = cmp.Or(types[event.AgentID], schema.Unnamed)
		}
		if patch {
			one.Patch = event.Tool.Patch()
		}
		out = append(out, one)
	}
	return out
}

func edits(e env, c *cli.Context, set settings, q query.Query, want string) error {
	lib, err := openLibrary(c.Context, e, set, nil)
	if err != nil {
		return err
	}
	q.Files = []string{want}
	list, err := listed(c.Context, e, lib, q)
	if err != nil {
		return err
	}
	read, err := library.Read(c.Context, lib, list, func(_ library.Stored, s *schema.Session) []edit {
		return editsOf(s, want, c.Bool("diff") || c.Bool("json"))
	})
	if err != nil {
		return err
	}
	found, failed := 0, 0
	err = paged(e, c, func(p *page) error {
		i := 0
		for made, err := range read {
			if err != nil && (c.Context.Err() != nil || i == len(list.Sessions)) {
				return err
			}
			if err != nil {
				failed++
				fmt.Fprintf(e.stderr, "ams-assemble: %s: %s\n", list.Sessions[i].Key(), screen.Line(err.Error()))
			}
			for _, one := range made {
				found++
				if err := showEdit(p, one, list.ShortID(list.Sessions[i].Name), c.Bool("json")); err != nil {
					return err
				}
			}
			i++
		}
		return p.flush()
	})
	switch {
	case err != nil:
		return err
	case failed > 0:
		return &exitError{exitSome, fmt.Errorf("%s could not be read", screen.Count(failed, "session"))}
	case found == 0:
		return &exitError{exitNothing, errors.New("no edit of " + screen.Line(want) + " is in " + set.storeName())}
	}
	return nil
}

func showEdit(p *page, one edit, id string, asJSON bool) error {
	if asJSON {
		line, err := lax.Line(one)
		if err == nil {
			_, err = fmt.Fprintf(p, "%s\n", line)
		}
		return err
	}
	when := screen.Pad("", 16)
	if !one.Time.IsZero() {
		when = one.Time.Local().Format("2006-01-02 15:04")
	}
	agent := one.Agent
	if agent == "" {
		agent = "main"
	}
	head := fmt.Sprintf("%s  %s  #%-4d  %s  +%-4d −%-4d ", when, id, one.Seq, screen.Pad(screen.Line(agent), 15), one.Added, one.Removed)
	line := head + screen.CutLeft(screen.Line(one.Path), max(p.Cells-screen.Width(head), 12))
	if _, err := fmt.Fprintln(p, line); err != nil {
		return err
	}
	for _, l := range one.Patch {
		style := screen.Plain
		switch {
		case strings.HasPrefix(l, "@@"):
			style = screen.Cyan
		case strings.HasPrefix(l, "-"):
			style = screen.Red
		case strings.HasPrefix(l, "+"):
			style = screen.Green
		}
		if _, err := fmt.Fprintln(p, "    "+p.Paint(style, screen.Text(l))); err != nil {
			return err
		}
	}
	return nil
}
