package schema_test

import (
	"bytes"
	"testing"

	"ams/pkg/schema"
)

func TestWithStoredIsWhatEncodeWrites(t *testing.T) {
	for name, s := range map[string]*schema.Session{"full": fullSession(), "minimal": minimalSession()} {
		s.Stored = nil
		bare := encode(t, s)
		s.Stored = &schema.Stored{Rev: 1795754663112}
		got, err := schema.WithStored(bytes.Clone(bare), *s.Stored)
		if !schema.IsWithStored(got, bare, *s.Stored) || schema.IsWithStored(got, append(bytes.Clone(bare), ' '), *s.Stored) {
			t.Errorf("IsWithStored does not know it again: %s", got)
		}
		if want := encode(t, s); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v, got\n%.2000s\nwant\n%.2000s", name, err, got, want)
		}
	}
	if _, err := schema.WithStored([]byte("{}"), schema.Stored{Rev: 1}); err == nil {
		t.Error("what is no Session got a counter")
	}
}
