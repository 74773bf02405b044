// Package commandline gives a program that urfave/cli reads what people expect and the library lacks: flags that may
// stand anywhere on the line, words to offer in the shell, and a manual page that says everything once.
package commandline

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// NoCommandError says that a command line names a command that there is not.
type NoCommandError struct{ Named string }

func (e *NoCommandError) Error() string { return fmt.Sprintf("there is no command %q", e.Named) }

// Arrange puts a command line into the order that urfave/cli v2 understands: the command, its flags, then its arguments. The
// library ignores a flag behind an argument in silence, and a flag before the command as well; here they may stand anywhere.
func Arrange(app *cli.App, args []string) ([]string, error) {
	takesValue := FlagsWithValue(app)
	var flags, rest []string
	help := false
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			rest = append(rest, args[i+1:]...)
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			rest = append(rest, arg)
			continue
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case name == "help" || name == "h":
			help = true
			continue
		case name == "version" || name == "v":
			return []string{"--version"}, nil
		}
		flags = append(flags, arg)
		if takesValue[name] && !hasValue {
			if i+1 == len(args) {
				return nil, fmt.Errorf("flag %s needs a value", arg)
			}
			i++
			flags = append(flags, args[i])
		}
	}
	path, rest := commandPath(app.Commands, rest)
	if len(path) == 0 && help {
		return []string{"--help"}, nil
	}
	if len(path) == 0 && len(rest) > 0 {
		return nil, &NoCommandError{rest[0]}
	}
	if len(path) == 0 {
		path = []string{app.DefaultCommand}
	}
	if help {
		return append(path, "--help"), nil
	}
	out := append(path, flags...)
	if len(rest) > 0 {
		out = append(append(out, "--"), rest...)
	}
	return out, nil
}

// FlagsWithValue says of every flag of any command, by its names without dashes, whether a value follows it.
func FlagsWithValue(app *cli.App) map[string]bool {
	takesValue := map[string]bool{}
	EachCommand(app.Commands, func(c *cli.Command) {
		for _, f := range c.Flags {
			_, isBool := f.(*cli.BoolFlag)
			for _, name := range f.Names() {
				takesValue[name] = !isBool
			}
		}
	})
	return takesValue
}

// commandPath takes the command, and its subcommand, from the front of the arguments.
func commandPath(commands []*cli.Command, args []string) (path, rest []string) {
	for len(args) > 0 {
		var found *cli.Command
		for _, c := range commands {
			if c.HasName(args[0]) {
				found = c
			}
		}
		if found == nil {
			break
		}
		path, args, commands = append(path, found.Name), args[1:], found.Subcommands
	}
	return path, args
}

// EachCommand calls fn for every command and those below it.
func EachCommand(commands []*cli.Command, fn func(*cli.Command)) {
	for _, c := range commands {
		fn(c)
		EachCommand(c.Subcommands, fn)
	}
}
