package commandline

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/urfave/cli/v2"
)

// Candidate is a word that the shell may offer, and what it is.
type Candidate struct{ Word, About string }

// PrintCandidates prints one a line, with a tab before what it is. A word that a shell would read as anything but itself
// is left out: it would stand on the line as it is, and what an agent was called must not be run.
func PrintCandidates(w io.Writer, found []Candidate) {
	for _, c := range found {
		if !isPlainWord(c.Word) {
			continue
		}
		fmt.Fprintf(w, "%s\t%s\n", c.Word, strings.ReplaceAll(c.About, "\n", " "))
	}
}

// Offers are the words that only the program knows: the values of a flag, and the arguments of a command, which is
// named by its path. None at all: the shell offers files.
type Offers interface {
	Values(flag string) []Candidate
	Arguments(command string) []Candidate
}

// isPlainWord reports whether a word means itself in every shell.
func isPlainWord(word string) bool {
	return word != "" && word[0] != '=' && !strings.ContainsFunc(word, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-./:@%+=,", r)
	})
}

// Complete says what may stand at the place of the word cur, behind the words before it. None at all: offer files.
func Complete(app *cli.App, offers Offers, cur string, before []string) []Candidate {
	takesValue := FlagsWithValue(app)
	pending := "" // the flag whose value cur is
	var words []string
	for _, w := range before {
		name, _, hasValue := strings.Cut(strings.TrimLeft(w, "-"), "=")
		switch {
		case w == "=": // bash breaks --flag=value at the sign
		case pending != "":
			pending = ""
		case w == "--":
			return nil
		case len(w) > 1 && w[0] == '-':
			if takesValue[name][true] && !hasValue {
				pending = name
			}
		default:
			words = append(words, w)
		}
	}
	if pending != "" {
		return beginning(offers.Values(pending), "", strings.TrimPrefix(cur, "="))
	}
	if flag, value, ok := strings.Cut(cur, "="); ok && strings.HasPrefix(flag, "-") {
		return beginning(offers.Values(strings.TrimLeft(flag, "-")), flag+"=", value)
	}
	path, command, below, rest := inside(app, words)
	switch {
	case strings.HasPrefix(cur, "-"):
		return flagsOf(app, command, cur)
	case len(below) == 0:
		return beginning(offers.Arguments(strings.Join(path, " ")), "", cur)
	case len(rest) > 0:
		return nil
	}
	var found []Candidate
	for _, c := range below {
		if !c.Hidden && strings.HasPrefix(c.Name, cur) {
			found = append(found, Candidate{c.Name, c.Usage})
		}
	}
	return found
}

// inside is the command that the words of a line name, with its path, nil for none, the commands that may follow, and
// the words behind it.
func inside(app *cli.App, words []string) (path []string, command *cli.Command, below []*cli.Command, rest []string) {
	below = app.Commands
	if len(words) > 0 && words[0] == "help" {
		words = words[1:]
	}
	for len(words) > 0 {
		c := commandNamed(below, words[0])
		if c == nil {
			break
		}
		path, command, below, words = append(path, c.Name), c, c.Subcommands, words[1:]
	}
	return path, command, below, words
}

// flagsOf are the flags of a command that begin with cur; without a command, those of the command that then runs.
func flagsOf(app *cli.App, command *cli.Command, cur string) []Candidate {
	found := []Candidate{{"--help", "show what the command takes"}}
	if command == nil {
		found = append(found, Candidate{"--version", "print the version"})
		command, _ = commandAt(app.Commands, []string{app.DefaultCommand})
	}
	for _, f := range command.VisibleFlags() {
		about := ""
		if d, ok := f.(cli.DocGenerationFlag); ok {
			about = strings.ReplaceAll(d.GetUsage(), "`", "")
		}
		if name := f.Names()[0]; name != "help" {
			found = append(found, Candidate{"--" + name, about})
		}
	}
	matching := found[:0]
	for _, c := range found {
		if strings.HasPrefix(c.Word, cur) {
			matching = append(matching, c)
		}
	}
	return matching
}

// beginning are those that begin with cur, whatever the case, with a prefix before them.
func beginning(offered []Candidate, prefix, cur string) []Candidate {
	var found []Candidate
	for _, c := range offered {
		if len(c.Word) >= len(cur) && strings.EqualFold(c.Word[:len(cur)], cur) {
			found = append(found, Candidate{prefix + c.Word, c.About})
		}
	}
	return found
}
