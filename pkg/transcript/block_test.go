package transcript

import (
	"reflect"
	"testing"

	"ams/pkg/lax"
)

// plainBlock is a Block that the JSON library fills by the struct tags.
type plainBlock Block

func FuzzBlock(f *testing.F) {
	for _, s := range []string{
		`{"type":"text","text":"hello\nworld \u00e9 \ud83d\ude00"}`,
		`{"type":"thinking","thinking":"","signature":"c2ln"}`,
		`{"type":"tool_use","id":"toolu_01","name":"Bash","input":{"command":"ls","n":1e400}}`,
		`{"type":"tool_result","tool_use_id":"toolu_01","content":[{"type":"text","text":"a"}],"is_error":true}`,
		`{"type":7,"text":[],"thinking":{},"id":null,"name":true,"tool_use_id":1.5,"is_error":"true","input":null}`,
		`{"text":"a","text":"b","te\u0078t":"c","TEXT":"d","is_error":true,"is_error":0}`,
		`{"text":"cut \ud83d","name":"` + "\xff" + `"}`,
		`{}`, `[]`, `"text"`, `null`, `{"content":"a" `, `{"content"}`, `{"a":1,}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var got Block
		var want plainBlock
		err, wantErr := lax.Unmarshal(in, &got), lax.Unmarshal(in, &want)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("Unmarshal(%q) = %v, by the struct tags %v", in, err, wantErr)
		}
		if want.ToolPart == nil {
			want.ToolPart = &ToolPart{}
		}
		if err == nil && !reflect.DeepEqual(got, Block(want)) {
			t.Errorf("Unmarshal(%q)\n got %+v\nwant %+v", in, got, want)
		}
	})
}
