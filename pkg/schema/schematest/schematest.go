// Package schematest holds the JSON that AMS stores to its schemas, in the tests of every package that makes some.
//
// What is stored must be valid twice: by contract 1.0, which allows more than it names and is what readers of the original
// rely on (contract/, describing what ams-observability 0.1.0 writes, never edited), and by the schema of 1.2, which
// allows nothing that it does not describe.
package schematest

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"ams/pkg/schema"
)

//go:embed contract
var contract embed.FS

// Validate fails t if sessionJSON is not a Session by contract 1.0 and by the schema of 1.2.
func Validate(t testing.TB, sessionJSON []byte) {
	t.Helper()
	if err := SessionError(sessionJSON); err != nil {
		t.Errorf("the Session is not valid: %v", err)
	}
}

// ValidateIndex fails t if b is not an index record by contract 1.0 and by the schema of 1.2.
func ValidateIndex(t testing.TB, b []byte) {
	t.Helper()
	if err := IndexError(b); err != nil {
		t.Errorf("the index record is not valid: %v", err)
	}
}

// SessionError says what of sessionJSON is not valid by contract 1.0 or by the schema of 1.2; nil if nothing is.
func SessionError(sessionJSON []byte) error {
	return errors.Join(ContractError(sessionJSON), check("session-1.2", sessionJSON))
}

// IndexError says what of b is not valid by contract 1.0 or by the schema of 1.2; nil if nothing is.
func IndexError(b []byte) error {
	return errors.Join(ContractIndexError(b), check("index-1.2", b))
}

// ContractError says what of sessionJSON is not valid by contract 1.0 alone: for objects that the original wrote.
func ContractError(sessionJSON []byte) error { return check("session-1.0", sessionJSON) }

// ContractIndexError says what of b is not valid by contract 1.0 alone.
func ContractIndexError(b []byte) error { return check("index-1.0", b) }

// check validates b by the schema of that name.
func check(name string, b []byte) error {
	schemas, err := compiled()
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("%s: not one JSON value: %w", name, err)
	}
	if err := schemas[name].Validate(value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// compiled compiles the four schemas once for all tests of a program.
var compiled = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	texts := map[string][]byte{"session-1.2": schema.SessionSchema(), "index-1.2": schema.IndexSchema()}
	for _, name := range []string{"session-1.0", "index-1.0"} {
		text, err := contract.ReadFile("contract/" + name + ".schema.json")
		if err != nil {
			return nil, err
		}
		texts[name] = text
	}
	schemas := make(map[string]*jsonschema.Schema)
	compiler := jsonschema.NewCompiler()
	for name, text := range texts {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("parse schema %s: %w", name, err)
		}
		url := "urn:ams:" + name
		if err := compiler.AddResource(url, doc); err != nil {
			return nil, fmt.Errorf("add schema %s: %w", name, err)
		}
		if schemas[name], err = compiler.Compile(url); err != nil {
			return nil, fmt.Errorf("compile schema %s: %w", name, err)
		}
	}
	return schemas, nil
})
