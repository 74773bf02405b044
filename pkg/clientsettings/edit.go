package clientsettings

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ams/pkg/lax"
)

// HookTimeout bounds how long the client waits for ams-hook, in seconds: a thousand times what it takes.
const HookTimeout = 5

// Register returns the file with ams-hook registered for the events and no others, with a timeout, once for each. The
// command is the path of ams-hook, which is then started without a shell, or the line that [Guarded] makes of it.
// Entries of ours that are otherwise are corrected where they stand, but for those that somebody made more of: with
// variables set for ams-hook, or other commands. env is set in the environment that the client gives its hooks. Where
// all is as wanted the bytes are the same. The error is a [SyntaxError].
func Register(b []byte, command string, events []string, env map[string]string) ([]byte, error) {
	e := &editor{text: b}
	wanted, err := hookText(command)
	if err != nil {
		return nil, err
	}
	for again := true; again; {
		if err := e.parse(); err != nil {
			return nil, err
		}
		again = e.correct(command, wanted, events)
	}
	for _, event := range events {
		if err := e.add(event, wanted); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if err := e.setEnv(name, env[name]); err != nil {
			return nil, err
		}
	}
	return e.text, nil
}

// Unregister returns the file without any entry that starts ams-hook alone, without the groups, events and objects
// that held nothing else, and without the variables of env where they have these values. The error is a
// [SyntaxError].
func Unregister(b []byte, env map[string]string) ([]byte, error) {
	e := &editor{text: b}
	for again := true; again; {
		if err := e.parse(); err != nil {
			return nil, err
		}
		again = false
		eachHook(e.root, func(at place) bool {
			if k := e.kind(at.hook); k == plain || k == tuned {
				e.removeHook(at)
				again = true
			}
			return !again
		})
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if err := e.parse(); err != nil {
			return nil, err
		}
		vars := e.root.member("env")
		if v := vars.member(name); v == nil || e.string(v) != env[name] {
			continue
		}
		if len(vars.items) == 1 {
			e.remove(e.root, e.root.index("env"))
		} else {
			e.remove(vars, vars.index(name))
		}
	}
	return e.text, nil
}

// Guarded is the line for a shell that starts ams-hook and ends with 0 and without a word even where no Go program
// can start: the runtime then ends with 2, which the client takes for a refusal. It has to be one text: clients that
// do not know args would start the shell without them, and it would run what comes on stdin.
func Guarded(program string) string {
	return "'" + strings.ReplaceAll(program, "'", `'\''`) + "' 2>/dev/null || :"
}

// hookText is the entry of ours, on one line.
func hookText(command string) (string, error) {
	quoted, err := lax.Line(command)
	if err != nil {
		return "", fmt.Errorf("register %q: %w", command, err)
	}
	args := ""
	if IsAMSHook(command) {
		args = `"args": [], `
	}
	return fmt.Sprintf(`{"type": "command", "command": %s, %s"timeout": %d}`, quoted, args, HookTimeout), nil
}

// editor makes one change after the other, and reads the text anew after each: settings are small.
type editor struct {
	text []byte
	root *node
}

func (e *editor) parse() (err error) {
	if len(bytes.TrimSpace(bytes.TrimPrefix(e.text, bom))) == 0 {
		e.text = append(bytes.Clone(e.text[:len(e.text)-len(bytes.TrimPrefix(e.text, bom))]), "{}\n"...)
	}
	e.root, err = parseFile(e.text)
	return err
}

func (e *editor) string(n *node) string {
	if n == nil {
		return ""
	}
	return lax.String(e.text[n.start:n.end])
}

func (e *editor) kind(hook *node) kind {
	return kindOf(e.string(hook.member("command")), hook.member("args") != nil)
}

// correct makes the first change that an entry of ours needs, and reports whether it made one.
func (e *editor) correct(command, wanted string, events []string) (changed bool) {
	seen := map[string]bool{}
	eachHook(e.root, func(at place) bool {
		matcher := e.string(at.group.member("matcher"))
		switch k := e.kind(at.hook); {
		case k == foreign:
			return true
		case k != plain: // somebody's own: it records, and is left as it is
		case !slices.Contains(events, at.event), seen[at.event], matcher != "" && matcher != "*":
			e.removeHook(at)
			changed = true
		case !e.isAsWanted(at.hook, command):
			e.splice(at.hook.start, at.hook.end, wanted)
			changed = true
		}
		seen[at.event] = true
		return !changed
	})
	return changed
}

func (e *editor) isAsWanted(hook *node, command string) bool {
	var h struct {
		Type    string     `json:"type"`
		Command string     `json:"command"`
		Args    *[]lax.Raw `json:"args"`
		Timeout float64    `json:"timeout"`
		Async   bool       `json:"async"`
	}
	if lax.Unmarshal(e.text[hook.start:hook.end], &h) != nil || h.Type != "command" || h.Command != command || h.Timeout != HookTimeout || h.Async {
		return false
	}
	if IsAMSHook(command) {
		return h.Args != nil && len(*h.Args) == 0
	}
	return h.Args == nil
}

// add registers an event that has no entry of ours.
func (e *editor) add(event, wanted string) error {
	if err := e.parse(); err != nil {
		return err
	}
	found := false
	eachHook(e.root, func(at place) bool {
		found = at.event == event && e.kind(at.hook) != foreign
		return !found
	})
	if found {
		return nil
	}
	group := `{"hooks": [` + wanted + `]}`
	if e.root.member("hooks") == nil {
		e.insert(e.root, 0, `"hooks": {}`)
		if err := e.parse(); err != nil {
			return err
		}
	}
	events := e.root.member("hooks")
	if groups := events.member(event); groups != nil {
		e.insert(groups, 2, group)
		return nil
	}
	name, err := lax.Line(event)
	if err != nil {
		return fmt.Errorf("register %q: %w", event, err)
	}
	e.insert(events, 1, string(name)+`: [`+group+`]`)
	return nil
}

func (e *editor) setEnv(name, value string) error {
	if err := e.parse(); err != nil {
		return err
	}
	quoted, err := lax.Line(value)
	if err != nil {
		return fmt.Errorf("set %s: %w", name, err)
	}
	vars := e.root.member("env")
	if vars == nil {
		e.insert(e.root, 0, `"env": {}`)
		if err := e.parse(); err != nil {
			return err
		}
		vars = e.root.member("env")
	}
	if v := vars.member(name); v == nil {
		e.insert(vars, 1, `"`+name+`": `+string(quoted))
	} else if e.string(v) != value {
		e.splice(v.start, v.end, string(quoted))
	}
	return nil
}

// removeHook takes an entry out, and what held nothing else.
func (e *editor) removeHook(at place) {
	switch {
	case len(at.list.items) > 1:
		e.remove(at.list, at.at[2])
	case len(at.groups.items) > 1:
		e.remove(at.groups, at.at[1])
	case len(at.events.items) > 1:
		e.remove(at.events, at.at[0])
	default:
		e.remove(e.root, e.root.index("hooks"))
	}
}

// remove takes an item out of an object or list, with the comma and the white space that went with it.
func (e *editor) remove(in *node, i int) {
	it := in.items[i]
	switch {
	case i > 0:
		e.splice(in.items[i-1].value.end, it.value.end, "")
	case len(in.items) > 1:
		e.splice(it.start, in.items[1].start, "")
	default:
		e.splice(in.start+1, in.end-1, "")
	}
}

// insert puts an item behind the others of an object or list at a depth, laid out as its neighbours are.
func (e *editor) insert(in *node, depth int, text string) {
	if n := len(in.items); n > 0 {
		last := in.items[n-1]
		from := in.start + 1
		if n > 1 {
			from = in.items[n-2].value.end
		}
		gap := string(e.text[from:last.start])
		if at := strings.LastIndexByte(gap, '\n'); at >= 0 {
			_, newline := e.indent()
			gap = newline + gap[at+1:]
		} else if gap = " "; e.isCompact() {
			gap = ""
		}
		e.splice(last.value.end, last.value.end, ","+gap+text)
		return
	}
	indent, newline := e.indent()
	if indent == "" {
		e.splice(in.start+1, in.end-1, text)
		return
	}
	e.splice(in.start+1, in.end-1, newline+strings.Repeat(indent, depth+1)+text+newline+strings.Repeat(indent, depth))
}

// isCompact reports whether the file leaves out blanks: {"a":1}.
func (e *editor) isCompact() bool {
	return !bytes.Contains(e.text, []byte(`": `)) && len(e.root.items) > 0
}

// indent is what one level of the file is indented by, and how its lines end; "" for a file of one line.
func (e *editor) indent() (indent, newline string) {
	newline = "\n"
	if bytes.Contains(e.text, []byte("\r\n")) {
		newline = "\r\n"
	}
	if len(e.root.items) == 0 {
		return "  ", newline
	}
	before := e.text[e.root.start+1 : e.root.items[0].start]
	at := bytes.LastIndexByte(before, '\n')
	if at < 0 {
		return "", newline
	}
	return string(before[at+1:]), newline
}

func (e *editor) splice(start, end int, text string) {
	e.text = slices.Concat(e.text[:start], []byte(text), e.text[end:])
}
