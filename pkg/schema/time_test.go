package schema_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"ams/pkg/schema"
)

func TestTimesAreWrittenAsInContract10(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for _, row := range []struct {
		time schema.Time
		want string
	}{
		{schema.At(time.Date(2026, 11, 22, 10, 0, 12, 140_001_000, time.UTC)), "2026-11-22T10:00:12.140001+00:00"},
		{schema.At(time.Date(2026, 11, 22, 10, 0, 12, 140_001_999, time.UTC)), "2026-11-22T10:00:12.140001+00:00"},
		{schema.At(time.Date(2026, 11, 22, 10, 0, 12, 0, time.UTC)), "2026-11-22T10:00:12+00:00"},
		{schema.At(time.Date(2026, 11, 22, 0, 30, 12, 1000, berlin)), "2026-11-21T23:30:12.000001+00:00"},
		{schema.Time{Time: time.Date(2026, 11, 22, 0, 30, 12, 999, berlin)}, "2026-11-21T23:30:12+00:00"},
		{schema.Time{}, "0001-01-01T00:00:00+00:00"},
	} {
		s := minimalSession()
		s.StartTime = row.time
		b := encode(t, s)
		var got struct {
			StartTime string `json:"start_time"`
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if got.StartTime != row.want {
			t.Errorf("%v: got %s, want %s", row.time.Time, got.StartTime, row.want)
		}
		decoded, err := schema.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if want := schema.At(row.time.Time); decoded.StartTime != want {
			t.Errorf("got %#v back, want %#v", decoded.StartTime, want)
		}
	}
}

func TestTimesAreReadWithAnyOffset(t *testing.T) {
	for _, row := range []struct{ input, want string }{
		{"2026-11-22T10:00:12Z", "2026-11-22T10:00:12+00:00"},
		{"2026-11-22T10:00:12.5Z", "2026-11-22T10:00:12.500000+00:00"},
		{"2026-11-22T10:00:12.123456789Z", "2026-11-22T10:00:12.123456+00:00"},
		{"2026-11-22T11:00:12.14+01:00", "2026-11-22T10:00:12.140000+00:00"},
		{"yesterday", "0001-01-01T00:00:00+00:00"}, // unreadable is unknown, not an error
	} {
		s, err := schema.Decode(change(t, encode(t, minimalSession()), "start_time", row.input))
		if err != nil {
			t.Errorf("%s: %v", row.input, err)
			continue
		}
		if b := encode(t, s); !bytes.Contains(b, []byte(`"start_time": "`+row.want+`"`)) {
			t.Errorf("%s: got %s\nwant %s in it", row.input, b, row.want)
		}
	}
}

func TestYearsWithoutFormAreAnError(t *testing.T) {
	west := time.FixedZone("", -3600)
	for _, tm := range []time.Time{
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(-1, 12, 31, 0, 0, 0, 0, time.UTC),
		time.Date(9999, 12, 31, 23, 30, 0, 0, west), // 10000 in UTC
	} {
		if at := schema.At(tm); !at.IsZero() {
			t.Errorf("At(%v): got %v, want the zero time", tm, at)
		}
		s := minimalSession()
		s.StartTime = schema.Time{Time: tm}
		if b, err := schema.Encode(s); err == nil {
			t.Errorf("%v, not by At: got %s, want an error", tm, b)
		}
	}
}
