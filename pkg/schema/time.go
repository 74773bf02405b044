package schema

import (
	"fmt"
	"time"
)

// Time is a moment in UTC with microseconds, written as 2026-11-22T10:00:12.140001+00:00.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.999999-07:00"

// At returns t cut to microseconds, so that differences of written times and of computed times agree.
func At(t time.Time) Time {
	if t.IsZero() {
		return Time{}
	}
	return Time{t.UTC().Truncate(time.Microsecond)}
}

// MarshalText writes the time in the layout of contract 1.0. Years beyond 9999 have no such form and are an error.
func (t Time) MarshalText() ([]byte, error) {
	if y := t.Year(); y < 0 || y > 9999 {
		return nil, fmt.Errorf("time %v is outside of years 0 to 9999", t.Time)
	}
	return t.UTC().AppendFormat(nil, timeLayout), nil
}

// UnmarshalText reads RFC 3339 with any offset.
func (t *Time) UnmarshalText(b []byte) error {
	parsed, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return fmt.Errorf("parse time: %w", err)
	}
	*t = At(parsed)
	return nil
}
