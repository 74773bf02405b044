package assemble

import (
	"strings"
	"testing"

	"ams/pkg/schema"
)

func TestWhatQuotesRecordsIsNotStoredAgain(t *testing.T) {
	quote := schema.QuoteMark + `\n\n` + "```" + `\nwhat they said\n` + "```"
	for _, c := range []struct {
		name, tool, result string
		kept               bool
	}{
		{"blocks", "mcp__ams__find_text", `[{"type":"text","text":"` + quote + `"}]`, false},
		{"a string", "mcp__ams__report", `"` + quote + `"`, false},
		{"an object", "mcp__ams__report", `{"content":[{"type":"text","text":"` + quote + `"}]}`, false},
		{"of a plugin's server", "mcp__plugin_ams-read_ams__session_events", `[{"type":"text","text":"` + quote + `"}]`, false},
		{"of a server called otherwise", "mcp__history__session_events", `"` + quote + `"`, false},
		{"a command that prints the mark", "Bash", `{"stdout":"` + quote + `"}`, true},
		{"a file that has it", "Read", `{"file":{"content":"` + quote + `"}}`, true},
		{"an answer without the mark", "mcp__ams__list_sessions", `"no session fits"`, true},
		{"none", "mcp__ams__list_sessions", ``, true},
	} {
		got := string(withoutQuotes(c.tool, schema.Raw(c.result)))
		if c.kept != (got == c.result) || !c.kept && (strings.Contains(got, "they said") || !strings.Contains(got, `"bytes":`)) {
			t.Errorf("%s: got %s", c.name, got)
		}
	}
}
