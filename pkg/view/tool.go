package view

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"ams/pkg/lax"
	"ams/pkg/schema"
	"ams/pkg/story"
)

// toolParts are the title and the texts of a call of a tool.
func (v *Session) toolParts(i int) (title string, parts []Part) {
	e := &v.Events[i]
	t := e.Tool
	input := t.Input
	if len(t.ExecutedInput) > 0 {
		input = t.ExecutedInput
	}
	c := &call{tool: t, input: input}
	if agent, ok := v.asked[i]; ok {
		c.title = v.Events[agent].Subagent.Description // the rest is on the agent's card
	} else {
		c.addInput()
	}
	if e.Error != nil {
		c.add(Failure, "", e.Error.Message)
	} else if _, ok := v.asked[i]; !ok {
		c.addResult()
	}
	if f := t.FullOutput; f != nil {
		c.add(Code, "cut by the client; the whole is in", f.Path)
	}
	if t.Permission != nil {
		c.add(Prose, "a person says", t.Permission.Feedback)
	}
	return c.title, c.parts
}

// call gathers the texts of a call of a tool.
type call struct {
	tool  *schema.Tool
	input schema.Raw
	title string
	parts []Part
}

func (c *call) add(kind PartKind, name, text string) {
	if strings.TrimSpace(text) != "" {
		c.parts = append(c.parts, Part{Kind: kind, Name: name, Text: text})
	}
}

// addInput tells what a tool was given: each kind of tool in its way, others by the member that says most.
func (c *call) addInput() {
	in := func(names ...string) []string {
		texts := make([]string, len(names))
		for i, r := range lax.Pick(c.input, names...) {
			texts[i] = lax.String(r)
		}
		return texts
	}
	switch classOf(c.tool.Name) {
	case classShell:
		if v := in("command", "description"); v[0] != "" {
			c.title = v[1]
			c.add(Command, "", v[0])
			return
		}
	case classEdit:
		if v := in("file_path", "notebook_path"); v[0]+v[1] != "" {
			c.title = v[0] + v[1]
			c.addDiff()
			return
		}
	}
	if c.tool.Name == "TodoWrite" && c.addTodos() {
		return
	}
	main, text := story.MainInput(c.input)
	c.title = text
	if main == "pattern" {
		if path := in("path")[0]; path != "" {
			c.title += "  in " + path
		}
	}
	if strings.Contains(text, "\n") || len(text) > maxLabel {
		c.add(Code, main, text)
		if c.title = in("description")[0]; main == "description" {
			c.title = ""
		}
	}
	for _, name := range lax.Names(c.input) {
		if name != main && name != "path" && name != "description" {
			kind := Code
			if name == "plan" {
				kind = Prose
			}
			c.add(kind, name, story.Value(lax.Pick(c.input, name)[0]))
		}
	}
	if len(c.parts) == 0 && main == "" && c.input.Kind() != '{' {
		c.add(Code, "", story.Value(c.input))
	}
}

// maxHunks bounds the hunks of a diff and the edits of a call that are shown.
const maxHunks = 10_000

// addDiff shows what an edit did: the client's own diff, else what was to be replaced by what.
func (c *call) addDiff() {
	var b strings.Builder
	hunks := elements(lax.Pick(c.tool.Result, "structuredPatch")[0])
	for _, hunk := range hunks {
		v := lax.Pick(hunk, "oldStart", "oldLines", "newStart", "newLines", "lines")
		fmt.Fprintf(&b, "@@ -%s,%s +%s,%s @@\n", number(v[0]), number(v[1]), number(v[2]), number(v[3]))
		for _, line := range elements(v[4]) {
			b.WriteString(lax.String(line) + "\n")
		}
	}
	if b.Len() == 0 {
		v := lax.Pick(c.input, "old_string", "new_string", "content", "new_source", "edits")
		signed(&b, '-', lax.String(v[0]))
		for _, text := range v[1:4] {
			signed(&b, '+', lax.String(text))
		}
		for _, edit := range elements(v[4]) {
			texts := lax.Pick(edit, "old_string", "new_string")
			b.WriteString("@@\n")
			signed(&b, '-', lax.String(texts[0]))
			signed(&b, '+', lax.String(texts[1]))
		}
	}
	c.add(Diff, "", strings.TrimSuffix(b.String(), "\n"))
}

// number is a number as it stands, "" for anything else.
func number(r schema.Raw) string {
	if r.Kind() != '0' || len(r) > 12 {
		return ""
	}
	return string(r)
}

func signed(b *strings.Builder, sign byte, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		b.WriteByte(sign)
		b.WriteString(line)
		b.WriteByte('\n')
	}
}

// addTodos shows a list of things to do.
func (c *call) addTodos() bool {
	var lines []string
	for _, todo := range elements(lax.Pick(c.input, "todos")[0]) {
		v := lax.Pick(todo, "status", "content")
		lines = append(lines, "["+lax.String(v[0])+"] "+strings.Join(strings.Fields(lax.String(v[1])), " "))
	}
	c.add(Todos, "", strings.Join(lines, "\n"))
	return len(lines) > 0
}

// addResult tells what a tool gave back.
func (c *call) addResult() {
	r := c.tool.Result
	v := lax.Pick(r, "stdout", "stderr", "file", "content")
	switch file := lax.Pick(v[2], "base64", "type"); {
	case classOf(c.tool.Name) == classEdit && c.tool.EditedPath() != "", c.tool.Name == "TodoWrite":
		return // the diff, or the list, says it
	case v[0] != nil || v[1] != nil:
		c.add(Output, "", strings.TrimRight(lax.String(v[0]), "\n"))
		c.add(Output, "stderr", strings.TrimRight(lax.String(v[1]), "\n"))
		return
	case lax.String(file[0]) != "":
		c.addImage(lax.String(file[1]), lax.String(file[0]))
		return
	}
	blocks := r
	if v[3].Kind() == '[' {
		blocks = v[3]
	}
	if blocks.Kind() == '[' && c.addBlocks(blocks) {
		return
	}
	kind := Code
	if classOf(c.tool.Name) == classShell || classOf(c.tool.Name) == classServer {
		kind = Output
	}
	c.add(kind, "", story.Answer(c.tool))
}

// addBlocks shows a list of content blocks where a picture is among them.
func (c *call) addBlocks(list schema.Raw) bool {
	var parts []Part
	image := false
	for _, block := range elements(list) {
		v := lax.Pick(block, "type", "text", "source", "data", "mimeType")
		source := lax.Pick(v[2], "media_type", "data")
		kind, one := lax.String(v[0]), call{tool: c.tool}
		switch {
		case kind == "image" && lax.String(source[1]) != "":
			one.addImage(lax.String(source[0]), lax.String(source[1]))
		case kind == "image" && lax.String(v[3]) != "": // as MCP has it
			one.addImage(lax.String(v[4]), lax.String(v[3]))
		case kind == "text":
			one.add(Code, "", lax.String(v[1]))
		default:
			one.add(Code, kind, story.Value(block))
		}
		image = image || kind == "image"
		parts = append(parts, one.parts...)
	}
	if image {
		c.parts = append(c.parts, parts...)
	}
	return image
}

// rasters are the types of images that are shown: no others can hold a script or ask for something.
var rasters = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

func (c *call) addImage(media, data string) {
	if !slices.Contains(rasters, media) {
		c.add(Code, "an image that is not shown", cutText(media, 100))
		return
	}
	c.parts = append(c.parts, Part{Kind: Image, Media: media, Bytes: base64.StdEncoding.DecodedLen(len(data)), data: data})
}

// Picture is the bytes of an image, of the type that it says and begins as; false for anything else.
func (p Part) Picture() ([]byte, bool) {
	if p.Kind != Image {
		return nil, false
	}
	b, err := base64.StdEncoding.DecodeString(p.data)
	return b, err == nil && beginsAs(p.Media, b)
}

// beginsAs reports whether bytes are an image of a type, by how they begin.
func beginsAs(media string, b []byte) bool {
	begins := map[string]string{"image/png": "\x89PNG\r\n\x1a\n", "image/jpeg": "\xff\xd8\xff", "image/gif": "GIF8", "image/webp": "RIFF"}
	return strings.HasPrefix(string(b[:min(len(b), 16)]), begins[media])
}

// elements are the values of a list; none of anything else.
func elements(list schema.Raw) []schema.Raw {
	if list.Kind() != '[' {
		return nil
	}
	var out []schema.Raw
	if lax.Unmarshal(list, &out) != nil || len(out) > maxHunks {
		return out[:min(len(out), maxHunks)]
	}
	return out
}
