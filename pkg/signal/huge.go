package signal

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// A result of a hundred thousand characters is a fifth of the model's window, sent again with each call until the next
// compaction; a narrower question would have done. The client cuts what a shell prints; files, pages and the tools of
// MCP servers are what gets through.
const hugeResult = 100_000

func hugeResults(s *schema.Session) []finding {
	var huge []*schema.Event
	size := map[*schema.Event]int{}
	for i := range s.Events {
		e := &s.Events[i]
		if e.Tool == nil || len(e.Tool.Result) < hugeResult || e.Tool.EditedPath() != "" || e.Tool.FullOutput != nil {
			continue // what an edit answers holds the whole file, and the model is told one sentence of it
		}
		if n := shown(e.Tool.Result, 0); n >= hugeResult {
			huge = append(huge, e)
			size[e] = n
		}
	}
	if len(huge) == 0 {
		return nil
	}
	largest := slices.MaxFunc(huge, func(a, b *schema.Event) int { return cmp.Compare(size[a], size[b]) })
	text := fmt.Sprintf("%s answered %s characters", named(largest.Tool), number(int64(size[largest])))
	if n := len(huge) - 1; n > 0 {
		text += fmt.Sprintf(", and %s more than %s", counted(n, "other call"), number(hugeResult))
	}
	return []finding{{count: len(huge), text: text, events: huge}}
}

const (
	// shownDepth is how deep the texts of a result are: in blocks, in a file.
	shownDepth = 3
	// maxShown bounds the members and elements that are looked at.
	maxShown = 10_000
)

// unseen are members of results that the model is not shown as text: pictures, and what the client keeps for itself.
var unseen = map[string]bool{
	"base64": true, "data": true, "source": true, "originalFile": true, "structuredPatch": true, "prompt": true, "mcpMeta": true, "usage": true,
}

// shown is about how many bytes of text of a result the model was shown.
func shown(r schema.Raw, depth int) (n int) {
	switch kind := r.Kind(); {
	case kind == '"':
		return len(r) - len(`""`)
	case depth == shownDepth:
		return 0
	case kind == '[':
		_, _ = lax.Elements(lax.NewDecoder(bytes.NewBuffer(r)), maxShown, func(d *lax.Decoder) error {
			v, err := d.ReadValue()
			n += shown(v, depth+1)
			return err
		})
	case kind == '{':
		_, _ = lax.Members(lax.NewDecoder(bytes.NewBuffer(r)), maxShown, func(name string, d *lax.Decoder) error {
			if unseen[name] {
				return d.SkipValue()
			}
			v, err := d.ReadValue()
			n += shown(v, depth+1)
			return err
		})
	}
	return n
}
