package table

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

const everyColumn = "\n## Every column\n"

// TestTablesPage holds docs/tables.md to the columns that there are, and to what the fields' comments say of them.
func TestTablesPage(t *testing.T) {
	const page = "../../docs/tables.md"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(b), everyColumn)
	if !ok {
		t.Fatalf("%s has no part%s", page, everyColumn)
	}
	want := before + everyColumn + "\nMade of the rows' Go types by `go test ./pkg/table -run TestTablesPage -update`. `dt` is a date. " +
		"What is null is not known, or belongs to another type of event; [every field](schema.md#every-field) has the meanings.\n" +
		"\n### sessions\n\n" + columnTable(t, "session.go", "Session", columnsOf[Session]()) +
		"\n### events\n\n" + columnTable(t, "event.go", "Event", columnsOf[Event]())
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(b) {
		t.Errorf("%s does not say what columns there are: go test ./pkg/table -run TestTablesPage -update", page)
	}
}

func columnTable(t *testing.T, file, name string, columns []sqlColumn) string {
	t.Helper()
	said := comments(t, file, name)
	var b strings.Builder
	b.WriteString("| column | type | |\n|---|---|---|\n")
	for _, c := range columns {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.name, inWords(c), said[c.name])
	}
	return b.String()
}

func inWords(c sqlColumn) string {
	word := map[sqlType]string{aText: "text", aWhole: "whole number", aTruth: "true or false", aMoment: "time, UTC, microseconds", aMoney: "dollars, decimal(18,10)"}[c.of]
	switch {
	case c.many == aList:
		return "list of " + word
	case c.many == aMap:
		return "map of text to " + word
	case c.nullable:
		return word + ", or null"
	}
	return word
}

// goLink is a link of a Go comment.
var goLink = regexp.MustCompile(`\[(?:schema\.)?([A-Z][A-Za-z.]*)\]`)

// comments are what the fields of a struct are said to be, by their columns.
func comments(t *testing.T, file, name string) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != name {
			return true
		}
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			tag, _, _ := strings.Cut(strings.TrimPrefix(strings.Trim(field.Tag.Value, "`"), `parquet:"`), `"`)
			column, _, _ := strings.Cut(tag, ",")
			text := strings.Join(strings.Fields(field.Doc.Text()+" "+field.Comment.Text()), " ")
			out[column] = goLink.ReplaceAllString(strings.ReplaceAll(text, "|", `\|`), "$1")
		}
		return false
	})
	return out
}
