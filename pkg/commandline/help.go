package commandline

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ams/pkg/screen"
)

// maxHelp is the widest that help is set: lines beyond are hard to read.
const maxHelp = 100

// Help writes help about the whole program, or about the command that a path names, for a screen of so many cells.
func Help(w io.Writer, app *cli.App, path []string, cells int) error {
	h := &helper{app: app, cells: min(cells, maxHelp)}
	if command, _ := commandAt(app.Commands, path); command != nil {
		h.command(path, command)
	} else {
		h.program()
	}
	_, err := io.WriteString(w, h.out.String())
	return err
}

// helper sets help.
type helper struct {
	app   *cli.App
	cells int
	out   strings.Builder
}

// program tells what the program is, and its commands in groups.
func (h *helper) program() {
	h.text("", h.app.Name+": "+h.app.Usage)
	h.gap()
	h.line("  %s [COMMAND] [FLAGS] [ARGUMENTS]", h.app.Name)
	for _, group := range grouped(h.app.Commands, func(c *cli.Command) (string, bool) { return c.Category, !c.Hidden }) {
		h.gap()
		h.line("%s", group.name)
		for _, c := range group.members {
			h.entry(c.Name, c.Usage)
		}
	}
	h.gap()
	h.examples(h.app.UsageText)
	h.text("", h.app.Name+" help COMMAND tells all of a command, its flags and examples.")
}

func (h *helper) command(path []string, c *cli.Command) {
	full := h.app.Name + " " + strings.Join(path, " ")
	usage := full
	switch {
	case len(c.Subcommands) > 0:
		usage += " COMMAND"
	case len(c.VisibleFlags()) > 0:
		usage += " [FLAGS]"
	}
	h.line("%s", strings.TrimSpace(usage+" "+c.ArgsUsage))
	h.gap()
	h.text("", Sentence(c.Usage))
	if c.Description != "" {
		h.gap()
		for paragraph := range strings.SplitSeq(c.Description, "\n\n") {
			h.text("", strings.Join(strings.Fields(paragraph), " "))
		}
	}
	if c.UsageText != "" {
		h.gap()
		h.examples(c.UsageText)
	}
	if len(c.Subcommands) > 0 {
		h.gap()
		h.line("Commands")
		for _, sub := range c.Subcommands {
			if !sub.Hidden {
				h.entry(sub.Name, sub.Usage)
			}
		}
	}
	for _, group := range FlagGroups(c.Flags) {
		h.gap()
		h.line("%s", group.Name)
		for _, f := range group.Flags {
			names, about := describe(f)
			h.entry(names, about)
		}
	}
	if len(c.Aliases) > 0 {
		h.gap()
		h.text("", "Another name for it: "+strings.Join(c.Aliases, ", "))
	}
}

// examples sets the lines "COMMAND  # what it does": each command on a line of its own, which is not broken, so that
// it can be copied.
func (h *helper) examples(lines string) {
	if lines == "" {
		return
	}
	h.line("Examples")
	for line := range strings.Lines(lines) {
		command, about, _ := strings.Cut(strings.TrimSpace(line), "  # ")
		h.line("  %s", command)
		if about != "" {
			h.text("      ", about)
		}
	}
	h.gap()
}

// entry is a name and what it means: beside it, or below it where the name is long.
func (h *helper) entry(name, about string) {
	indent := min(28, max(h.cells/3, 12))
	head := "  " + name
	lines := screen.Wrap(about, max(h.cells-indent, 12))
	if screen.Width(head)+2 > indent {
		h.line("%s", head)
	} else {
		h.line("%s", screen.Pad(head, indent)+lines[0])
		lines = lines[1:]
	}
	for _, line := range lines {
		h.line("%s", strings.Repeat(" ", indent)+line)
	}
}

func (h *helper) text(indent, text string) {
	for _, line := range screen.Wrap(text, max(h.cells-len(indent), 12)) {
		h.line("%s", indent+line)
	}
}

func (h *helper) line(format string, args ...any) { fmt.Fprintf(&h.out, format+"\n", args...) }

// gap is an empty line, and never two.
func (h *helper) gap() {
	if !strings.HasSuffix(h.out.String(), "\n\n") {
		h.out.WriteString("\n")
	}
}

// Sentence makes a sentence of what a command does.
func Sentence(usage string) string {
	if usage == "" {
		return ""
	}
	return strings.ToUpper(usage[:1]) + usage[1:] + "."
}

// FlagGroup is a heading of help and the flags below it.
type FlagGroup struct {
	Name  string
	Flags []cli.Flag
}

// ownFlags is the heading of the flags that name no group.
const ownFlags = "Flags"

// FlagGroups are the flags that a person is shown, in groups by their categories: first those of the command alone,
// then the others in the order in which they stand.
func FlagGroups(flags []cli.Flag) []FlagGroup {
	groups := grouped(flags, func(f cli.Flag) (string, bool) {
		if v, ok := f.(cli.VisibleFlag); ok && !v.IsVisible() || f.Names()[0] == "help" {
			return "", false
		}
		if c, ok := f.(cli.CategorizableFlag); ok && c.GetCategory() != "" {
			return c.GetCategory(), true
		}
		return ownFlags, true
	})
	slices.SortStableFunc(groups, func(a, b group[cli.Flag]) int { return b2i(b.name == ownFlags) - b2i(a.name == ownFlags) })
	out := make([]FlagGroup, len(groups))
	for i, g := range groups {
		out[i] = FlagGroup{g.name, g.members}
	}
	return out
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// group is a heading and what stands below it.
type group[T any] struct {
	name    string
	members []T
}

// grouped puts what is shown below the headings that of names, in the order in which these come first.
func grouped[T any](all []T, of func(T) (heading string, shown bool)) []group[T] {
	var groups []group[T]
	for _, one := range all {
		name, shown := of(one)
		if !shown {
			continue
		}
		at := slices.IndexFunc(groups, func(g group[T]) bool { return g.name == name })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group[T]{name: name})
		}
		groups[at].members = append(groups[at].members, one)
	}
	return groups
}

// describe is a flag as a person types it, and what it does: its default and the variables that set it behind that.
func describe(f cli.Flag) (names, about string) {
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return Dashed(f.Names()[0]), ""
	}
	placeholder, about := unquoteUsage(d.GetUsage())
	var all []string
	for _, n := range f.Names() {
		all = append(all, Dashed(n))
	}
	slices.SortStableFunc(all, func(a, b string) int { return b2i(len(a) > 2) - b2i(len(b) > 2) }) // -o, --output
	names = strings.Join(all, ", ")
	if d.TakesValue() {
		names += " " + placeholder
	}
	if text := defaultText(f, d); text != "" {
		about += " (default " + text + ")"
	}
	if vars := d.GetEnvVars(); len(vars) > 0 {
		about += " [" + strings.Join(vars, ", ") + "]"
	}
	return names, about
}
