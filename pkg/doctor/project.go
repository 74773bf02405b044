package doctor

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"ams/pkg/clientsettings"
	"ams/pkg/safefile"
)

// mayStart reports whether doctor may start a program that a settings file registers. A project's files come
// with the repository and may call anything ams-hook: whoever looks at a clone with doctor has not decided to
// trust it. So of theirs only the ams-hook that install would register is started.
func (d *doctor) mayStart(f settingsFile, program string) bool {
	if f.Scope != clientsettings.Project && f.Scope != clientsettings.Local {
		return true
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return true // it is not there, which is said
	}
	own, err := d.Machine.FindHook("")
	return err == nil && safefile.Same(path, own)
}

// inHome is a program's path with the home folder that a shell would put in.
func (d *doctor) inHome(program string) string {
	if rest, ok := strings.CutPrefix(program, "~/"); ok {
		return filepath.Join(d.Machine.Home, rest)
	}
	return program
}

// sayNotStarted names the programs of projects that were not started.
func (d *doctor) sayNotStarted() {
	var said []string
	for _, f := range d.files {
		for _, h := range f.Ours() {
			if program := d.inHome(h.Program()); !d.mayStart(f, program) && !slices.Contains(said, program) {
				said = append(said, program)
				d.warn("program", "look at what it is; ams-assemble install --project registers the one that you have",
					"%s is registered in %s and is not your ams-hook: doctor does not start it", program, f.Path)
			}
		}
	}
}
