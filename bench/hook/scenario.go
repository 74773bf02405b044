package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"ams/pkg/clientsettings"
	"ams/pkg/spool"
)

const session = "5f1a3c52-8d0e-4b7e-9a52-3f1c6f0a7b11"

// scenario is one block of the table.
type scenario struct {
	name    string
	payload int // bytes
	at      int // processes at once
	rounds  int
	runs    int // of each program per round
	fill    int // events of 10 kB in the spool before
	bolt    bool
	noSync  bool // the programs without sync too
	guard   bool // the hook as install --guard registers it, too
}

func scenarios(quick bool) []scenario {
	list := []scenario{
		{name: "0.3 kB", payload: 300, at: 1, rounds: 20, runs: 20, noSync: true, bolt: true},
		{name: "4 kB", payload: 4 << 10, at: 1, rounds: 20, runs: 40, noSync: true, bolt: true, guard: true},
		{name: "277 kB", payload: 277_000, at: 1, rounds: 20, runs: 10, noSync: true, bolt: true},
		{name: "2.4 MB", payload: 2_400_000, at: 1, rounds: 10, runs: 5, noSync: true, bolt: true},
		{name: "4 kB, 8 at once", payload: 4 << 10, at: 8, rounds: 5, runs: 160, noSync: true, bolt: true},
		{name: "4 kB, 16 at once", payload: 4 << 10, at: 16, rounds: 10, runs: 1000, noSync: true},
		{name: "4 kB, 64 at once", payload: 4 << 10, at: 64, rounds: 10, runs: 1000, noSync: true},
		{name: "4 kB, spool of 200 MB and 20,000 events", payload: 4 << 10, at: 1, rounds: 20, runs: 20, fill: 20_000, noSync: true},
	}
	if quick {
		for i := range list {
			list[i].runs = max(1, list[i].runs/10)
			list[i].fill /= 10
		}
	}
	return list
}

// target is one program in one scenario.
type target struct {
	name  string
	path  string
	args  []string
	env   []string
	count func() (int, error) // events kept, nil if it keeps none
	had   int
	results
}

// measure runs a scenario and prints its block.
func (s scenario) measure(dir string, p programs) error {
	work, err := os.MkdirTemp(dir, "run-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	targets, err := s.targets(work, p)
	if err != nil {
		return err
	}
	body := payload(s.payload)
	for round := range s.rounds {
		// Each round starts with another program.
		for i := range targets {
			t := targets[(i+round)%len(targets)]
			if err := t.run(body, s.at, s.runs); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	for _, t := range targets {
		if err := t.measureMemory(p.memory, body); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return s.print(targets)
}

func (s scenario) targets(work string, p programs) ([]*target, error) {
	file := func(name string) string { return filepath.Join(work, name) }
	list := []*target{
		{name: "empty Go program", path: p.empty},
		{name: "C, append", path: p.append, args: []string{file("c")}, count: s.bytesOf(file("c"))},
		{name: "C, append and fdatasync", path: p.append, args: []string{file("cs"), "sync"}, count: s.bytesOf(file("cs"))},
	}
	list = append(list, &target{name: "Go, append and fdatasync", path: p.goAppend,
		args: []string{file("gs")}, count: s.bytesOf(file("gs"))})
	if s.bolt {
		list = append(list,
			&target{name: "bbolt, the usual way", path: p.bolt,
				args: []string{file("bolt.db")}, count: countBolt(file("bolt.db"))},
			&target{name: "bbolt, the usual way, NoSync", path: p.bolt,
				args: []string{file("nosync.db"), "nosync"}, count: countBolt(file("nosync.db"))})
	}
	hook := func(name, sync string, fill int) error {
		spoolDir := file("spool" + name)
		t := &target{name: "ams-hook" + name, path: p.hook, count: countSpool(spoolDir),
			env: []string{"HOME=" + work, "AMS_SPOOL_DIR=" + spoolDir, "AMS_SPOOL_SYNC=" + sync}}
		list = append(list, t)
		t.had = fill
		return fillSpool(spoolDir, fill)
	}
	if err := hook("", "1", 0); err != nil {
		return nil, err
	}
	if s.guard {
		if err := hook(", install --guard", "1", 0); err != nil {
			return nil, err
		}
		t := list[len(list)-1]
		t.path, t.args = "/bin/sh", []string{"-c", clientsettings.Guarded(p.hook)}
	}
	if p.other != "" {
		if err := hook(", the other", "1", 0); err != nil {
			return nil, err
		}
		list[len(list)-1].path = p.other
	}
	if s.fill > 0 {
		if err := hook(", full spool", "1", s.fill); err != nil {
			return nil, err
		}
	}
	if s.noSync {
		if err := hook(", AMS_SPOOL_SYNC=0", "0", 0); err != nil {
			return nil, err
		}
		if s.fill > 0 {
			if err := hook(", AMS_SPOOL_SYNC=0, full spool", "0", s.fill); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// payload is a hook event of about n bytes.
func payload(n int) []byte {
	head := `{"session_id":"` + session + `","hook_event_name":"PostToolUse","tool_name":"Write","tool_input":{"content":"`
	return []byte(head + strings.Repeat("0123456789abcdef", max(1, (n-len(head))/16)) + `"}}` + "\n")
}

func fillSpool(dir string, n int) error {
	if n == 0 {
		return nil
	}
	recs := make([]spool.Record, n)
	at := time.Now().Add(-time.Hour)
	body := payload(10_000)
	for i := range recs {
		recs[i] = spool.Record{Key: spool.NewKey(at.Add(time.Duration(i)*time.Millisecond), 1), Raw: body}
	}
	_, err := spool.Insert(dir, session, recs)
	return err
}

func countSpool(dir string) func() (int, error) {
	return func() (int, error) {
		c, err := spool.Read(dir, spool.FileName(session))
		return len(c.Records), err
	}
}

func (s scenario) bytesOf(path string) func() (int, error) {
	return func() (int, error) {
		st, err := os.Stat(path)
		if err != nil {
			return 0, err
		}
		return int(st.Size()) / len(payload(s.payload)), nil
	}
}

func countBolt(path string) func() (int, error) {
	return func() (n int, err error) {
		db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: time.Second})
		if err != nil {
			return 0, err
		}
		defer db.Close()
		err = db.View(func(tx *bolt.Tx) error {
			n = tx.Bucket([]byte("records")).Stats().KeyN
			return nil
		})
		return n, err
	}
}
