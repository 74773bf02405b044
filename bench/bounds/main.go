//go:build linux

// Command bounds measures what hostile input costs ams-assemble: it makes inputs that are far larger, deeper or more numerous than any
// client writes, runs the program on each as a process of its own, and prints its peak memory, its CPU time (other programs may be at work) and what it stored.
//
//	go run ./bench/bounds [-bin DIR] [-dir DIR] [-only NAME,...]
//
// DIR of -bin holds ams-assemble (default: built from this checkout). The inputs take up to 3 GB in -dir, one case at a time. The limits:
// 512 MB of memory for every case, and 10 s for each 100 MB that are read, 10 s at least.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	maxMemory = 512e6
	perBytes  = 100e6           // bytes for which 10 s are granted
	deadline  = 3 * time.Minute // for one run
)

// place is where a case has its files.
type place struct{ spool, claude, store, file string }

func main() {
	log.SetFlags(0)
	bin := flag.String("bin", "", "folder of ams-assemble (default: built from this checkout)")
	dir := flag.String("dir", "", "folder for the inputs, on a real disk (default: a temporary one)")
	only := flag.String("only", "", "the cases to run, with commas (default: all)")
	makes := flag.String("make", "", "only make the input of a case") // how the program calls itself: a child's peak begins with its parent's
	flag.Parse()
	var err error
	if *makes != "" {
		err = make1(*makes, at(*dir))
	} else {
		err = run(*bin, *dir, *only)
	}
	if err != nil {
		log.Fatalf("bench: %v", err)
	}
}

func make1(name string, p place) error {
	for _, c := range cases {
		if c.name == name {
			return c.make(p)
		}
	}
	return fmt.Errorf("no case %s", name)
}

func at(dir string) place {
	return place{filepath.Join(dir, "spool"), filepath.Join(dir, "claude"), filepath.Join(dir, "store"), filepath.Join(dir, "input")}
}

func run(bin, dir, only string) error {
	if dir == "" {
		temp, err := os.MkdirTemp("", "ams-bounds-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temp)
		dir = temp
	}
	if bin == "" {
		bin = dir
		if out, err := exec.Command("go", "build", "-o", bin+"/", "./cmd/ams-assemble").CombinedOutput(); err != nil {
			return fmt.Errorf("build ams-assemble: %w\n%s", err, out)
		}
	}
	fmt.Printf("%-16s %-6s %9s %9s %7s %9s %5s\n", "", "", "input MB", "memory MB", "CPU s", "stored MB", "exit")
	for _, c := range cases {
		if only != "" && !slices.Contains(strings.Split(only, ","), c.name) {
			continue
		}
		if err := c.measure(filepath.Join(bin, "ams-assemble"), filepath.Join(dir, "case")); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// measure makes the input and runs the program on it, once.
func (c testCase) measure(program, dir string) error {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(filepath.Join(dir, "home"), 0o700)); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if out, err := exec.Command(self, "-dir", dir, "-make", c.name).CombinedOutput(); err != nil {
		return fmt.Errorf("make the input: %w\n%s", err, out)
	}
	input := size(dir)
	for _, args := range c.args(at(dir)) {
		if err := c.once(program, args, dir, input); err != nil {
			return err
		}
	}
	return nil
}

// once runs the program and prints a line of the table.
func (c testCase) once(program string, args []string, dir string, input int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	p := at(dir)
	cmd.Env = []string{
		"HOME=" + filepath.Join(dir, "home"), "PATH=" + os.Getenv("PATH"), "AMS_SPOOL_DIR=" + p.spool, "CLAUDE_CONFIG_DIR=" + p.claude,
		"AMS_LOCAL_DIR=" + p.store, "TMPDIR=" + dir,
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Run(); cmd.ProcessState == nil {
		return err
	} // else its exit code is part of the table
	memory, seconds := 0.0, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		memory = float64(usage.Maxrss) * 1024
	}
	verdict := "holds"
	switch {
	case memory > maxMemory:
		verdict = "MEMORY"
	case seconds > max(10, 10*float64(input)/perBytes):
		verdict = "TIME"
	}
	word, _, _ := strings.Cut(said.String(), "\n")
	fmt.Printf("%-16s %-6s %9.1f %9.0f %7.1f %9.1f %5d  %-6s  %.100s\n", c.name, args[0], float64(input)/1e6, memory/1e6, seconds,
		float64(size(p.store))/1e6, cmd.ProcessState.ExitCode(), verdict, word)
	return nil
}

// size is what the files below a folder hold; holes count.
func size(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil
	})
	return total
}
