package assemble

import "strings"

// wrappers are the elements that the client puts before or after a person's words: what an editor has open,
// reminders, what hooks said.
var wrappers = []string{
	"ide_opened_file", "ide_selection", "ide_diagnostics", "new-diagnostics", "system-reminder", "system-note", "mcp-server-note",
	"user-prompt-submit-hook", "session-start-hook", "post-tool-use-hook", "local-command-caveat", "current_working_directory",
}

// wordsOf is what somebody said in a text of the client: without the client's own elements around it, and out of the
// element that holds a person's note to the memory (#) or the message of a team's lead. A text without any of them
// stays as it is.
func wordsOf(text string) string {
	words := unwrapped(text)
	if note := tagged(words, "user-memory-input"); note != "" && strings.HasPrefix(words, "<user-memory-input>") {
		return strings.TrimSpace(note)
	}
	if said := leadsMessage(words); said != "" {
		return said
	}
	return words
}

// unwrapped takes wrappers away from the beginning of a text, and from its end where they begin a line: in the middle
// they are what somebody quotes.
func unwrapped(text string) string {
	words, cut := strings.TrimSpace(text), false
	for _, off := range []func(text, name string) (string, bool){cutElement, cutLastElement} {
		for more := true; more; {
			more = false
			for _, name := range wrappers {
				if rest, ok := off(words, name); ok {
					words, more, cut = rest, true, true
				}
			}
		}
	}
	if !cut {
		return text
	}
	return words
}

// cutElement takes <name ...>...</name> off the beginning of a text.
func cutElement(text, name string) (rest string, ok bool) {
	if !begins(text, name) {
		return text, false
	}
	_, rest, ok = strings.Cut(text, "</"+name+">")
	if !ok {
		return text, false
	}
	return strings.TrimSpace(rest), true
}

// cutLastElement takes <name ...>...</name> off the end of a text, where it begins a line.
func cutLastElement(text, name string) (rest string, ok bool) {
	if !strings.HasSuffix(text, "</"+name+">") {
		return text, false
	}
	at := strings.LastIndex(text, "\n<"+name)
	if at < 0 || !begins(text[at+1:], name) {
		return text, false
	}
	return strings.TrimSpace(text[:at]), true
}

// begins reports whether a text begins with the element name.
func begins(text, name string) bool {
	rest, ok := strings.CutPrefix(text, "<"+name)
	return ok && rest != "" && (rest[0] == '>' || rest[0] == ' ' || rest[0] == '\n')
}

// teamLead is what the lead of a team is called in messages to its teammates.
const teamLead = `teammate_id="team-lead"`

// leadsMessage is what the lead of a team says to a teammate, "" where a text is no such message.
func leadsMessage(text string) string {
	lead, _ := teamMessages(text)
	return lead
}

// teamMessages parts a text of <teammate-message> elements into what the lead of the team says and the elements of others. A
// message of the lead that is JSON is the client's own: a request to shut down, an assigned task.
func teamMessages(text string) (lead, others string) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "Another Claude session sent a message:"))
	if !begins(text, "teammate-message") {
		return "", ""
	}
	var said, rest []string
	for {
		head, after, ok := strings.Cut(text, "</teammate-message>")
		attributes, inside, opened := strings.Cut(head, ">")
		if !ok || !opened {
			break
		}
		inside = strings.TrimSpace(inside)
		if strings.Contains(attributes, teamLead) && !strings.HasPrefix(inside, "{") {
			said = append(said, inside)
		} else {
			rest = append(rest, strings.TrimSpace(head)+"</teammate-message>")
		}
		text = after
	}
	return strings.Join(said, "\n\n"), strings.Join(rest, "\n\n")
}
