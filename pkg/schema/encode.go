package schema

import (
	"errors"
	"fmt"
	"strings"

	"ams/pkg/lax"
)

// Encode returns s as JSON: two-space indent, fields in the order of their declaration, text not HTML-escaped, a
// final newline. The same Session gives the same bytes. What is not valid Unicode in raw values becomes U+FFFD. What
// is larger than the bounds of this package allow is cut, in s as well, and counted in its completeness.
func Encode(s *Session) ([]byte, error) {
	s.Bound()
	size := 0 // a small buffer that grows is as quick
	if s.IsLarge() {
		size = s.roughSize(s.sizes())
		size += size / 32
	}
	b, err := lax.EncodeSized(s, size)
	if err != nil {
		return nil, fmt.Errorf("encode session %s: %w", s.SessionID, err)
	}
	return append(b, '\n'), nil
}

// ErrNewer says that an object has a major version that this package cannot read.
var ErrNewer = errors.New("written by a newer version of ams")

// checkVersion accepts every 1.x: a reader of 1.x ignores what it does not know.
func checkVersion(version string) error {
	if version != "1" && !strings.HasPrefix(version, "1.") {
		return fmt.Errorf("schema_version %q: %w", version, ErrNewer)
	}
	return nil
}

// EncodeSummary returns the index record as JSON, by the rules of [Encode]; it has at most [MaxSummary] bytes.
func EncodeSummary(s *Summary) ([]byte, error) {
	b, err := s.encodeWithin(MaxSummary)
	if err != nil {
		return nil, fmt.Errorf("encode index record of session %s: %w", s.SessionID, err)
	}
	return b, nil
}

// DecodeSummary reads an index record of any version 1.x.
func DecodeSummary(b []byte) (*Summary, error) {
	var s Summary
	if err := lax.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("decode index record: %w", err)
	}
	if s.SessionID == "" {
		return nil, fmt.Errorf("decode index record: no session_id in it")
	}
	if err := checkVersion(s.SchemaVersion); err != nil {
		return nil, fmt.Errorf("decode index record of session %s: %w", s.SessionID, err)
	}
	return &s, nil
}
