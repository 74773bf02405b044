package assemble

import (
	"regexp"
	"strconv"
	"strings"
)

// unknownError is the client's word for an API error that it has no word for.
const unknownError = "unknown"

// Where the text of an API error has the API's own type, and its status.
var (
	apiErrorType   = regexp.MustCompile(`"type"\s*:\s*"([a-z_]{3,40}_error)"`)
	apiErrorStatus = regexp.MustCompile(`^API Error:? \(?([1-5][0-9]{2})\b`)
)

// errorTypes are the API's types of errors by their status.
var errorTypes = map[int64]string{
	400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error",
	408: "timeout_error", 413: "request_too_large", 429: "rate_limit_error", 500: "api_error", 502: "api_error", 503: "overloaded_error",
	504: "timeout_error", 529: "overloaded_error",
}

// errorWords are what texts without a status say, in the words of clients 1.0.44 to 2.1.332.
var errorWords = []struct{ words, label string }{
	{"prompt is too long", "prompt_too_long"},
	{"credit balance is too low", "billing_error"},
	{"limit reached", "rate_limit_error"},
	{"hit your limit", "rate_limit_error"},
	{"rate limit", "rate_limit_error"},
	{"overloaded", "overloaded_error"},
	{"output token maximum", "max_output_tokens"},
	{"api key", "authentication_error"},
	{"please run /login", "authentication_error"},
	{"oauth", "authentication_error"},
	{"usage policy", "refusal"},
	{"issue with the selected model", "not_found_error"},
	{"timed out", "timeout_error"},
	{"timeout", "timeout_error"},
	{"connection", "connection_error"},
	{"unable to connect", "connection_error"},
	{"fetch failed", "connection_error"},
	{"aborted", "aborted"},
	{"internal server error", "api_error"},
}

// labelledText is how much of an error's text is looked at: the client's own words stand first, what a gateway
// answered may be long.
const labelledText = 4 << 10

// errorLabel is the kind of an API error: the client's word for it, and where that is "unknown" what the status, the
// API's own type or the text say.
func errorLabel(kind, apiType string, status int64, text string) string {
	if kind != unknownError {
		return kind
	}
	text = text[:min(len(text), labelledText)]
	if m := apiErrorType.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	if apiType != "" && apiType != unknownError {
		return apiType
	}
	if m := apiErrorStatus.FindStringSubmatch(text); m != nil && status == 0 {
		status, _ = strconv.ParseInt(m[1], 10, 64)
	}
	if label := errorTypes[status]; label != "" {
		return label
	}
	lower := strings.ToLower(text)
	for _, w := range errorWords {
		if strings.Contains(lower, w.words) {
			return w.label
		}
	}
	return kind
}
