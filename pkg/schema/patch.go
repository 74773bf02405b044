package schema

import (
	"fmt"
	"strings"

	"ams/pkg/lax"
)

// Patch is what a call did to a file as lines of a diff, each with " ", "-", "+" or "@@" before it: the client's own diff
// where the result has one, else what the input replaces and writes. It is nil for a call that [Tool.Edit] counts no edit of.
func (t *Tool) Patch() []string {
	if _, ok := t.Edit(); !ok {
		return nil
	}
	var out []string
	each(lax.Pick(t.Result, "structuredPatch")[0], func(hunk Raw) {
		in := lax.Pick(hunk, "oldStart", "oldLines", "newStart", "newLines", "lines")
		out = append(out, fmt.Sprintf("@@ -%s,%s +%s,%s @@", number(in[0]), number(in[1]), number(in[2]), number(in[3])))
		each(in[4], func(line Raw) { out = append(out, lax.String(line)) })
	})
	if len(out) > 0 {
		return out
	}
	in := lax.Pick(t.ran(), "old_string", "new_string", "content", "new_source", "edits")
	replaced := func(old, fresh Raw) {
		for _, line := range splitLines(lax.String(old)) {
			out = append(out, "-"+line)
		}
		for _, line := range splitLines(lax.String(fresh)) {
			out = append(out, "+"+line)
		}
	}
	each(in[4], func(one Raw) {
		texts := lax.Pick(one, "old_string", "new_string")
		replaced(texts[0], texts[1])
	})
	replaced(in[0], in[1])
	replaced(nil, in[2])
	replaced(nil, in[3])
	return out
}

// number is a number of a hunk's head, which somebody else wrote.
func number(r Raw) string {
	if r.Kind() != '0' {
		return "?"
	}
	return strings.TrimSpace(string(r))
}
