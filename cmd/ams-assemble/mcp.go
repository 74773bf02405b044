package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ams/pkg/commandline"
	"ams/pkg/library"
	"ams/pkg/mcp"
)

func mcpCommand(e env) *cli.Command {
	return &cli.Command{
		Name: mcpName, Category: reading,
		Usage: "answer an agent's questions about recorded sessions",
		Description: "A server of the Model Context Protocol on standard input and output, which the client starts: " +
			"list_sessions, find_text, session_outline, session_events and report. It reads, and changes nothing. An agent " +
			"sees the sessions of the repository that it works in, unless --scope says otherwise.\n" +
			"Settings come from flags and the env file alone: a project sets the environment of what the client starts in it.",
		UsageText: "claude mcp add ams -- ams-assemble mcp  # register it for this project\n" +
			"claude mcp add --scope user ams -- ams-assemble mcp  # for all of yours",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "scope", Value: "repo",
				Usage: "which sessions are told: `SCOPE` repo, of the repository that it runs in; shared, with those of other machines whose repository " +
					"has the same name; or all"},
		}, commonFlags(recordGroup, maskGroup, storeGroup)),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			scope := mcp.Scope(c.String("scope"))
			switch {
			case c.Args().Present():
				return usagef("mcp takes no arguments")
			case !slices.Contains(mcp.Scopes(), scope):
				return usagef("--scope must be repo, shared or all, not %q", scope)
			case atTerminal(e):
				return &exitError{exitUsage, &hintError{
					err: fmt.Errorf("mcp speaks to a client and not to a person"), hint: "claude mcp add ams -- ams-assemble mcp"}}
			}
			return serveMCP(e, c, set, scope)
		},
	}
}

func serveMCP(e env, c *cli.Context, set settings, scope mcp.Scope) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	store, err := set.open(c.Context)
	if err != nil {
		return err
	}
	lib := library.Options{CacheDir: cacheDir(e, set), Unstored: set.unstored(e), Mask: set.redact}
	opt := mcp.Options{
		Library: library.Open(store, lib),
		Mask:    set.redact, Version: version(), Now: e.now, Scope: scope, Dir: dir,
	}
	if set.storeFolder() == "" {
		if opt.Host, err = os.Hostname(); err != nil {
			return fmt.Errorf("which sessions are of this machine: %w", err)
		}
	}
	return mcp.Serve(c.Context, opt, io.NopCloser(e.stdin), writeCloser{e.stdout})
}

// writeCloser is a stream that is the program's to close.
type writeCloser struct{ io.Writer }

func (writeCloser) Close() error { return nil }

const mcpName = "mcp"

// ownVariables are those that a server of ours keeps of the environment that it was started with: what
// a schedule has, too.
var ownVariables = []string{"HOME", "USER", "LOGNAME", "PATH", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP",
	"SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "USERNAME", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA",
	"APPDATA", "PROGRAMDATA"}

// leaveEnvironment takes what a project may have set out of the environment of a server that a client
// starts in it: the store and its keys, proxies, masks. Its settings are then those of a schedule:
// flags and the env file, and not even that where it may have come with the project.
func leaveEnvironment(e env) error {
	line, err := commandline.Parse(newApp(e), e.args)
	if err != nil || !slices.Equal(line.Path, []string{mcpName}) {
		return nil
	}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if !slices.Contains(ownVariables, strings.ToUpper(name)) && !strings.HasPrefix(name, "LC_") {
			os.Unsetenv(name)
		}
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	if machineOf(e).Planted(dir) {
		return &hintError{
			err:  fmt.Errorf("the home folder %s is inside of this repository: settings there are not read", homeDir(e)),
			hint: "HOME must be your own home folder"}
	}
	return nil
}
