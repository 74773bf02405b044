package transcript

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestScanIDsFindsIDsHoweverTheyAreSpelled(t *testing.T) {
	const u = "00019919-1111-4000-8000-000000000001"
	for _, row := range []struct {
		name, text string
		want       []string
	}{
		{"compact", `{"uuid":"` + u + `"}`, []string{u}},
		{"with spaces", `{"uuid" : "` + u + `"}`, []string{u}},
		{"with a line break", "{\"uuid\":\n\t\"" + u + "\"}", []string{u}},
		{"no UUID", `{"uuid":"line-1"}`, []string{"line-1"}},
		{"null", `{"uuid":null,"x":"y"}`, nil},
		{"empty", `{"uuid":""}`, nil},
		{"escaped", `{"uuid":"a\u0031"}`, nil},
		{"without an end", `{"uuid":"abc`, nil},
		{"quoted in a text", `{"text":"{\"uuid\":\"` + u + `\",\"id\":\"msg_01AbcdefghijklmnopqrstuV\"}"}`, nil},
		{"twice", `{"uuid":"a"}` + "\n" + `{"uuid":"a"}`, []string{"a"}},
		{"a message of the API", `{"message":{"id":"msg_01AbcdefghijklmnopqrstuV"}}`, []string{"msg_01AbcdefghijklmnopqrstuV"}},
		{"a message of a test API", `{"message":{"id":"msg_01main000"}}`, nil},
		{"a message of a gateway", `{"message":{"id":"msg_20250101120000"}}`, nil},
		{"a longer name", `{"parentUuid":"x","leafuuid":"y"}`, nil},
	} {
		got, err := scanIDs(strings.NewReader(row.text))
		var want []uint64
		for _, id := range row.want {
			want = append(want, idHash(id))
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %d ids, %v; want %q in %s", row.name, len(got), err, row.want, row.text)
		}
	}
}

// TestScanIDsAtEveryPlaceOfAChunk puts an id, escaped and not, over every border between two chunks.
func TestScanIDsAtEveryPlaceOfAChunk(t *testing.T) {
	for _, id := range []string{`"uuid": "0123456789"`, `\"uuid\": \"0123456789\"`, `"id":"msg_01AbcdefghijklmnopqrstuV"`} {
		for shift := range 2 * maxIDBytes {
			text := strings.Repeat("x", scanChunk-maxIDBytes-shift/2) + id + strings.Repeat("y", shift%7) + strings.Repeat("z", maxIDBytes)
			got, err := scanIDs(iotest.HalfReader(strings.NewReader(text)))
			want := 1
			if strings.HasPrefix(id, `\`) {
				want = 0
			}
			if err != nil || len(got) != want {
				t.Fatalf("%s behind %d bytes: %d ids, %v; want %d", id, scanChunk-maxIDBytes-shift/2, len(got), err, want)
			}
		}
	}
}

func BenchmarkScanIDs(b *testing.B) {
	var text strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&text, `{"parentUuid":null,"type":"user","message":{"role":"user","content":%q},"uuid":"00019919-1111-4000-8000-%012d"}`+"\n",
			strings.Repeat("what a tool wrote ", 100), i)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if ids, err := scanIDs(strings.NewReader(text.String())); err != nil || len(ids) != 2000 {
			b.Fatal(len(ids), err)
		}
	}
}
