package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/lax"
	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/schema"
)

func listCommand(e env) *cli.Command {
	return &cli.Command{
		Name:      "list",
		Aliases:   []string{"ls"},
		Usage:     "list the stored sessions, the newest first",
		ArgsUsage: "[WORD...]",
		Description: "WORDs must all stand in the title or the first prompt; ams-assemble find looks into whole sessions. The last line sums up\n" +
			"what is shown. Tokens are all input, cached or not, and output.",
		Flags: slices.Concat(filterFlags(), pageFlags(), []cli.Flag{
			&cli.StringFlag{Name: "sort", Value: "start", Usage: "sort by `COLUMN` " + strings.Join(sortNames(), ", ") + "; largest first"},
			&cli.BoolFlag{Name: "reverse", Usage: "sort the other way round"},
			&cli.IntFlag{Name: "limit", Aliases: []string{"n"}, Usage: "show the first `N` alone"},
			&cli.BoolFlag{Name: "json", Usage: "print the index records as a JSON array"},
			&cli.BoolFlag{Name: "csv", Usage: "print CSV (RFC 4180); texts that a spreadsheet would take for a formula begin with a '"},
		}),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			q, err := readQuery(e, c, c.Args().Slice())
			if err != nil {
				return err
			}
			switch {
			case c.Bool("json") && c.Bool("csv"):
				return usagef("--json and --csv exclude each other")
			case c.Int("limit") < 0:
				return usagef("--limit must be 0 or more")
			case !slices.Contains(sortNames(), c.String("sort")):
				return usagef("--sort must be one of %s, not %q", strings.Join(sortNames(), ", "), c.String("sort"))
			}
			return listSessions(e, c, set, q)
		},
	}
}

// order is a way to sort sessions. Numbers are sorted the largest first, texts from A on.
type order struct {
	name    string
	compare func(a, b *schema.Summary) int
}

var orders = []order{
	{"start", func(a, b *schema.Summary) int { return b.StartTime.Compare(a.StartTime.Time) }},
	{"cost", func(a, b *schema.Summary) int { return cmp.Compare(orLess(b.CostUSD), orLess(a.CostUSD)) }},
	{"duration", func(a, b *schema.Summary) int { return cmp.Compare(orLess(b.DurationMS), orLess(a.DurationMS)) }},
	{"tokens", func(a, b *schema.Summary) int {
		return cmp.Compare(inputOf(b)+b.OutputTokens, inputOf(a)+a.OutputTokens)
	}},
	{"tools", func(a, b *schema.Summary) int { return cmp.Compare(b.ToolCalls, a.ToolCalls) }},
	{"errors", func(a, b *schema.Summary) int { return cmp.Compare(b.Errors, a.Errors) }},
	{"title", func(a, b *schema.Summary) int {
		return strings.Compare(strings.ToLower(titleOf(a)), strings.ToLower(titleOf(b)))
	}},
}

func sortNames() []string {
	var names []string
	for _, o := range orders {
		names = append(names, o.name)
	}
	return names
}

// orLess is a value that may not be known, which is less than any.
func orLess[T int64 | float64](p *T) T {
	if p == nil {
		return -1
	}
	return *p
}

func inputOf(s *schema.Summary) int64 {
	return s.InputTokens + s.CacheReadInputTokens + s.CacheCreationInputTokens
}

func listSessions(e env, c *cli.Context, set settings, q query.Query) error {
	lib, err := openLibrary(c.Context, e, set, nil)
	if err != nil {
		return err
	}
	list, err := listed(c.Context, e, lib, q)
	if err != nil {
		return err
	}
	shown := list.Sessions
	by := orders[slices.Index(sortNames(), c.String("sort"))]
	slices.SortStableFunc(shown, func(a, b library.Stored) int { return by.compare(a.Summary, b.Summary) })
	if c.Bool("reverse") {
		slices.Reverse(shown)
	}
	more := 0
	if n := c.Int("limit"); n > 0 && n < len(shown) {
		more, shown = len(shown)-n, shown[:n]
	}
	switch {
	case c.Bool("json"):
		return listJSON(e.stdout, shown)
	case c.Bool("csv"):
		return listCSV(e.stdout, shown)
	case len(shown) == 0:
		sayNothing(e, set, list.Total)
		return nil
	}
	return paged(e, c, func(p *page) error {
		t := listTable{page: p, shortID: list.ShortID, year: e.now().Local().Year()}
		return t.write(shown, more)
	})
}

func listJSON(w io.Writer, records []library.Stored) error {
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

func listCSV(out io.Writer, records []library.Stored) error {
	w := csv.NewWriter(out)
	w.UseCRLF = true // RFC 4180
	rows := [][]string{{"session_id", "start_time", "end_time", "duration_ms", "title", "cwd", "agent", "environment", "tags", "status", "outcome",
		"cost_usd", "cost_source", "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens", "llm_calls",
		"tool_calls", "subagents", "errors", "models", "client_version"}}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	count := func(r library.Stored, name string, n int64) string {
		if slices.Contains(r.UnknownTokens, name) {
			return "" // a lower bound is no number to add up
		}
		return number(n)
	}
	for _, r := range records {
		row := []string{r.SessionID, r.StartTime.Format(time.RFC3339Nano), "", "", formulaSafe(titleOf(r.Summary)), formulaSafe(schema.OrZero(r.Cwd)),
			formulaSafe(r.Agent.Name), formulaSafe(schema.OrZero(r.Environment)), formulaSafe(strings.Join(r.Tags, " ")), string(r.Status), string(schema.OrZero(r.Outcome)), "",
			string(schema.OrZero(r.CostSource)), count(r, schema.InputTokens, r.InputTokens),
			count(r, schema.CacheReadTokens, r.CacheReadInputTokens), count(r, schema.CacheCreationTokens, r.CacheCreationInputTokens),
			count(r, schema.OutputTokens, r.OutputTokens), number(int64(r.LLMCalls)), number(int64(r.ToolCalls)), number(int64(r.Subagents)), number(int64(r.Errors)),
			formulaSafe(strings.Join(r.Models, " ")), formulaSafe(schema.OrZero(r.ClientVersion))}
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

// formulaSafe keeps a spreadsheet from running a title that somebody made up for it.
func formulaSafe(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
