// Command hook measures ams-hook as the client runs it, a process per event,
// beside programs that do less: an empty Go program, a C program that appends
// stdin to a file with and without fdatasync, a Go program that does the same, and
// a bbolt program written in the usual way. It builds them all and prints a table.
//
// Rounds of all programs are interleaved, so that a busy machine is busy for all
// of them; only ratios within one table mean something.
//
//	go run ./bench/hook [-dir DIR] [-quick] [-only NAME] [-other PROGRAM]
//
// DIR must lie on a real disk. PROGRAM is another ams-hook, such as that of the
// commit before, which is measured beside. It needs cc.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

func main() {
	log.SetFlags(0)
	dir := flag.String("dir", "", "scratch folder on a real disk (default: a temporary folder)")
	quick := flag.Bool("quick", false, "a tenth of the runs")
	only := flag.String("only", "", "measure only the scenarios whose name contains this")
	other := flag.String("other", "", "another ams-hook to measure beside")
	flag.Parse()
	if err := run(*dir, *quick, *only, *other); err != nil {
		log.Fatalf("bench: %v", err)
	}
}

func run(dir string, quick bool, only, other string) error {
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "ams-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	b, err := build(dir)
	if err != nil {
		return err
	}
	b.other = other
	if err := about(b.hook); err != nil {
		return err
	}
	for _, s := range scenarios(quick) {
		if !strings.Contains(s.name, only) {
			continue
		}
		if err := s.measure(dir, b); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// programs are the paths of what was built.
type programs struct{ empty, append, goAppend, bolt, hook, memory, other string }

func build(dir string) (programs, error) {
	at := func(name string) string { return filepath.Join(dir, name) }
	p := programs{at("empty"), at("append"), at("goappend"), at("plainbolt"), at("ams-hook"), at("memory"), ""}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return p, fmt.Errorf("find the module: %w", err)
	}
	for _, args := range [][]string{
		{"go", "build", "-ldflags", "-s -w", "-o", p.empty, "./bench/hook/empty"},
		{"go", "build", "-ldflags", "-s -w", "-o", p.goAppend, "./bench/hook/goappend"},
		{"go", "build", "-ldflags", "-s -w", "-o", p.bolt, "./bench/hook/plainbolt"},
		{"go", "build", "-ldflags", "-s -w", "-o", p.hook, "./cmd/ams-hook"},
		{"cc", "-O2", "-static", "-o", p.append, "bench/hook/c/append.c"},
		{"cc", "-O2", "-static", "-o", p.memory, "bench/hook/c/memory.c"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = strings.TrimSpace(string(root))
		if out, err := cmd.CombinedOutput(); err != nil {
			return p, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return p, nil
}

func about(hook string) error {
	st, err := os.Stat(hook)
	if err != nil {
		return err
	}
	fmt.Printf("%s %s/%s, %d CPUs; ams-hook stripped: %.2f MB\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), float64(st.Size())/1e6)
	return nil
}
