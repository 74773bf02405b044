package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"ams/bench/internal/memory"
)

// program is one way to read the archive.
type program struct {
	name   string
	args   []string
	env    []string
	before func() error // not measured

	best figures // each figure is the best of all rounds
	runs int
}

// figures are what one run cost.
type figures struct {
	wall, cpu time.Duration
	peak      int64 // bytes of memory; 0 where the system does not say
}

// measure runs the program once.
func (p *program) measure() error {
	if p.before != nil {
		if err := p.before(); err != nil {
			return err
		}
	}
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Env = append(append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", cores)), p.env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w\n%s", err, stderr.Bytes())
	}
	f := figures{wall: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peak: memory.Peak(cmd.ProcessState)}
	if p.runs == 0 {
		p.best = f
	}
	p.best = figures{min(p.best.wall, f.wall), min(p.best.cpu, f.cpu), min(p.best.peak, f.peak)}
	p.runs++
	return nil
}

// transcripts lists the transcript files below a folder.
func transcripts(dir string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".jsonl") {
			paths = append(paths, path)
		}
		return err
	})
	return paths, err
}

// extent counts the transcript files below a folder and their bytes.
func extent(dir string) (files int, bytes int64, err error) {
	paths, err := transcripts(dir)
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return 0, 0, err
		}
		bytes += info.Size()
	}
	return len(paths), bytes, err
}

// scan reads every transcript below a folder with several workers, and looks for a word in every line.
func scan(dir string, workers int) error {
	paths, err := transcripts(dir)
	if err != nil {
		return err
	}
	queue := make(chan string)
	found := make([]int, workers)
	errs := make([]error, workers)
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() {
			var buf bytes.Buffer
			for path := range queue {
				n, err := scanFile(path, &buf)
				found[i] += n
				if err != nil {
					errs[i] = err
				}
			}
		})
	}
	for _, p := range paths {
		queue <- p
	}
	close(queue)
	group.Wait()
	total := 0
	for i := range workers {
		if errs[i] != nil {
			return errs[i]
		}
		total += found[i]
	}
	fmt.Println(total, "lines")
	return nil
}

func scanFile(path string, buf *bytes.Buffer) (found int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	buf.Reset()
	if _, err := buf.ReadFrom(file); err != nil {
		return 0, err
	}
	for rest := buf.Bytes(); len(rest) > 0; {
		line := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		if bytes.Contains(line, []byte(`"usage":{`)) {
			found++
		}
	}
	return found, nil
}
