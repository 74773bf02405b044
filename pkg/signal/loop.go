package signal

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// A call whose answer is known already, made again and again, is an agent that does not get on: each round costs the
// whole context. It is no loop where something changed in between, so that the answer may be another one: a file was
// written, a command ran that may have done so, a person said something, a compaction took the answer away. Nor is it
// one where the call only waits for what runs elsewhere.
const (
	// leastRepeats is how often a call is made until it counts: once more to be sure is ordinary.
	leastRepeats = 3
	// mostKept bounds the different calls of an agent that are remembered since the last change.
	mostKept = 1000
)

// readers are tools that change nothing.
var readers = map[string]bool{
	"Read": true, "Grep": true, "Glob": true, "LS": true, "NotebookRead": true, "WebFetch": true, "WebSearch": true, "ToolSearch": true,
	"TodoWrite": true, "TodoRead": true, "TaskCreate": true, "TaskUpdate": true, "TaskGet": true, "TaskList": true, "Skill": true,
	"ListMcpResourcesTool": true, "ReadMcpResourceTool": true,
}

// waiters are tools that ask how far something is, or wait for a person.
var waiters = map[string]bool{
	"BashOutput": true, "TaskOutput": true, "AgentOutputTool": true, "Monitor": true, "TaskGet": true, "TaskList": true, "Sleep": true,
	"AskUserQuestion": true, "ExitPlanMode": true, "EnterPlanMode": true, "SendMessage": true,
}

// harmless begins commands that change nothing, waiting is in those that wait.
var (
	harmless = regexp.MustCompile(`^\s*(cd \S+ && )?(cat|ls|head|tail|grep|rg|find|wc|pwd|echo|which|file|stat|du|df|ps|env|date|sed -n|git (status|diff|log|show|branch|blame))\b[^>;&]*$`)
	waiting  = regexp.MustCompile(`\b(sleep|wait|watch)\b`)
)

// none is the hash of no call.
const none = 0

func loops(s *schema.Session) []finding {
	since := map[string]map[uint64][]*schema.Event{} // by agent: the calls since something changed, by their hash
	var out []finding
	end := func(agent string, but uint64) {
		for call, events := range since[agent] {
			if call == but {
				continue
			}
			delete(since[agent], call)
			if len(events) >= leastRepeats {
				text := fmt.Sprintf("the same call %s with nothing changed between: %s", times(len(events)), named(events[0].Tool))
				out = append(out, finding{count: len(events), text: text, events: events, asked: true})
			}
		}
	}
	for i := range s.Events {
		e := &s.Events[i]
		switch {
		case e.Type == schema.UserPrompt, e.Compaction != nil:
			end(e.AgentID, none)
			continue
		case e.Tool == nil || waiters[e.Tool.Name]:
			continue
		}
		what := asked(e.Tool)
		if e.Tool.Name == "Bash" && waiting.MatchString(what) {
			continue
		}
		call := hash(e.Tool.Name + " " + what)
		if changes(e.Tool) {
			end(e.AgentID, call)
		}
		if e.Tool.EditedPath() != "" && !e.Tool.IsError {
			continue
		}
		calls := since[e.AgentID]
		if calls == nil {
			calls = map[uint64][]*schema.Event{}
			since[e.AgentID] = calls
		}
		if calls[call] != nil || len(calls) < mostKept {
			calls[call] = append(calls[call], e)
		}
	}
	for agent := range since {
		end(agent, none)
	}
	return inOrder(s, out)
}

// asked is what makes two calls of a tool the same: of a shell command the command, whatever the model says to it.
func asked(t *schema.Tool) string {
	if t.Name == "Bash" {
		return strings.TrimSpace(lax.String(lax.Pick(input(t), "command")[0]))
	}
	return lax.Canonical(input(t))
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}

// changes reports whether a call may have changed what others find.
func changes(t *schema.Tool) bool {
	switch {
	case t.IsError || readers[t.Name]:
		return false
	case t.Name == "Bash":
		return !harmless.MatchString(lax.String(lax.Pick(input(t), "command")[0]))
	}
	return true
}
