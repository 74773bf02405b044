package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// plan is the size and shape of an archive. The same plan gives the same bytes.
type plan struct {
	bytes    int // of all transcript files
	sessions int // main files
	agents   int // agent files
	largest  int // bytes of the largest session, its agents' files included
	projects int
	longest  int // bytes of the longest lines: two of one call, in some sessions
	begins   time.Time
	apart    time.Duration // from the start of a session to that of the next
}

// full is the archive that the targets speak of: 215 MB in 357 files with about 39,000 lines.
var full = plan{bytes: 216_500_000, sessions: 117, agents: 240, largest: 20_000_000, projects: 9, longest: 1_190_000,
	begins: time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC), apart: 17 * time.Hour}

// twoYears has sessions on 700 days, two a day: as many days of tables are open while it is imported.
var twoYears = plan{bytes: 430_000_000, sessions: 1400, agents: 1400, largest: 20_000_000, projects: 9, longest: 1_190_000,
	begins: time.Date(2024, 11, 20, 8, 0, 0, 0, time.UTC), apart: 12 * time.Hour}

// archiveVersion is part of the cache folder's name; raise it with every change of the bytes.
const archiveVersion = 1

// session is the plan of one session.
type session struct {
	id      string
	project string
	cwd     string
	begins  time.Time
	bytes   int // of the main file
	agents  []agent
	longest int // 0: no long line
}

// agent is the plan of one subagent.
type agent struct {
	id, toolUseID, kind string
	bytes               int
}

// agentShare is how much of a session's bytes are its agents', where it has any.
const agentShare = 0.3

// Bounds of planned files: the client's own bulk alone makes a session of one prompt 146 kB and an agent's file 80 kB.
const (
	minSession = 150 << 10
	minAgent   = 85 << 10
)

// spread plans the sessions: one of the largest size, the others with sizes of a long-tailed distribution, agents in
// proportion.
func (p plan) spread() []session {
	rng := rand.New(rand.NewPCG(archiveVersion, 0))
	sizes := make([]float64, p.sessions)
	for i := range sizes {
		sizes[i] = math.Exp(rng.NormFloat64() * 1.1)
	}
	sizes[0] = 0
	rest := float64(p.bytes - p.largest)
	for range 8 { // bounding some makes the others grow
		sum := 0.0
		for _, s := range sizes {
			sum += s
		}
		for i := 1; i < len(sizes); i++ {
			sizes[i] = min(max(sizes[i]*rest/sum, minSession), float64(p.largest)*0.6)
		}
	}
	sizes[0] = float64(p.largest)
	var out []session
	for i, size := range sizes {
		n := i * p.projects / p.sessions
		out = append(out, session{
			id: uuid(rng), cwd: fmt.Sprintf("/home/dev/project-%d", n), project: fmt.Sprintf("-home-dev-project-%d", n),
			begins: p.begins.Add(time.Duration(i) * p.apart), bytes: int(size),
		})
		if i%(p.sessions/5+1) == 0 && int(size) > 4*p.longest {
			out[i].longest = p.longest
		}
	}
	p.giveAgents(out, rng)
	return out
}

// giveAgents gives every agent to the session that has the most bytes per agent so far, and its share of the bytes.
func (p plan) giveAgents(sessions []session, rng *rand.Rand) {
	kinds := []string{"general-purpose", "Explore", "Plan", "reviewer"}
	for range p.agents {
		best := &sessions[0]
		for i := range sessions {
			s := &sessions[i]
			if s.bytes/(len(s.agents)+1) > best.bytes/(len(best.agents)+1) {
				best = s
			}
		}
		best.agents = append(best.agents, agent{
			id: fmt.Sprintf("a%016x", rng.Uint64()), toolUseID: "toolu_01" + token(rng, 22), kind: kinds[rng.IntN(len(kinds))],
		})
	}
	for i := range sessions {
		s := &sessions[i]
		if len(s.agents) == 0 {
			continue
		}
		share := max(int(float64(s.bytes)*agentShare)/len(s.agents), minAgent)
		for k := range s.agents {
			s.agents[k].bytes = share
			s.bytes -= share
		}
	}
}

// generate writes the archive below dir, as dir/projects/..., with several workers.
func generate(dir string, p plan, workers int) error {
	sessions := p.spread()
	queue := make(chan int)
	errs := make(chan error, len(sessions))
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range queue {
				errs <- sessions[i].write(filepath.Join(dir, "projects"), uint64(i))
			}
		})
	}
	for i := range sessions {
		queue <- i
	}
	close(queue)
	group.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// write writes the files of one session.
func (s *session) write(projects string, number uint64) error {
	main := newWriter(s, nil, rand.New(rand.NewPCG(archiveVersion, number<<16+1)))
	main.session()
	folder := filepath.Join(projects, s.project)
	if err := writeFile(filepath.Join(folder, s.id+".jsonl"), main.out.Bytes()); err != nil {
		return err
	}
	for k := range s.agents {
		a := &s.agents[k]
		w := newWriter(s, a, rand.New(rand.NewPCG(archiveVersion, number<<16+2+uint64(k))))
		w.subagent()
		path := filepath.Join(folder, s.id, "subagents", "agent-"+a.id)
		if err := writeFile(path+".jsonl", w.out.Bytes()); err != nil {
			return err
		}
		var meta bytes.Buffer
		fmt.Fprintf(&meta, `{"agentType":"%s","isBuiltIn":true,"description":"Look into it","toolUseId":"%s","spawnDepth":1,"requestShape":"foreground",`+
			`"requestNonInteractive":true,"model":"%s","finished":true}`, a.kind, a.toolUseID, model)
		if err := writeFile(path+".meta.json", meta.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o600)
}

func uuid(rng *rand.Rand) string {
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", rng.Uint32(), rng.IntN(1<<16), rng.IntN(1<<12), rng.IntN(1<<12), rng.Int64N(1<<48))
}

// token is n characters as in the API's ids and signatures.
func token(rng *rand.Rand, n int) string {
	const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rng.IntN(len(alphabet))]
	}
	return string(b)
}
