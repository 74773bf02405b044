package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func noHost() (string, error) { return "", errors.New("no host") }

func TestContextHoldsNoSecrets(t *testing.T) {
	for _, name := range claudeVars {
		for _, word := range []string{"TOKEN", "KEY", "SECRET", "OAUTH", "SOCKET", "PASSWORD", "CREDENTIAL", "HEADER", "_FILE"} {
			if strings.Contains(name, word) && name != "CLAUDE_CODE_MAX_OUTPUT_TOKENS" {
				t.Errorf("%s may hold a secret", name)
			}
		}
	}
	all := contextOf(func(name string) string { return "value of " + name }, noHost)
	for _, secret := range []string{"CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_MESSAGING_SOCKET", "ANTHROPIC_API_KEY", "CLAUDE_CODE_SESSION_ACCESS_TOKEN"} {
		if strings.Contains(string(all), secret) {
			t.Errorf("%s is in %s", secret, all)
		}
	}
}

func TestContextOfNothing(t *testing.T) {
	got := contextOf(func(name string) string { return map[string]string{"USER": "dev", "AMS_TAGS": " , ,"}[name] }, noHost)
	if want := `{"user":"dev"}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// FuzzContext holds that the context is one JSON object that says what went in,
// the same each time, whatever the environment holds.
func FuzzContext(f *testing.F) {
	f.Add("name", "a,b", `{"a":1}`, "/dir")
	f.Add("n\"\\\x00\x1f", ",,\n,", `{"a":`, "\xff\xfe\u2028é")
	f.Add("", "", " [1] ", strings.Repeat("x", maxVar+1))
	f.Fuzz(func(t *testing.T, name, tags, metadata, dir string) {
		vars := map[string]string{
			"AMS_AGENT_NAME": name, "AMS_TAGS": tags, "AMS_METADATA": metadata, "CLAUDE_PROJECT_DIR": dir, "USER": "u",
		}
		getenv := func(name string) string { return vars[name] }
		b := contextOf(getenv, noHost)
		if string(contextOf(getenv, noHost)) != string(b) {
			t.Error("not the same twice")
		}
		var got struct {
			AgentName string            `json:"agent_name"`
			Tags      []string          `json:"tags"`
			Metadata  json.RawMessage   `json:"metadata"`
			Claude    map[string]string `json:"claude"`
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%v in %s", err, b)
		}
		if len(name) <= maxVar && utf8.ValidString(name) && got.AgentName != name {
			t.Errorf("got agent_name %q, want %q", got.AgentName, name)
		}
		for _, tag := range got.Tags {
			if tag == "" || strings.Contains(tag, ",") || strings.TrimSpace(tag) != tag {
				t.Errorf("got tag %q of %q", tag, tags)
			}
		}
		if strings.Trim(metadata, " \t\r\n") != "" && (len(got.Metadata) == 0 || got.Metadata[0] != '{') {
			t.Errorf("got metadata %s of %q", got.Metadata, metadata)
		}
		if len(dir) <= maxVar && utf8.ValidString(dir) && got.Claude["CLAUDE_PROJECT_DIR"] != dir {
			t.Errorf("got %q, want %q", got.Claude["CLAUDE_PROJECT_DIR"], dir)
		}
	})
}
