package assemble

import (
	"bytes"
	"strconv"
	"strings"

	"ams/pkg/hook"
	"ams/pkg/lax"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// seen is the result of a call that ended well, as the model saw it. The PostToolUse payload is fuller than the
// transcript, but holds what the tool gave before somebody's PostToolUse hook replaced it (updatedToolOutput): then
// the transcript's counts, and what the hook took out is stored nowhere.
func (t *tool) seen() schema.Raw {
	if t.post == nil || t.post.Event != hook.PostToolUse || lax.IsNull(t.post.ToolResponse) || t.result == nil {
		return t.response()
	}
	own := t.resLine.ToolUseResult
	switch {
	case onlyResult(t.resLine) && !lax.IsNull(own):
		if replaced(t.post.ToolResponse, own) {
			return own
		}
	case textReplaced(t.post.ToolResponse, blockText(t.result.Content)):
		return t.result.Content
	}
	return t.post.ToolResponse
}

// replaced reports whether the transcript says something else of a result than the hook, and not only less: the
// client leaves out what is large (an edited file's old content is null).
func replaced(hooked, written schema.Raw) bool {
	if bytes.Equal(hooked, written) || lax.IsNull(written) {
		return false
	}
	if hooked.Kind() == '{' && written.Kind() == '{' {
		var before, after map[string]lax.Raw
		if lax.Unmarshal(hooked, &before) != nil || lax.Unmarshal(written, &after) != nil {
			return false
		}
		for name, value := range after {
			if had, ok := before[name]; ok && replaced(had, value) {
				return true
			}
		}
		return false
	}
	return canonical(hooked) != canonical(written)
}

// comparable is the most text of a result that is compared: what is longer the client cuts in ways of its own.
const comparable = 8 << 10

// textReplaced is the same where the transcript has only the text for the model, as in the files of subagents. It
// knows the shapes in which that text holds the result as it is: what a command printed, a text, a list of blocks.
func textReplaced(hooked schema.Raw, text string) bool {
	var said string
	switch hooked.Kind() {
	case '{':
		said = field(hooked, "stdout")
	case '"', '[':
		said = blockText(hooked)
	}
	said = strings.TrimSpace(said)
	return said != "" && len(said) <= comparable && !strings.Contains(text, said)
}

// onlyResult reports whether a line holds the result of one call, so that its toolUseResult is that call's. A
// person's words may stand beside it.
func onlyResult(l *transcript.Line) bool {
	n := 0
	for _, b := range l.Message.Content.Blocks {
		if b.Type == "tool_result" {
			n++
		}
	}
	return n == 1
}

// changedBy says who changed what a call ran with, "" where that is not known: the client's decision names a hook
// that decided; a person answers the questions of AskUserQuestion, or edits what the tool would write.
func (t *tool) changedBy() schema.ChangedBy {
	source := ""
	if t.resLine != nil && t.resLine.PermissionDecision != nil {
		source = t.resLine.PermissionDecision.Source
	}
	switch {
	case source == "hook":
		return schema.ChangedByHook
	case t.name == "AskUserQuestion" && strings.HasPrefix(source, "user"), t.editedByPerson():
		return schema.ChangedByUser
	}
	return ""
}

// editedByPerson reports whether the client says that a person changed the file's new content in the dialog.
func (t *tool) editedByPerson() bool {
	for _, raw := range t.results() {
		if bytes.Contains(raw, []byte(`"userModified"`)) && member(raw, "userModified").Kind() == 't' {
			return true
		}
	}
	return false
}

// Words of the client around the path of a file that holds a result too long for the model.
var fullOutputWords = []string{"Full output saved to: ", "Output has been saved to "}

// fullOutput is the file in which the client keeps the whole of an output that it cut, nil where it cut none.
func (t *tool) fullOutput() *schema.OutputFile {
	for _, raw := range t.results() {
		if !bytes.Contains(raw, []byte(`"persistedOutputPath"`)) {
			continue // most results hold none, and some have megabytes
		}
		if path := field(raw, "persistedOutputPath"); path != "" {
			out := &schema.OutputFile{Path: path}
			if n, err := strconv.ParseInt(string(member(raw, "persistedOutputSize")), 10, 64); err == nil && n > 0 {
				out.Bytes = n
			}
			return out
		}
	}
	if t.result == nil || !bytes.Contains(t.result.Content[:min(len(t.result.Content), comparable)], []byte("saved to")) {
		return nil
	}
	text := blockText(t.result.Content)
	text = text[:min(len(text), comparable)]
	if !strings.HasPrefix(text, "<persisted-output>") && !strings.HasPrefix(text, "Error: result (") {
		return nil
	}
	for _, words := range fullOutputWords {
		if _, rest, ok := strings.Cut(text, words); ok {
			path, _, _ := strings.Cut(rest, "\n")
			return &schema.OutputFile{Path: strings.TrimSuffix(strings.TrimSpace(path), ".")}
		}
	}
	return nil
}
