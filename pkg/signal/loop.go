package signal

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"regexp"

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

// harmless are commands that change nothing; a long one is a program of its own.
var harmless = regexp.MustCompile(`^\s*(cd \S+ && )?(cat|ls|head|tail|grep|rg|find|wc|pwd|echo|which|file|stat|du|df|ps|env|date` +
	`|sed -n|git (status|diff|log|show|branch|blame))\b[^>;&]*$`)

// mostCommand bounds a command that is looked at for what it does.
const mostCommand = 256

// waits reports whether a command waits for what runs elsewhere.
func waits(command []byte) bool {
	return bytes.Contains(command, []byte("sleep ")) || bytes.Contains(command, []byte("wait ")) || bytes.Contains(command, []byte("watch "))
}

// none is the hash of no call.
const none = 0

func loops(s *schema.Session) []finding {
	since := map[string]map[uint64][]*schema.Event{} // by agent: the calls since something changed, by their hash
	var out []finding
	end := func(agent string, but uint64) {
		calls, kept := since[agent], since[agent][but]
		if len(calls) == 0 || len(calls) == 1 && kept != nil {
			return
		}
		if delete(since, agent); kept != nil { // a map that was large stays slow to go through
			since[agent] = map[uint64][]*schema.Event{but: kept}
		}
		for call, events := range calls {
			if call != but && len(events) >= leastRepeats {
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
		if !e.Tool.IsError && e.Tool.EditedPath() != "" {
			end(e.AgentID, none)
			continue
		}
		what := asked(e.Tool)
		if e.Tool.Name == "Bash" && waits(what) {
			continue
		}
		call := hash([]byte(e.Tool.Name), what)
		if changes(e.Tool, what) {
			end(e.AgentID, call)
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

// mostSorted bounds an input whose members are compared in any order; calls that only read have short ones.
const mostSorted = 4 << 10

// asked is what makes two calls of a tool the same: of a shell command the command, whatever the model says to it.
func asked(t *schema.Tool) []byte {
	in := input(t)
	switch {
	case t.Name == "Bash":
		return bytes.Trim(lax.Pick(in, "command")[0], `"`) // with its escapes: it need not be copied
	case len(in) <= mostSorted:
		return []byte(lax.Canonical(in))
	}
	return in
}

// seed makes equal texts equal within one run of the program, which is all that is asked of a hash here.
var seed = maphash.MakeSeed()

func hash(parts ...[]byte) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, p := range parts {
		_, _ = h.Write(p)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// changes reports whether a call may have changed what others find; command is that of a shell's.
func changes(t *schema.Tool, command []byte) bool {
	switch {
	case t.IsError || readers[t.Name]:
		return false
	case t.Name == "Bash":
		return len(command) > mostCommand || !harmless.Match(command)
	}
	return true
}
