package assemble_test

import (
	"slices"
	"testing"

	"ams/pkg/schema"
)

func TestANoteSaysWhatHappenedOnce(t *testing.T) {
	const (
		notice  = `"type":"user","promptId":"p1","message":{"role":"user","content":"<task-notification><task-id>b1</task-id><status>`
		command = `"type":"user","promptId":"p1","message":{"role":"user","content":"<command-name>/fails</command-name><command-args>now</command-args>"}`
		asked   = `0s="hook_event_name":"UserPromptSubmit","prompt_id":"p1","prompt":"/fails now"`
		bare    = `"type":"user","message":{"role":"user","content":"<command-name>/fails</command-name><command-args>now</command-args>"}`
		askedSo = `0s="hook_event_name":"UserPromptSubmit","prompt":"/fails now"`
		other   = `0s="hook_event_name":"UserPromptSubmit","prompt":"/fails later"`
		another = `0s="hook_event_name":"UserPromptSubmit","prompt_id":"p0","prompt":"/fails now"`
	)
	start := func(source string) string { return `0s="hook_event_name":"SessionStart","source":"` + source + `"` }
	for _, c := range []struct {
		name  string
		lines []string
		hooks []string
		want  []string
	}{
		{"resumed", nil, []string{start("resume")}, []string{"the session was resumed"}},
		{"forked", nil, []string{start("fork")}, []string{"the session began as a fork"}},
		{"cleared", nil, []string{start("clear")}, []string{"the session began with /clear"}},
		{"started", nil, []string{start("startup")}, nil},
		{"a summary with its status", []string{notice + `killed</status><summary>Shell \"x\" was killed</summary></task-notification>"}`}, nil,
			[]string{`Shell "x" was killed`}},
		{"a name with its status", []string{notice + `failed</status><summary>Agent \"why it failed\" ended</summary></task-notification>"}`}, nil,
			[]string{`Agent "why it failed" ended (failed)`}},
		{"a summary without a name", []string{notice + `completed</status><summary>It is over</summary></task-notification>"}`}, nil,
			[]string{"It is over (completed)"}},
		{"no status", []string{notice + `</status><summary>A tick</summary></task-notification>"}`}, nil, []string{"A tick"}},
		{"a command that a hook saw as a prompt", []string{command}, []string{asked}, nil},
		{"a command of another prompt", []string{command}, []string{another}, []string{"/fails now"}},
		{"a command of an older client, whose hooks have no ids", []string{command}, []string{askedSo}, nil},
		{"a command of an older client, whose lines have no ids", []string{bare}, []string{asked}, nil},
		{"a command of an older client that has no ids", []string{bare}, []string{askedSo}, nil},
		{"another command of an older client", []string{bare}, []string{other}, []string{"/fails now"}},
		{"one of two commands of an older client", []string{bare, bare}, []string{askedSo}, []string{"/fails now"}},
		{"a command that no hook saw", []string{command}, nil, []string{"/fails now"}},
	} {
		var got []string
		for _, e := range joined(t, hooksOf(t, c.hooks...), linesOf(t, "s.jsonl", c.lines...)).Events {
			if e.Type == schema.Notification {
				got = append(got, e.Note)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got the notes %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTwoClientsThatResumeAtOnceAreTwo(t *testing.T) {
	const resume = `"hook_event_name":"SessionStart","source":"resume"`
	of := func(pid string) string { return `{"claude":{"CLAUDE_PID":"` + pid + `"}}` }
	for _, c := range []struct {
		name     string
		contexts [2]string
		want     int
	}{
		{"two clients", [2]string{of("7"), of("8")}, 2},
		{"two registrations of one client", [2]string{of("7"), of("7")}, 1},
		{"clients that do not say who they are", [2]string{`{"user":"a"}`, `{"user":"a"}`}, 1},
	} {
		records := hooksOf(t, "0s="+resume, "100ms="+resume)
		for i := range records {
			records[i].Context = []byte(c.contexts[i])
		}
		got := 0
		for _, e := range joined(t, records).Events {
			if e.Name == "notification:session_resume" {
				got++
			}
		}
		if got != c.want {
			t.Errorf("%s: got %d resumes, want %d", c.name, got, c.want)
		}
	}
}
