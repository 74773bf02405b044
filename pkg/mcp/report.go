package mcp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ams/pkg/library"
	"ams/pkg/report"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

type reportArgs struct {
	filter
	By    []string `json:"by,omitempty" jsonschema:"one to three dimensions: day, week, month, project, repo, branch, agent, agent-type, model, tool, mcp-server, skill, user, host, environment, tag, outcome, signal, meta.KEY; day where nothing is said"`
	Limit int      `json:"limit,omitempty" jsonschema:"rows, at most 100; 30 where nothing is said; the sum of the others is a row"`
}

// mostOpened bounds the sessions that are read whole for a report: two dimensions inside of a session,
// and times of tools, are not in the index.
const mostOpened = 500

// reportCells is how wide the table is.
const reportCells = 140

func (s *server) report(ctx context.Context, in reportArgs) (*answer, error) {
	if len(in.By) == 0 {
		in.By = []string{"day"}
	}
	r, err := report.New(in.By, time.UTC)
	if err != nil {
		return nil, fmt.Errorf("by: %w", err)
	}
	list, _, err := s.after(ctx, in.filter, "")
	if err != nil {
		return nil, err
	}
	failed, err := s.addUp(ctx, r, list)
	if err != nil {
		return nil, err
	}
	a := &answer{said: fmt.Sprintf("%s %s by %s; days are those of UTC",
		screen.Count(len(list.Sessions), "session"), s.where(), strings.Join(r.By(), ", "))}
	if failed > 0 {
		a.said += fmt.Sprintf("; %s could not be read and are left out", screen.Count(failed, "session"))
	}
	if len(list.Sessions) == 0 {
		a.said = fmt.Sprintf("no session %s fits", s.where())
		return a, nil
	}
	out := &slice{answer: a}
	err = r.Write(out, screen.Screen{Cells: reportCells}, lines(in.Limit), false)
	if errors.Is(err, errFull) {
		a.more = "cut: ask for fewer rows (limit) or dimensions"
		return a, nil
	}
	if err == nil {
		out.flush()
	}
	return a, err
}

// addUp adds sessions to a report, by their records or whole.
func (s *server) addUp(ctx context.Context, r *report.Report, list *library.List) (failed int, err error) {
	var whole []library.Stored
	for _, stored := range list.Sessions {
		if r.Needs(stored.Summary) {
			whole = append(whole, stored)
			continue
		}
		r.Add(r.FromRecord(stored.Summary))
	}
	if len(whole) > mostOpened {
		return 0, fmt.Errorf("%d sessions would have to be read whole, at most %d are: choose fewer by since and other "+
			"filters, or one dimension", len(whole), mostOpened)
	}
	part := func(_ library.Stored, session *schema.Session) report.Part { return r.FromSession(session) }
	parts, err := library.Read(ctx, s.Library, list.Of(whole), part)
	if err != nil {
		return 0, err
	}
	for part, err := range parts {
		switch {
		case ctx.Err() != nil:
			return 0, context.Cause(ctx)
		case err != nil:
			failed++
		default:
			r.Add(part)
		}
	}
	return failed, nil
}
