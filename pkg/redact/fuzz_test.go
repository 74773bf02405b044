package redact

import (
	"bytes"
	"encoding/json"
	"testing"

	"ams/pkg/lax"
)

func FuzzText(f *testing.F) {
	ins, outs := replacements(f)
	for i := range ins {
		f.Add(ins[i])
		f.Add(outs[i])
	}
	for _, row := range rows(f, "keep.txt") {
		f.Add(row)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := both()
		once := r.Text(s)
		if twice := r.Text(once); twice != once {
			t.Errorf("Text(%q) = %q\nagain %q", s, once, twice)
		}
		if fresh := both().Text(once); fresh != once {
			t.Errorf("Text(%q) = %q\nby another %q", s, once, fresh)
		}
		if len(r.masks) == 0 && once != s {
			t.Errorf("Text(%q) = %q without a finding", s, once)
		}
	})
}

func FuzzJSON(f *testing.F) {
	ins, _ := replacements(f)
	for _, in := range ins {
		raw, err := lax.Line(map[string]any{in: []any{in, 1}, "password": in})
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(raw))
	}
	f.Add([]byte(`{"file_path":"/a/b","x":{"y":[1,"\ud83d"]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		in := bytes.Clone(raw)
		r := both()
		once := r.JSON(raw)
		if !bytes.Equal(raw, in) {
			t.Fatalf("JSON(%q) wrote into its argument", in)
		}
		if !lax.Valid(in) {
			return
		}
		if !lax.Valid(once) {
			t.Fatalf("JSON(%q) = %q, which is not JSON", in, once)
		}
		if got, want := skeleton(once), skeleton(in); got != want {
			t.Errorf("JSON(%q) = %q\n got structure %s\nwant %s", in, once, got, want)
		}
		if twice := r.JSON(once); !bytes.Equal(twice, once) {
			t.Errorf("JSON(%q) = %q\nagain %q", in, once, twice)
		}
	})
}

// skeleton is raw with every string empty: its structure, numbers and literals.
func skeleton(raw []byte) string {
	var b bytes.Buffer
	for i := 0; i < len(raw); i++ {
		if raw[i] == '"' {
			for i++; raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		}
		b.WriteByte(raw[i])
	}
	return b.String()
}

func FuzzParseRules(f *testing.F) {
	f.Add([]byte(`{"rules":[{"name":"ticket","pattern":"ACME-[0-9]+"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		rules, err := ParseRules(b)
		if err != nil {
			return
		}
		r := New(Rules{Secrets: true, Personal: true, Custom: rules})
		if out := r.JSON([]byte(`{"a":"ACME-1 jane@example.com","b":12}`)); !json.Valid(out) {
			t.Errorf("rules %s: got %s", b, out)
		}
	})
}
