package schematest

import (
	"strings"
	"testing"
)

// recorder stands in for the test that calls the helpers, to see what they report.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

const valid = `{"schema_version":"1.2","session_id":"s","trace_id":"0123456789abcdef0123456789abcdef","agent":{},"tags":[],
"metadata":{},"start_time":"2026-11-22T10:00:12+00:00","status":"ok","totals":{"usage":{"input_tokens":0,"output_tokens":0,
"cache_read_input_tokens":0,"cache_creation_input_tokens":0},"llm_calls":0,"tool_calls":0,"subagents":0,"errors":0},"events":[]}`

const validIndex = `{"schema_version":"1.2","session_id":"s","trace_id":"0123456789abcdef0123456789abcdef","agent":{},
"environment":null,"tags":[],"metadata":{},"start_time":"2026-11-22T10:00:12+00:00","end_time":null,"duration_ms":null,
"status":"ok","stored":null,"input_tokens":0,"output_tokens":0,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"cost_usd":null,"llm_calls":0,"tool_calls":0,"subagents":0,"errors":0,
"title":null,"cwd":null,"models":[],"client_version":null,"outcome":null,"cost_source":null,"first_prompt":null,"tools":{},"unknown_tokens":[],
		"user":null,"host":null,"git_branch":null,"repo":null,"parent_session_id":null,"main_agent":null,"active_ms":null,"per_model":{},"agents":{},"per_day":{},"skills":{},
		"files":{},"compactions":0,"approvals":{"count":0,"ms":0},"cache_rewrites":{"count":0,"tokens":0,"cost_usd":0},"retries":{"count":0,"ms":0},"peak_context":null,"signals":{}}`

func TestHelpersFailTheirTest(t *testing.T) {
	for _, row := range []struct {
		name     string
		validate func(testing.TB, []byte)
		input    string
		want     bool // that it fails
	}{
		{"valid Session", Validate, valid, false},
		{"no Session", Validate, `{}`, true},
		{"Session with a field that is not described", Validate, strings.Replace(valid, `{`, `{"surprise":1,`, 1), true},
		{"two values", Validate, valid + valid, true},
		{"no JSON", Validate, "", true},
		{"valid index record", ValidateIndex, validIndex, false},
		{"no index record", ValidateIndex, `{}`, true},
		{"Session as index record", ValidateIndex, valid, true},
	} {
		r := new(recorder)
		row.validate(r, []byte(row.input))
		if r.failed != row.want {
			t.Errorf("%s: got failed %t, want %t\ninput: %s", row.name, r.failed, row.want, row.input)
		}
	}
}

func TestErrorsNameTheSchema(t *testing.T) {
	extra := []byte(strings.Replace(valid, `{`, `{"surprise":1,`, 1))
	if err := ContractError(extra); err != nil {
		t.Errorf("contract 1.0 allows further fields, got %v", err)
	}
	err := SessionError(extra)
	if err == nil || !strings.Contains(err.Error(), "session-1.2") || !strings.Contains(err.Error(), "surprise") {
		t.Errorf("got error %v, want one that names session-1.2 and the field", err)
	}
	if err := ContractIndexError([]byte(valid)); err == nil || !strings.Contains(err.Error(), "index-1.0") {
		t.Errorf("got error %v, want one that names index-1.0", err)
	}
}
