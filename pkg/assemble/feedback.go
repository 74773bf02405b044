package assemble

import (
	"strings"

	"ams/pkg/schema"
)

// refusedWithWord begins, in the text that a refused call gets, what the person said to it; before 2.1.330 nothing
// else tells.
const refusedWithWord = "the user said:\n"

// feedback is what a person said when they permitted or refused the call, "" where they said nothing.
func (t *tool) feedback() string {
	if t.resLine == nil {
		return ""
	}
	if t.resLine.UserFeedback != "" {
		return t.resLine.UserFeedback
	}
	if t.result.IsError {
		text := blockText(t.result.Content)
		if !strings.HasPrefix(text, toolRefused) {
			return ""
		}
		_, said, _ := strings.Cut(text, refusedWithWord)
		return strings.TrimSpace(said)
	}
	if !t.byPerson() || !onlyResult(t.resLine) {
		return ""
	}
	var said []string
	for _, b := range t.resLine.Message.Content.Blocks { // an accept's words stand beside the result
		if text := unwrapped(b.Text); b.Type == "text" && text != "" && !isMachineMade(text) {
			said = append(said, text)
		}
	}
	return strings.Join(said, "\n")
}

// byPerson reports whether a person permitted the call.
func (t *tool) byPerson() bool {
	if d := t.resLine.PermissionDecision; d != nil && !t.resLine.HoldsPersonsWords {
		return d.Decision == "accept" && strings.HasPrefix(d.Source, "user")
	}
	return t.resLine.HoldsPersonsWords || t.asked != nil
}

// addFeedback puts a person's words to the decision that they belong to.
func (t *tool) addFeedback(detail *schema.Tool) {
	said := t.feedback()
	if said == "" {
		return
	}
	if detail.Permission == nil {
		detail.Permission = &schema.Permission{Source: "user"}
	}
	detail.Permission.Feedback = said
}
