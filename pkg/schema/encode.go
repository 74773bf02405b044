package schema

import (
	"fmt"

	"ams/pkg/lax"
)

// Encode returns s as JSON: two-space indent, fields in the order of their declaration, text not HTML-escaped, a final
// newline. The same Session gives the same bytes. What is not valid Unicode in raw values becomes U+FFFD.
func Encode(s *Session) ([]byte, error) {
	b, err := lax.Encode(s)
	if err != nil {
		return nil, fmt.Errorf("encode session %s: %w", s.SessionID, err)
	}
	return append(b, '\n'), nil
}

// Decode reads a Session of version 1.0 or 1.1. Fields that it does not know are ignored.
func Decode(b []byte) (*Session, error) {
	var s Session
	if err := lax.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("decode session: %w", err)
	}
	if s.SessionID == "" || s.SchemaVersion == "" {
		return nil, fmt.Errorf("decode session: no session_id or schema_version in it")
	}
	return &s, nil
}

// EncodeSummary returns the index record as JSON, by the rules of [Encode].
func EncodeSummary(s *Summary) ([]byte, error) {
	b, err := lax.Encode(s)
	if err != nil {
		return nil, fmt.Errorf("encode index record of session %s: %w", s.SessionID, err)
	}
	return append(b, '\n'), nil
}

// DecodeSummary reads an index record of version 1.0 or 1.1.
func DecodeSummary(b []byte) (*Summary, error) {
	var s Summary
	if err := lax.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("decode index record: %w", err)
	}
	if s.SessionID == "" {
		return nil, fmt.Errorf("decode index record: no session_id in it")
	}
	return &s, nil
}
