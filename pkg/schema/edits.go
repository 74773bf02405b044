package schema

import (
	"bytes"
	"cmp"
	"strings"

	"ams/pkg/lax"
)

// FileEdit is what one call of a tool did to a file. Lines are counted as a diff counts them; those of a binary file or
// of a change that nobody recorded are 0.
type FileEdit struct {
	Path           string
	Added, Removed int
}

// maxEdits bounds the edits of one call that are counted; the most seen were 30.
const maxEdits = 10_000

// editTools are the tools that write a file, each with the member of its input that names it.
var editTools = map[string]string{"Edit": "file_path", "Write": "file_path", "MultiEdit": "file_path", "NotebookEdit": "notebook_path"}

// EditedPath is the file that a call was to write, "" for any other call.
func (t *Tool) EditedPath() string {
	name, ok := editTools[t.Name]
	if !ok {
		return ""
	}
	return lax.String(lax.Pick(t.ran(), name)[0])
}

// Edit is what the call did to a file; false where it wrote none, or failed. The client's own diff counts where the
// result has it, else the input.
func (t *Tool) Edit() (FileEdit, bool) {
	edit := FileEdit{Path: t.EditedPath()}
	if edit.Path == "" || t.IsError || t.Outcome != "" && t.Outcome != ToolOK {
		return edit, false
	}
	result := lax.Pick(t.Result, "structuredPatch", "type")
	if edit.addPatch(result[0]) {
		return edit, true
	}
	in := lax.Pick(t.ran(), "old_string", "new_string", "content", "edits")
	switch {
	case t.Name == "Write" && lax.String(result[1]) == "update": // what was there before is not known
	case t.Name == "Write":
		edit.Added = lines(lax.String(in[2]))
	case in[3].Kind() == '[':
		_, _ = lax.Elements(lax.NewDecoder(bytes.NewBuffer(in[3])), maxEdits, func(d *lax.Decoder) error {
			raw, err := d.ReadValue()
			each := lax.Pick(raw, "old_string", "new_string")
			edit.replace(lax.String(each[0]), lax.String(each[1]))
			return err
		})
	default:
		edit.replace(lax.String(in[0]), lax.String(in[1]))
	}
	return edit, true
}

// ran is what the call ran with.
func (t *Tool) ran() Raw {
	if len(t.ExecutedInput) > 0 {
		return t.ExecutedInput
	}
	return t.Input
}

// addPatch counts the lines of the client's diff, false where there is none. A file that was made has an empty one.
func (f *FileEdit) addPatch(patch Raw) bool {
	if patch.Kind() != '[' {
		return false
	}
	var hunks []struct {
		Lines []string `json:"lines"`
	}
	if lax.Unmarshal(patch, &hunks) != nil || len(hunks) == 0 {
		return false
	}
	for _, h := range hunks {
		for _, line := range h.Lines {
			switch {
			case strings.HasPrefix(line, "+"):
				f.Added++
			case strings.HasPrefix(line, "-"):
				f.Removed++
			}
		}
	}
	return true
}

// replace counts what differs between a text and what took its place, without the lines that both begin and end with.
func (f *FileEdit) replace(old, fresh string) {
	was, is := splitLines(old), splitLines(fresh)
	for len(was) > 0 && len(is) > 0 && was[0] == is[0] {
		was, is = was[1:], is[1:]
	}
	for len(was) > 0 && len(is) > 0 && was[len(was)-1] == is[len(is)-1] {
		was, is = was[:len(was)-1], is[:len(is)-1]
	}
	f.Removed += len(was)
	f.Added += len(is)
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func lines(text string) int { return len(splitLines(text)) }

// Skill is the skill that a call of the tool Skill loads, "" for any other call.
func (t *Tool) Skill() string {
	if t.Name != "Skill" {
		return ""
	}
	in := lax.Pick(t.ran(), "skill", "command") // clients before 2.1 say command
	return cmp.Or(lax.String(in[0]), lax.String(in[1]))
}
