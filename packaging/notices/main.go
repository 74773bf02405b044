// Command notices prints the licences and notices of everything that the two programs are built of: the Go standard library and every
// module that is linked for one of the systems of a release. A release carries the text; the file NOTICE in the repository is this
// program's output, and a test holds it to that.
//
//	go run ./packaging/notices > NOTICE
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	text, err := notices("./cmd/ams-hook", "./cmd/ams-assemble")
	if err != nil {
		log.Fatalf("notices: %v", err)
	}
	fmt.Print(text)
}

// systems are those of a release: what is linked differs between them.
var systems = []string{"linux", "darwin", "windows"}

// licensed is a module, or the standard library, and the texts that go with it.
type licensed struct {
	name, version string
	texts         []string
}

// notices collects the texts of all that packages link. Equal texts stand there once, behind the names of all whose
// texts they are.
func notices(packages ...string) (string, error) {
	modules, err := linked(packages)
	if err != nil {
		return "", err
	}
	owners := map[string][]string{}
	var order []string
	for _, m := range modules {
		for _, text := range m.texts {
			if owners[text] == nil {
				order = append(order, text)
			}
			owners[text] = append(owners[text], m.name+" "+m.version)
		}
	}
	var b strings.Builder
	b.WriteString("AMS is built of the following works. Each text stands behind the names of those it belongs to.\n")
	for _, text := range order {
		fmt.Fprintf(&b, "\n%s\n\n", strings.Repeat("=", 80))
		for _, owner := range owners[text] {
			fmt.Fprintln(&b, strings.TrimSpace(owner))
		}
		fmt.Fprintf(&b, "\n%s\n", text)
	}
	return b.String(), nil
}

// linked lists the modules by their names, the standard library first. It is an error if one has no licence.
func linked(packages []string) ([]licensed, error) {
	versions, dirs := map[string]string{}, map[string]string{}
	for _, system := range systems {
		list := exec.Command("go", append([]string{"list", "-deps", "-json=Module"}, packages...)...)
		list.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
		list.Stderr = os.Stderr
		out, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", system, err)
		}
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct {
				Module *struct {
					Path, Version, Dir string
					Main               bool
				}
			}
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("go list for %s: %w", system, err)
			}
			if m := p.Module; m != nil && !m.Main {
				versions[m.Path], dirs[m.Path] = m.Version, m.Dir
			}
		}
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	std := licensed{name: "The Go standard library"}
	if std.texts, err = texts(strings.TrimSpace(string(root))); err != nil {
		return nil, err
	}
	out := []licensed{std}
	for name, version := range versions {
		m := licensed{name: name, version: version}
		if m.texts, err = texts(dirs[name]); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	slices.SortFunc(out[1:], func(a, b licensed) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

// textFile matches the names by which modules keep what must go with them.
var textFile = regexp.MustCompile(`(?i)^(licen[cs]e([-_][-_a-z0-9]+)?|copying|notice|patents)(\.(txt|md))?$`)

// texts are the licence and notices in a module's folder.
func texts(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() || !textFile.MatchString(e.Name()) {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		out = append(out, strings.TrimSpace(strings.ReplaceAll(string(b), "\r\n", "\n")))
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no licence", dir)
	}
	return out, nil
}
