package schema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"testing"
	"unicode/utf8"

	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// compact takes the white space out of the raw values of s, which Encode indents.
func compact(t *testing.T, s *schema.Session) *schema.Session {
	t.Helper()
	squeeze := func(raw schema.Raw) schema.Raw {
		if raw == nil {
			return nil
		}
		raw = raw.Clone()
		if err := raw.Compact(); err != nil {
			t.Fatalf("compact %s: %v", raw, err)
		}
		return raw
	}
	for key, raw := range s.Metadata {
		s.Metadata[key] = squeeze(raw)
	}
	structs(reflect.ValueOf(s), func(v reflect.Value) {
		for i := range v.NumField() {
			if raw, ok := v.Field(i).Interface().(schema.Raw); ok {
				v.Field(i).Set(reflect.ValueOf(squeeze(raw)))
			}
		}
	})
	return s
}

func TestEncodeGivesTheSameBytes(t *testing.T) {
	want := encode(t, fullSession())
	wantIndex := encodeSummary(t, fullSession())
	for range 20 { // map order changes from run to run
		if got := encode(t, fullSession()); !bytes.Equal(got, want) {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
		if got := encodeSummary(t, fullSession()); !bytes.Equal(got, wantIndex) {
			t.Fatalf("got\n%s\nwant\n%s", got, wantIndex)
		}
	}
	if !bytes.HasPrefix(want, []byte("{\n  \"schema_version\": \"1.2\",\n  \"session_id\": ")) {
		t.Errorf("got %.60q, want schema_version and session_id first, indented by two spaces", want)
	}
	if !bytes.HasSuffix(want, []byte("}\n")) || bytes.HasSuffix(want, []byte("\n\n")) {
		t.Errorf("got end %q, want one newline", want[len(want)-4:])
	}
}

func TestDecodeGivesBackWhatWasEncoded(t *testing.T) {
	for name, s := range map[string]*schema.Session{"full": fullSession(), "minimal": minimalSession()} {
		b := encode(t, s)
		decoded, err := schema.Decode(b)
		if err != nil {
			t.Fatalf("%s: Decode: %v", name, err)
		}
		if again := encode(t, decoded); !bytes.Equal(again, b) {
			t.Errorf("%s: got other bytes the second time\ngot\n%s\nwant\n%s", name, again, b)
		}
		if name == "minimal" { // lists and objects that are always written come back empty, not nil
			s.Tags, s.Metadata, s.Events = []string{}, map[string]schema.Raw{}, []schema.Event{}
		}
		if got, want := compact(t, decoded), compact(t, s); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
	}
}

func TestDecodeSummaryGivesBackWhatWasEncoded(t *testing.T) {
	for name, s := range map[string]*schema.Session{"full": fullSession(), "minimal": minimalSession()} {
		b := encodeSummary(t, s)
		decoded, err := schema.DecodeSummary(b)
		if err != nil {
			t.Fatalf("%s: DecodeSummary: %v", name, err)
		}
		again, err := schema.EncodeSummary(decoded)
		if err != nil {
			t.Fatalf("%s: EncodeSummary: %v", name, err)
		}
		if !bytes.Equal(again, b) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, again, b)
		}
	}
}

func TestObjectsOfContract10AreRead(t *testing.T) {
	b := read(t, "session-1.0.json")
	if err := schematest.ContractError(b); err != nil {
		t.Fatalf("testdata is not of contract 1.0: %v", err)
	}
	s, err := schema.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if s.SchemaVersion != "1.0" || s.Totals.ToolCalls != 2 || *s.Totals.CostUSD != 0.0312345 || len(s.Events) != 6 {
		t.Errorf("got version %s, %d tool calls, %v USD, %d events; want 1.0, 2, 0.0312345, 6",
			s.SchemaVersion, s.Totals.ToolCalls, *s.Totals.CostUSD, len(s.Events))
	}
	if got, want := s.Events[3].Subagent.InvocationEventID, s.Events[2].ID; got != want {
		t.Errorf("got invocation_event_id %q, want %q", got, want)
	}
	// Nothing is lost or added on the way through; the original has some fields in another order.
	again := encode(t, s)
	var got, want any
	if err := errors.Join(json.Unmarshal(again, &got), json.Unmarshal(b, &want)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", again, b)
	}
	if err := schematest.ContractError(again); err != nil {
		t.Errorf("written again: %v", err)
	}
}

func TestIndexRecordsOfContract10AreRead(t *testing.T) {
	b := read(t, "index-1.0.json")
	if err := schematest.ContractIndexError(b); err != nil {
		t.Fatalf("testdata is not of contract 1.0: %v", err)
	}
	s, err := schema.DecodeSummary(b)
	if err != nil {
		t.Fatal(err)
	}
	if s.Environment != nil || s.EndTime != nil || s.Tags[0] != "größe" || s.Status != schema.Running || s.OutputTokens != 210 {
		t.Errorf("got %+v, want what testdata/index-1.0.json says", s)
	}
}

func TestDecodeRefusesWhatIsNoSession(t *testing.T) {
	for _, input := range []string{
		"", "null", "[]", "{}", `"session"`, `{"session_id":"s"}`, `{"schema_version":"1.1"}`,
		`{"schema_version":"1.1","session_id":"s"`, `{"schema_version":"1.1","session_id":"s"}{}`,
	} {
		if s, err := schema.Decode([]byte(input)); err == nil || s != nil {
			t.Errorf("Decode(%q): got %v and error %v, want an error alone", input, s, err)
		}
	}
	for _, input := range []string{"", "null", "[]", "{}"} {
		if s, err := schema.DecodeSummary([]byte(input)); err == nil || s != nil {
			t.Errorf("DecodeSummary(%q): got %v and error %v, want an error alone", input, s, err)
		}
	}
}

func TestDecodeIgnoresUnknownAndMistypedFields(t *testing.T) {
	b := change(t, encode(t, fullSession()), "from_the_future", object{"a": 1})
	b = change(t, b, "host", 7)
	b = change(t, b, "events.1.llm.model", []any{"x"})
	s, err := schema.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if s.Host != "" || s.Events[iMessage].LLM.Model != "" {
		t.Errorf("got host %q and model %q, want both empty", s.Host, s.Events[iMessage].LLM.Model)
	}
	if s.User != "dev" || s.Events[iMessage].LLM.Text != "I send an agent." || len(s.Events) != 9 {
		t.Errorf("got user %q, text %q, %d events; want their neighbours kept", s.User, s.Events[iMessage].LLM.Text, len(s.Events))
	}
}

func TestTextIsNotEscaped(t *testing.T) {
	for _, b := range [][]byte{encode(t, fullSession()), encodeSummary(t, fullSession())} {
		for _, want := range []string{"Why is <b>a & b</b> slow?", "ünïcødé \u2028 \U0001F600"} {
			if !bytes.Contains(b, []byte(want)) {
				t.Errorf("got %s\nwant %q in it", b, want)
			}
		}
	}
	// In raw values as well; numbers keep every digit.
	b := encode(t, fullSession())
	for _, want := range []string{`"Find <it>"`, "12345678901234567890", `"usd": 1.50`} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("got %s\nwant %q in it", b, want)
		}
	}
}

func TestWhatIsNotUnicodeIsReplaced(t *testing.T) {
	s := minimalSession()
	s.Title = "cut \xf0\x9f"
	s.Metadata = map[string]schema.Raw{"half": schema.Raw(`"\ud83d"`)}
	b := encode(t, s)
	if !utf8.Valid(b) || !bytes.Contains(b, []byte("cut \ufffd")) || !json.Valid(b) {
		t.Errorf("got %q, want valid JSON with U+FFFD", b)
	}
	schematest.Validate(t, b)
}
