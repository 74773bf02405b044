package assemble

import (
	"strings"

	"ams/pkg/lax"
	"ams/pkg/transcript"
)

// textOf joins the text of a user line.
func textOf(l *transcript.Line) string {
	if l.Message == nil {
		return ""
	}
	return contentText(l.Message.Content)
}

// contentText joins the text blocks of a content.
func contentText(c transcript.Content) string {
	if c.Text != "" {
		return c.Text
	}
	var parts []string
	for _, b := range c.Blocks {
		if b.Type == "text" {
			parts = append(parts, b.Text)
		}
	}
	return strings.Join(parts, "\n")
}

// blockText is the text of a tool_result's content: a string, or a list of blocks.
func blockText(raw lax.Raw) string {
	if raw.Kind() == '"' {
		return lax.String(raw)
	}
	var c transcript.Content
	if lax.Unmarshal(raw, &c) != nil {
		return ""
	}
	return contentText(c)
}

// firstWords is the beginning of a text on one line, of at most n characters.
func firstWords(text string, n int) string {
	count := 0
	for i := range text {
		if count++; count > n {
			text = text[:i] + "…"
			break
		}
	}
	return strings.Join(strings.Fields(text), " ")
}

// isToolResult reports whether a user line holds the result of a tool.
func isToolResult(l *transcript.Line) bool {
	if l.Message == nil {
		return false
	}
	for _, b := range l.Message.Content.Blocks {
		if b.Type == "tool_result" {
			return true
		}
	}
	return false
}

// canonical is a JSON value in one form, whatever the order of its keys: the channels order them differently.
func canonical(raw lax.Raw) string {
	if lax.IsNull(raw) {
		return ""
	}
	return lax.Canonical(raw)
}

// field returns a member of a JSON object as text, "" where there is none.
func field(raw lax.Raw, name string) string { return lax.String(member(raw, name)) }

// member returns a member of a JSON object, nil where there is none.
func member(raw lax.Raw, name string) lax.Raw {
	if raw.Kind() != '{' {
		return nil
	}
	var members map[string]lax.Raw
	if lax.Unmarshal(raw, &members) != nil {
		return nil
	}
	return members[name]
}
