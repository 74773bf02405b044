package assemble

import (
	"strings"
	"time"

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
type block struct {
	prompt, reason string
	at             time.Time
}

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
	b := &block{prompt: prompt, reason: strings.TrimSpace(reason), at: l.Time}
	if l.PromptEnding != nil && l.PromptEnding.Ending.Reason != "" {
		b.reason = l.PromptEnding.Ending.Reason
	}
	return b
}

// markBlocked gives blocked prompts their reasons. A blocked prompt has no line of its own: where no hook of ours saw it, the line that
// tells of the block has its text.
func (j *joiner) markBlocked() {
	for _, l := range j.mainLines() {
		b := blockOf(l)
		if b == nil || j.copies.lines[l] {
			continue
		}
		if p := j.blockedPrompt(b); p != nil {
			p.block = b
		} else if b.prompt != "" {
			j.prompts = append(j.prompts, &prompt{text: b.prompt, source: entrySource(l.Entrypoint), at: b.at, line: l, block: b})
		}
	}
}

// blockedPrompt is the last prompt before the block that a hook saw and no line has.
func (j *joiner) blockedPrompt(b *block) *prompt {
	for i := len(j.prompts) - 1; i >= 0; i-- {
		p := j.prompts[i]
		same := b.prompt == "" || strings.TrimSpace(p.text) == strings.TrimSpace(b.prompt)
		if same && p.line == nil && p.block == nil && !p.record.at.After(b.at.Add(time.Second)) {
			return p
		}
	}
	return nil
}
