package schema

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// large is a Session whose events are decoded at once, with texts that look like the ends of events.
func large(t testing.TB) []byte {
	t.Helper()
	s := &Session{SchemaVersion: Version, SessionID: "s", Tags: []string{"a"}, Metadata: map[string]Raw{"k": Raw(`{"deep":[{"a":1},{"b":{}}]}`)}}
	for i := range 2500 {
		cost := float64(i) / 8
		s.Events = append(s.Events,
			Event{ID: "p", Seq: 2 * i, Type: UserPrompt, Prompt: "\n    },\n    {\n  \"events\": [\n" + strings.Repeat("x", i%700)},
			Event{ID: "t", Seq: 2*i + 1, Type: "tool_call", Tool: &Tool{Name: "Edit", Input: Raw(`{"edits":[{"old":"}"},{"new":"\n    }"}]}`)}},
			Event{ID: "c", LLM: &LLM{Model: "m", CostUSD: &cost, Usage: &Usage{InputTokens: int64(i)}}})
	}
	b, err := Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	if start, end := eventsIn(b); end-start < manyEvents {
		t.Fatalf("only %d bytes of events", end-start)
	}
	return b
}

// TestDecodingAtOnceIsDecoding: whatever becomes of a body, its events decoded on all processors are those of the whole.
func TestDecodingAtOnceIsDecoding(t *testing.T) {
	whole := large(t)
	if decodeAtOnce(whole) == nil {
		t.Fatal("what Encode writes is not decoded at once")
	}
	same := func(name string, b []byte) {
		t.Helper()
		want, wantErr := decodeWhole(b)
		got, err := Decode(b)
		if !reflect.DeepEqual(got, want) || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Errorf("%s: %v, want %v; the Sessions are the same: %v", name, err, wantErr, reflect.DeepEqual(got, want))
		}
	}
	same("whole", whole)
	same("cut", whole[:len(whole)/2])
	same("newer", bytes.Replace(whole, []byte(`"schema_version": "`+Version), []byte(`"schema_version": "9`), 1))
	same("twice", bytes.Replace(whole, []byte("\n    },\n    {"), []byte("\n    }\n  ],\n  \"events\": [\n    {"), 1))
	same("no comma", bytes.Replace(whole, []byte("\n    },\n    {"), []byte("\n    }\n    {"), 1))
	same("a comma at the end", bytes.Replace(whole, []byte("\n    }\n  ]\n}"), []byte("\n    },\n  ]\n}"), 1))
	same("another layout", bytes.ReplaceAll(whole, []byte("\n    "), []byte("\n\t")))
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		b := bytes.Clone(whole)
		for range 1 + r.IntN(3) {
			b[r.IntN(len(b))] = "{}[],:\" \n0a"[r.IntN(11)]
		}
		same("damaged", b)
	}
}

func BenchmarkDecode(b *testing.B) {
	body := large(b)
	for name, decode := range map[string]func([]byte) (*Session, error){"whole": decodeWhole, "at once": Decode} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := decode(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
