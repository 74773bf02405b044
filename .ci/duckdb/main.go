// duckdb runs the SQL of standard input, statements that end with a semicolon at the end of a line, and prints what they answer.
// It is a module of its own: what DuckDB needs, cgo and 70 MB, is nothing that the programs need.
package main

import (
	"database/sql"
	"fmt"
	"io"
	"os"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "duckdb: %v\n", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
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

// answer prints the rows of a statement, and how many there are.
func answer(db *sql.DB, statement string, out io.Writer) error {
	rows, err := db.Query(statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, places, n := make([]any, len(columns)), make([]any, len(columns)), 0
	for i := range values {
		places[i] = &values[i]
	}
	fmt.Fprintln(out, strings.Join(columns, " | "))
	for ; rows.Next(); n++ {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		fmt.Fprintln(out, values...)
	}
	fmt.Fprintf(out, "-- %d rows\n", n)
	return rows.Err()
}
