package assemble

import (
	"slices"

	"ams/pkg/lax"
	"ams/pkg/transcript"
)

// absorbed finds the prompts that were typed while a turn ran and given to the model in the middle of it, as clients
// 2.0.29 to 2.1.89 tell of them: they leave the queue by "remove" and have no line of their own. Later clients write
// an attachment, and then "remove" alone means that the person took the prompt back, as "popAll" always does.
func (j *joiner) absorbed(lines []*transcript.Line) []*prompt {
	var waiting []string
	var out []*prompt
	for _, l := range lines {
		if l.Type != "queue-operation" {
			continue
		}
		text := lax.String(l.Content)
		switch l.Operation {
		case "enqueue":
			waiting = append(waiting, text)
		case "popAll":
			waiting = nil
		case "dequeue":
			waiting = waiting[min(1, len(waiting)):]
		case "remove":
			at := slices.Index(waiting, text)
			if text == "" {
				at = 0
			}
			if at < 0 || at >= len(waiting) {
				continue
			}
			if text = wordsOf(waiting[at]); text != "" && !isMachineMade(text) && text[0] != '{' { // { begins the notice of a background task
				out = append(out, &prompt{text: text, source: sourceQueued, at: l.Time, line: l})
			}
			waiting = slices.Delete(waiting, at, at+1)
		}
	}
	return out
}
