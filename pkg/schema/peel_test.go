package schema

import (
	"bytes"
	"reflect"
	"testing"
)

// peeled are all events of a Session, one by one.
func peeled(t *testing.T, body []byte) *Session {
	t.Helper()
	s, events, err := Peel(body)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(events); {
		e, next, err := events.At(at)
		if err != nil || next <= at {
			t.Fatalf("at %d of %d: next %d, %v", at, len(events), next, err)
		}
		if e != nil {
			s.Events = append(s.Events, *e)
		}
		at = next
	}
	return s
}

func several() *Session {
	return &Session{SchemaVersion: Version, SessionID: "s", Title: "\n  \"events\": [\n    {", Events: []Event{
		{Seq: 1, Type: UserPrompt, Prompt: "line\n    }\n  ]\n}"},
		{Seq: 2, Type: ToolCall, Tool: &Tool{Name: "Bash", Input: Raw(`{"a":[{"b":[]}]}`), Result: Raw(`[{},{"c":"\n    {"}]`)}},
		{},
		{Seq: 4, Note: "ünï"},
	}}
}

func TestPeelGivesTheSameEvents(t *testing.T) {
	for name, s := range map[string]*Session{
		"several": several(), "none": {SchemaVersion: Version, SessionID: "s"}, "one": {SchemaVersion: Version, SessionID: "s", Events: []Event{{Seq: 1}}},
	} {
		body, err := Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		got := peeled(t, body)
		if len(want.Events) == 0 { // [] is not nil
			got.Events, want.Events = nil, nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v\nwant %+v", name, got, want)
		}
		foreign := Raw(bytes.Clone(body))
		if err := foreign.Compact(); err != nil {
			t.Fatal(err)
		}
		if got, events, err := Peel(foreign); err != nil || events != nil || len(got.Events) != len(want.Events) {
			t.Errorf("%s on one line: got %d events, text %q, %v", name, len(got.Events), events, err)
		}
	}
}

// TestEveryByteHasItsEvent asks for the event of each byte.
func TestEveryByteHasItsEvent(t *testing.T) {
	body, err := Encode(several())
	if err != nil {
		t.Fatal(err)
	}
	_, events, err := Peel(body)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for at := range events {
		e, next, err := events.At(at)
		if err != nil || next <= at {
			t.Fatalf("at %d: next %d, %v", at, next, err)
		}
		if e != nil && e.Seq != 0 {
			if e.Seq < last {
				t.Errorf("at %d: event %d after event %d", at, e.Seq, last)
			}
			last = e.Seq
		}
	}
	if last != 4 {
		t.Errorf("the last event is %d, want 4", last)
	}
}

// FuzzPeel reads what nobody wrote: what is peeled is what is decoded, or an error says that it may not be.
func FuzzPeel(f *testing.F) {
	body, err := Encode(several())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte("{\n  \"events\": [\n      {\n    }\n  ]\n}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, events, err := Peel(b)
		if err != nil {
			return
		}
		for at := 0; at < len(events); {
			_, next, _ := events.At(at)
			if next <= at {
				t.Fatalf("at %d of %d: next %d", at, len(events), next)
			}
			at = next
		}
	})
}
