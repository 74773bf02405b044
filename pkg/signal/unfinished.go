package signal

import (
	"fmt"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// A session that is over and ends in the middle left something undone that nobody may know of: a call without a result,
// an API error as the last word, todos that the agent wrote down itself and did not do.

func unfinished(s *schema.Session) []finding {
	if !isOver(s) {
		return nil
	}
	var open []*schema.Event
	var failure, todos *schema.Event
	t := todoList{}
	for i := range s.Events {
		e := &s.Events[i]
		if e.AgentID != "" {
			continue
		}
		switch {
		case e.LLM != nil && !e.Provisional, e.Type == schema.UserPrompt:
			open, failure = nil, nil
		case e.Error != nil && e.Type == schema.ErrorEvent:
			failure = e
		case e.Tool != nil && e.Tool.Outcome == schema.ToolUnknown:
			open = append(open, e)
		case e.Tool != nil && t.see(e.Tool):
			todos = e
		}
	}
	var out []finding
	if len(open) > 0 {
		text := "ends in " + counted(len(open), "call") + " without a result: " + named(open[0].Tool)
		out = append(out, finding{count: len(open), text: text, events: open})
	}
	if failure != nil && s.Outcome == schema.FailedTurn {
		out = append(out, finding{count: 1, text: "ends in an error: " + failure.Error.Type, events: []*schema.Event{failure}})
	}
	if left, all := t.left(); left > 0 && todos != nil {
		text := fmt.Sprintf("ends with %d of %s open", left, counted(all, "todo"))
		out = append(out, finding{count: left, text: text, events: []*schema.Event{todos}})
	}
	return out
}

// todoList is what the agent wrote down to do, by id or place, and how far each is.
type todoList map[string]string

// done are the ends of a todo.
var done = map[string]bool{"completed": true, "deleted": true, "cancelled": true}

// maxTodos bounds the todos that are counted.
const maxTodos = 1000

// see follows a call that changes the list, and reports whether it is one.
func (t todoList) see(call *schema.Tool) bool {
	if call.IsError {
		return false
	}
	switch call.Name {
	case "TodoWrite":
		var list []struct {
			Status string `json:"status"`
		}
		if lax.Unmarshal(lax.Pick(input(call), "todos")[0], &list) != nil {
			return false
		}
		clear(t)
		for i, todo := range list[:min(len(list), maxTodos)] {
			t[fmt.Sprint("todo ", i)] = todo.Status
		}
	case "TaskCreate":
		task := lax.Pick(call.Result, "task")[0]
		if id := idOf(lax.Pick(task, "id")[0]); id != "" && len(t) < maxTodos {
			t[id] = "pending"
		}
	case "TaskUpdate":
		in := lax.Pick(input(call), "taskId", "status")
		if id, status := idOf(in[0]), lax.String(in[1]); t[id] != "" && status != "" {
			t[id] = status
		}
	default:
		return false
	}
	return true
}

// idOf is an id that may be a text or a number.
func idOf(r schema.Raw) string {
	if r.Kind() == '"' {
		return lax.String(r)
	}
	return string(r)
}

// left is how many todos are open, of how many.
func (t todoList) left() (open, all int) {
	for _, status := range t {
		if !done[status] {
			open++
		}
	}
	return open, len(t)
}
