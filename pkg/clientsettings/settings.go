// Package clientsettings reads and edits Claude Code's settings files: which hooks run for which events, and where ams-hook is among them. An
// edit changes the bytes that it is about and no other: the file is its owner's, with its order, indentation and line ends.
//
// Source of what the client does with these files: runs of 2.0.56 to 2.1.330, and its documentation for where they are.
package clientsettings

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"ams/pkg/lax"
)

// Scope is whose settings a file holds. The client reads all of them; the first in this order wins where two say
// different things, and the hooks of all run.
type Scope string

const (
	Managed Scope = "managed" // set by who administers the machine
	Local   Scope = "local"   // a person's own, of one project
	Project Scope = "project" // of one project, shared through git
	User    Scope = "user"    // a person's own, of all projects
)

// File is where settings may be; it need not exist.
type File struct {
	Scope Scope
	Path  string
}

// Files are the settings files that a client started in projectDir reads.
func Files(claudeDir, projectDir, managedDir string) []File {
	files := []File{{Managed, filepath.Join(managedDir, "managed-settings.json")}}
	if more, err := filepath.Glob(filepath.Join(managedDir, "managed-settings.d", "*.json")); err == nil {
		for _, path := range more {
			files = append(files, File{Managed, path})
		}
	}
	user := PathOf(User, claudeDir, projectDir)
	for _, scope := range []Scope{Local, Project} {
		if path := PathOf(scope, claudeDir, projectDir); path != user { // in the home folder they are one
			files = append(files, File{scope, path})
		}
	}
	return append(files, File{User, user})
}

// PathOf is the file of a scope other than [Managed].
func PathOf(scope Scope, claudeDir, projectDir string) string {
	switch scope {
	case Local:
		return filepath.Join(projectDir, ".claude", "settings.local.json")
	case Project:
		return filepath.Join(projectDir, ".claude", "settings.json")
	}
	return filepath.Join(claudeDir, "settings.json")
}

// ManagedDir is where an administrator's settings are on an operating system, as the client's documentation says.
func ManagedDir(goos string) string {
	switch goos {
	case "darwin":
		return "/Library/Application Support/ClaudeCode"
	case "windows":
		return `C:\Program Files\ClaudeCode`
	}
	return "/etc/claude-code"
}

// Settings is what a settings file says of hooks.
type Settings struct {
	Hooks                 []Hook // in the order of the file
	DisableAllHooks       bool
	AllowManagedHooksOnly bool // in managed settings: no other hooks run
	Env                   map[string]string
	Plugins               map[string]bool // enabledPlugins: NAME@MARKETPLACE
}

// Hook is one command that runs for one event.
type Hook struct {
	Event   string
	Matcher string // "" and "*" are all
	Command string
	HasArgs bool // it is started without a shell
	Args    []string
	Timeout float64 // seconds, 0: the client's default
	Async   bool
}

// Parse reads a settings file. An empty one says nothing. The error is a [SyntaxError].
func Parse(b []byte) (*Settings, error) {
	root, err := parseFile(b)
	if err != nil {
		return nil, err
	}
	s := &Settings{}
	value := func(n *node, v any) {
		if n != nil {
			_ = lax.Unmarshal(b[n.start:n.end], v) // what has another type stays unset, as with the client
		}
	}
	value(root.member("disableAllHooks"), &s.DisableAllHooks)
	value(root.member("allowManagedHooksOnly"), &s.AllowManagedHooksOnly)
	value(root.member("env"), &s.Env)
	value(root.member("enabledPlugins"), &s.Plugins)
	eachHook(root, func(at place) bool {
		h := Hook{Event: at.event}
		value(at.group.member("matcher"), &h.Matcher)
		value(at.hook.member("command"), &h.Command)
		value(at.hook.member("timeout"), &h.Timeout)
		value(at.hook.member("async"), &h.Async)
		if args := at.hook.member("args"); args != nil {
			h.HasArgs = true
			value(args, &h.Args)
		}
		s.Hooks = append(s.Hooks, h)
		return true
	})
	return s, nil
}

// parseFile reads the tree of a settings file and checks the parts that lead to hooks: with another type there the
// client ignores the file.
func parseFile(b []byte) (*node, error) {
	if len(strings.TrimSpace(strings.TrimPrefix(string(b), string(bom)))) == 0 {
		return &node{kind: '{'}, nil
	}
	root, err := parseTree(b)
	if err != nil {
		return nil, err
	}
	want := func(n *node, kind byte, what string) error {
		if n == nil || n.kind == kind {
			return nil
		}
		return syntaxAt(b, n.start, what+" is "+kindName(n)+", and must be "+kindName(&node{kind: kind}))
	}
	if err := want(root, '{', "the file"); err != nil {
		return nil, err
	}
	if err := want(root.member("env"), '{', "env"); err != nil {
		return nil, err
	}
	hooks := root.member("hooks")
	if err := want(hooks, '{', "hooks"); err != nil || hooks == nil {
		return root, err
	}
	for _, event := range hooks.items {
		if err := want(event.value, '[', "hooks."+event.name); err != nil {
			return nil, err
		}
		for _, group := range event.value.items {
			if err := want(group.value, '{', "an entry of hooks."+event.name); err != nil {
				return nil, err
			}
			if err := want(group.value.member("hooks"), '[', "hooks of an entry of hooks."+event.name); err != nil {
				return nil, err
			}
		}
	}
	return root, nil
}

// place is where a hook stands in a tree.
type place struct {
	event       string
	events      *node // the object of all events
	groups      *node // the list of the event
	group, list *node // the group, and its list of hooks
	hook        *node
	at          [3]int // the indexes of event, group and hook
}

// eachHook calls fn for every hook until it returns false.
func eachHook(root *node, fn func(place) bool) {
	events := root.member("hooks")
	if events == nil {
		return
	}
	for i, event := range events.items {
		for k, group := range event.value.items {
			list := group.value.member("hooks")
			if list == nil {
				continue
			}
			for m, hook := range list.items {
				if !fn(place{event.name, events, event.value, group.value, list, hook.value, [3]int{i, k, m}}) {
					return
				}
			}
		}
	}
}

// IsAMSHook reports whether a program is ams-hook, by its name.
func IsAMSHook(program string) bool {
	name := program[strings.LastIndexAny(program, `/\`)+1:]
	return name == "ams-hook" || strings.EqualFold(name, "ams-hook.exe")
}

// kind is how a hook has to do with ams-hook.
type kind int

const (
	foreign  kind = iota // not at all
	plain                // it starts ams-hook and nothing else: install may correct it
	tuned                // variables are set for ams-hook: somebody's own, left as it is by install
	compound             // ams-hook is one of several commands, or has arguments: never touched
)

// harmless is what may stand behind ams-hook in a shell without making it more than ams-hook.
var harmless = regexp.MustCompile(`^( *([12&]?> */dev/null|2>&1|\|\| *(true|:)))* *$`)

// kindOf tells what a command is. exec says that it has args, and so is the path of a program and no line for a
// shell. In a shell only the first word counts: a path elsewhere in a line is an argument of somebody else's program.
func kindOf(command string, exec bool) kind {
	if exec {
		if IsAMSHook(command) {
			return plain
		}
		return foreign
	}
	line := withoutVariables(command)
	program, rest := firstWord(line)
	switch {
	case !IsAMSHook(program):
		return foreign
	case !harmless.MatchString(rest):
		return compound
	case line != strings.TrimSpace(command):
		return tuned
	}
	return plain
}

// firstWord is the first word of a shell's line, without its quotes, and what stands behind it. A backslash outside
// of quotes counts before a quote only, so that a path of Windows stays one.
func firstWord(line string) (word, rest string) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case strings.IndexByte(" \t\n;&|<>()", c) >= 0:
			return b.String(), line[i:]
		case c == '\\' && i+1 < len(line) && (line[i+1] == '\'' || line[i+1] == '"'):
			i++
			b.WriteByte(line[i])
		case c == '\'' || c == '"':
			inner, _, _ := strings.Cut(line[i+1:], string(c))
			b.WriteString(inner)
			i += len(inner) + 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=('[^']*'|"[^"]*"|[^ '"]*) +`)

// withoutVariables takes what a shell would set for a command off its front: AMS_AGENT_NAME=reviewer ams-hook.
func withoutVariables(command string) string {
	command = strings.TrimSpace(command)
	for {
		match := variable.FindString(command)
		if match == "" {
			return command
		}
		command = command[len(match):]
	}
}

// Ours are the hooks of s that start ams-hook.
func (s *Settings) Ours() []Hook {
	return slices.DeleteFunc(slices.Clone(s.Hooks), func(h Hook) bool { return kindOf(h.Command, h.HasArgs) == foreign })
}

// Program is the program that a hook of ours starts: the command in exec form, the first word of it in a shell.
func (h Hook) Program() string {
	if h.HasArgs {
		return h.Command
	}
	program, _ := firstWord(withoutVariables(h.Command))
	return program
}

// Plain reports whether a hook of ours is as install would write it or correct it: nothing but ams-hook.
func (h Hook) Plain() bool { return kindOf(h.Command, h.HasArgs) == plain }

// IsGuarded reports whether a hook of ours ends with 0 where ams-hook cannot start, see [Guarded].
func (h Hook) IsGuarded() bool {
	line := strings.TrimSpace(h.Command)
	return !h.HasArgs && kindOf(line, false) != compound && (strings.HasSuffix(line, "|| :") || strings.HasSuffix(line, "|| true"))
}

// All reports whether a hook runs whatever the event is about.
func (h Hook) All() bool { return h.Matcher == "" || h.Matcher == "*" }
