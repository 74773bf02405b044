package assemble

import "testing"

func TestUnknownErrorsSayWhatTheirTextSays(t *testing.T) {
	for _, row := range []struct {
		kind, apiType string
		status        int64
		text, want    string
	}{
		{"server_error", "overloaded_error", 529, "API Error: 529 Overloaded", "server_error"},
		{"", "", 400, "API Error: 400 x", ""},
		{"unknown", "invalid_request_error", 400, "API Error: 400 scripted bad request", "invalid_request_error"},
		{"unknown", "", 0, "API Error: 400 scripted bad request", "invalid_request_error"},
		{"unknown", "", 0, "API Error (529 Overloaded). Try again", "overloaded_error"},
		{"unknown", "", 413, "Request too large", "request_too_large"},
		{"unknown", "", 0, `API Error: 400 {"type":"error","error":{"type":"not_found_error","message":"model: x"}}`, "not_found_error"},
		{"unknown", "", 0, "Prompt is too long", "prompt_too_long"},
		{"unknown", "", 0, "Credit balance is too low", "billing_error"},
		{"unknown", "", 0, "Claude AI usage limit reached|1760000000", "rate_limit_error"},
		{"unknown", "", 0, "API Error: Connection error.", "connection_error"},
		{"unknown", "", 0, "API Error: Request timed out.", "timeout_error"},
		{"unknown", "", 0, "API Error: 418 I'm a teapot", "unknown"},
		{"unknown", "", 0, "", "unknown"},
	} {
		if got := errorLabel(row.kind, row.apiType, row.status, row.text); got != row.want {
			t.Errorf("%q, %q, %d, %q: got %q, want %q", row.kind, row.apiType, row.status, row.text, got, row.want)
		}
	}
}
