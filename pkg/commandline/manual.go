package commandline

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/urfave/cli/v2"
)

// manTemplate is the manual page but for the commands and flags, which are taken from the program. The library's own page would repeat
// the common flags under every command, and leaves out arguments and environment variables.
//
//go:embed man.tmpl
var manTemplate string

// WriteManual writes the manual page of a program. common are the flags that all of its commands take: they are
// explained once.
func WriteManual(w io.Writer, app *cli.App, common []cli.Flag) error {
	page, err := template.New("man").Funcs(template.FuncMap{"roff": roff}).Parse(manTemplate)
	if err != nil {
		return err
	}
	explained := map[string]string{}
	for _, f := range common {
		explained[f.String()] = ""
	}
	var commands bytes.Buffer
	writeCommands(&commands, app.Name, app.Commands, explained)
	return page.Execute(w, map[string]string{"Usage": app.Usage, "Commands": commands.String(), "Options": roffFlags(common)})
}

// writeCommands writes a heading per command, what it does, and its flags. A flag that an earlier command has as well
// is only named: explained has the texts of flags and the command they stand with, "" for the common ones.
func writeCommands(w io.Writer, name string, commands []*cli.Command, explained map[string]string) {
	for _, c := range commands {
		if c.Hidden {
			continue
		}
		full := name + " " + c.Name
		if len(c.Subcommands) > 0 {
			writeCommands(w, full, c.Subcommands, explained)
			continue
		}
		fmt.Fprintf(w, ".SS %s\n", roff(strings.TrimSpace(full+" "+c.ArgsUsage)))
		fmt.Fprint(w, roffText(capital(c.Usage)+".\n"+c.Description))
		var own []cli.Flag
		named := map[string][]string{} // by the command they stand with
		for _, f := range c.Flags {
			with, known := explained[f.String()]
			switch {
			case !known:
				explained[f.String()] = full
				own = append(own, f)
			case with != "":
				named[with] = append(named[with], `\fB`+roff("--"+f.Names()[0])+`\fR`)
			}
		}
		for _, with := range slices.Sorted(maps.Keys(named)) {
			fmt.Fprintf(w, ".PP\nIt takes %s as \\fB%s\\fR does.\n", strings.Join(named[with], ", "), roff(with))
		}
		fmt.Fprint(w, roffFlags(own))
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

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// roffFlags is a list of flags: names, placeholder, what each does, its default and the variables that set it.
func roffFlags(flags []cli.Flag) string {
	var b strings.Builder
	for _, f := range flags {
		d, ok := f.(cli.DocGenerationFlag)
		if v, has := f.(cli.VisibleFlag); !ok || has && !v.IsVisible() || f.Names()[0] == "help" {
			continue
		}
		var names []string
		for _, n := range f.Names() {
			dashes := "--"
			if len(n) == 1 {
				dashes = "-"
			}
			names = append(names, `\fB`+roff(dashes+n)+`\fR`)
		}
		placeholder, usage := unquoteUsage(d.GetUsage())
		if d.TakesValue() {
			names[len(names)-1] += ` \fI` + roff(placeholder) + `\fR`
		}
		fmt.Fprintf(&b, ".TP\n%s\n%s", strings.Join(names, ", "), roff(usage))
		if text := defaultText(f, d); text != "" {
			fmt.Fprintf(&b, " (default %s)", roff(text))
		}
		for i, v := range d.GetEnvVars() {
			lead := "; \\fB"
			if i > 0 {
				lead = " or \\fB"
			}
			fmt.Fprint(&b, lead+roff(v)+`\fR`)
		}
		b.WriteString("\n")
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
