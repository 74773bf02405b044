package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const schemaPage = checkout + "/docs/schema.md"

// generated is the last line of docs/schema.md that a person writes.
const generated = "`go test ./cmd/ams-assemble -run TestSchemaPage -update`.\n"

// TestSchemaPage holds the list of fields of docs/schema.md to the JSON Schemas: names, types and what they mean.
func TestSchemaPage(t *testing.T) {
	session, index := readSchema(t, "session-1.2"), readSchema(t, "index-1.2")
	fields := "\n" + section("The session", session.node) + "\n" + section("The index record", index.node)
	var told []string
	for _, def := range slices.Concat(session.Defs, index.Defs) {
		if !slices.Contains(told, def.name) {
			fields += "\n" + section(def.name, def.node)
		}
		told = append(told, def.name)
	}
	page := readText(t, schemaPage)
	written, got, found := strings.Cut(page, generated)
	if !found {
		t.Fatalf("docs/schema.md has no line %q", generated)
	}
	if got == fields {
		return
	}
	if !*updateScripts {
		t.Fatal("the fields of docs/schema.md are not those of the schemas: run go test ./cmd/ams-assemble -run TestSchemaPage -update")
	}
	if err := os.WriteFile(schemaPage, []byte(written+generated+fields), 0o644); err != nil {
		t.Fatal(err)
	}
}

// node is what a JSON Schema says of one value.
type node struct {
	Description string
	Type        any    // a name, or a list of them
	Ref         string `json:"$ref"`
	Items       *node
	AnyOf       []node
	Enum        []any
	Const       any
	// AdditionalProperties is a node, or a boolean.
	AdditionalProperties json.RawMessage
	Properties           members
}

// members are named values in the order of the schema.
type members []member

type member struct {
	name string
	node
}

func (m *members) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil { // the opening brace
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		one := member{name: name.(string)}
		if err := d.Decode(&one.node); err != nil {
			return err
		}
		*m = append(*m, one)
	}
	return nil
}

type schemaFile struct {
	node
	Defs members `json:"$defs"`
}

func readSchema(t *testing.T, name string) schemaFile {
	t.Helper()
	var s schemaFile
	if err := json.Unmarshal([]byte(readText(t, checkout+"/pkg/schema/"+name+".schema.json")), &s); err != nil || len(s.Properties) == 0 {
		t.Fatalf("%s: %d properties, %v", name, len(s.Properties), err)
	}
	return s
}

// section tells a value and its fields.
func section(name string, n node) string {
	out := fmt.Sprintf("### %s\n\n%s\n", name, n.Description)
	if len(n.Properties) == 0 {
		return out
	}
	out += "\n| field | type | |\n|---|---|---|\n"
	for _, p := range n.Properties {
		out += fmt.Sprintf("| `%s` | %s | %s |\n", p.name, kind(p.node), strings.ReplaceAll(p.Description, "|", `\|`))
	}
	return out
}

// kind is the type of a value in a word, with a link to where it is told.
func kind(n node) string {
	switch {
	case n.Ref != "":
		name := strings.TrimPrefix(n.Ref, "#/$defs/")
		return fmt.Sprintf("[%s](#%s)", name, name)
	case len(n.AnyOf) > 0:
		return kind(n.AnyOf[0])
	case n.Items != nil:
		return "list of " + kind(*n.Items)
	}
	if types, ok := n.Type.([]any); ok {
		return fmt.Sprint(types[0]) // the other is null
	}
	var each node // of an object whose names are data
	if json.Unmarshal(n.AdditionalProperties, &each) == nil && kind(each) != "any" {
		return "object of " + kind(each)
	}
	switch {
	case len(n.Enum) > 0 || n.Const != nil:
		return "string"
	case n.Type == nil:
		return "any"
	}
	return fmt.Sprint(n.Type)
}
