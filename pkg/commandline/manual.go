package commandline

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"text/template"
	"time"

	"github.com/urfave/cli/v2"
)

// manTemplate is the manual page of the program but for its commands and common flags, and pageTemplate the one of a
// command; all else is taken from the program, so that a page says what help says.
var (
	//go:embed man.tmpl
	manTemplate string
	//go:embed page.tmpl
	pageTemplate string
)

// Page is a manual page: its name without the section, and who writes it.
type Page struct {
	Name  string
	Write func(io.Writer) error
}

// Manual are the manual pages of a program, the one about all of it first, then one for each command. common are the
// flags that all commands take: they are explained in the first page.
func Manual(app *cli.App, common []cli.Flag) []Page {
	pages := []Page{{app.Name, func(w io.Writer) error { return writeProgram(w, app, common) }}}
	for _, c := range app.Commands {
		if !c.Hidden {
			pages = append(pages, Page{app.Name + "-" + c.Name, func(w io.Writer) error { return writeCommand(w, app, c) }})
		}
	}
	return pages
}

// fill writes a page by its template.
func fill(w io.Writer, text string, values map[string]string) error {
	t, err := template.New("page").Funcs(template.FuncMap{"roff": roff, "upper": strings.ToUpper}).Parse(text)
	if err != nil {
		return err
	}
	return t.Execute(w, values)
}

func writeProgram(w io.Writer, app *cli.App, common []cli.Flag) error {
	var commands, options bytes.Buffer
	for _, g := range grouped(app.Commands, func(c *cli.Command) (string, bool) { return c.Category, !c.Hidden }) {
		fmt.Fprintf(&commands, ".SS %s\n", roff(g.name))
		for _, c := range g.members {
			fmt.Fprintf(&commands, ".TP\n.BR %s (1)\n%s\n", roff(app.Name+"-"+c.Name), roff(c.Usage))
		}
	}
	writeGroups(&options, ".SS", common)
	return fill(w, manTemplate, map[string]string{"Usage": app.Usage, "Commands": commands.String(), "Options": options.String()})
}

func writeCommand(w io.Writer, app *cli.App, c *cli.Command) error {
	var synopsis, body bytes.Buffer
	eachPath([]*cli.Command{c}, app.Name, func(path string, c *cli.Command) {
		if len(c.Subcommands) > 0 {
			return
		}
		if synopsis.Len() > 0 {
			synopsis.WriteString(".br\n")
		}
		fmt.Fprintf(&synopsis, "\\fB%s\\fR [\\fIflag\\fR ...] %s\n", roff(path), roff(c.ArgsUsage))
	})
	fmt.Fprint(&body, roffText(Sentence(c.Usage)+"\n"+paragraphs(c.Description)))
	if len(c.Subcommands) == 0 {
		writeExamples(&body, ".SH EXAMPLES", c)
		writeGroups(&body, ".SH", c.Flags)
	}
	for _, sub := range c.Subcommands {
		fmt.Fprintf(&body, ".SH %s\n%s", roff(strings.ToUpper(c.Name+" "+sub.Name)), roffText(Sentence(sub.Usage)+"\n"+paragraphs(sub.Description)))
		writeExamples(&body, ".SS Examples", sub)
		writeGroups(&body, ".SS", sub.Flags)
	}
	return fill(w, pageTemplate, map[string]string{
		"Program": app.Name, "Name": app.Name + "-" + c.Name, "Usage": c.Usage, "Synopsis": synopsis.String(), "Body": body.String()})
}

func paragraphs(description string) string {
	if description == "" {
		return ""
	}
	return "\n" + description
}

func writeExamples(b *bytes.Buffer, heading string, c *cli.Command) {
	if c.UsageText == "" {
		return
	}
	b.WriteString(heading + "\n")
	for line := range strings.Lines(c.UsageText) {
		command, about, _ := strings.Cut(strings.TrimSpace(line), "  # ")
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR\n%s\n", roff(command), roff(about))
	}
}

// writeGroups writes the flags below headings, as help does.
func writeGroups(b *bytes.Buffer, request string, flags []cli.Flag) {
	for _, g := range FlagGroups(flags) {
		name := g.Name
		if request == ".SH" {
			name = strings.ToUpper(name)
		}
		fmt.Fprintf(b, "%s %s\n%s", request, roff(name), roffFlags(g.Flags))
	}
}

// roffText fills lines to paragraphs; an empty line begins another one, and a line that begins with a space stands alone.
func roffText(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "":
			b.WriteString(".PP\n")
		case line[0] == ' ' || line[0] == '\t':
			b.WriteString(".br\n" + roff(trimmed) + "\n.br\n")
		default:
			b.WriteString(roff(trimmed) + "\n")
		}
	}
	return b.String()
}

// roffFlags is a list of flags: names, placeholder, what each does, its default and the variables that set it.
func roffFlags(flags []cli.Flag) string {
	var b strings.Builder
	for _, f := range flags {
		names, about := describe(f)
		names, placeholder, takesValue := strings.Cut(names, " ")
		for takesValue && strings.HasPrefix(placeholder, "-") { // -o, --output FILE
			var more string
			more, placeholder, takesValue = strings.Cut(placeholder, " ")
			names += " " + more
		}
		fmt.Fprintf(&b, ".TP\n\\fB%s\\fR", roff(names))
		if takesValue {
			fmt.Fprintf(&b, " \\fI%s\\fR", roff(placeholder))
		}
		fmt.Fprintf(&b, "\n%s\n", roff(about))
	}
	return b.String()
}

// unquoteUsage takes the placeholder, the word between backticks, out of a flag's usage.
func unquoteUsage(usage string) (placeholder, plain string) {
	if _, after, ok := strings.Cut(usage, "`"); ok {
		placeholder, _, _ = strings.Cut(after, "`")
	} else {
		placeholder = "VALUE"
	}
	return placeholder, strings.ReplaceAll(usage, "`", "")
}

// defaultText is a flag's default as a person would write it, whatever the environment says now; "" where the usage
// tells it or none is.
func defaultText(f cli.Flag, d cli.DocGenerationFlag) string {
	switch f := f.(type) {
	case *cli.StringFlag:
		return f.Value
	case *cli.DurationFlag:
		if f.Value == 0 {
			return ""
		}
		text := f.Value.String()
		if f.Value >= time.Minute {
			text = strings.TrimSuffix(text, "0s")
		}
		if f.Value >= time.Hour {
			text = strings.TrimSuffix(text, "0m")
		}
		return text
	case *cli.IntFlag:
		if f.Value != 0 || f.DefaultText != "" {
			return d.GetDefaultText()
		}
	}
	return ""
}

// roff escapes text: a backslash, a dash that must stay one, and a dot or quote that would be a request at the
// beginning of a line.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "~", `\(ti`, "^", `\(ha`, "'", `\(aq`, "`", `\(ga`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
