package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ams/cmd/ams-hook/internal/ptrace"
	"ams/pkg/spool"
)

// scene is a spool in some state, and one operation on it.
type scene struct {
	name string
	// prepare makes the state and returns the events that were acknowledged.
	prepare func(t *testing.T, dir string) (acknowledged []string)
	held    bool // by somebody else: the lock
	// op is the child's operation, "" for a hook.
	op  string
	env []string
	// removes says that the operation may remove what was acknowledged.
	removes bool
	// stdin of the hook, event("s-1", "new") if empty.
	stdin string
	// disk says that it must be a real file system; the others use one in
	// memory, where a sync takes no time.
	disk bool
	// reads says that calls that change nothing are made to fail too.
	reads bool
}

var scenes = []scene{
	{name: "first event, no folder", reads: true},
	{name: "second event", prepare: oneEvent, reads: true},
	{name: "second event on disk", prepare: oneEvent, disk: true},
	{name: "second event without sync", prepare: oneEvent, env: []string{"AMS_SPOOL_SYNC=0"}},
	{name: "large event", prepare: oneEvent, stdin: event("s-1", strings.Repeat("x", 200_000))},
	{name: "inbox to drain", prepare: withInbox, reads: true},
	{name: "inbox to drain without sync", prepare: withInbox, env: []string{"AMS_SPOOL_SYNC=0"}},
	{name: "inbox and no database", prepare: inboxOnly},
	{name: "lock held", prepare: withInbox, held: true},
	{name: "lock held, first in inbox", prepare: oneEvent, held: true},
	{name: "damaged database", prepare: damagedDB},
	{name: "damaged inbox file", prepare: damagedInbox},
	{name: "unfinished database", prepare: unfinishedDB},
	{name: "read", op: "read", prepare: withInbox},
	{name: "read of inbox alone", op: "read", prepare: inboxOnly},
	{name: "read of damaged database", op: "read", prepare: damagedDB},
	{name: "compact", op: "compact", prepare: withInbox},
	{name: "insert", op: "insert", prepare: withInbox},
	{name: "remove", op: "remove", prepare: withInbox, removes: true},
}

func oneEvent(t *testing.T, dir string) []string {
	hook(t, dir, event("s-1", "first"))
	return []string{event("s-1", "first")}
}

// inboxEvents puts events into the inbox by holding the lock.
func inboxEvents(t *testing.T, dir string, n int) []string {
	unlock := lockSpool(t, dir, "s-1")
	defer unlock()
	var raws []string
	for i := range n {
		raws = append(raws, event("s-1", fmt.Sprintf("inbox-%d", i)))
		hook(t, dir, raws[i])
	}
	return raws
}

func withInbox(t *testing.T, dir string) []string {
	return append(oneEvent(t, dir), inboxEvents(t, dir, 3)...)
}

func inboxOnly(t *testing.T, dir string) []string { return inboxEvents(t, dir, 2) }

// damagedDB cuts the second half of a database off. Its records may be lost, so
// none counts as acknowledged.
func damagedDB(t *testing.T, dir string) []string {
	oneEvent(t, dir)
	if err := os.Truncate(filepath.Join(dir, "s-1.db"), 8192); err != nil {
		t.Fatal(err)
	}
	return nil
}

func damagedInbox(t *testing.T, dir string) []string {
	raws := withInbox(t, dir)
	path := filepath.Join(dir, "s-1.inbox", strings.Repeat("0", 40))
	if err := os.WriteFile(path, []byte("no record"), 0o600); err != nil {
		t.Fatal(err)
	}
	return raws
}

func unfinishedDB(t *testing.T, dir string) []string {
	if err := os.WriteFile(filepath.Join(dir, "s-1.new"), make([]byte, 12288), 0o600); err != nil {
		t.Fatal(err)
	}
	return nil
}

// event is the payload of the scene's hook.
func (s scene) event() string {
	if s.stdin != "" {
		return s.stdin
	}
	return event("s-1", "new")
}

// run runs the scene's operation under ptrace.
func (s *stage) run(t *testing.T, dir string, fn func(*ptrace.Call) ptrace.Action) syscall.WaitStatus {
	t.Helper()
	in, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	attr := &os.ProcAttr{Env: append([]string{"HOME=/proc/nowhere", "AMS_SPOOL_DIR=" + dir}, s.env...), Files: []*os.File{in, out, out}}
	path := hookPath
	if s.op == "" {
		in.WriteString(s.event())
		in.Seek(0, 0)
	} else {
		path, _ = os.Executable()
		attr.Env = append(attr.Env, "AMS_TEST_CHILD="+strings.Join([]string{s.op, dir, "s-1"}, " "))
	}
	ws, err := ptrace.Run(path, []string{path}, attr, func(c *ptrace.Call) ptrace.Action {
		if !inside(dir, c) {
			return ptrace.Action{}
		}
		return fn(c)
	})
	if err != nil {
		t.Fatalf("ptrace: %v", err)
	}
	if st, _ := out.Stat(); s.op == "" && st.Size() > 0 {
		b, _ := os.ReadFile(out.Name())
		t.Errorf("ams-hook printed %q", b)
	}
	return ws
}

// inside reports whether a call is about the spool folder or a folder above it
// that the hook makes or syncs.
func inside(dir string, c *ptrace.Call) bool {
	return c.Path != "" && (strings.HasPrefix(c.Path, dir) || c.Path == filepath.Dir(dir))
}

// memory is where Linux has a file system in memory.
const memory = "/dev/shm"

func (s scene) tempDir(t *testing.T) string {
	if st, err := os.Stat(memory); err != nil || !st.IsDir() || s.disk {
		return t.TempDir()
	}
	return memory
}

// stage is a scene that was prepared once, to be copied for each run.
type stage struct {
	scene
	template     string
	acknowledged []string
}

func (s scene) stage(t *testing.T) *stage {
	t.Helper()
	g := &stage{scene: s, template: t.TempDir()}
	if s.prepare != nil {
		g.acknowledged = s.prepare(t, g.template)
	}
	return g
}

// world is a copy of the stage; end ends it.
func (s *stage) world(t *testing.T) (dir string, end func()) {
	t.Helper()
	base, err := os.MkdirTemp(s.tempDir(t), "ams-steps-")
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(base, "spool")
	if s.prepare != nil {
		if err := os.CopyFS(dir, os.DirFS(s.template)); err != nil {
			t.Fatal(err)
		}
	}
	unlock := func() {}
	if s.held {
		unlock = lockSpool(t, dir, "s-1")
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	return dir, unlock
}

// steps returns the calls of a scene that goes well.
func (s *stage) steps(t *testing.T) []ptrace.Call {
	t.Helper()
	dir, end := s.world(t)
	defer end()
	var calls []ptrace.Call
	ws := s.run(t, dir, func(c *ptrace.Call) ptrace.Action {
		if c.Done {
			calls = append(calls, *c)
		}
		return ptrace.Action{}
	})
	if ws.ExitStatus() != 0 {
		t.Fatalf("ended with %#x", ws)
	}
	return calls
}

func needPtrace(t *testing.T) {
	t.Helper()
	if !ptrace.Supported {
		t.Skip("NOT TESTED: this needs ptrace(2) on linux/amd64")
	}
	attr := &os.ProcAttr{Env: []string{"AMS_DISABLE=1"}, Files: []*os.File{nil, nil, nil}}
	_, err := ptrace.Run(hookPath, []string{hookPath}, attr, func(*ptrace.Call) ptrace.Action { return ptrace.Action{} })
	if errors.Is(err, os.ErrPermission) {
		t.Skipf("NOT TESTED: this needs the right to ptrace(2): %v", err)
	}
}

// changes reports whether a call changes anything that another process sees.
func changes(c ptrace.Call) bool {
	switch c.Name {
	case "openat", "write", "pwrite", "ftruncate", "fsync", "fdatasync", "flock", "mkdir", "rename", "unlink":
		return true
	}
	return false
}

// TestKilledAtEveryStep kills every operation after each of its system calls.
func TestKilledAtEveryStep(t *testing.T) {
	needPtrace(t)
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s := s.stage(t)
			n := 0
			for _, c := range s.steps(t) {
				if changes(c) {
					n++
				}
			}
			for kill := range n {
				s.killAt(t, kill)
			}
			t.Logf("%d steps", n)
		})
	}
}

func (s *stage) killAt(t *testing.T, kill int) {
	dir, end := s.world(t)
	step := 0
	last := ""
	ws := s.run(t, dir, func(c *ptrace.Call) ptrace.Action {
		if !c.Done || !changes(*c) {
			return ptrace.Action{}
		}
		last = c.Name + " " + filepath.Base(c.Path)
		step++
		return ptrace.Action{Kill: step == kill+1}
	})
	end()
	if !ws.Signaled() {
		t.Fatalf("step %d (%s): not killed: %#x", kill, last, ws)
	}
	s.verify(t, dir, fmt.Sprintf("killed after step %d, %s", kill, last))
	os.RemoveAll(filepath.Dir(dir))
}

// verify holds that nothing acknowledged is lost, that nothing is there twice,
// and that the next event goes the usual way.
func (s *stage) verify(t *testing.T, dir, when string) {
	t.Helper()
	if err := tryHook(dir, event("s-1", "after")); err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	c, err := spool.Read(dir, "s-1")
	if err != nil {
		t.Fatalf("%s: read: %v", when, err)
	}
	got := map[string]bool{}
	for _, rec := range c.Records {
		if got[string(rec.Raw)] {
			t.Errorf("%s: twice: %.100q", when, rec.Raw)
		}
		got[string(rec.Raw)] = true
	}
	if !s.removes {
		for _, raw := range s.acknowledged {
			if !got[raw] {
				t.Errorf("%s: lost %.100q", when, raw)
			}
		}
	}
	if !got[event("s-1", "after")] {
		t.Errorf("%s: the next event is not there", when)
	}
	if !strings.Contains(s.name, "damaged") && len(c.Damaged) > 0 {
		t.Errorf("%s: damaged: %v", when, c.Damaged)
	}
	if s.op == "insert" {
		s.verifyInsert(t, dir, len(c.Records), when)
	}
	checkBolt(t, dir, "s-1")
}

// verifyInsert holds that an insert that was cut short can be repeated.
func (s *stage) verifyInsert(t *testing.T, dir string, had int, when string) {
	t.Helper()
	added, err := spool.Insert(dir, "s-1", insertRecords())
	if err != nil {
		t.Fatalf("%s: insert: %v", when, err)
	}
	c := records(t, dir, "s-1")
	if len(c.Records) != had+added || len(c.Records) != 4+1+len(insertRecords()) {
		t.Errorf("%s: %d records, %d added to %d", when, len(c.Records), added, had)
	}
}

// TestEveryCallFails makes each system call of each operation fail, once without
// doing it and once after doing it. A hook must end silently with 0 and keep its
// event all the same, but for the calls that are its last way out.
func TestEveryCallFails(t *testing.T) {
	needPtrace(t)
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s := s.stage(t)
			calls := s.steps(t)
			for i, c := range calls {
				if changes(c) || s.reads {
					s.failAt(t, i, false)
				}
				if c.Name != "openat" && changes(c) {
					s.failAt(t, i, true)
				}
			}
			t.Logf("%d calls", len(calls))
		})
	}
}

func (s *stage) failAt(t *testing.T, fail int, after bool) {
	dir, end := s.world(t)
	errno := syscall.EIO
	step, what := 0, ""
	ws := s.run(t, dir, func(c *ptrace.Call) ptrace.Action {
		var a ptrace.Action
		if step == fail && c.Done == after {
			a.Errno = errno
			what = c.Name + " " + filepath.Base(c.Path)
		}
		if c.Done {
			step++
		}
		return a
	})
	end()
	when := fmt.Sprintf("call %d, %s, failed (done: %v)", fail, what, after)
	if ws.Signaled() || s.op == "" && ws.ExitStatus() != 0 {
		t.Errorf("%s: ended with %#x", when, ws)
	}
	s.verify(t, dir, when)
	if s.op == "" {
		s.verifyStored(t, dir, when)
	}
	os.RemoveAll(filepath.Dir(dir))
}

// verifyStored holds that the hook's own event was stored, or said to be lost.
func (s *stage) verifyStored(t *testing.T, dir, when string) {
	t.Helper()
	for _, rec := range records(t, dir, "s-1").Records {
		if string(rec.Raw) == s.event() {
			return
		}
	}
	if strings.Contains(when, "mkdir spool, failed (done: false)") {
		return // no folder, no log
	}
	lines, err := spool.ReadLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if strings.Contains(l.Text, "not safe") {
			t.Logf("%s: %s", when, l.Text)
			return
		}
	}
	t.Errorf("%s: neither stored nor in the log: %v", when, lines)
}

// TestFaultsAreRecovered cuts the database to nothing while it is mapped: the
// kernel answers the next look at it with SIGBUS.
func TestFaultsAreRecovered(t *testing.T) {
	needPtrace(t)
	g := scene{name: "fault", prepare: oneEvent}.stage(t)
	dir, _ := g.world(t)
	path := filepath.Join(dir, "s-1.db")
	cut := false
	ws := g.run(t, dir, func(c *ptrace.Call) ptrace.Action {
		if c.Name == "mmap" && c.Done && c.Path == path {
			cut = true
			if err := os.Truncate(path, 0); err != nil {
				t.Error(err)
			}
		}
		return ptrace.Action{}
	})
	if !cut || ws.ExitStatus() != 0 {
		t.Fatalf("cut: %v, ended with %#x", cut, ws)
	}
	c := records(t, dir, "s-1")
	if got := raws(t, c); !got[g.event()] || len(c.Damaged) != 1 {
		t.Errorf("got %v, damaged %v", got, c.Damaged)
	}
	lines, err := spool.ReadLog(dir)
	if err != nil || len(lines) == 0 || !strings.Contains(lines[0].Text, "moved aside") {
		t.Errorf("log: %v, %v", lines, err)
	}
}
