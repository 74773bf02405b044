//go:build unix

// Command load starts hooks by the thousand while ams-assemble reads and stores what they record, and kills both at random moments. It prints how
// long the hooks took and fails if an event is missing that a hook acknowledged, by ending of its own accord.
//
//	go run ./bench/load [-bin DIR] [-dir DIR] [-events N] [-at N]
//
// DIR of -bin holds ams-hook and ams-assemble (default: built from this checkout).
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// What is killed, and within which time after its start: about as long as each takes.
const (
	killedHooks = 500
	killedRuns  = 200
	hookTakes   = 20 * time.Millisecond
	runTakes    = 300 * time.Millisecond
)

func main() {
	log.SetFlags(0)
	bin := flag.String("bin", "", "folder of ams-hook and ams-assemble (default: built from this checkout)")
	dir := flag.String("dir", "", "folder for the spools and the store, on a real disk (default: a temporary one)")
	events := flag.Int("events", 10_000, "events of each scenario")
	at := flag.Int("at", 64, "hooks at once")
	flag.Parse()
	if err := run(*bin, *dir, *events, *at); err != nil {
		log.Fatalf("bench: %v", err)
	}
}

func run(bin, dir string, events, at int) error {
	temp, err := os.MkdirTemp(dir, "ams-load-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if bin == "" {
		bin = temp
		if out, err := exec.Command("go", "build", "-o", bin+"/", "./cmd/ams-hook", "./cmd/ams-assemble").CombinedOutput(); err != nil {
			return fmt.Errorf("build: %w\n%s", err, out)
		}
	}
	fmt.Printf("%-36s %7s %5s %5s %8s %8s %6s  %s\n", "", "events", "acked", "lost", "p50 ms", "p95 ms", "failed", "runs and readers: exit code x times")
	for i, s := range []*scenario{
		{name: "1 session", sessions: 1, events: events},
		{name: "20 sessions", sessions: 20, events: events},
		{name: "20 sessions, hooks and runs killed", sessions: 20, events: max(events/5, 2*killedHooks), kills: true},
	} {
		s.bin, s.dir, s.at = bin, filepath.Join(temp, fmt.Sprint(i)), at
		if err := s.measure(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// scenario is one line of the table.
type scenario struct {
	name             string
	sessions, events int
	kills            bool
	bin, dir         string
	at               int

	mu     sync.Mutex
	wall   []time.Duration // of the hooks that were not killed
	acked  []int           // their events
	failed int             // hooks that ended with another code than 0
	codes  map[string]int  // how often a command ended with a code
}

func (s *scenario) measure() error {
	s.codes = map[string]int{}
	for _, sub := range []string{"home", "claude"} {
		if err := os.MkdirAll(filepath.Join(s.dir, sub), 0o700); err != nil {
			return err
		}
	}
	for i := range s.sessions { // so that readers find each
		s.hook(i, false)
	}
	s.assemble("run", "-q")
	stop := make(chan struct{})
	var readers sync.WaitGroup
	loop := func(do func(i int)) {
		readers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					do(i)
				}
			}
		})
	}
	loop(func(i int) { s.assemble("list") })
	loop(func(i int) { s.assemble("spool", "dump", s.session(i)) })
	if !s.kills {
		loop(func(int) { s.assemble("run", "-q") })
	}
	s.crowd()
	close(stop)
	readers.Wait()
	if code := s.assemble("run", "-q", "--now"); code != 0 {
		return fmt.Errorf("the last run ended with %d", code)
	}
	return s.print()
}

// crowd starts the hooks, and kills some of them and of the runs beside them.
func (s *scenario) crowd() {
	var all sync.WaitGroup
	if s.kills {
		all.Go(func() {
			for range killedRuns {
				cmd := s.command("ams-assemble", "run", "-q")
				s.killed(cmd, runTakes)
			}
		})
	}
	slots := make(chan struct{}, s.at)
	for i := s.sessions; i < s.events; i++ {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			s.hook(i, s.kills && i%(s.events/killedHooks) == 0)
		})
	}
	all.Wait()
}

func (s *scenario) session(i int) string { return fmt.Sprintf("load-%02d", i%s.sessions) }

func word(i int) string { return fmt.Sprintf("event-%d.", i) }

// hook records the event i.
func (s *scenario) hook(i int, kill bool) {
	cmd := s.command("ams-hook")
	stdin, err := filled(fmt.Sprintf(`{"session_id":%q,"hook_event_name":"UserPromptSubmit","prompt":"%s %s"}`,
		s.session(i), word(i), strings.Repeat("lorem ipsum ", 300)))
	if err != nil {
		log.Fatalf("bench: %v", err)
	}
	defer stdin.Close()
	cmd.Stdin = stdin
	begin := time.Now()
	if kill {
		err = s.killed(cmd, hookTakes)
	} else {
		err = cmd.Run()
	}
	took := time.Since(begin)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.acked = append(s.acked, i)
		s.wall = append(s.wall, took)
	case !kill:
		s.failed++
	}
}

// filled returns a pipe that holds text. It is filled before the hook starts: on a machine as busy as this program
// makes it, what is written after the start may come after the second for which a hook waits.
func filled(text string) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	_, err = w.WriteString(text)
	return r, errors.Join(err, w.Close())
}

// killed runs cmd and kills it within a time.
func (s *scenario) killed(cmd *exec.Cmd, within time.Duration) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	timer := time.AfterFunc(rand.N(within), func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	return cmd.Wait()
}

func (s *scenario) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	at := func(name string) string { return filepath.Join(s.dir, name) }
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + at("home"), "AMS_SPOOL_DIR=" + at("spool"), "AMS_LOCAL_DIR=" + at("store"),
		"CLAUDE_CONFIG_DIR=" + at("claude")}
	return cmd
}

// assemble runs ams-assemble and counts its exit code.
func (s *scenario) assemble(args ...string) int {
	cmd := s.command("ams-assemble", args...)
	out, err := cmd.CombinedOutput()
	code := cmd.ProcessState.ExitCode()
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fmt.Sprintf("%s %d", args[0], code)
	if s.codes[name]++; err != nil && s.codes[name] <= 3 {
		log.Printf("%s: %v\n%.400s", strings.Join(args, " "), err, out)
	}
	return code
}

// print prints the line of the table.
func (s *scenario) print() error {
	stored, err := s.stored()
	if err != nil {
		return err
	}
	lost := 0
	for _, i := range s.acked {
		if !stored[s.session(i)+" "+word(i)] {
			lost++
		}
	}
	slices.Sort(s.wall)
	ms := func(part int) float64 { return s.wall[len(s.wall)*part/100].Seconds() * 1e3 }
	var codes []string
	for name, n := range s.codes {
		codes = append(codes, fmt.Sprintf("%s x %d", name, n))
	}
	slices.Sort(codes)
	fmt.Printf("%-36s %7d %5d %5d %8.0f %8.0f %6d  %s\n", s.name, s.events, len(s.acked), lost, ms(50), ms(95), s.failed, strings.Join(codes, ", "))
	if lost > 0 || s.failed > 0 {
		return errors.New("events were lost or hooks failed")
	}
	return nil
}

// stored returns the session and the first word of each prompt in the store. A session that cannot be read is an error.
func (s *scenario) stored() (map[string]bool, error) {
	words, sessions := map[string]bool{}, 0
	err := filepath.WalkDir(filepath.Join(s.dir, "store", "sessions"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".tmp-") { // what a killed run leaves
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var session struct {
			ID     string `json:"session_id"`
			Events []struct {
				Prompt string `json:"prompt"`
			} `json:"events"`
		}
		if err := json.Unmarshal(b, &session); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		sessions++
		for _, e := range session.Events {
			first, _, _ := strings.Cut(e.Prompt, " ")
			words[session.ID+" "+first] = true
		}
		return nil
	})
	if err == nil && sessions != s.sessions {
		err = fmt.Errorf("%d sessions are stored, not %d", sessions, s.sessions)
	}
	return words, err
}
