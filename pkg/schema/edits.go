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

// maxElements bounds the edits of one call, and the lines of a part of its diff; the most seen were some thousands.
const maxElements = 1_000_000

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
	in := lax.Pick(t.ran(), "old_string", "new_string", "content", "edits", "new_source")
	switch {
	case t.Name == "Write" && lax.String(result[1]) == "update": // what was there before is not known
	case t.Name == "Write":
		edit.Added = lines(in[2])
	case t.Name == "NotebookEdit": // of the cell that was there nothing is recorded
		edit.Added = lines(in[4])
	case in[3].Kind() == '[':
		each(in[3], func(one Raw) {
			texts := lax.Pick(one, "old_string", "new_string")
			edit.replace(lax.String(texts[0]), lax.String(texts[1]))
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
	hunks := 0
	each(patch, func(hunk Raw) {
		hunks++
		each(lax.Pick(hunk, "lines")[0], func(line Raw) {
			switch {
			case bytes.HasPrefix(line, []byte(`"+`)):
				f.Added++
			case bytes.HasPrefix(line, []byte(`"-`)):
				f.Removed++
			}
		})
	})
	return hunks > 0
}

// each calls fn for the elements of a list, in place.
func each(list Raw, fn func(Raw)) {
	if list.Kind() != '[' {
		return
	}
	_, _ = lax.Elements(lax.NewDecoder(bytes.NewBuffer(list)), maxElements, func(d *lax.Decoder) error {
		value, err := d.ReadValue()
		if err == nil {
			fn(value)
		}
		return err
	})
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

// lines counts those of a JSON string where it stands: a written file may have megabytes.
func lines(r Raw) int {
	if r.Kind() != '"' || len(r) <= len(`""`) {
		return 0
	}
	text, n := r[1:len(r)-1], 1
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+2 > len(text) {
			return n
		}
		if text[i+1] == 'n' && i+2 < len(text) {
			n++
		}
		text = text[i+2:]
	}
}

// Skill is the skill that a call of the tool Skill loads, "" for any other call.
func (t *Tool) Skill() string {
	if t.Name != "Skill" {
		return ""
	}
	in := lax.Pick(t.ran(), "skill", "command") // clients before 2.1 say command
	return cmp.Or(lax.String(in[0]), lax.String(in[1]))
}
