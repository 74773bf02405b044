// Package commandline gives a program that urfave/cli reads what people expect and the library lacks: flags that may
// stand anywhere on the line, errors and help that a person can read, words to offer in the shell, and manual pages.
package commandline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// Line is a command line that was understood.
type Line struct {
	Path []string // the command and its subcommand, by their first names
	Args []string // its flags, and behind "--" its arguments, as urfave/cli v2 reads them
	Help bool     // help was asked for, of the command or of the whole program where Path is empty
}

// Parse finds out what a command line means. The library ignores a flag behind an argument in silence, and a flag
// before the command as well; here they may stand anywhere, -n1 is -n 1, and "help COMMAND" is "COMMAND --help". What
// is wrong with a line is an [UnknownError] or says which flag cannot be read: the library is left with nothing to
// complain about.
func Parse(app *cli.App, args []string) (Line, error) {
	var line Line
	at, path := findCommand(app, args)
	helpWord := len(path) > 0 && path[0] == "help"
	if helpWord {
		line.Help = true
		args = append(slices.Clone(args[:at[0]]), args[at[0]+1:]...)
		at, path = findCommand(app, args)
	}
	if len(path) == 0 && !line.Help {
		path = []string{app.DefaultCommand}
	} else {
		line.Path = path
	}
	command, _ := commandAt(app.Commands, path)
	r := reader{app: app, command: command, path: path}
	if err := r.read(args, at); err != nil {
		return line, err
	}
	line.Help = line.Help || r.help
	switch {
	case r.version:
		return Line{Path: []string{"version"}}, nil
	case len(r.rest) > 0 && (len(line.Path) == 0 || helpWord || len(command.Subcommands) > 0):
		return line, unknownCommand(app, line.Path, r.rest[0])
	case len(line.Path) == 0 && !line.Help:
		line.Path = path
	}
	line.Args = r.flags
	if len(r.rest) > 0 {
		line.Args = append(append(line.Args, "--"), r.rest...)
	}
	return line, nil
}

// findCommand finds the command, and its subcommand, among the words of a line that are neither flags nor their
// values; at says where they stand.
func findCommand(app *cli.App, args []string) (at []int, path []string) {
	takesValue := FlagsWithValue(app)
	commands := app.Commands
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		if isFlag(args[i]) {
			name, _, hasValue := cutFlag(args[i])
			// A name that is a switch of one command and takes a value in another does the latter, unless a command follows.
			if may, always := takesValue[name][true], !takesValue[name][false]; may && !hasValue && i+1 < len(args) &&
				(always || commandNamed(app.Commands, args[i+1]) == nil) {
				i++
			}
			continue
		}
		c := commandNamed(commands, args[i])
		if c == nil {
			break
		}
		at, path = append(at, i), append(path, c.Name)
		if commands = c.Subcommands; c.Name == "help" || len(commands) == 0 {
			break
		}
	}
	return at, path
}

// reader takes flags and arguments of one command off a line.
type reader struct {
	app         *cli.App
	command     *cli.Command // nil for the whole program
	path        []string
	flags, rest []string
	help        bool
	version     bool
}

// read reads a line whose words at the places named are the command.
func (r *reader) read(args []string, command []int) error {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case slices.Contains(command, i):
		case arg == "--":
			r.rest = append(r.rest, args[i+1:]...)
			return nil
		case !isFlag(arg):
			r.rest = append(r.rest, arg)
		default:
			used, err := r.flag(arg, args[i+1:])
			if err != nil {
				return err
			}
			i += used
		}
	}
	return nil
}

// flag reads a flag; used says how many of the words behind it are its value.
func (r *reader) flag(arg string, behind []string) (used int, err error) {
	name, value, hasValue := cutFlag(arg)
	f := flagNamed(r.command, name)
	switch {
	case f != nil:
	case name == "help" || name == "h":
		r.help = true
		return 0, nil
	case name == "version" || name == "v":
		r.version = true
		return 0, nil
	case arg[1] != '-' && len(name) > 1: // -n1, or -qn1
		if f = flagNamed(r.command, name[:1]); f == nil {
			return 0, r.unknownFlag(arg, name)
		}
		if isSwitch(f) {
			r.flags = append(r.flags, arg[:2])
			return r.flag("-"+arg[2:], behind)
		}
		name, value, hasValue = name[:1], arg[2:], true
	default:
		return 0, r.unknownFlag(arg, name)
	}
	dashed := Dashed(name)
	switch {
	case isSwitch(f) && !hasValue:
		r.flags = append(r.flags, dashed)
		return 0, nil
	case !hasValue && len(behind) == 0:
		return 0, fmt.Errorf("flag %s needs a value", arg)
	case !hasValue:
		value, used = behind[0], 1
	}
	r.flags = append(r.flags, dashed+"="+value)
	return used, checkValue(f, dashed, value)
}

// checkValue says in words what the library would say in its own about a value of the wrong kind.
func checkValue(f cli.Flag, dashed, value string) error {
	var err error
	want := ""
	switch f.(type) {
	case *cli.BoolFlag:
		_, err = strconv.ParseBool(value)
		want = "true or false"
	case *cli.IntFlag:
		_, err = strconv.ParseInt(value, 0, strconv.IntSize)
		want = "a whole number"
	case *cli.DurationFlag:
		_, err = time.ParseDuration(value)
		want = "a time such as 90s, 5m or 1h30m"
	}
	if err != nil {
		return fmt.Errorf("%s must be %s, not %q", dashed, want, value)
	}
	return nil
}

func isFlag(arg string) bool { return len(arg) > 1 && arg[0] == '-' }

// cutFlag is a flag's name without dashes, and the value that stands with it.
func cutFlag(arg string) (name, value string, hasValue bool) {
	return strings.Cut(strings.TrimLeft(arg, "-"), "=")
}

// Dashed is the name of a flag as a person types it.
func Dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func isSwitch(f cli.Flag) bool {
	_, ok := f.(*cli.BoolFlag)
	return ok
}

func flagNamed(c *cli.Command, name string) cli.Flag {
	if c == nil {
		return nil
	}
	for _, f := range c.Flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func commandNamed(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

// FlagsWithValue says of the flags of all commands, by their names without dashes, whether a command has one of that
// name that a value follows, and whether one has one that is a switch.
func FlagsWithValue(app *cli.App) map[string]map[bool]bool {
	takesValue := map[string]map[bool]bool{}
	EachCommand(app.Commands, func(c *cli.Command) {
		for _, f := range c.Flags {
			for _, name := range f.Names() {
				if takesValue[name] == nil {
					takesValue[name] = map[bool]bool{}
				}
				takesValue[name][!isSwitch(f)] = true
			}
		}
	})
	return takesValue
}

// EachCommand calls fn for every command and those below it.
func EachCommand(commands []*cli.Command, fn func(*cli.Command)) {
	for _, c := range commands {
		fn(c)
		EachCommand(c.Subcommands, fn)
	}
}

// commandAt is the command that a path names, nil for none, and the commands below it.
func commandAt(commands []*cli.Command, path []string) (at *cli.Command, below []*cli.Command) {
	for _, name := range path {
		if c := commandNamed(commands, name); c != nil {
			at, commands = c, c.Subcommands
		}
	}
	return at, commands
}
