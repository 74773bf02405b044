package install

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"unicode"

	"ams/pkg/clientsettings"
	"ams/pkg/safefile"
	"ams/pkg/schedule"
)

// Note is a word to the person. A Hint may come without a Text.
type Note struct {
	Text string // what may not be as it should
	Hint string // what to do about it
}

// Check looks around, after Apply or instead of it, for what may keep the hook from running or let
// it run twice, and for what a scheduled run will miss.
func (c *Change) Check() []Note {
	var notes []Note
	if t := c.timer; t.hint != "" && c.applied && (t.changed() || t.kind == schedule.None) {
		notes = append(notes, Note{Hint: t.hint})
	}
	notes = append(notes, c.aroundSettings()...)
	notes = append(notes, c.brokenVariables()...)
	if c.opt.Scope == clientsettings.Project && strings.ContainsAny(c.program, `/\`) {
		notes = append(notes, Note{Hint: fmt.Sprintf("whoever shares %s needs ams-hook at %s; "+
			"--hook ams-hook registers the name alone, for everybody's PATH", c.opt.Path, c.program)})
	}
	if unseen := c.machine.UnseenCredentials(); c.opt.Bucket && len(unseen) > 0 {
		notes = append(notes, Note{Hint: fmt.Sprintf("the schedule will not see %s of this shell: "+
			"put credentials into ~/.aws/credentials or ~/.config/ams/env", strings.Join(unseen, ", "))})
	}
	return notes
}

// aroundSettings tells what the other settings that this client reads do to the hook.
func (c *Change) aroundSettings() []Note {
	var notes []Note
	warn := func(format string, args ...any) { notes = append(notes, Note{Text: fmt.Sprintf(format, args...)}) }
	for _, f := range clientsettings.Files(c.opt.ClaudeDir, c.opt.ProjectDir, c.machine.ManagedDir()) {
		b, err := safefile.ReadSmall(f.Path)
		if err != nil {
			continue
		}
		s, err := clientsettings.Parse(b)
		switch {
		case err != nil:
			warn("%s: %v; the client ignores the file", f.Path, err)
			continue
		case s.DisableAllHooks:
			warn("disableAllHooks in %s: no hook runs", f.Path)
		case f.Scope == clientsettings.Managed && s.AllowManagedHooksOnly:
			warn("allowManagedHooksOnly in %s: only hooks that your administrator set run", f.Path)
		}
		same, err := filepath.Abs(f.Path)
		if err != nil || same == c.opt.Path {
			continue
		}
		for _, h := range s.Ours() {
			if h.Command != c.Hook {
				warn("%s registers %s too: every event would be recorded twice", f.Path, h.Command)
				break
			}
		}
		for name, on := range s.Plugins {
			if on && strings.HasPrefix(name, "ams@") {
				warn("the plugin %s in %s registers ams-hook too: every event would be recorded twice", name, f.Path)
			}
		}
	}
	return notes
}

// brokenVariables tells what settings of this shell cannot work as they are, whatever was installed.
func (c *Change) brokenVariables() []Note {
	var notes []Note
	if word := c.machine.RelativeConfigDir(c.opt.ClaudeDir); word != "" {
		notes = append(notes, Note{word, "set it to a path from the root and install again"})
	}
	if !c.opt.Bucket {
		return notes
	}
	for _, name := range credentials {
		if strings.ContainsFunc(c.machine.Getenv(name), unicode.IsControl) {
			notes = append(notes, Note{Text: name + " has a line break or another control character in it: no server takes it"})
		}
	}
	return notes
}

// RelativeConfigDir says what a relative CLAUDE_CONFIG_DIR does where it is the client's folder in
// use, "" where there is none: the client takes it from the folder that it is started in, so that
// each project has settings and transcripts of its own, and a schedule finds none of them.
func (m Machine) RelativeConfigDir(claudeDir string) string {
	dir := m.Getenv("CLAUDE_CONFIG_DIR")
	if dir == "" || filepath.IsAbs(dir) || dir != claudeDir {
		return ""
	}
	return fmt.Sprintf("CLAUDE_CONFIG_DIR is %q, a path from whatever folder a client is started in: "+
		"each has its own settings and transcripts", dir)
}

// ManagedDir is where an administrator's settings are: in a container perhaps elsewhere than the
// client documents, as AMS_MANAGED_SETTINGS_DIR then says.
func (m Machine) ManagedDir() string {
	if dir := m.Getenv("AMS_MANAGED_SETTINGS_DIR"); dir != "" {
		return dir
	}
	return clientsettings.ManagedDir(runtime.GOOS)
}
