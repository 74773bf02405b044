package assemble_test

import (
	"testing"

	"ams/pkg/schema"
)

func TestABlockedPromptSaysSo(t *testing.T) {
	const (
		told  = `"type":"system","subtype":"informational","content":"UserPromptSubmit operation blocked by hook:\n[x]: not now\n\nOriginal prompt: do it"`
		newer = `"type":"system","subtype":"informational","content":"Not sent.\n\nOriginal prompt: do it","promptSubmitEnding":{"ending":{"kind":"blocked_by_hook","reason":"not now"},"promptKept":false}`
		other = `"type":"system","subtype":"informational","content":"The model was switched."`
		ask   = `"type":"user","promptId":"p2","message":{"role":"user","content":"do it"}`
	)
	seen := `0s="hook_event_name":"UserPromptSubmit","prompt_id":"p1","prompt":"do it\n"`
	for _, c := range []struct {
		name  string
		lines []string
		hooks []string
		want  []string // the reasons of the prompts, in their order
	}{
		{"seen by a hook", []string{told}, []string{seen}, []string{"[x]: not now"}},
		{"seen by nobody", []string{told}, nil, []string{"[x]: not now"}},
		{"in the newer form", []string{newer}, []string{seen}, []string{"not now"}},
		{"in the newer form, seen by nobody", []string{newer}, nil, []string{"not now"}},
		{"another word", []string{other}, []string{seen}, []string{""}},
		{"asked again and let through", []string{told, ask}, []string{seen, `1s="hook_event_name":"UserPromptSubmit","prompt_id":"p2","prompt":"do it"`}, []string{"[x]: not now", ""}},
		{"blocked twice", []string{told, newer}, []string{seen}, []string{"[x]: not now", "not now"}},
	} {
		var got []string
		for _, e := range joined(t, hooksOf(t, c.hooks...), linesOf(t, "s.jsonl", c.lines...)).Events {
			if e.Type != schema.UserPrompt {
				continue
			}
			reason := ""
			if e.Error != nil {
				reason = e.Error.Message
			}
			got = append(got, reason)
		}
		if len(got) != len(c.want) || len(got) > 0 && got[0] != c.want[0] || len(got) > 1 && got[1] != c.want[1] {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
