package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
)

func encode(t *testing.T, s *schema.Session) []byte {
	t.Helper()
	b, err := schema.Encode(s)
	if err != nil {
		t.Fatalf("Encode: %v", err)
	}
	return b
}

func encodeSummary(t *testing.T, s *schema.Session) []byte {
	t.Helper()
	b, err := schema.EncodeSummary(schema.Summarize(s))
	if err != nil {
		t.Fatalf("EncodeSummary: %v", err)
	}
	return b
}

func TestWhatIsWrittenIsValid(t *testing.T) {
	for name, s := range map[string]*schema.Session{"full": fullSession(), "minimal": minimalSession()} {
		t.Run(name, func(t *testing.T) {
			schematest.Validate(t, encode(t, s))
			schematest.ValidateIndex(t, encodeSummary(t, s))
		})
	}
}

// change returns the JSON of v with the value at path replaced, or taken out where value is gone. A number in path is a
// place in a list; a name that is not there is added.
func change(t *testing.T, b []byte, path string, value any) []byte {
	t.Helper()
	var root any
	if err := json.Unmarshal(b, &root); err != nil {
		t.Fatalf("parse own JSON: %v", err)
	}
	parts := strings.Split(path, ".")
	place := root
	for _, part := range parts[:len(parts)-1] {
		switch v := place.(type) {
		case object:
			place = v[part]
		case []any:
			var i int
			if err := json.Unmarshal([]byte(part), &i); err != nil || i >= len(v) {
				t.Fatalf("no place %s in %s", part, path)
			}
			place = v[i]
		}
	}
	last, ok := place.(object)
	if !ok {
		t.Fatalf("%s: got %v, want an object", path, place)
	}
	if name := parts[len(parts)-1]; value == gone {
		if _, ok := last[name]; !ok {
			t.Fatalf("%s is not there to be taken out", path)
		}
		delete(last, name)
	} else {
		last[name] = value
	}
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatalf("encode changed JSON: %v", err)
	}
	return out
}

// gone as a value takes a field out.
var gone any = new(int)

// TestWhatIsWrongIsRefused shows that the other tests can fail. contract says that contract 1.0 refuses it too.
func TestWhatIsWrongIsRefused(t *testing.T) {
	full := encode(t, fullSession())
	if schematest.SessionError(full) != nil {
		t.Fatal("the full Session is not valid before it is changed")
	}
	for _, row := range []struct {
		path     string
		value    any
		contract bool
	}{
		// Fields that are not described, one in each kind of object.
		{"surprise", 1, false},
		{"agent.surprise", 1, false},
		{"client.surprise", 1, false},
		{"totals.surprise", 1, false},
		{"totals.usage.surprise", 1, false},
		{"totals.usage.cache_creation.surprise", 1, false},
		{"cost.surprise", 1, false},
		{"cost.differences.0.surprise", 1, false},
		{"completeness.surprise", 1, false},
		{"completeness.files.0.surprise", 1, false},
		{"events.0.surprise", 1, false},
		{"events.1.llm.surprise", 1, false},
		{"events.1.llm.server_tools.0.surprise", 1, false},
		{"events.2.tool.surprise", 1, false},
		{"events.3.subagent.surprise", 1, false},
		{"events.3.subagent.rollup.surprise", 1, false},
		{"events.4.tool.permission.surprise", 1, false},
		{"events.6.compaction.surprise", 1, false},
		{"events.7.error.surprise", 1, false},
		// Fields that must be there.
		{"schema_version", gone, true},
		{"session_id", gone, true},
		{"trace_id", gone, true},
		{"agent", gone, true},
		{"tags", gone, true},
		{"metadata", gone, true},
		{"start_time", gone, true},
		{"status", gone, true},
		{"totals", gone, true},
		{"events", gone, true},
		{"totals.llm_calls", gone, true},
		{"totals.usage.input_tokens", gone, true},
		{"events.2.tool.is_error", gone, true},
		{"events.3.subagent.agent_id", gone, true},
		{"completeness.final", gone, false},
		{"completeness.records", gone, false},
		{"completeness.files", gone, false},
		// Null is never written.
		{"end_time", nil, true},
		{"events.0.note", nil, true},
		{"cost", nil, false},
		// Types and limits.
		{"schema_version", "1.0", false},
		{"session_id", "", false},
		{"tags", "nightly", true},
		{"tags", []any{1}, true},
		{"metadata", []any{}, true},
		{"duration_ms", 1.5, true},
		{"duration_ms", -1, true},
		{"totals.usage.output_tokens", -1, true},
		{"totals.cost_usd", "0.1", true},
		{"totals.cost_usd", -0.1, false},
		{"events.0.seq", 0, true},
		{"events.2.tool.is_error", "false", true},
		{"redactions.email", "1", false},
		{"completeness.records.Stop", -1, false},
		{"cost.prices_date", "22 November", false},
		// Enums.
		{"status", "failed", true},
		{"outcome", "ok", false},
		{"cost.source", "guessed", false},
		{"completeness.missing", []any{"luck"}, false},
		{"events.0.type", "prompt", true},
		{"events.0.status", "completed", true},
		{"events.0.prompt_source", "system", false},
		{"events.2.tool.outcome", "error", false},
		{"events.3.subagent.link", "guessed", false},
		// Times and ids.
		{"start_time", "2026-11-22T10:00:12Z", true},
		{"start_time", "2026-11-22T10:00:12.140001123+00:00", true},
		{"start_time", "2026-11-22 10:00:12+00:00", true},
		{"events.0.start_time", "2026-11-22T11:00:12+01:00", true},
		{"events.0.end_time", 1795341612, true},
		{"trace_id", "4eaac988-79e9-48db-88c6-0f231988ff78", false},
		{"trace_id", strings.Repeat("A", 32), false},
		{"events.0.id", "toolu_01", false},
		{"events.3.parent_id", "", false},
		{"events.2.tool.llm_event_id", "msg_01", false},
		{"events.3.subagent.invocation_event_id", "toolu_01", false},
		{"cost.differences.0.event_ids", []any{"x"}, false},
		// What the type of an event asks for and does not allow.
		{"events.1.llm", gone, false},
		{"events.2.tool", gone, false},
		{"events.3.subagent", gone, false},
		{"events.6.compaction", gone, false},
		{"events.7.error", gone, false},
		{"events.0.llm", object{}, false},
		{"events.0.tool", object{"name": "Bash", "is_error": false}, false},
		{"events.0.subagent", object{"agent_id": "a"}, false},
		{"events.0.compaction", object{}, false},
		{"events.5.prompt", "hello", false},
		{"events.5.prompt_source", "sdk", false},
		{"events.0.name", "prompt", false},
		{"events.1.name", "user", false},
		{"events.2.name", "Agent", false},
		{"events.3.name", "Explore", false},
		{"events.5.name", "notification:", false},
		{"events.6.name", "compacted", false},
		{"events.7.name", "error:api", false},
		{"events.1.end_time", gone, false}, // with a duration
		{"events.8.llm.usage", object{"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0,
			"cache_creation_input_tokens": 0}, false}, // provisional
		{"events.3.subagent.link", "none", false}, // with an invocation
		{"cost.recorded_usd", gone, false},        // with source mixed
	} {
		b := change(t, full, row.path, row.value)
		if err := schematest.SessionError(b); err == nil {
			t.Errorf("%s = %v: got no error, want one", row.path, row.value)
		}
		if err := schematest.ContractError(b); (err != nil) != row.contract {
			t.Errorf("%s = %v: got error %v by contract 1.0, want one: %t", row.path, row.value, err, row.contract)
		}
	}
}

func TestWrongIndexRecordIsRefused(t *testing.T) {
	full := encodeSummary(t, fullSession())
	if schematest.IndexError(full) != nil {
		t.Fatal("the full index record is not valid before it is changed")
	}
	var keys object
	if err := json.Unmarshal(full, &keys); err != nil {
		t.Fatal(err)
	}
	for key := range keys {
		if err := schematest.IndexError(change(t, full, key, gone)); err == nil {
			t.Errorf("without %s: got no error, want one", key)
		}
	}
	for _, row := range []struct {
		path  string
		value any
	}{
		{"surprise", 1},
		{"agent.surprise", 1},
		{"tools.Agent.surprise", 1},
		{"tools.Agent.calls", gone},
		{"tools.Agent.errors", -1},
		{"schema_version", "1.0"},
		{"trace_id", "x"},
		{"start_time", nil},
		{"end_time", "2026-11-22T10:00:12Z"},
		{"duration_ms", "1"},
		{"status", nil},
		{"outcome", "ok"},
		{"cost_source", "guessed"},
		{"cost_usd", "0.1"},
		{"models", nil},
		{"tools", nil},
		{"first_prompt", strings.Repeat("é", 201)},
	} {
		if err := schematest.IndexError(change(t, full, row.path, row.value)); err == nil {
			t.Errorf("%s = %v: got no error, want one", row.path, row.value)
		}
	}
}
