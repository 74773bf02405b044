package schema_test

import (
	"bytes"
	"testing"

	"ams/pkg/schema"
)

// FuzzDecode holds that what decodes encodes again, to the same bytes ever after.
func FuzzDecode(f *testing.F) {
	for _, s := range []*schema.Session{fullSession(), minimalSession()} {
		b, err := schema.Encode(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add(read(f, "session-1.0.json"))
	f.Add([]byte(`{"schema_version":"1.1","session_id":"s","start_time":"9999-12-31T23:30:00-01:00"}`))
	f.Add([]byte(`{"schema_version":"1.1","session_id":"s","start_time":"0000-01-01T00:00:00+01:00","end_time":7}`))
	f.Add([]byte(`{"schema_version":"1.1","session_id":"s","events":[null,1,{"seq":"2","tool":[],"llm":{"usage":1}}]}`))
	f.Add([]byte(`{"schema_version":"1.1","session_id":"\ud83d","metadata":{"a":"\udc00","a":1e999},"duration_ms":1e30}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := schema.Decode(b)
		if err != nil {
			return
		}
		first, err := schema.Encode(s)
		if err != nil {
			t.Fatalf("Encode after Decode: %v\ninput: %q", err, b)
		}
		again, err := schema.Decode(first)
		if err != nil {
			t.Fatalf("Decode after Encode: %v\ninput: %q\nencoded: %s", err, b, first)
		}
		second, err := schema.Encode(again)
		if err != nil {
			t.Fatalf("Encode the second time: %v\ninput: %q", err, b)
		}
		if !bytes.Equal(first, second) {
			t.Fatalf("got other bytes the second time\ngot\n%s\nwant\n%s\ninput: %q", second, first, b)
		}
		index, err := schema.EncodeSummary(schema.Summarize(s))
		if err != nil {
			t.Fatalf("EncodeSummary: %v\ninput: %q", err, b)
		}
		if _, err := schema.DecodeSummary(index); err != nil {
			t.Fatalf("DecodeSummary: %v\ninput: %q\nencoded: %s", err, b, index)
		}
	})
}
