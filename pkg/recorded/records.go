package recorded

import (
	"encoding/base64"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"ams/pkg/lax"
	"ams/pkg/redact"
	"ams/pkg/spool"
)

// RecordLine is the form in which records leave a spool and come back, one line each: that of ams-assemble spool dump
// and load.
type RecordLine struct {
	ReceivedAt string  `json:"received_at"` // RFC 3339 with nanoseconds
	Raw        *string `json:"raw,omitzero"`
	RawBase64  string  `json:"raw_base64,omitzero"` // where stdin was no UTF-8
	Cut        bool    `json:"cut,omitzero"`
	Context    lax.Raw `json:"context,omitzero"`
}

// WriteRecords writes records as lines, with masks in their payloads and contexts where there is a redactor.
func WriteRecords(w io.Writer, records []spool.Record, masks *redact.Redactor) error {
	for _, r := range records {
		if err := writeRecord(w, r, masks); err != nil {
			return err
		}
	}
	return nil
}

func writeRecord(w io.Writer, r spool.Record, masks *redact.Redactor) error {
	raw, context := r.Raw, lax.Raw(r.Context)
	if masks != nil {
		if lax.Valid(raw) {
			raw = masks.JSON(raw)
		} else {
			raw = []byte(masks.Text(string(raw)))
		}
		context = masks.JSON(context)
	}
	line := RecordLine{ReceivedAt: r.Key.Time().UTC().Format(time.RFC3339Nano), Cut: r.Cut, Context: context}
	if text := string(raw); utf8.ValidString(text) {
		line.Raw = &text
	} else {
		line.RawBase64 = base64.StdEncoding.EncodeToString(raw)
	}
	b, err := lax.Line(line)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// ParseRecord reads one line of a dump; the record has no key yet.
func ParseRecord(b []byte) (time.Time, spool.Record, error) {
	var line RecordLine
	if err := lax.Unmarshal(b, &line); err != nil {
		return time.Time{}, spool.Record{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, line.ReceivedAt)
	if err != nil {
		return at, spool.Record{}, fmt.Errorf("received_at: %w", err)
	}
	if at.Before(time.Unix(0, 0)) || !time.Unix(0, at.UnixNano()).Equal(at) {
		return at, spool.Record{}, fmt.Errorf("received_at: %s is not in the years 1970 to 2262", line.ReceivedAt)
	}
	rec := spool.Record{Cut: line.Cut}
	switch {
	case line.Raw != nil:
		rec.Raw = []byte(*line.Raw)
	case line.RawBase64 != "":
		if rec.Raw, err = base64.StdEncoding.DecodeString(line.RawBase64); err != nil {
			return at, rec, fmt.Errorf("raw_base64: %w", err)
		}
	default:
		return at, rec, fmt.Errorf("neither raw nor raw_base64")
	}
	if !lax.IsNull(line.Context) {
		rec.Context = []byte(line.Context)
	}
	return at, rec, nil
}
