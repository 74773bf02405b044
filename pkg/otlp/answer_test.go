package otlp

import "testing"

// FuzzAnswer holds that nothing that a receiver answers ends the program, or makes a negative number of spans of it.
func FuzzAnswer(f *testing.F) {
	f.Add("application/x-protobuf", "\x0a\x06\x08\x02\x12\x02no", "7")
	f.Add("application/json", `{"partialSuccess":{"rejectedSpans":"1"}}`, "Fri, 31 Dec 1999 23:59:59 GMT")
	f.Add("text/html", "\x12\xff\xff\xff\xff\xff", "-1")
	f.Fuzz(func(t *testing.T, contentType, text, after string) {
		parsePartial(contentType, []byte(text))
		messageOf([]byte(text))
		if d := retryAfter(after); d < 0 {
			t.Errorf("retryAfter(%q) = %v", after, d)
		}
		if v := cut(text, 16); len(v) > 16 {
			t.Errorf("cut(%q) = %q", text, v)
		}
	})
}
