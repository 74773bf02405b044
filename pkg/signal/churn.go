package signal

import (
	"fmt"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// An agent that edits one file over and over for one question tries instead of thinking; one that makes a change, takes
// it back and makes it again does not know what is right. A few edits of a file are work, and one change taken back is a
// test print that went.
const (
	// leastEdits is how many edits of a file for one prompt count.
	leastEdits = 10
	// leastBacks is how many changes of a file were taken back; one that was made again counts by itself.
	leastBacks = 3
	// mostChanges bounds the changes of a file that are remembered.
	mostChanges = 1000
)

// change is what an edit did, as hashes of the text before and after.
type change struct{ before, after uint64 }

// history is what happened to one file.
type history struct {
	path    string
	turn    int             // the prompt that the edits are for
	edits   []*schema.Event // for that prompt
	most    []*schema.Event // the longest of those before
	changes map[change]int
	backs   []*schema.Event
	again   int // changes that were made, taken back and made again
}

func churn(s *schema.Session) []finding {
	files := map[string]*history{}
	var order []*history
	turn := 0
	for i := range s.Events {
		e := &s.Events[i]
		if e.Type == schema.UserPrompt && e.AgentID == "" {
			turn++
		}
		if e.Tool == nil || e.Tool.IsError {
			continue
		}
		path := e.Tool.EditedPath()
		if path == "" {
			continue
		}
		h := files[path]
		if h == nil {
			h = &history{path: path, changes: map[change]int{}}
			files[path] = h
			order = append(order, h)
		}
		h.add(e, turn)
	}
	var out []finding
	for _, h := range order {
		h.close()
		switch {
		case len(h.most) >= leastEdits:
			text := fmt.Sprintf("%s was edited %s for one prompt", h.path, times(len(h.most)))
			out = append(out, finding{count: len(h.most), text: text, events: h.most, asked: true})
		case len(h.backs) >= leastBacks || h.again > 0:
			text := fmt.Sprintf("%s in %s taken back", counted(len(h.backs), "edit"), h.path)
			if h.again > 0 {
				text += fmt.Sprintf(", %d of them made again", h.again)
			}
			out = append(out, finding{count: len(h.backs), text: text, events: h.backs, asked: true})
		}
	}
	return out
}

func (h *history) add(e *schema.Event, turn int) {
	if turn != h.turn {
		h.close()
		h.turn = turn
	}
	h.edits = append(h.edits, e)
	in := lax.Pick(input(e.Tool), "old_string", "new_string")
	if in[0] == nil || in[1] == nil || len(h.changes) >= mostChanges {
		return
	}
	made := change{hash(in[0]), hash(in[1])}
	reverse := change{made.after, made.before}
	switch {
	case made == reverse:
	case h.changes[reverse] > 0:
		h.changes[reverse]--
		h.backs = append(h.backs, e)
		h.changes[undone(reverse)]++
	case h.changes[undone(made)] > 0:
		h.changes[undone(made)]--
		h.changes[made]++
		h.again++
	default:
		h.changes[made]++
	}
}

// undone is the key under which a change that was taken back is remembered.
func undone(c change) change { return change{^c.before, ^c.after} }

// close ends the edits for one prompt.
func (h *history) close() {
	if len(h.edits) > len(h.most) {
		h.most = h.edits
	}
	h.edits = nil
}
