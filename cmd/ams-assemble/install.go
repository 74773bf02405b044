package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/clientsettings"
	"ams/pkg/safefile"
	"ams/pkg/screen"
	"ams/pkg/spool"
)

// scopeFlags say whose settings are meant.
func scopeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "user", Usage: "in your own settings, for all projects (the default)"},
		&cli.BoolFlag{Name: "project", Usage: "in the settings of this project, which others share"},
		&cli.BoolFlag{Name: "local", Usage: "in your settings of this project"},
		&cli.StringFlag{Name: "dir", Usage: "the project's `DIR` (default: the working folder)"},
		&cli.StringFlag{Name: "schedule", Usage: "how sessions get stored by themselves: `KIND` cron, systemd, launchd or none (default: what this machine has)"},
		&cli.BoolFlag{Name: "dry-run", Usage: "show what would change, and change nothing"},
	}
}

func installCommand(e env) *cli.Command {
	return &cli.Command{
		Name:  "install",
		Usage: "register ams-hook with Claude Code, and run ams-assemble every five minutes",
		Description: "Every other hook, key and line of the settings file stays as it is; a backup is kept beside it and the change is shown.\n" +
			"Settings given here by flag or environment are kept in ~/.config/ams/env, where the schedule finds them.",
		Flags: slices.Concat(commonFlags(), scopeFlags(), []cli.Flag{
			&cli.StringFlag{Name: "hook", Usage: "the ams-hook `PROGRAM` (default: the one beside ams-assemble, else in PATH); a name without a slash is registered as it is"},
			&cli.StringFlag{Name: "client", Value: "claude", Usage: "the client's `PROGRAM`, which is asked for its version"},
			&cli.BoolFlag{Name: "guard", Usage: "start the hook by a shell that blocks nothing where limits of memory let no Go program start; kept until --guard=false"},
		}),
		Action: onTarget(e, install),
	}
}

// onTarget reads the settings and the target of install or uninstall.
func onTarget(e env, act func(env, *cli.Context, settings, target) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		set, err := readSettings(e, c)
		if err != nil {
			return err
		}
		t, err := readTarget(c, set)
		if err != nil {
			return err
		}
		return act(e, c, set, t)
	}
}

// target is the settings file that install and uninstall work on.
type target struct {
	scope   clientsettings.Scope
	project string
	path    string
}

func readTarget(c *cli.Context, set settings) (target, error) {
	t := target{scope: clientsettings.User}
	if c.Args().Present() {
		return t, usagef("%s takes no arguments", c.Command.Name)
	}
	named := 0
	for _, s := range []clientsettings.Scope{clientsettings.User, clientsettings.Project, clientsettings.Local} {
		if c.Bool(string(s)) {
			t.scope = s
			named++
		}
	}
	if named > 1 {
		return t, usagef("--user, --project and --local exclude each other")
	}
	var err error
	if t.project, err = filepath.Abs(c.String("dir")); err != nil {
		return t, fmt.Errorf("--dir: %w", err)
	}
	if info, err := os.Stat(t.project); t.shared() && (err != nil || !info.IsDir()) {
		return t, usagef("--dir: there is no folder %s", t.project)
	}
	t.path = clientsettings.PathOf(t.scope, set.claudeDir, t.project)
	if t.path, err = filepath.Abs(t.path); err != nil {
		return t, fmt.Errorf("settings: %w", err)
	}
	return t, nil
}

// shared reports whether others use the file too.
func (t target) shared() bool { return t.scope != clientsettings.User }

// install plans all changes, shows them, and then makes them.
func install(e env, c *cli.Context, set settings, t target) error {
	program, err := installedHook(c.Context, e, c.String("hook"))
	if err != nil {
		return err
	}
	change, err := readChange(t.path)
	if err != nil {
		return err
	}
	now, err := change.parsed()
	if err != nil {
		return err
	}
	hook, err := hookCommand(c, program, now)
	if err != nil {
		return err
	}
	events, why := eventsFor(c.Context, t, c.String("client"))
	spoolText, spoolDir, err := spoolFor(e, c, set, t, now)
	if err != nil {
		return err
	}
	if change.after, err = clientsettings.Register(change.before, hook, events, map[string]string{"AMS_SPOOL_DIR": spoolText}); err != nil {
		return change.explain(err)
	}
	vars, err := settled(e, c)
	if err != nil {
		return err
	}
	vars["AMS_SPOOL_DIR"] = spoolDir
	envChange, err := planEnvFile(e, vars)
	if err != nil {
		return err
	}
	timer, err := planSchedule(c.Context, e, c.String("schedule"))
	if err != nil {
		return err
	}
	in := installation{e: e, dry: c.Bool("dry-run"), settings: change, env: envChange, timer: timer}
	fmt.Fprintf(e.stdout, "hook      %s\nevents    %s\nspool     %s\nstore     %s\n", hook, why, spoolDir, set.storeName())
	if err := in.apply(c.Context); err != nil {
		return err
	}
	warnAround(e, set, t, hook)
	warnBroken(e, set)
	if t.scope == clientsettings.Project && strings.ContainsAny(program, `/\`) {
		fmt.Fprintf(e.stderr, "hint: whoever shares %s needs ams-hook at %s; --hook ams-hook registers the name alone, for everybody's PATH\n", t.path, program)
	}
	if set.s3 != nil {
		if unseen := unseenCredentials(e); len(unseen) > 0 {
			fmt.Fprintf(e.stderr, "hint: the schedule will not see %s of this shell: put credentials into ~/.aws/credentials or ~/.config/ams/env\n", strings.Join(unseen, ", "))
		}
	}
	in.nextStep()
	return nil
}

// installedHook is the program to register, tried once: a hook that fails is worse than none.
func installedHook(ctx context.Context, e env, named string) (string, error) {
	program := named
	if named != "" && !strings.ContainsAny(named, `/\`) {
		path, err := exec.LookPath(named) // registered by name, tried by path
		if err != nil {
			return "", &hintError{err: fmt.Errorf("--hook %s: it is not in PATH", named), hint: "name it by its path"}
		}
		program = path
	} else {
		path, err := findHook(e, named)
		if err != nil {
			return "", err
		}
		program, named = path, path
	}
	if isBuiltAside(program) {
		return "", builtAside(program)
	}
	if err := tryHook(ctx, e, program, ""); err != nil {
		return "", &hintError{err: fmt.Errorf("it is not registered: %w", err), hint: "--hook names another ams-hook"}
	}
	if !clientsettings.IsAMSHook(named) {
		return "", &hintError{err: fmt.Errorf("%s is not registered: a program of another name would not be known again as ams-hook", named), hint: "call it ams-hook"}
	}
	return named, nil
}

// hookCommand is what is registered for a program: the program itself, or a line for a shell that guards it.
func hookCommand(c *cli.Context, program string, now *clientsettings.Settings) (string, error) {
	guard := c.Bool("guard")
	if !c.IsSet("guard") { // as it was: to install a new version takes no guard away
		guard = slices.ContainsFunc(now.Ours(), clientsettings.Hook.IsGuarded)
	}
	switch {
	case !guard:
		return program, nil
	case runtime.GOOS == "windows":
		return "", usagef("--guard is for shells of Unix; Windows has no such limits")
	}
	return clientsettings.Guarded(program), nil
}

// eventsFor are the events to register, and a word on why these.
func eventsFor(ctx context.Context, t target, client string) (events []string, why string) {
	if t.shared() {
		events = clientsettings.Shared()
		return events, fmt.Sprintf("the %d that every client since 2.0.56 knows, as others share this file", len(events))
	}
	version, err := clientVersion(ctx, client)
	events = clientsettings.Events(version)
	if err != nil {
		return events, fmt.Sprintf("the %d that every client since 2.0.56 knows (%v)", len(events), err)
	}
	return events, fmt.Sprintf("%d, for client %s", len(events), version)
}

// clientTime bounds how long the client may take to say its version; a cold start on a slow disk takes seconds.
const clientTime = 20 * time.Second

// clientVersion asks the client for its version.
func clientVersion(ctx context.Context, client string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, clientTime)
	defer cancel()
	path, err := exec.LookPath(client)
	if err != nil {
		return "", fmt.Errorf("the client %s is not in PATH", client)
	}
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", path, err)
	}
	version := clientsettings.VersionOf(string(out))
	if version == "" {
		return "", fmt.Errorf("%s --version says %q", path, screen.Cut(screen.Line(string(out)), 60))
	}
	return version, nil
}

// spoolFor is the spool folder as the settings file names it, and as it is on this machine. What was set by hand counts; else what the file
// says already.
func spoolFor(e env, c *cli.Context, set settings, t target, now *clientsettings.Settings) (text, dir string, err error) {
	existing := now.Env["AMS_SPOOL_DIR"]
	dir = set.spoolDir
	byHand := c.IsSet("spool-dir") && c.String("spool-dir") != envFileVars(e)["AMS_SPOOL_DIR"]
	if existing != "" && !byHand {
		there, err := spool.Dir(existing, e.getenv)
		switch {
		case err != nil:
			return "", "", err
		case safefile.Same(there, dir) || !t.shared():
			return existing, there, nil
		}
		fmt.Fprintf(e.stderr, "ams-assemble: warning: %s records into %s, and ams-assemble reads %s; --spool-dir sets both\n", t.path, existing, dir)
		return existing, dir, nil
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", "", fmt.Errorf("spool folder: %w", err)
	}
	if below, ok := strings.CutPrefix(dir, homeDir(e)+string(filepath.Separator)); ok && t.shared() {
		return "~/" + filepath.ToSlash(below), dir, nil
	}
	return dir, dir, nil
}

// installation is what install does, once it is known.
type installation struct {
	e             env
	dry           bool
	settings, env *fileChange
	timer         *timerPlan
}

func (in *installation) changed() bool {
	return in.settings.changed() || in.env.changed() || in.timer.changed()
}

// apply shows each change and makes it. The settings come last but for the schedule: a hook that records into a folder that nobody assembles
// loses nothing, a schedule without a hook does nothing.
func (in *installation) apply(ctx context.Context) error {
	if in.settings.changed() && in.settings.exists && !in.dry {
		path, err := in.settings.backup(in.e)
		if err != nil {
			return err
		}
		fmt.Fprintf(in.e.stdout, "backup    %s\n", path)
	}
	for _, c := range []*fileChange{in.env, in.settings} {
		if !c.changed() {
			continue
		}
		fmt.Fprintf(in.e.stdout, "\n%s", screen.Text(string(c.diff())))
		if in.dry {
			continue
		}
		if err := c.write(); err != nil {
			return err
		}
	}
	return in.timer.apply(ctx, in.e, in.dry)
}

func (in *installation) nextStep() {
	switch {
	case in.dry && in.changed():
		fmt.Fprintln(in.e.stdout, "\nnothing was changed (--dry-run)")
	case !in.changed():
		fmt.Fprintln(in.e.stdout, "\nall is in place, nothing to change")
	default:
		fmt.Fprint(in.e.stdout, "\nNow run claude once, in a new session, and read it:\n\n  ams-assemble show last\n\nams-assemble doctor tells whether all works.\n")
	}
}

// warnAround tells what keeps the hook from running, or lets it run twice, in the other settings that this client reads.
func warnAround(e env, set settings, t target, hook string) {
	for _, f := range clientsettings.Files(set.claudeDir, t.project, managedDir(e)) {
		b, err := safefile.ReadSmall(f.Path)
		if err != nil {
			continue
		}
		s, err := clientsettings.Parse(b)
		switch {
		case err != nil:
			fmt.Fprintf(e.stderr, "ams-assemble: warning: %s: %v; the client ignores the file\n", f.Path, err)
			continue
		case s.DisableAllHooks:
			fmt.Fprintf(e.stderr, "ams-assemble: warning: disableAllHooks in %s: no hook runs\n", f.Path)
		case f.Scope == clientsettings.Managed && s.AllowManagedHooksOnly:
			fmt.Fprintf(e.stderr, "ams-assemble: warning: allowManagedHooksOnly in %s: only hooks that your administrator set run\n", f.Path)
		}
		same, err := filepath.Abs(f.Path)
		if err != nil || same == t.path {
			continue
		}
		for _, h := range s.Ours() {
			if h.Command != hook {
				fmt.Fprintf(e.stderr, "ams-assemble: warning: %s registers %s too: every event would be recorded twice\n", f.Path, h.Command)
				break
			}
		}
		for name, on := range s.Plugins {
			if on && strings.HasPrefix(name, "ams@") {
				fmt.Fprintf(e.stderr, "ams-assemble: warning: the plugin %s in %s registers ams-hook too: every event would be recorded twice\n", name, f.Path)
			}
		}
	}
}

// managedDir is where an administrator's settings are: in a container perhaps elsewhere than the client documents.
func managedDir(e env) string {
	if dir := e.getenv("AMS_MANAGED_SETTINGS_DIR"); dir != "" {
		return dir
	}
	return clientsettings.ManagedDir(runtime.GOOS)
}
