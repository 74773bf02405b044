package assemble

import (
	"strings"

	"ams/pkg/lax"
	"ams/pkg/transcript"
)

// blockedByHook is the kind of a prompt's end that a hook of somebody's caused, in the client's word.
const blockedByHook = "blocked_by_hook"

// Texts of the line that the client writes in place of a prompt that a hook blocked.
const (
	promptBlocked  = "UserPromptSubmit operation blocked by hook:"
	originalPrompt = "\n\nOriginal prompt: "
)

// block is a prompt that a hook kept from the model, with the hook's reason.
type block struct{ prompt, reason string }

// blockOf reads a blocked prompt out of a transcript line, nil where the line is none.
func blockOf(l *transcript.Line) *block {
	if l.Type != "system" || l.Subtype != "informational" {
		return nil
	}
	text, isBlock := strings.CutPrefix(lax.String(l.Content), promptBlocked)
	if !isBlock && (l.PromptEnding == nil || l.PromptEnding.Ending.Kind != blockedByHook) {
		return nil
	}
	reason, prompt, _ := strings.Cut(text, originalPrompt)
	b := &block{prompt: prompt, reason: strings.TrimSpace(reason)}
	if l.PromptEnding != nil && l.PromptEnding.Ending.Reason != "" {
		b.reason = l.PromptEnding.Ending.Reason
	}
	return b
}

// markBlocked gives blocked prompts their reasons. A blocked prompt has no line of its own: where no hook of
// ours saw it, the line that tells of the block has its text.
func (j *joiner) markBlocked() {
	seen := map[string][]*prompt{} // prompts that hooks alone have, by their texts
	for _, p := range j.prompts {
		if p.line == nil {
			text := strings.TrimSpace(p.text)
			seen[text] = append(seen[text], p)
		}
	}
	for _, l := range j.mainLines() {
		b := blockOf(l)
		if b == nil || j.copies.lines[l] {
			continue
		}
		text := strings.TrimSpace(b.prompt)
		if list := seen[text]; len(list) > 0 {
			list[0].block, seen[text] = b, list[1:]
		} else if text != "" {
			p := &prompt{text: b.prompt, source: entrySource(l.Entrypoint), at: l.Time, line: l, block: b}
			j.prompts = append(j.prompts, p)
		}
	}
}
