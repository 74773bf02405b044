package main

import (
	"strings"
	"unicode/utf8"

	"ams/pkg/spool"
)

// claudeVars are the variables of the client that say what ran; those that hold
// tokens, sockets or keys are left out by not being here. All are names that the
// client knows (2.1.330).
var claudeVars = [...]string{
	"CLAUDE_AGENT_SDK_VERSION",
	"CLAUDE_CODE_CHILD_SESSION",
	"CLAUDE_CODE_CONTAINER_ID",
	"CLAUDE_CODE_EFFORT_LEVEL",
	"CLAUDE_CODE_ENTRYPOINT",
	"CLAUDE_CODE_ENVIRONMENT_KIND",
	"CLAUDE_CODE_MAX_OUTPUT_TOKENS",
	"CLAUDE_CODE_REMOTE",
	"CLAUDE_CODE_REMOTE_ENVIRONMENT_TYPE",
	"CLAUDE_CODE_REMOTE_SESSION_ID",
	"CLAUDE_CODE_SESSION_ATTENDED",
	"CLAUDE_CODE_SESSION_KIND",
	"CLAUDE_CODE_SESSION_NAME",
	"CLAUDE_CODE_SESSION_ORIGIN",
	"CLAUDE_CODE_SUBAGENT_MODEL",
	"CLAUDE_CODE_USE_BEDROCK",
	"CLAUDE_CODE_USE_FOUNDRY",
	"CLAUDE_CODE_USE_VERTEX",
	"CLAUDE_CONFIG_DIR",
	"CLAUDE_EFFORT",
	"CLAUDE_PID",
	"CLAUDE_PROJECT_DIR",
}

// maxVar bounds one variable of the context. AMS_METADATA is kept whole: the
// system bounds it to 128 kB.
const maxVar = 4096

// contextOf returns the context's JSON, which the package comment of spool
// draws. Keys without a value are left out, and the order is fixed, so that
// equal surroundings give equal bytes.
func contextOf(getenv func(string) string, host func() (string, error)) []byte {
	b := make([]byte, 0, 1024)
	b = append(b, '{')
	b = appendField(b, "agent_name", getenv("AMS_AGENT_NAME"))
	b = appendField(b, "agent_version", getenv("AMS_AGENT_VERSION"))
	b = appendField(b, "environment", getenv("AMS_ENVIRONMENT"))
	b = appendTags(b, getenv("AMS_TAGS"))
	b = appendMetadata(b, getenv("AMS_METADATA"))
	if name, err := host(); err == nil {
		b = appendField(b, "host", name)
	}
	b = appendField(b, "user", userName(getenv))
	b = appendClaude(b, getenv)
	return append(b, '}')
}

func appendTags(b []byte, list string) []byte {
	n := 0
	for tag := range strings.SplitSeq(list, ",") {
		if tag = strings.TrimSpace(tag); tag == "" {
			continue
		}
		if n == 0 {
			b = append(appendName(b, "tags"), '[')
		} else {
			b = append(b, ',')
		}
		b = appendString(b, tag)
		n++
	}
	if n > 0 {
		b = append(b, ']')
	}
	return b
}

// appendMetadata passes one JSON object on as it is, and anything else as text.
func appendMetadata(b []byte, metadata string) []byte {
	metadata = strings.Trim(metadata, " \t\r\n")
	if metadata == "" {
		return b
	}
	b = appendName(b, "metadata")
	if spool.IsObject([]byte(metadata)) {
		return append(b, metadata...)
	}
	b = append(b, `{"raw":`...)
	b = appendString(b, metadata)
	return append(b, '}')
}

func appendClaude(b []byte, getenv func(string) string) []byte {
	n := 0
	for _, name := range claudeVars {
		value := getenv(name)
		if value == "" {
			continue
		}
		if n == 0 {
			b = append(appendName(b, "claude"), '{')
		}
		b = appendField(b, name, value)
		n++
	}
	if n > 0 {
		b = append(b, '}')
	}
	return b
}

// appendField adds a name and a string to an open object, unless it is empty.
func appendField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendString(appendName(b, name), value[:min(len(value), maxVar)])
}

func appendName(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

// appendString adds a JSON string. What is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		i++
	}
	return append(b, '"')
}

// userName returns the name of the user as the environment has it. The user
// database would cost more than it tells.
func userName(getenv func(string) string) string {
	for _, name := range [...]string{"USER", "LOGNAME", "USERNAME"} {
		if s := getenv(name); s != "" {
			return s
		}
	}
	return uidName()
}
