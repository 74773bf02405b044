package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"ams/pkg/table"
)

// checking is what check works with.
type checking struct {
	page    string // docs/tables.md
	program string // ams-assemble
	dir     string // the store
	engines []engine
	demo    bool // the store is the demo's: answers are those of the page
	update  bool // of the page
}

// check asks the questions of the page in every engine. All must answer alike, as the page says, and as reports do.
func (c checking) check(ctx context.Context) error {
	text, err := os.ReadFile(c.page)
	if err != nil {
		return err
	}
	asked, err := questions(string(text))
	if err != nil {
		return err
	}
	var statements []string
	for _, q := range asked {
		statements = append(statements, q.sql)
	}
	answers := make([][]answer, len(c.engines))
	for i, e := range c.engines {
		views, err := c.output(ctx, append([]string{"tables", "sql", "--engine", string(e.name)}, flagsOf(e.place)...)...)
		if err != nil {
			return err
		}
		if answers[i], err = e.run(ctx, string(views), statements); err != nil {
			return err
		}
	}
	if c.update {
		return c.rewrite(string(text), asked, answers[0])
	}
	var wrong []error
	for n, q := range asked {
		for i := range c.engines {
			if d := differs(answers[0][n], answers[i][n], false); d != "" {
				wrong = append(wrong, fmt.Errorf("%s %s and %s differ: %s", q.title, c.engines[0].name, c.engines[i].name, d))
			}
		}
		if d := differs(q.answer, answers[0][n], true); c.demo && d != "" {
			wrong = append(wrong, fmt.Errorf("%s the page and %s differ: %s", q.title, c.engines[0].name, d))
		}
		if err := c.checkReport(ctx, q, answers[0][n]); err != nil {
			wrong = append(wrong, fmt.Errorf("%s %w", q.title, err))
		}
	}
	fmt.Printf("%d questions, %d engines, %d rows\n", len(asked), len(c.engines), rowsOf(answers[0]))
	return errors.Join(wrong...)
}

func rowsOf(answers []answer) (n int) {
	for _, a := range answers {
		n += len(a.Rows)
	}
	return n
}

// flagsOf are the flags of ams-assemble that mean a store.
func flagsOf(p table.Place) []string {
	if p.Dir != "" {
		return []string{"--storage", "local", "--local-dir", p.Dir}
	}
	return []string{"--storage", "s3", "--s3-bucket", p.Bucket, "--s3-prefix", p.Prefix, "--s3-endpoint-url", p.Endpoint}
}

// output is what ams-assemble prints.
func (c checking) output(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.program, args...)
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = fmt.Errorf("%w: %s", err, failed.Stderr)
	}
	if err != nil {
		return nil, fmt.Errorf("ams-assemble %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}

// checkReport compares an answer with the report that says the same, in all columns that both have.
func (c checking) checkReport(ctx context.Context, q question, a answer) error {
	if q.report == "" {
		return nil
	}
	out, err := c.output(ctx, append([]string{"report", "--json", "--by", q.report}, flagsOf(table.Place{Dir: c.dir})...)...)
	if err != nil {
		return err
	}
	var report struct {
		By   []string         `json:"by"`
		Rows []map[string]any `json:"rows"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return err
	}
	told := map[string]map[string]any{}
	for _, row := range report.Rows {
		var keys []string
		of, _ := row["keys"].(map[string]any)
		for _, by := range report.By {
			keys = append(keys, fmt.Sprint(of[by]))
		}
		told[strings.Join(keys, "\n")] = row
	}
	if len(told) != len(a.Rows) {
		return fmt.Errorf("%d rows, the report has %d", len(a.Rows), len(told))
	}
	for _, row := range a.Rows {
		if err := compareRow(a.Columns, row, report.By, told); err != nil {
			return err
		}
	}
	return nil
}

func compareRow(columns []string, row []*string, by []string, told map[string]map[string]any) error {
	values := map[string]*string{}
	for i, name := range columns {
		values[name] = row[i]
	}
	var keys []string
	for _, name := range by {
		keys = append(keys, shown(values[name]))
	}
	want, ok := told[strings.Join(keys, "\n")]
	if !ok {
		return fmt.Errorf("the report has no row %v", keys)
	}
	compared := 0
	for name, value := range values {
		number, ok := want[name].(float64)
		if !ok {
			continue
		}
		compared++
		if text := strconv.FormatFloat(number, 'f', -1, 64); !same(value, &text) {
			return fmt.Errorf("%v: %s is %s, in the report %s", keys, name, shown(value), text)
		}
	}
	if compared == 0 {
		return fmt.Errorf("the report has none of the columns %v", columns)
	}
	return nil
}

// rewrite puts the answers into the page.
func (c checking) rewrite(text string, asked []question, answers []answer) error {
	for n := len(asked) - 1; n >= 0; n-- {
		text = text[:asked[n].end] + answers[n].table() + text[asked[n].after:]
	}
	return os.WriteFile(c.page, []byte(text), 0o644)
}
