package htmlpage

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// A page that is one file cannot import modules: from file:// a browser loads none, and one of its own text has no address.
// So the modules become functions of one script, each called once, below those that it imports:
//
//	const m1 = (() => {                  // dom.js
//	function el() { ... }
//	return { el };
//	})();
//	const m2 = (() => {                  // main.js
//	const { el } = m1;
//	...
//
// Nothing but the forms below is understood, and what is not is an error: so that the page's modules stay in them, a test
// links all of them.
var (
	importLine = regexp.MustCompile(`^import (?:\{([^{}]*)\} from )?"\./([a-z0-9-]+\.js)";$`)
	exportLine = regexp.MustCompile(`^export ((?:async )?(?:function\*?|class|const) ([A-Za-z_$][\w$]*)\b.*)$`)
	named      = regexp.MustCompile(`^([A-Za-z_$][\w$]*)(?: as ([A-Za-z_$][\w$]*))?$`)
	moduleLine = regexp.MustCompile(`^(import|export)\b|\bimport\s*\(|\bimport\.meta\b`)
)

// linker makes one script of modules.
type linker struct {
	files fs.FS
	out   strings.Builder
	names map[string]string // of what a module became, by its file; "" while it is read
	done  int               // modules in out
}

// link is a module and all that it imports as one script.
func link(files fs.FS, main string) (string, error) {
	l := &linker{files: files, names: map[string]string{}}
	if err := l.add(main); err != nil {
		return "", err
	}
	return l.out.String(), nil
}

func (l *linker) add(file string) error {
	name, begun := l.names[file]
	switch {
	case name != "":
		return nil
	case begun:
		return fmt.Errorf("link %s: modules import each other in a circle", file)
	}
	l.names[file] = ""
	text, err := fs.ReadFile(l.files, file)
	if err != nil {
		return fmt.Errorf("link %s: %w", file, err)
	}
	var body strings.Builder
	var exports []string
	for n, line := range strings.Split(string(text), "\n") {
		out, export, err := l.line(file, line)
		if err != nil {
			return fmt.Errorf("link %s: line %d: %w", file, n+1, err)
		}
		if export != "" {
			exports = append(exports, export)
		}
		body.WriteString(out + "\n")
	}
	l.done++
	l.names[file] = fmt.Sprintf("m%d", l.done)
	fmt.Fprintf(&l.out, "// %s\nconst %s = (() => {\n%sreturn { %s };\n})();\n", file, l.names[file], body.String(), strings.Join(exports, ", "))
	return nil
}

// line is a line of a module as it stands in the script, and the name that it exports.
func (l *linker) line(file, line string) (out, export string, err error) {
	if m := importLine.FindStringSubmatch(line); m != nil {
		imported := path.Join(path.Dir(file), m[2])
		if err := l.add(imported); err != nil {
			return "", "", err
		}
		if m[1] == "" { // for what it does
			return "", "", nil
		}
		var names []string
		for _, one := range strings.Split(m[1], ",") {
			n := named.FindStringSubmatch(strings.TrimSpace(one))
			switch {
			case strings.TrimSpace(one) == "":
				continue
			case n == nil:
				return "", "", fmt.Errorf("%q imports in a form that is not known here", line)
			case n[2] != "":
				names = append(names, n[1]+": "+n[2])
			default:
				names = append(names, n[1])
			}
		}
		return "const { " + strings.Join(names, ", ") + " } = " + l.names[imported] + ";", "", nil
	}
	if m := exportLine.FindStringSubmatch(line); m != nil {
		return m[1], m[2], nil
	}
	if moduleLine.MatchString(line) && !strings.HasPrefix(strings.TrimSpace(line), "//") {
		return "", "", fmt.Errorf("%q imports or exports in a form that is not known here", line)
	}
	return line, "", nil
}
