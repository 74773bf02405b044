package mcp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ams/pkg/library"
	"ams/pkg/listing"
	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

// filter is what the tools that look at several sessions have in common.
type filter struct {
	Words   string `json:"words,omitempty" jsonschema:"all of these words are in title, first prompt, repository or branch"`
	Since   string `json:"since,omitempty" jsonschema:"began since then: 7d, 12h, yesterday, 2026-11-20, 2026-11-20 15:04"`
	Until   string `json:"until,omitempty" jsonschema:"began until then; a day is meant whole"`
	Outcome string `json:"outcome,omitempty" jsonschema:"completed, failed, interrupted, limited, abandoned or running; several with commas"`
	Model   string `json:"model,omitempty" jsonschema:"used a model with this in its name"`
	Tool    string `json:"tool,omitempty" jsonschema:"called this tool; a * at the end stands for anything"`
	File    string `json:"file,omitempty" jsonschema:"edited this file, or one with this in its path"`
	Branch  string `json:"branch,omitempty" jsonschema:"on this git branch; a * at the end stands for anything"`
	Signal  string `json:"signal,omitempty" jsonschema:"with this signal: loop, failing, churn, cache_rewrite, context, retries, slow_tool, approval, agent_lost, unfinished, huge_result"`
	Errors  string `json:"errors,omitempty" jsonschema:"number of errors: >3, 0, 1..5"`
	Cost    string `json:"cost,omitempty" jsonschema:"US dollars: >1, <=0.5, 1..5"`
}

// query reads a filter.
func (f filter) query(now time.Time) (q query.Query, err error) {
	q = query.Query{
		Words: strings.Fields(f.Words), Outcomes: one(f.Outcome), Models: one(f.Model), Tools: one(f.Tool),
		Files: one(f.File), Branches: one(f.Branch), Signals: one(f.Signal),
	}
	for _, outcome := range strings.FieldsFunc(f.Outcome, isComma) {
		if !slices.Contains(outcomes, schema.Outcome(strings.ToLower(strings.TrimSpace(outcome)))) {
			return q, fmt.Errorf("outcome: there is no %s", outcome)
		}
	}
	for _, at := range []struct {
		name, value string
		end         bool
		set         *time.Time
	}{{"since", f.Since, false, &q.Since}, {"until", f.Until, true, &q.Until}} {
		if at.value == "" {
			continue
		}
		if *at.set, err = query.ParseWhen(at.value, now, at.end); err != nil {
			return q, fmt.Errorf("%s: %w", at.name, err)
		}
	}
	for _, r := range []struct {
		name, value string
		set         *query.Range
	}{{"errors", f.Errors, &q.Errors}, {"cost", f.Cost, &q.Cost}} {
		if r.value == "" {
			continue
		}
		if *r.set, err = query.ParseRange(r.value); err != nil {
			return q, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return q, nil
}

var outcomes = []schema.Outcome{schema.Completed, schema.FailedTurn, schema.Interrupted, schema.Limited, schema.Abandoned,
	schema.StillOpen}

func isComma(r rune) bool { return r == ',' }

func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

type listArgs struct {
	filter
	Limit  int    `json:"limit,omitempty" jsonschema:"lines, at most 100; 30 where nothing is said"`
	Cursor string `json:"cursor,omitempty" jsonschema:"of the answer before, to go on from there"`
}

const (
	usualLines = 30
	mostLines  = 100
)

// lines is how many are wanted, within bounds.
func lines(n int) int {
	if n <= 0 {
		n = usualLines
	}
	return min(n, mostLines)
}

func (s *server) list(ctx context.Context, in listArgs) (*answer, error) {
	list, left, err := s.after(ctx, in.filter, in.Cursor)
	if err != nil {
		return nil, err
	}
	a, shown := &answer{}, 0
	for _, stored := range left[:min(len(left), lines(in.Limit))] {
		if !a.add(row(list.ShortID(stored.Name), stored.Summary)) {
			break
		}
		shown++
	}
	const columns = "ID  START  OUTCOME  TIME  COST  TOKENS IN/OUT  TOOL CALLS  ERRORS  TITLE"
	a.said = fmt.Sprintf("%d of %s %s, the newest first: %s", shown, screen.Count(len(list.Sessions), "session"), s.where(), columns)
	if len(left) == 0 {
		a.said = fmt.Sprintf("no session %s fits", s.where())
	}
	if shown < len(left) {
		a.more = fmt.Sprintf("%d more: call list_sessions again with cursor %q", len(left)-shown, cursorAt(left[shown-1]))
	}
	return a, nil
}

// after are the sessions that a filter wants, and those of them that stand behind a cursor.
func (s *server) after(ctx context.Context, f filter, cursor string) (*library.List, []library.Stored, error) {
	q, err := f.query(s.Now())
	if err != nil {
		return nil, nil, err
	}
	list, err := s.sessions(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	if cursor == "" {
		return list, list.Sessions, nil
	}
	left, err := behind(list.Sessions, cursor)
	return list, left, err
}

// maxTitle bounds a title in cells: a prompt may be one.
const maxTitle = 100

// row is a session in a line.
func row(id string, sum *schema.Summary) string {
	duration, cost := "-", "?"
	if sum.DurationMS != nil {
		duration = screen.Duration(*sum.DurationMS)
	}
	if sum.CostUSD != nil {
		cost = screen.Money(*sum.CostUSD)
	}
	in := sum.InputTokens + sum.CacheReadInputTokens + sum.CacheCreationInputTokens
	return strings.Join([]string{
		id, sum.StartTime.UTC().Format("2006-01-02 15:04"), string(schema.OrZero(sum.Outcome)), duration, cost,
		screen.Short(in) + "/" + screen.Short(sum.OutputTokens), strconv.Itoa(sum.ToolCalls), strconv.Itoa(sum.Errors),
		screen.Cut(screen.Line(listing.Title(sum)), maxTitle),
	}, "  ")
}

// A cursor names the last session that was told: sessions that came since change nothing behind it.
func cursorAt(s library.Stored) string { return fmt.Sprintf("%d-%s", s.StartTime.UnixMicro(), s.Name) }

var errCursor = errors.New("cursor: take it from an answer as it stands")

// behind are the sessions that come after a cursor.
func behind(sessions []library.Stored, cursor string) ([]library.Stored, error) {
	micros, name, ok := strings.Cut(cursor, "-")
	start, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || !ok {
		return nil, errCursor
	}
	if at := slices.IndexFunc(sessions, func(s library.Stored) bool { return s.Name == name }); at >= 0 {
		return sessions[at+1:], nil
	}
	isOlder := func(s library.Stored) bool { return s.StartTime.UnixMicro() < start }
	at := slices.IndexFunc(sessions, isOlder) // the session itself went away
	if at < 0 {
		return nil, nil
	}
	return sessions[at:], nil
}
