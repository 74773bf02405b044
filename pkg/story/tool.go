package story

import (
	"fmt"
	"strings"

	"ams/pkg/lax"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

// mainInputs are the members of a tool's input that say most of it, the first one there wins.
var mainInputs = []string{"command", "file_path", "notebook_path", "pattern", "path", "query", "url", "skill", "description", "subject", "message", "prompt"}

// toolCall tells what a tool was called with, how it ended, how long it took and what came of it.
func (t *teller) toolCall(e *schema.Event) *passage {
	p := &passage{label: e.Tool.Name, style: screen.Bold, verdict: verdictOf(e.Tool), facts: toolFacts(e)}
	input := e.Tool.Input
	if len(e.Tool.ExecutedInput) > 0 {
		p.facts = append(p.facts, changedFact(e.Tool))
		input = e.Tool.ExecutedInput
	}
	if started := t.asked[e.ID]; started != nil && t.options.Event == 0 {
		// Its prompt and its answer stand in the subagent's own passages.
		p.title, p.short = started.Subagent.Description, true
		p.addFailure(e)
		p.addWords(e.Tool)
		return p
	}
	p.addInput(e.Tool.Name, input, t.options.Full || t.options.Event != 0)
	if !p.addFailure(e) {
		if text := resultText(e.Tool.Name, e.Tool.Result); strings.TrimSpace(text) != "" {
			p.blocks = append(p.blocks, block{output, "", text})
		}
	}
	p.addWords(e.Tool)
	return p
}

// changedFact says that a tool ran with another input than was asked for, and who changed it, where that is known.
func changedFact(t *schema.Tool) string {
	switch {
	case t.ExecutedInputBy == schema.ChangedByHook:
		return "a hook changed the input"
	case t.ExecutedInputBy == schema.ChangedByUser && t.Name == "AskUserQuestion":
		return "answered by a person"
	case t.ExecutedInputBy == schema.ChangedByUser:
		return "a person changed the input"
	}
	return "the input was changed before it ran"
}

// addWords tells where the whole of a cut output is, and what a person said when they permitted or refused the call.
func (p *passage) addWords(t *schema.Tool) {
	if f := t.FullOutput; f != nil {
		text := "cut by the client; the whole is in " + f.Path
		if f.Bytes > 0 {
			text = fmt.Sprintf("cut by the client; the whole, %s, is in %s", screen.Bytes(f.Bytes), f.Path)
		}
		p.blocks = append(p.blocks, block{thinking, "", text})
	}
	if t.Permission != nil {
		p.blocks = append(p.blocks, block{prose, "a person says", t.Permission.Feedback})
	}
}

func verdictOf(t *schema.Tool) string {
	switch t.Outcome {
	case schema.ToolOK:
		return ""
	case schema.ToolTimedOut:
		return "timed out"
	case schema.ToolUnreached:
		return "refused before it ran"
	case schema.ToolUnknown:
		return "no end recorded"
	case "": // a Session of contract 1.0
		if t.IsError {
			return string(schema.ToolFailed)
		}
		return ""
	}
	return string(t.Outcome)
}

func toolFacts(e *schema.Event) []string {
	var facts []string
	took := e.DurationMS
	if e.Tool.ExecutionMS != nil && e.Tool.ApprovalMS != nil {
		took = e.Tool.ExecutionMS // the rest was waiting, and is said to be
	}
	if took != nil {
		facts = append(facts, screen.Duration(*took))
	}
	if e.Tool.ApprovalMS != nil {
		facts = append(facts, "approved after "+screen.Duration(*e.Tool.ApprovalMS))
	}
	if p := e.Tool.Permission; p != nil && p.Decision != "" && p.Decision != "accept" {
		facts = append(facts, strings.TrimSuffix(p.Decision, "ed")+"ed by "+deciderText(p.Source))
	}
	return append(facts, backgroundFacts(e.Tool.Background)...)
}

// deciderText is who decided on a call; the client names a person in several ways: user_reject, user_permanent, ...
func deciderText(source string) string {
	if strings.HasPrefix(source, "user_") {
		return "user"
	}
	return strings.ReplaceAll(source, "_", " ")
}

// backgroundFacts tell how a shell that went on after its call ended.
func backgroundFacts(b *schema.Background) []string {
	switch {
	case b == nil:
		return nil
	case b.EndTime.IsZero():
		return []string{"in the background", "no end recorded"}
	case b.DurationMS == nil:
		return []string{"in the background", b.Status}
	}
	return []string{"in the background", b.Status + " after " + screen.Duration(*b.DurationMS)}
}

// addFailure tells the error of a call, if it had one.
func (p *passage) addFailure(e *schema.Event) bool {
	if e.Error == nil || strings.TrimSpace(e.Error.Message) == "" {
		return false
	}
	p.blocks = append(p.blocks, block{failure, "", e.Error.Message})
	return true
}

// addInput makes the main member of the input the passage's title, or its first block where it has several lines. Of
// the others only those that change files are told, unless all is asked for.
func (p *passage) addInput(tool string, input schema.Raw, all bool) {
	members, names := membersOf(input)
	if len(names) == 0 {
		if text := rawText(input); text != "" && text != "{}" {
			p.blocks = append(p.blocks, block{code, "", text})
		}
		return
	}
	main := ""
	for _, name := range mainInputs {
		if s := strings.TrimSpace(lax.String(members[name])); s != "" {
			main, p.title = name, s
			if path := lax.String(members["path"]); name == "pattern" && path != "" {
				p.title += "  in " + path
			}
			break
		}
	}
	if strings.Contains(p.title, "\n") {
		p.blocks = append(p.blocks, block{code, "", p.title})
		p.title = ""
		if description := lax.String(members["description"]); main != "description" {
			p.title = description
		}
	}
	for _, name := range names {
		text := rawText(members[name])
		switch {
		case name == main || text == "":
		case name == "old_string":
			p.blocks = append(p.blocks, block{removed, "", text})
		case name == "new_string":
			p.blocks = append(p.blocks, block{added, "", text})
		case name == "content" && main == "file_path":
			p.blocks = append(p.blocks, block{added, "", text})
		case all || main == "" || tool == "Agent" || tool == "Task":
			p.blocks = append(p.blocks, block{code, name, text})
		}
	}
}

// membersOf are the members of a JSON object with their names in its order; none of anything else.
func membersOf(r schema.Raw) (members map[string]lax.Raw, names []string) {
	if r.Kind() != '{' || lax.Unmarshal(r, &members) != nil {
		return nil, nil
	}
	return members, lax.Names(r)
}

// rawText shows a JSON value: a string as its text, anything else as JSON.
func rawText(r schema.Raw) string {
	switch {
	case lax.IsNull(r):
		return ""
	case r.Kind() == '"':
		return lax.String(r)
	}
	return lax.Pretty(r, oneLine)
}

// oneLine is the longest JSON value that is set on one line.
const oneLine = 80

// editTools answer with the file that they changed: the input says it all.
var editTools = map[string]bool{"Edit": true, "Write": true, "MultiEdit": true, "NotebookEdit": true}

// resultText is what a tool answered, as a person reads it. The shapes are the client's own (toolUseResult), and
// MCP's list of blocks.
func resultText(tool string, r schema.Raw) string {
	members, names := membersOf(r)
	switch {
	case r.Kind() == '[':
		return blocksText(r)
	case len(names) == 0:
		return rawText(r)
	case editTools[tool]:
		return ""
	case members["stdout"] != nil || members["stderr"] != nil:
		return joined(lax.String(members["stdout"]), lax.String(members["stderr"]))
	case members["file"] != nil:
		file, _ := membersOf(members["file"])
		if file["base64"] != nil {
			return "[" + lax.String(members["type"]) + " " + lax.String(file["type"]) + "]"
		}
		return lax.String(file["content"])
	}
	for _, name := range []string{"content", "result", "filenames", "results", "message"} {
		switch v := members[name]; v.Kind() {
		case '"':
			return lax.String(v)
		case '[':
			return blocksText(v)
		}
	}
	var lines []string
	for _, name := range names {
		if text := rawText(members[name]); text != "" {
			lines = append(lines, name+": "+text)
		}
	}
	return strings.Join(lines, "\n")
}

// blocksText joins a list of content blocks, or of plain values.
func blocksText(r schema.Raw) string {
	var parts []lax.Raw
	if lax.Unmarshal(r, &parts) != nil {
		return rawText(r)
	}
	var texts []string
	for _, part := range parts {
		members, _ := membersOf(part)
		switch kind := lax.String(members["type"]); {
		case members["text"] != nil:
			texts = append(texts, lax.String(members["text"]))
		case kind == "image" || kind == "audio" || kind == "document":
			texts = append(texts, "["+kind+"]")
		default:
			texts = append(texts, rawText(part))
		}
	}
	return strings.Join(texts, "\n")
}

func joined(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p = strings.TrimRight(p, "\n"); p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n")
}
