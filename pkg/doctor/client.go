package doctor

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"ams/pkg/clientsettings"
	"ams/pkg/install"
	"ams/pkg/safefile"
	"ams/pkg/screen"
	"ams/pkg/spool"
)

// checkClient asks the client for its version: which events it knows hangs on it.
func (d *doctor) checkClient(ctx context.Context) {
	version, err := install.ClientVersion(ctx, d.Client)
	if err != nil {
		d.warn("client", "--client names the program, where it is not in PATH", "its version is not known: %v", err)
		return
	}
	d.version = version
	d.ok("client", "Claude Code %s", version)
}

// checkSettings reads the client's settings files. One that is no JSON turns every hook in it off,
// without a word of the client's.
func (d *doctor) checkSettings(context.Context) {
	bad := false
	if word := d.Machine.RelativeConfigDir(d.ClaudeDir); word != "" {
		bad = true
		d.warn("settings", "set CLAUDE_CONFIG_DIR to a path from the root", "%s", word)
	}
	for _, f := range clientsettings.Files(d.ClaudeDir, d.ProjectDir, d.Machine.ManagedDir()) {
		b, err := safefile.ReadSmall(f.Path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			bad = true
			d.warn("settings", "make it a file that this user can read", "%s cannot be read: %v", f.Path, err)
			continue
		}
		s, err := clientsettings.Parse(b)
		var syntax *clientsettings.SyntaxError
		if errors.As(err, &syntax) {
			bad = true
			d.problem("settings", "mend the file: the client ignores all of it, without a word",
				"%s:%d:%d: %s", f.Path, syntax.Line, syntax.Column, syntax.Reason)
			continue
		}
		file := settingsFile{File: f, Settings: s}
		if info, err := os.Stat(f.Path); err == nil {
			file.changed = info.ModTime()
		}
		d.files = append(d.files, file)
		if s.DisableAllHooks {
			bad = true
			d.problem("settings", "take disableAllHooks out of the file",
				"disableAllHooks in %s: no hook runs", f.Path)
		}
		if f.Scope == clientsettings.Managed && s.AllowManagedHooksOnly && len(s.Ours()) == 0 {
			bad = true
			d.problem("settings", "ask your administrator to register ams-hook there",
				"allowManagedHooksOnly in %s: only its own hooks run", f.Path)
		}
		for name, on := range s.Plugins {
			if on && strings.HasPrefix(name, "ams@") {
				d.plugin = name + " in " + f.Path
			}
		}
	}
	if !bad {
		d.ok("settings", "%s read", screen.Count(len(d.files), "settings file"))
	}
}

// checkHooks looks at what is registered for which events.
func (d *doctor) checkHooks(context.Context) {
	commands := map[string][]string{} // by event
	found := 0
	for _, f := range d.files {
		var events []string
		for _, h := range f.Ours() {
			found++
			if !slices.Contains(events, h.Event) {
				events = append(events, h.Event)
			}
			if !slices.Contains(commands[h.Event], h.Command) {
				commands[h.Event] = append(commands[h.Event], h.Command)
			}
			d.checkHook(f, h)
		}
		if len(events) > 0 {
			d.checkEvents(f, events)
		}
	}
	switch {
	case found == 0 && d.plugin == "":
		d.problem("hook", "ams-assemble install",
			"ams-hook is not registered in any settings of the client: nothing is recorded")
	case found == 0:
		d.ok("hook", "registered by the plugin %s", d.plugin)
	case d.plugin != "":
		d.warn("twice", "keep one: ams-assemble uninstall, or disable the plugin",
			"ams-hook is registered in settings and by the plugin %s: every event is recorded twice", d.plugin)
	}
	for _, event := range slices.Sorted(maps.Keys(commands)) {
		if len(commands[event]) > 1 {
			d.warn("twice", "keep one: ams-assemble install corrects your own settings, "+
				"ams-assemble uninstall --project a project's",
				"%s starts %s: it is recorded twice, and costs twice", event, strings.Join(commands[event], " and "))
			return // the other events are alike
		}
	}
}

// checkHook looks at one entry of ours.
func (d *doctor) checkHook(f settingsFile, h clientsettings.Hook) {
	again := installAgain(f.Scope)
	switch why := clientsettings.WhyNever(h.Event); {
	case h.Event == "WorktreeCreate":
		d.problem("hook", again, "ams-hook is registered for %s in %s: %s", h.Event, f.Path, why)
	case why != "":
		d.warn("hook", again, "ams-hook is registered for %s in %s: %s", h.Event, f.Path, why)
	case !clientsettings.Accepts(d.version, h.Event):
		d.problem("hook", again+", or a newer client",
			"client %s does not know %s in %s, and so runs no hook of that file", d.version, h.Event, f.Path)
	case clientsettings.StopsAt(d.version, h.Event):
		d.warn("hook", again+", or a newer client",
			"client %s does not know %s in %s, and in a terminal stops at a dialog at every start", d.version, h.Event, f.Path)
	case !h.Plain(): // somebody's own line: it records
	case h.Async:
		d.warn("hook", again,
			"ams-hook is async for %s in %s: the client may end it before it has recorded", h.Event, f.Path)
	case !h.All():
		d.warn("hook", again, "ams-hook is registered for %s of %q alone in %s", h.Event, h.Matcher, f.Path)
	case h.IsGuarded(): // slower, and asked for
	case !h.HasArgs:
		d.warn("hook", again, "ams-hook is started by a shell for %s in %s: slower than without", h.Event, f.Path)
	}
}

func installAgain(scope clientsettings.Scope) string {
	if scope == clientsettings.Managed {
		return "ask your administrator to correct it"
	}
	return "ams-assemble install --" + string(scope)
}

// checkEvents says which events are recorded, and which this client has beside them.
func (d *doctor) checkEvents(f settingsFile, events []string) {
	again := installAgain(f.Scope)
	missing := func(wanted []string) []string {
		return slices.DeleteFunc(wanted, func(event string) bool { return slices.Contains(events, event) })
	}
	if lost := missing(clientsettings.Shared()); len(lost) > 0 {
		d.warn("hook", again, "ams-hook is not registered for %s in %s", strings.Join(lost, ", "), f.Path)
		return
	}
	if more := missing(clientsettings.Events(d.version)); len(more) > 0 && f.Scope == clientsettings.User {
		d.ok("hook", "registered for %d events in %s; client %s has %d more (%s)",
			len(events), f.Path, d.version, len(more), again)
		return
	}
	d.ok("hook", "registered for %d events in %s", len(events), f.Path)
}

// hookPrograms are the programs that are registered and may be started, each once.
func (d *doctor) hookPrograms() []string {
	var out []string
	for _, f := range d.files {
		for _, h := range f.Ours() {
			program := h.Program()
			exact := h.HasArgs || h.Command == clientsettings.Guarded(program)
			program = d.inHome(program)
			if !d.mayStart(f, program) {
				continue
			}
			if !exact && strings.Contains(program, "$") {
				continue // what a shell makes of a variable is not known here
			}
			if !slices.Contains(out, program) {
				out = append(out, program)
			}
		}
	}
	if len(out) == 0 && d.plugin != "" {
		out = append(out, "ams-hook")
	}
	return out
}

// checkPrograms looks whether the registered programs are there, and of this version.
func (d *doctor) checkPrograms(context.Context) {
	own := d.Version
	d.sayNotStarted()
	for _, command := range d.hookPrograms() {
		path, err := exec.LookPath(command)
		if err != nil {
			d.problem("program", "ams-assemble install, with ams-hook in its place",
				"%s cannot be started: %v", command, err)
			continue
		}
		info, err := readBuildInfo(path)
		switch {
		case err != nil || !strings.HasSuffix(info.Path, "/ams-hook"):
			d.warn("program", "build or install ams-hook anew", "%s is no ams-hook as Go builds it", path)
		case d.VersionOf(info) != own:
			d.warn("program", "install both programs from one release",
				"%s is of version %s, ams-assemble of %s", path, d.VersionOf(info), own)
		default:
			d.ok("program", "%s, version %s", path, own)
		}
	}
}

// readBuildInfo reads what Go wrote into a program: a file that some project's settings name, and so any file.
func readBuildInfo(path string) (*buildinfo.BuildInfo, error) {
	f, err := safefile.Open(path, safefile.Rules{Links: true})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return buildinfo.Read(f)
}

// checkAgree holds the folder that hooks record into to the one that this program reads.
func (d *doctor) checkAgree(context.Context) {
	agreed := true
	said := false
	for _, f := range d.files {
		if v := f.Env["AMS_DISABLE"]; disables(v) {
			agreed = false
			d.problem("agree", "take AMS_DISABLE out of the file",
				"AMS_DISABLE=%s in env of %s: ams-hook records nothing", v, f.Path)
		}
		setting, ok := f.Env["AMS_SPOOL_DIR"]
		if !ok {
			continue
		}
		said = true
		place, err := spool.PlaceFor(setting, d.Machine.Getenv)
		if err == nil && place.Refused != nil {
			d.warn("agree", unsafeNext,
				"%s of %s is not used (%v): hooks record into %s", setting, f.Path, place.Refused, place.Dir)
		}
		if err != nil || !safefile.Same(place.Dir, d.SpoolDir) {
			agreed = false
			d.problem("agree", "ams-assemble install --spool-dir DIR sets both",
				"%s lets hooks record into %s, and ams-assemble reads %s", f.Path, setting, d.SpoolDir)
		}
	}
	if v := d.Machine.Getenv("AMS_DISABLE"); disables(v) {
		agreed = false
		d.problem("agree", "unset AMS_DISABLE",
			"AMS_DISABLE=%s in this environment: ams-hook records nothing in clients started here", v)
	}
	if !said && len(d.hookPrograms()) > 0 {
		if place, err := spool.PlaceFor("", d.Machine.Getenv); err == nil && !safefile.Same(place.Dir, d.SpoolDir) {
			agreed = false
			d.problem("agree", "ams-assemble install",
				"hooks record into %s unless their environment says otherwise, and ams-assemble reads %s", place.Dir, d.SpoolDir)
		}
	}
	if agreed {
		d.ok("agree", "hooks record into %s, where ams-assemble reads", d.SpoolDir)
	}
}

// unsafeNext is what to do about a folder that hooks do not use.
const unsafeNext = "make it a folder of your own that nobody else may write to (chmod 700), or name another: " +
	"ams-assemble install --spool-dir DIR"

// disables reports whether a value of AMS_DISABLE turns ams-hook off, as ams-hook reads it.
func disables(v string) bool {
	return slices.Contains([]string{"1", "true", "yes", "on"}, strings.ToLower(v))
}

// slowHook is what median is worth a word, in milliseconds: the client itself takes 8 to 10 for any
// hook (measured with 2.1.330 on a quiet machine).
const slowHook = 50

// checkTrial gives the registered program an event and reads it back, and measures how long it takes on this machine.
func (d *doctor) checkTrial(ctx context.Context) {
	for _, command := range d.hookPrograms() {
		path, err := exec.LookPath(command)
		if err != nil {
			continue // said already
		}
		if err := os.MkdirAll(d.SpoolDir, 0o700); err != nil {
			d.problem("trial", "make the folder writable, or name another by ams-assemble install --spool-dir DIR",
				"the spool folder cannot be made: %v", err)
			return
		}
		if err := d.Machine.TryHook(ctx, path, d.SpoolDir); err != nil {
			d.problem("trial", "look at the hook's log; AMS_HOOK_DEBUG=1 lets it talk",
				"a trial event was not recorded: %v", err)
			continue
		}
		median, worst, err := d.Machine.TimeHook(ctx, path, d.SpoolDir)
		text := fmt.Sprintf("a trial event was recorded and read back; the hook takes %.1f ms (median of %d, at most %.1f ms)",
			median, install.Trials, worst)
		switch {
		case err != nil:
			d.problem("trial", "look at the hook's log", "the hook failed after the trial event: %v", err)
		case median > slowHook:
			d.warn("trial", "is the spool folder on a slow or shared disk? ams-assemble install --spool-dir DIR names another",
				"%s", text)
		default:
			d.ok("trial", "%s", text)
		}
	}
}
