package commandline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// UnknownError says that a line names a command or flag that there is not.
type UnknownError struct {
	what string
	hint string
}

func (e *UnknownError) Error() string { return e.what }

// Hint says what was meant, perhaps, or where to look.
func (e *UnknownError) Hint() string { return e.hint }

func unknownCommand(app *cli.App, path []string, named string) error {
	_, below := commandAt(app.Commands, path)
	if len(path) > 0 && len(below) == 0 {
		command := strings.Join(path, " ")
		return &UnknownError{what: fmt.Sprintf("%s has no commands of its own, and so no %q", command, named),
			hint: fmt.Sprintf("%s help %s tells of it", app.Name, command)}
	}
	var names []string
	for _, c := range below {
		if !c.Hidden {
			names = append(names, c.Names()...)
		}
	}
	full := strings.Join(append([]string{app.Name, "help"}, path...), " ")
	e := &UnknownError{what: fmt.Sprintf("there is no command %q", strings.Join(append(slices.Clone(path), named), " ")), hint: full + " lists the commands"}
	if near := Near(named, names); near != "" && near != named {
		e.hint = fmt.Sprintf("did you mean %s?", strings.Join(append(slices.Clone(path), near), " "))
	}
	return e
}

// unknownFlag names the flag that was meant, or else the commands that have one of this name.
func (r *reader) unknownFlag(arg, name string) error {
	shown := strings.SplitN(arg, "=", 2)[0]
	full := strings.Join(r.path, " ")
	e := &UnknownError{what: fmt.Sprintf("%s has no flag %s", full, shown), hint: fmt.Sprintf("%s help %s lists its flags", r.app.Name, full)}
	var names, others []string
	if r.command != nil {
		for _, f := range r.command.VisibleFlags() {
			names = append(names, f.Names()[0])
		}
	}
	if near := Near(name, names); near != "" {
		e.hint = fmt.Sprintf("did you mean %s?", Dashed(near))
		return e
	}
	eachPath(r.app.Commands, "", func(path string, c *cli.Command) {
		if flagNamed(c, name) != nil && !c.Hidden {
			others = append(others, path)
		}
	})
	if len(others) > 0 && len(others) < 4 {
		e.hint = fmt.Sprintf("it is a flag of %s", strings.Join(others, " and "))
	}
	return e
}

// eachPath calls fn for every command and those below it, with the words that name them.
func eachPath(commands []*cli.Command, above string, fn func(path string, c *cli.Command)) {
	for _, c := range commands {
		path := strings.TrimSpace(above + " " + c.Name)
		fn(path, c)
		eachPath(c.Subcommands, path, fn)
	}
}

// Near is the one of names that a person most likely meant by word, "" where none is alike: it begins so, or a slip or
// two of the fingers (a letter too much, one too few, another one, two exchanged) lie between them.
func Near(word string, names []string) string {
	lower := strings.ToLower(word)
	best, least := "", slips(lower)+1
	for _, name := range names {
		n := distance(lower, strings.ToLower(name))
		if len(lower) >= 3 && strings.HasPrefix(strings.ToLower(name), lower) {
			n = 1
		}
		if n < least {
			best, least = name, n
		}
	}
	return best
}

// slips is how many slips of the fingers a word may hold and still be known: in a short one, any word is near.
func slips(word string) int {
	if len(word) < 5 {
		return 1
	}
	return 2
}

// maxWord is the longest word that is compared: the time goes with the square of it.
const maxWord = 64

// distance counts the slips between two words: Damerau and Levenshtein's, where two exchanged neighbours are one.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > maxWord || len(y) > maxWord {
		return maxWord
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
