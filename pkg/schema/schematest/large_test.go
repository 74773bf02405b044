package schematest

import (
	"bytes"
	"testing"

	"ams/pkg/schema"
)

// TestGeneratedSessionsAreValid holds the generators to the schemas, and to the size that they promise.
func TestGeneratedSessionsAreValid(t *testing.T) {
	for name, s := range map[string]*schema.Session{"large": Large(3000), "hostile": Hostile(), "nested": Nested()} {
		body, err := schema.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		if name == "large" {
			Validate(t, body)
			again, _ := schema.Encode(Large(3000))
			if !bytes.Equal(body, again) || len(s.Events) != 3000 || s.Totals.Subagents < 10 {
				t.Errorf("%d events, %d agents, or not the same each time", len(s.Events), s.Totals.Subagents)
			}
			if len(body) < 2_500_000 || len(body) > 6_000_000 {
				t.Errorf("%d bytes", len(body))
			}
		}
		if _, err := schema.Decode(body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
