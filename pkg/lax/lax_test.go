package lax

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

type inner struct {
	Name  string   `json:"name"`
	Count int64    `json:"count"`
	Tags  []string `json:"tags"`
}

type outer struct {
	Text  string  `json:"text"`
	N     int64   `json:"n"`
	Inner *inner  `json:"inner"`
	List  []inner `json:"list"`
	Raw   Raw     `json:"raw"`

	Pointer *int64           `json:"pointer"`
	Counts  map[string]int64 `json:"counts"`
}

func TestUnmarshalKeepsWhatFits(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     outer
	}{
		{"plain", `{"text":"a","n":3,"raw":{"x":1}}`, outer{Text: "a", N: 3, Raw: Raw(`{"x":1}`)}},
		{"text is a number", `{"text":5,"n":3}`, outer{N: 3}},
		{"number is text", `{"text":"a","n":"12"}`, outer{Text: "a", N: 12}},
		{"number is a fraction", `{"n":12.9}`, outer{N: 12}},
		{"number is past 64 bits", `{"n":1e300,"text":"a"}`, outer{Text: "a"}},
		{"inner is text", `{"text":"a","inner":"no"}`, outer{Text: "a"}},
		{"inner half fits", `{"inner":{"name":1,"count":2}}`, outer{Inner: &inner{Count: 2}}},
		{"one element does not fit", `{"list":[{"name":"a"},7,{"name":"b","tags":[1,"t"]}]}`,
			outer{List: []inner{{Name: "a"}, {}, {Name: "b", Tags: []string{"", "t"}}}}},
		{"zero behind a pointer beside a misfit", `{"pointer":0,"text":7}`, outer{Pointer: new(int64)}},
		{"one value of a map does not fit", `{"counts":{"a":1,"b":"x"}}`, outer{Counts: map[string]int64{"a": 1}}},
		{"key twice", `{"text":"a","text":"b"}`, outer{Text: "b"}},
		{"lone surrogate", `{"text":"a\ud83d"}`, outer{Text: "a\ufffd"}},
		{"invalid UTF-8", "{\"text\":\"a\xff\"}", outer{Text: "a\ufffd"}},
		{"null", `{"text":null,"inner":null}`, outer{}},
	} {
		var got outer
		if err := Unmarshal([]byte(c.in), &got); err != nil {
			t.Errorf("%s: Unmarshal(%s): %v", c.name, c.in, err)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: Unmarshal(%s)\n got %+v\nwant %+v", c.name, c.in, got, c.want)
		}
	}
}

func TestUnmarshalSaysWhatIsNotJSON(t *testing.T) {
	for _, in := range []string{``, `{`, `{"text":"a"`, `{"text":"a"}}`, `nul`} {
		var got outer
		if err := Unmarshal([]byte(in), &got); err == nil {
			t.Errorf("Unmarshal(%q) = nil error, want one", in)
		}
	}
}

func TestEncodeIsValidWhateverTheRawHolds(t *testing.T) {
	for _, raw := range []string{`{"b":"\ud83d","a":[1,2]}`, "\"\xff\"", `1e400`, `{"k":1,"k":2}`, `"<&>"`} {
		b, err := Encode(outer{Raw: Raw(raw)})
		if err != nil {
			t.Errorf("Encode(%q): %v", raw, err)
			continue
		}
		if !utf8.Valid(b) || !json.Valid(b) {
			t.Errorf("Encode(%q) = %q, want valid JSON", raw, b)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, s := range []string{`{"text":5,"inner":{"name":[]},"list":[1,{}]}`, `{"n":1e999}`, `[]`, `"a"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v outer
		err := Unmarshal(b, &v)
		if (err == nil) != Valid(b) {
			t.Errorf("Unmarshal(%q) = %v, but Valid is %v", b, err, Valid(b))
		}
		if err == nil {
			if _, err := Encode(v); err != nil {
				t.Errorf("Encode of Unmarshal(%q): %v", b, err)
			}
		}
	})
}

func TestNamesKeepTheirOrder(t *testing.T) {
	for raw, want := range map[string]string{
		`{"b":1,"a":{"x":[]},"b":2,"c":null}`: "b a c",
		`{}`:                                  "",
		`["a"]`:                               "",
		`"a"`:                                 "",
		`{"a":1,"b":`:                         "a b",
		``:                                    "",
	} {
		if got := strings.Join(Names(Raw(raw)), " "); got != want {
			t.Errorf("Names(%s) = %q, want %q", raw, got, want)
		}
	}
}

// TestPrettyIndentsAValueByItself takes values out of a document that is indented already.
func TestPrettyIndentsAValueByItself(t *testing.T) {
	for in, want := range map[string]string{
		"{\n        \"a\": 1,\n        \"b\": [\n          2\n        ]\n      }": `{"a":1,"b":[2]}`,
		`{"list":["a long text that does not fit","another long text"],"deep":{"er":{"est":true}}}`: "{\n" +
			`  "list": [` + "\n" + `    "a long text that does not fit",` + "\n" + `    "another long text"` + "\n  ],\n" +
			`  "deep": {` + "\n" + `    "er": {` + "\n" + `      "est": true` + "\n    }\n  }\n}",
		`12`: "12", `"text"`: `"text"`, `{broken`: `{broken`,
	} {
		if got := Pretty(Raw(in), 40); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}
