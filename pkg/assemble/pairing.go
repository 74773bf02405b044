package assemble

import (
	"ams/pkg/hook"
	"ams/pkg/schema"
)

// queues hold tool calls by a key, in the order of their appearance.
type queues map[string][]*tool

func (q queues) add(key string, t *tool) { q[key] = append(q[key], t) }

// take removes and returns the first call of a key that is open. Calls that are not are removed too: they never open again.
func (q queues) take(key string, open func(*tool) bool) *tool {
	for len(q[key]) > 0 {
		t := q[key][0]
		q[key] = q[key][1:]
		if open(t) {
			return t
		}
	}
	return nil
}

// pairWithoutIDs pairs the hooks of clients 1.0.x, which send no tool_use_id, by order and name: with a call of the
// transcript that has the same input, else with the first of that name; a Post with the first open Pre.
func (j *joiner) pairWithoutIDs() {
	var hooks []*record
	for i := range j.records {
		r := &j.records[i]
		switch r.Event {
		case hook.PreToolUse, hook.PostToolUse, hook.PostToolUseFailure:
			if r.ToolUseID == "" && r.ToolName != "" {
				hooks = append(hooks, r)
			}
		}
	}
	if len(hooks) == 0 {
		return
	}
	sameInput, sameName := queues{}, queues{} // calls of the transcript that no hook has
	for _, t := range j.tools {
		sameInput.add(t.name+"\x00"+canonical(t.input()), t)
		sameName.add(t.name, t)
	}
	openInput, openName := queues{}, queues{} // calls whose Pre came, and no Post
	unseen := func(t *tool) bool { return t.pre == nil && t.post == nil }
	open := func(t *tool) bool { return t.post == nil }
	for _, r := range hooks {
		key := r.ToolName + "\x00" + canonical(r.ToolInput)
		var t *tool
		if r.Event == hook.PreToolUse {
			if t = sameInput.take(key, unseen); t == nil {
				t = sameName.take(r.ToolName, unseen) // the hook's copy has defaults filled in
			}
		} else {
			if t = openInput.take(key, open); t == nil {
				t = openName.take(r.ToolName, open)
			}
			if t == nil {
				t = sameInput.take(key, unseen)
			}
		}
		if t == nil {
			t = j.tool(j.ids.ofText("tool-without-id", key))
		}
		j.attach(t, r)
		if r.Event == hook.PreToolUse {
			openInput.add(key, t)
			openName.add(r.ToolName, t)
		}
	}
}

// joinPermissions gives permission dialogs to the calls that they asked about: a PermissionRequest carries no id, but
// the call's name and input, and stands between its Pre and Post.
func (j *joiner) joinPermissions() {
	asked := map[string]bool{}
	for _, r := range j.records {
		if r.Event == hook.PermissionRequest {
			asked[r.ToolName] = true
		}
	}
	if len(asked) == 0 {
		return
	}
	byInput, byName := map[string][]*tool{}, map[string][]*tool{}
	for _, t := range j.tools {
		if !asked[t.name] {
			continue
		}
		byName[t.name] = append(byName[t.name], t)
		seen := map[string]bool{}
		for _, input := range []schema.Raw{t.input(), t.used(), t.executed()} {
			if key := t.name + "\x00" + canonical(input); !seen[key] {
				seen[key] = true
				byInput[key] = append(byInput[key], t)
			}
		}
	}
	for i := range j.records {
		r := &j.records[i]
		if r.Event != hook.PermissionRequest {
			continue
		}
		key := r.ToolName + "\x00" + canonical(r.ToolInput)
		t := firstAsked(byInput, key, r)
		if t == nil {
			t = firstAsked(byName, r.ToolName, r) // a hook changed the input before the dialog
		}
		if t != nil {
			t.asked = r
		}
	}
}

// firstAsked is the first call of a key that a dialog can have asked about. Those at the head that are over are
// dropped: dialogs come in the order of their time.
func firstAsked(calls map[string][]*tool, key string, r *record) *tool {
	list := calls[key]
	for len(list) > 0 && (list[0].asked != nil || list[0].overBefore(r)) {
		list = list[1:]
	}
	calls[key] = list
	for _, t := range list {
		if t.asked == nil && !t.overBefore(r) && !t.beginsAfter(r) && (r.AgentID == "" || t.agentID == r.AgentID) {
			return t
		}
	}
	return nil
}

// overBefore reports whether the call had ended when r arrived.
func (t *tool) overBefore(r *record) bool {
	if t.post != nil {
		return t.post.at.Before(r.at)
	}
	return t.resLine != nil && t.resLine.Time.Before(r.at)
}

// beginsAfter reports whether the call had not begun when r arrived.
func (t *tool) beginsAfter(r *record) bool {
	if t.pre != nil {
		return t.pre.at.After(r.at)
	}
	return t.useLine != nil && t.useLine.Time.After(r.at)
}
