package spool

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestSessionID(t *testing.T) {
	deep := strings.Repeat("[", 1_000_000)
	tests := []struct{ name, in, want string }{
		{"first", `{"session_id":"a-1","x":1}`, "a-1"},
		{"later", `{"x":[{"session_id":"no"},"}\"{",1.5e3,true],"session_id":"a-1"}`, "a-1"},
		{"spaces", " \n\t{ \"x\" : { } , \"session_id\" : \"a-1\" } ", "a-1"},
		{"cut behind", `{"session_id":"a-1","x":"abc`, "a-1"},
		{"broken behind", `{"session_id":"a-1",,,`, "a-1"},
		{"escaped name", `{"session\u005Fid":"a-1"}`, "a-1"},
		{"escaped value", `{"session_id":"a\n\"\\\/\u00e9\ud83d\ude00"}`, "a\n\"\\/é😀"},
		{"lone surrogate", `{"session_id":"a\ud83d"}`, "a\ufffd"},
		{"surrogate and other", `{"session_id":"\ud83d\u0041"}`, "\ufffdA"},
		{"not UTF-8", "{\"session_id\":\"a\xff\xfe\"}", "a\ufffd\ufffd"},
		{"first of two", `{"session_id":"a","session_id":"b"}`, "a"},
		{"deep before", `{"x":` + deep, ""},
		{"deep and closed", `{"x":` + deep + strings.Repeat("]", len(deep)) + `,"session_id":"a"}`, "a"},
		{"cut inside", `{"session_id":"a-`, ""},
		{"cut in escape", `{"session_id":"a\`, ""},
		{"number", `{"session_id":1}`, ""},
		{"null", `{"session_id":null}`, ""},
		{"object", `{"session_id":{"a":"b"}}`, ""},
		{"empty", `{"session_id":""}`, ""},
		{"none", `{"x":"session_id"}`, ""},
		{"inner only", `{"x":{"session_id":"a"}}`, ""},
		{"array", `["session_id","a"]`, ""},
		{"string", `"session_id"`, ""},
		{"empty object", `{}`, ""},
		{"nothing", ``, ""},
		{"no colon", `{"x" 1,"session_id":"a"}`, ""},
		{"no comma", `{"x":1 "session_id":"a"}`, ""},
		{"comma first", `{,"session_id":"a"}`, ""},
		{"close too much", `{"x":]],"session_id":"a"}`, ""},
		{"zero byte", "\x00{\"session_id\":\"a\"}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := SessionID([]byte(tt.in))
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, %v, want %q", got, ok, tt.want)
			}
		})
	}
}

// decodeSessionID is what a real decoder says: the first top-level session_id.
func decodeSessionID(in []byte) (string, bool) {
	d := json.NewDecoder(bytes.NewReader(in))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		return "", false
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return "", false
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return "", false
		}
		if name == "session_id" {
			var id *string
			if json.Unmarshal(value, &id) != nil || id == nil {
				return "", false
			}
			return *id, *id != ""
		}
	}
	return "", false
}

func FuzzSessionID(f *testing.F) {
	for _, seed := range []string{
		`{"session_id":"a-1","transcript_path":"/x","cwd":"/y","hook_event_name":"Stop"}`,
		`{"x":[{"session_id":"no"},"}\"{",1.5e3,true],"session_id":"a-1"}`,
		`{"session\u005fid":"\ud83d\ude00\ud83d\u0041\\"}`,
		`{"a":{"b":[[],{}]},"session_id":null}`,
		`{"session_id":"a`, "[]", "", "{\"session_id\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, ok := SessionID(in)
		if !json.Valid(in) {
			return // it must only end, and not panic
		}
		want, wantOK := decodeSessionID(in)
		if got != want || ok != wantOK {
			t.Errorf("%q: got %q, %v, want %q, %v", in, got, ok, want, wantOK)
		}
	})
}

func FuzzIsObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":[1,-0.5e+10,true,false,null,"\u00e9\n"]}`, `{"a":1}{}`, ` { } `, `{"a":01}`, `{"a":1.}`, `{"a":-}`,
		`{"a":"\x"}`, `{"a":[}`, `{"a":{]}`, `[]`, `{"a"}`, `{"a":1,}`, "{}\x00", `{"a":truex}`, `{"a":[[[]]]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		want := json.Valid(in) && bytes.HasPrefix(bytes.TrimLeft(in, " \t\r\n"), []byte("{"))
		if got := IsObject(in); got != want {
			t.Errorf("%q: got %v, want %v", in, got, want)
		}
	})
}

func TestIsObjectEndsAtDeepNesting(t *testing.T) {
	for _, n := range []int{9_998, 1_000_000} {
		in := `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}"
		if got, want := IsObject([]byte(in)), json.Valid([]byte(in)); got != want {
			t.Errorf("depth %d: got %v, want %v", n, got, want)
		}
	}
}

func BenchmarkSessionIDAtTheEnd(b *testing.B) {
	in := []byte(`{"x":"` + strings.Repeat(`0123456789abcdef\n`, 140_000) + `","session_id":"a"}`)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		SessionID(in)
	}
}
