package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// results are the runs of one program.
type results struct {
	wall   []time.Duration
	memory int64 // bytes, of the largest process
	failed int
	extra  int // runs that were not timed
}

// run starts a program n times, at most at processes at once, with body on stdin
// through a pipe, as the client does.
func (t *target) run(body []byte, at, n int) error {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
	)
	todo := make(chan struct{}, n)
	for range n {
		todo <- struct{}{}
	}
	close(todo)
	for range at {
		wg.Go(func() {
			for range todo {
				d, state, err := t.once(body)
				mu.Lock()
				if err != nil && first == nil {
					first = err
				}
				t.add(d, state)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return first
}

// once runs the program and returns the time from before its start to after its
// end.
func (t *target) once(body []byte) (time.Duration, *os.ProcessState, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, nil, err
	}
	start := time.Now()
	p, err := os.StartProcess(t.path, append([]string{t.path}, t.args...), &os.ProcAttr{
		Env:   append([]string{"PATH=/usr/bin:/bin"}, t.env...),
		Files: []*os.File{r, nil, nil},
	})
	r.Close()
	if err != nil {
		w.Close()
		return 0, nil, err
	}
	_, _ = w.Write(body) // the empty program reads nothing
	w.Close()
	state, err := p.Wait()
	return time.Since(start), state, err
}

func (t *target) add(d time.Duration, state *os.ProcessState) {
	t.wall = append(t.wall, d)
	if state == nil || !state.Success() {
		t.failed++
	}
}

// measureMemory runs the program a few times more, below a small parent that
// measures it.
func (t *target) measureMemory(memory string, body []byte) error {
	for range 5 {
		cmd := exec.Command(memory, append([]string{t.path}, t.args...)...)
		cmd.Env = append([]string{"PATH=/usr/bin:/bin"}, t.env...)
		if t.count != nil {
			cmd.Stdin = bytes.NewReader(body)
		}
		var out bytes.Buffer
		cmd.Stderr = &out
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("measure memory: %w", err)
		}
		var kb int64
		if _, err := fmt.Sscan(out.String(), &kb); err != nil {
			return fmt.Errorf("measure memory: %w", err)
		}
		t.memory = max(t.memory, kb*1024)
		t.extra++
	}
	return nil
}

// at returns a quantile, 0 to 1.
func (r *results) at(q float64) time.Duration {
	if len(r.wall) == 0 {
		return 0
	}
	slices.Sort(r.wall)
	return r.wall[min(int(q*float64(len(r.wall))), len(r.wall)-1)]
}

// print writes one block of the table, in Markdown.
func (s scenario) print(targets []*target) error {
	var base, empty *target
	for _, t := range targets {
		switch t.name {
		case "C, append and fdatasync":
			base = t
		case "empty Go program":
			empty = t
		}
	}
	fmt.Printf("\n**%s** (%d runs each)\n\n", s.name, s.rounds*s.runs)
	fmt.Println("| program | median ms | p95 | p99 | max | median / C fdatasync | p95 / C fdatasync | median / empty Go | memory MB | lost | last drain ms |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|")
	for _, t := range targets {
		lost, drain := "", ""
		if t.count != nil {
			start := time.Now()
			n, err := t.count()
			if err != nil {
				return fmt.Errorf("count %s: %w", t.name, err)
			}
			drain = fmt.Sprintf("%.0f", ms(time.Since(start)))
			lost = fmt.Sprint(s.rounds*s.runs + t.extra + t.had - n)
		}
		if t.failed > 0 {
			lost += fmt.Sprintf(" (%d failed)", t.failed)
		}
		fmt.Printf("| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.1f | %s | %s |\n",
			t.name, ms(t.at(0.5)), ms(t.at(0.95)), ms(t.at(0.99)), ms(t.at(1)),
			ratio(t.at(0.5), base.at(0.5)), ratio(t.at(0.95), base.at(0.95)), ratio(t.at(0.5), empty.at(0.5)),
			float64(t.memory)/1e6, lost, drain)
	}
	return nil
}

func ms(d time.Duration) float64       { return float64(d) / float64(time.Millisecond) }
func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
