package schema

import (
	"fmt"
	"time"

	"ams/pkg/lax"
)

// Time is a moment in UTC with microseconds, written as 2026-11-22T10:00:12.140001+00:00.
type Time struct{ time.Time }

// The layouts of contract 1.0: six digits or none, as Python's isoformat writes them; its older readers accept nothing else.
const (
	layoutMicros  = "2006-01-02T15:04:05.000000-07:00"
	layoutSeconds = "2006-01-02T15:04:05-07:00"
)

// At returns t cut to microseconds, so that differences of written times and of computed times agree. Years that the layout
// cannot hold give the zero Time: no client lived in them.
func At(t time.Time) Time {
	t = t.UTC().Truncate(time.Microsecond)
	if t.Year() < 1 || t.Year() > 9999 {
		return Time{}
	}
	return Time{t}
}

// MarshalJSON writes the time in the layout of contract 1.0. Without it the JSON library would take the method of the
// embedded time.Time, which writes Z. Years that have no such form are an error.
func (t Time) MarshalJSON() ([]byte, error) { return t.appendTo(nil) }

// MarshalJSONTo is [Time.MarshalJSON] without garbage: a large session has a million times.
func (t Time) MarshalJSONTo(e *lax.Encoder) error {
	b, err := t.appendTo(e.AvailableBuffer())
	if err != nil {
		return err
	}
	return e.WriteValue(b)
}

func (t Time) appendTo(b []byte) ([]byte, error) {
	utc := t.UTC().Truncate(time.Microsecond)
	if y := utc.Year(); y < 0 || y > 9999 {
		return nil, fmt.Errorf("time %v is outside of years 0 to 9999", t.Time)
	}
	layout := layoutMicros
	if utc.Nanosecond() == 0 {
		layout = layoutSeconds
	}
	return append(utc.AppendFormat(append(b, '"'), layout), '"'), nil
}

// UnmarshalJSON reads RFC 3339 with any offset; null is the zero time.
func (t *Time) UnmarshalJSON(b []byte) error {
	if lax.IsNull(b) {
		*t = Time{}
		return nil
	}
	parsed, err := time.Parse(time.RFC3339Nano, lax.String(b))
	if err != nil {
		return fmt.Errorf("parse time: %w", err)
	}
	at := At(parsed)
	if at.IsZero() && !parsed.IsZero() {
		return fmt.Errorf("parse time: %s is outside of years 1 to 9999", lax.String(b))
	}
	*t = at
	return nil
}
