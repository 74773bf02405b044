package lax

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestShapeIsThatOfTheEncodedValue(t *testing.T) {
	for _, raw := range []string{
		`0`, `"a\"b\\"`, `[1,2,{"a":"b","c":[true,null]}]`, `{"a":{"b":{"c":"x,y:[z]"}}}`, `[ 1 , [ 2 ] ]`,
		strings.Repeat("[", 50) + "1" + strings.Repeat("]", 50),
	} {
		b, err := Encode(Raw(raw))
		if err != nil {
			t.Fatal(err)
		}
		deepest, size := Shape(Raw(raw), 0)
		if size < len(b) || size > 2*len(b)+4 {
			t.Errorf("Shape(%s): got %d bytes, want about %d", raw, size, len(b))
		}
		if want := depthOf(raw); deepest != want {
			t.Errorf("Shape(%s): got depth %d, want %d", raw, deepest, want)
		}
	}
}

func depthOf(raw string) (deepest int) {
	at := 0
	for _, c := range strings.ReplaceAll(raw, `x,y:[z]`, "") {
		switch c {
		case '[', '{':
			at++
			deepest = max(deepest, at)
		case ']', '}':
			at--
		}
	}
	return deepest
}

func TestFit(t *testing.T) {
	long := strings.Repeat("long ", 100)
	for _, c := range []struct{ name, in, want string }{
		{"what fits stays", `{"a":[1,2,{"b":null}],"a":true}`, `{"a":[1,2,{"b":null}],"a":true}`},
		{"too deep becomes text", `[[[[1,"x"]]]]`, `[[["[1,\"x\"]"]]]`},
		{"too deep below a name", `{"a":{"b":{"c":{"d":1}}}}`, `{"a":{"b":{"c":"{\"d\":1}"}}}`},
		{"a long text leaves room for what follows", `{"file":"a.go","content":"` + long + `","mode":"w"}`,
			`{"file":"a.go","content":"` + long[:76] + CutMark + `","mode":"w"}`},
		{"the last elements go", `[` + strings.Repeat(`"ten bytes!",`, 30) + `"end"]`,
			`[` + strings.TrimSuffix(strings.Repeat(`"ten bytes!",`, 13), ",") + `]`},
		{"a text alone", `"` + long + `"`, `"` + long[:94] + CutMark + `"`},
		{"a number", `12345678901234567890`, `12345678901234567890`},
		{"a lone surrogate", `["\ud83d"]`, "[\"\ufffd\"]"},
	} {
		got := string(Fit(Raw(c.in), 0, 3, 206))
		if got != c.want {
			t.Errorf("%s: Fit(%s)\n got %s\nwant %s", c.name, c.in, got, c.want)
		}
	}
}

func TestFitHoldsItsBounds(t *testing.T) {
	const size = 10_000
	for name, raw := range map[string]string{
		"deep":         strings.Repeat("[", 9990) + strings.Repeat("]", 9990),
		"deep objects": strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000),
		"wide":         "[" + strings.Repeat("0,", 100_000) + "0]",
		"wide objects": `{"x":0` + strings.Repeat(`,"":[]`, 100_000) + "}",
		"deep, wide":   strings.Repeat("[", 60) + strings.Repeat("[],", 100_000) + "0" + strings.Repeat("]", 60),
		"controls":     `["` + strings.Repeat(`\u0001`, 100_000) + `"]`,
		"quotes":       `["` + strings.Repeat(`\"`, 100_000) + `"]`,
		"long name":    `{"` + strings.Repeat("n", 100_000) + `":1}`,
		"many texts":   `["` + strings.Repeat("ab\",\"", 100_000) + `"]`,
	} {
		got := Fit(Raw(raw), 3, 64, size)
		b, err := Encode(map[string]any{"a": map[string]any{"b": []Raw{got}}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(b) > size*11/10+9000 || !json.Valid(b) {
			t.Errorf("%s: got %d bytes of valid JSON %v, want about %d", name, len(b), json.Valid(b), size)
		}
		if deepest, _ := Shape(got, 0); deepest > 64 {
			t.Errorf("%s: got depth %d, want at most 64", name, deepest)
		}
	}
}

func TestCutText(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"short", 20, "short"},
		{"exactly twenty bytes", 20, "exactly twenty bytes"},
		{"twenty bytes and more", 20, "twenty byte" + CutMark},
		{"ä ö ü ä ö ü ä ö ü ä ö ü", 20, "ä ö ü ä" + CutMark},
		{strings.Repeat("\x00", 100), 24, "\x00\x00" + CutMark},
	} {
		if got := CutText(c.in, c.n); got != c.want {
			t.Errorf("CutText(%q, %d): got %q, want %q", c.in, c.n, got, c.want)
		}
	}
}
