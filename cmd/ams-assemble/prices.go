package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ams/pkg/price"
	"ams/pkg/screen"
)

func pricesCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "prices", Category: storing,
		Usage:     "show the price table, or a model's prices",
		ArgsUsage: "[MODEL...]",
		Description: "Prices are USD per million tokens, before what a region adds. MODEL is a name as a transcript or a provider writes it. A file\n" +
			"of --prices replaces or adds rows; its format is that of the embedded table (pkg/price/prices.json). --diff compares a whole table with the one in use, for a person to review before it is taken.",
		UsageText: "ams-assemble prices  # the whole table\n" +
			"ams-assemble prices claude-haiku-5-5  # what a model costs, however it is spelled\n" +
			"ams-assemble prices --diff new-prices.json  # what a newer table would change",
		Flags: append(commonFlags(priceGroup),
			&cli.StringFlag{Name: "diff", Usage: "print what the table in `FILE` would change"}),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			table := set.join.Prices
			switch {
			case c.String("diff") != "" && c.Args().Present():
				return usagef("--diff takes no models")
			case c.String("diff") != "":
				return diffPrices(e, table, c.String("diff"))
			case c.Args().Present():
				return matchModels(e, table, c.Args().Slice())
			}
			return listPrices(e, table)
		},
	}
}

func listPrices(e env, table *price.Table) error {
	w := pricesTable(e)
	for _, row := range table.Models() {
		printRow(w, row)
	}
	return endPrices(e, table, w)
}

// matchModels prints the rows that names are priced by. A name without a price is an answer, not a failure of the command.
func matchModels(e env, table *price.Table, models []string) error {
	rows := map[string]price.Row{}
	for _, row := range table.Models() {
		rows[row.ID] = row
	}
	var known []price.Row
	for _, m := range models {
		id, ok := table.Match(m)
		switch {
		case !ok:
			fmt.Fprintf(e.stdout, "%s: no price\n", screen.Line(m))
			continue
		case m != id:
			fmt.Fprintf(e.stdout, "%s: as %s\n", screen.Line(m), id)
		}
		known = append(known, rows[id])
	}
	if len(known) == 0 {
		return nil
	}
	w := pricesTable(e)
	for _, row := range known {
		printRow(w, row)
	}
	return endPrices(e, table, w)
}

func pricesTable(e env) *tabwriter.Writer {
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MODEL\tIN\tOUT\t5M\t1H\tREAD")
	return w
}

// printRow prints all rates of a model: those that hold only then and then below its name.
func printRow(w io.Writer, row price.Row) {
	rates := func(name string, r price.Rates) {
		fmt.Fprintf(w, "%s\t%g\t%g\t%g\t%g\t%g\n", name, r.Input, r.Output, r.CacheWrite5m, r.CacheWrite1h, r.CacheRead)
	}
	name := row.ID
	if row.Overridden {
		name += " (your own)"
	}
	rates(name, row.Rates)
	for _, p := range row.History {
		rates(fmt.Sprintf("  before %s", p.Until.Format("2006-01-02")), p.Rates)
	}
	if l := row.Long; l != nil {
		until := ""
		if !l.Until.IsZero() {
			until = " before " + l.Until.Format("2006-01-02")
		}
		rates(fmt.Sprintf("  above %s%s", screen.Short(l.Above), until), l.Rates)
	}
	if row.Fast != nil {
		rates("  in fast mode", row.Fast.Rates)
	}
}

func endPrices(e env, table *price.Table, w *tabwriter.Writer) error {
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print prices: %w", err)
	}
	cells, terminal := terminalWidth(e.stdout)
	if !terminal {
		cells = helpCells
	}
	text := fmt.Sprintf("USD per million tokens: in, out, written to the cache for 5 minutes and for 1 hour, read from it; those below a name hold "+
		"above so many tokens of a prompt, or then. As of %s; a web search is $%g.", table.Date(), table.WebSearch())
	fmt.Fprintf(e.stdout, "\n%s\n", strings.Join(screen.Wrap(text, cells), "\n"))
	return nil
}

func diffPrices(e env, table *price.Table, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("prices: %w", err)
	}
	newer, err := price.Parse(b)
	if err != nil {
		return fmt.Errorf("prices %s: %w", path, err)
	}
	changes := price.Diff(table, newer)
	if len(changes) == 0 {
		fmt.Fprintf(e.stderr, "ams-assemble: %s changes nothing\n", path)
	}
	for _, c := range changes {
		fmt.Fprintln(e.stdout, c)
	}
	return nil
}
