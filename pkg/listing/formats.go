package listing

import (
	"encoding/csv"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"ams/pkg/lax"
	"ams/pkg/library"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

// JSON writes the index records as an array.
func JSON(w io.Writer, records []library.Stored) error {
	out := make([]*schema.Summary, len(records))
	for i, r := range records {
		out[i] = r.Summary
	}
	b, err := lax.Encode(out)
	if err == nil {
		_, err = w.Write(append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	return nil
}

// CSV writes one line a session, for spreadsheets.
func CSV(out io.Writer, records []library.Stored) error {
	w := csv.NewWriter(out)
	w.UseCRLF = true // RFC 4180
	rows := [][]string{{"session_id", "start_time", "end_time", "duration_ms", "title", "cwd", "agent", "environment", "tags", "status", "outcome",
		"cost_usd", "cost_source", "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens", "llm_calls",
		"tool_calls", "subagents", "errors", "models", "client_version", "user", "host", "git_branch", "repo", "main_agent", "active_ms",
		"peak_context", "compactions", "approvals", "approval_ms", "retries", "cache_rewrites", "cache_rewrite_usd", "signals"}}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	count := func(r library.Stored, name string, n int64) string {
		if slices.Contains(r.UnknownTokens, name) {
			return "" // a lower bound is no number to add up
		}
		return number(n)
	}
	for _, r := range records {
		row := []string{r.SessionID, r.StartTime.Format(time.RFC3339Nano), "", "", screen.SheetCell(Title(r.Summary)), screen.SheetCell(schema.OrZero(r.Cwd)),
			screen.SheetCell(r.Agent.Name), screen.SheetCell(schema.OrZero(r.Environment)), screen.SheetCell(strings.Join(r.Tags, " ")), string(r.Status), string(schema.OrZero(r.Outcome)), "",
			string(schema.OrZero(r.CostSource)), count(r, schema.InputTokens, r.InputTokens),
			count(r, schema.CacheReadTokens, r.CacheReadInputTokens), count(r, schema.CacheCreationTokens, r.CacheCreationInputTokens),
			count(r, schema.OutputTokens, r.OutputTokens), number(int64(r.LLMCalls)), number(int64(r.ToolCalls)), number(int64(r.Subagents)), number(int64(r.Errors)),
			screen.SheetCell(strings.Join(r.Models, " ")), screen.SheetCell(schema.OrZero(r.ClientVersion))}
		row = append(row, newFields(r.Summary)...)
		if r.EndTime != nil {
			row[2] = r.EndTime.Format(time.RFC3339Nano)
		}
		if r.DurationMS != nil {
			row[3] = number(*r.DurationMS)
		}
		if r.CostUSD != nil {
			row[11] = strconv.FormatFloat(*r.CostUSD, 'f', -1, 64)
		}
		rows = append(rows, row)
	}
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("list: %w", err)
	}
	return nil
}

// newFields are the columns of what index records have from 1.2 on, empty where a record is older.
func newFields(s *schema.Summary) []string {
	row := []string{screen.SheetCell(schema.OrZero(s.User)), screen.SheetCell(schema.OrZero(s.Host)), screen.SheetCell(schema.OrZero(s.GitBranch)),
		screen.SheetCell(schema.OrZero(s.Repo)), screen.SheetCell(schema.OrZero(s.MainAgent)), "", "", "", "", "", "", "", "", ""}
	for i, n := range []*int64{s.ActiveMS, s.PeakContext} {
		if n != nil {
			row[5+i] = strconv.FormatInt(*n, 10)
		}
	}
	if s.Lacks("approvals") {
		return row
	}
	for i, n := range []int64{int64(s.Compactions), int64(s.Approvals.Count), s.Approvals.MS, int64(s.Retries.Count), int64(s.CacheRewrites.Count)} {
		row[7+i] = strconv.FormatInt(n, 10)
	}
	row[12] = strconv.FormatFloat(s.CacheRewrites.CostUSD, 'f', -1, 64)
	var signals []string
	for _, kind := range schema.SignalKinds() {
		if n := s.Signals[kind]; n > 0 {
			signals = append(signals, fmt.Sprintf("%s=%d", kind, n))
		}
	}
	row[13] = strings.Join(signals, " ")
	return row
}

// Title is what a stored session is called: its title, else the first that was asked of it.
func Title(s *schema.Summary) string {
	switch {
	case s.Title != nil:
		return *s.Title
	case s.FirstPrompt != nil:
		return *s.FirstPrompt
	}
	return ""
}

// Project is the folder that a session ran in, by its own name.
func Project(s *schema.Summary) string {
	cwd := strings.TrimRight(strings.ReplaceAll(schema.OrZero(s.Cwd), `\`, "/"), "/")
	if cwd == "" {
		return ""
	}
	return path.Base(cwd)
}
