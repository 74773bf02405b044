// duckdb runs the SQL of standard input, statements that end with a semicolon at the end of a line, and prints what they answer: for people,
// or with -json a line {"columns", "rows", "ms"} for each statement, values as texts.
// It is a module of its own: what DuckDB needs, cgo and 70 MB, is nothing that the programs need.
package main

import (
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
)

func main() {
	lines := flag.Bool("json", false, "a line of JSON for each statement")
	flag.Parse()
	answer := forPeople
	if *lines {
		answer = asJSON
	}
	if err := run(os.Stdin, os.Stdout, answer); err != nil {
		fmt.Fprintf(os.Stderr, "duckdb: %v\n", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, answer func(db *sql.DB, statement string, out io.Writer) error) error {
	script, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // views are the connection's
	for statement := range strings.SplitSeq(string(script), ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if err := answer(db, statement, out); err != nil {
			return fmt.Errorf("%w\n%s", err, statement)
		}
	}
	return nil
}

// forPeople prints the rows of a statement, and how many there are.
func forPeople(db *sql.DB, statement string, out io.Writer) error {
	a, err := ask(db, statement)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, strings.Join(a.Columns, " | "))
	for _, row := range a.Rows {
		fmt.Fprintln(out, row...)
	}
	fmt.Fprintf(out, "-- %d rows\n", len(a.Rows))
	return nil
}

func asJSON(db *sql.DB, statement string, out io.Writer) error {
	begin := time.Now()
	a, err := ask(db, statement)
	if err != nil {
		return err
	}
	a.MS = time.Since(begin).Milliseconds()
	for _, row := range a.Rows {
		for i, v := range row {
			row[i] = text(v)
		}
	}
	return json.NewEncoder(out).Encode(a)
}

// text is a value as ClickHouse would write it, nil for null.
func text(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case time.Time:
		if v.UTC().Equal(v.UTC().Truncate(24 * time.Hour)) {
			return v.UTC().Format(time.DateOnly)
		}
		return v.UTC().Format("2006-01-02 15:04:05.000000")
	}
	return fmt.Sprint(v)
}

type answer struct {
	Columns []string `json:"columns"`
	Rows    [][]any  `json:"rows"`
	MS      int64    `json:"ms"`
}

func ask(db *sql.DB, statement string) (a answer, err error) {
	rows, err := db.Query(statement)
	if err != nil {
		return a, err
	}
	defer rows.Close()
	if a.Columns, err = rows.Columns(); err != nil {
		return a, err
	}
	a.Rows = [][]any{}
	for rows.Next() {
		values, places := make([]any, len(a.Columns)), make([]any, len(a.Columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			return a, err
		}
		a.Rows = append(a.Rows, values)
	}
	return a, rows.Err()
}
